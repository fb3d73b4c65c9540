package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/smpp"
)

// wire is a link that a test speaks for.
type wire struct {
	tapped chan struct{} // has a value when somebody listens

	mu   sync.Mutex
	hear func(smpp.Frame)
}

func (w *wire) Trace(fn func(smpp.Frame)) (stop func()) {
	w.set(fn)
	w.tapped <- struct{}{}
	return func() { w.set(nil) }
}

func (w *wire) set(fn func(smpp.Frame)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hear = fn
}

// enquires lets an enquire_link pass, and its response.
func (w *wire) enquires(sequence uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hear(smpp.Frame{Link: "aurora-1", Session: 1, Raw: smpp.AppendFrame(nil, smpp.EnquireLink, 0, sequence, nil)})
	w.hear(smpp.Frame{Link: "aurora-1", Session: 1, Inbound: true, Raw: smpp.AppendFrame(nil, smpp.EnquireLinkResp, 0, sequence, nil)})
}

func TestLinkIsShownWithTheOperatorsThatNameIt(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	got, err := w.client.Link(t.Context(), "aurora-1")
	if err != nil || got.Name != "aurora-1" || len(got.Settings) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if diff := cmp.Diff([]string{"aurora"}, got.Operators); diff != "" {
		t.Errorf("operators (-want +got)\n%s", diff)
	}
	_, err = w.client.Link(t.Context(), "nordvik-9")
	refusedWith(t, err, http.StatusNotFound, "link nordvik-9 is not in this server's configuration")
}

func TestTraceIsStreamedAsPDUsPassUntilTheCallerHasEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	go func() { <-w.wire.tapped; w.wire.enquires(7) }()
	enough := errors.New("enough")
	var got []string
	err := w.client.Trace(t.Context(), api.TraceQuery{Link: "aurora-1", Octets: true}, func(p api.PDU) error {
		if got = append(got, p.Direction+" "+p.Command); p.Report == nil || p.Sequence%2 == 0 {
			t.Errorf("%+v", p)
		}
		switch len(got) {
		case 2: // the first two came while the stream was open
			w.wire.enquires(9)
		case 4:
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"out enquire_link", "in enquire_link_resp", "out enquire_link", "in enquire_link_resp"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTraceEndsWithoutAnErrorWhenItsCallerGoesAndWithOneWhenTheServerDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-w.wire.tapped; cancel() }()
	none := func(p api.PDU) error { t.Errorf("%+v", p); return nil }
	if err := w.client.Trace(ctx, api.TraceQuery{}, none); err != nil {
		t.Error(err)
	}
	go func() { <-w.wire.tapped; w.tracer.Close() }()
	err := w.client.Trace(t.Context(), api.TraceQuery{}, none)
	if err == nil || !strings.Contains(err.Error(), "it stopped, and the trace with it") {
		t.Errorf("error %v", err)
	}
	err = w.client.Trace(t.Context(), api.TraceQuery{}, none)
	refusedWith(t, err, http.StatusServiceUnavailable, "the server stops")
}

func TestTraceOfAnUnknownLinkIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	err := w.client.Trace(t.Context(), api.TraceQuery{Link: "nordvik-9"}, nil)
	refusedWith(t, err, http.StatusNotFound, "link nordvik-9 is not in this server's configuration")
}
