package trace

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// wire is a link that a test speaks for.
type wire struct {
	name string
	hear func(smpp.Frame)
}

func (w *wire) Trace(fn func(smpp.Frame)) (stop func()) {
	w.hear = fn
	return func() { w.hear = nil }
}

// passes lets a frame pass over the wire.
func (w *wire) passes(inbound bool, frame []byte) {
	if w.hear != nil {
		w.hear(smpp.Frame{Link: w.name, Session: 1, Inbound: inbound, Raw: frame})
	}
}

// message is a submit_sm or deliver_sm.
func message(c smpp.Command, sequence uint32, from, to, text string) []byte {
	body := append([]byte("\x00\x01\x01"+from+"\x00\x01\x01"+to+"\x00"), 0, 0, 0, 0, 0, 1, 0, 0, 0, byte(len(text)))
	return smpp.AppendFrame(nil, c, 0, sequence, append(body, text...))
}

func response(c smpp.Command, sequence, status uint32, id string) []byte {
	return smpp.AppendFrame(nil, c.Response(), status, sequence, append([]byte(id), 0))
}

func open(t *testing.T, q Query, o receipt.Options) (*wire, *Tap) {
	t.Helper()
	w := &wire{name: "a-1"}
	tap, err := New(map[string]Link{"a-1": {Trace: w.Trace, Receipts: o}}).Open(q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tap.Close)
	return w, tap
}

// lines are the PDUs that wait, in short.
func lines(t *testing.T, p *Tap) (out []string) {
	t.Helper()
	p.wake() // so that Next does not wait where there are none
	pdus, err := p.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pdus {
		out = append(out, fmt.Sprintf("%s %s %d %s", p.Direction, p.Command, p.Sequence, p.Words))
	}
	return out
}

func TestPDUsAreToldInWords(t *testing.T) {
	t.Parallel()
	causes, err := receipt.ParseTable(map[string]string{"017": "memory-full"})
	if err != nil {
		t.Fatal(err)
	}
	w, tap := open(t, Query{}, receipt.Options{Causes: causes})
	w.passes(false, smpp.AppendFrame(nil, smpp.BindTransceiver, 0, 1, []byte("ota1\x00***\x00\x00\x34\x00\x00\x00")))
	w.passes(true, response(smpp.BindTransceiver, 1, 0, "aurora"))
	w.passes(false, message(smpp.SubmitSM, 2, "4790000001", "5511900000017", "hello"))
	w.passes(true, response(smpp.SubmitSM, 2, 0, "7f3a09"))
	w.passes(true, smpp.AppendFrame(nil, smpp.SubmitSMResp, smpp.StatusThrottled, 3, nil))
	w.passes(true, smpp.AppendFrame(nil, smpp.SubmitSMResp, smpp.StatusInvalidDestination, 4, nil))
	f := message(smpp.DeliverSM, 1, "5511900000017", "4790000001", "id:7f3a09 stat:UNDELIV err:017")
	f[smpp.HeaderLen+1+2+14+2+11] = 0x04 // esm_class
	w.passes(true, f)
	w.passes(false, response(smpp.DeliverSM, 1, 0, ""))
	w.passes(true, smpp.AppendFrame(nil, smpp.EnquireLink, 0, 2, nil))
	w.passes(true, smpp.AppendFrame(nil, 0x00010200, 0, 3, []byte{1}))
	want := []string{
		"out bind_transceiver 1 as ota1, SMPP 3.4", "in bind_transceiver_resp 1 bound to aurora",
		"out submit_sm 2 message, 5 octets not shown", "in submit_sm_resp 2 accepted",
		"in submit_sm_resp 3 not taken now, ESME_RTHROTTLED (0x58)", "in submit_sm_resp 4 refused, ESME_RINVDSTADR (0x0B)",
		"in deliver_sm 1 receipt: undeliverable, err 017: memory of the phone is full", "out deliver_sm_resp 1 taken",
		"in enquire_link 2 ", "in command 0x00010200 3 body not read: the command is not known",
	}
	if diff := cmp.Diff(want, lines(t, tap)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNumberSelectsItsMessagesAndTheResponsesToThem(t *testing.T) {
	t.Parallel()
	const card, other, us = "5511900000017", "5511900000018", "4790000001"
	for _, c := range []struct {
		query Query
		want  []string
	}{
		{Query{To: "+" + card}, []string{"out submit_sm 7", "in submit_sm_resp 7"}},
		{Query{From: "00" + card}, []string{"in deliver_sm 7", "out deliver_sm_resp 7"}},
		{Query{To: card, From: card}, []string{"out submit_sm 7", "in deliver_sm 7", "in submit_sm_resp 7", "out deliver_sm_resp 7"}},
		{Query{To: "4711"}, nil},
	} {
		w, tap := open(t, c.query, receipt.Options{})
		w.passes(false, message(smpp.SubmitSM, 6, us, other, "x"))
		w.passes(false, message(smpp.SubmitSM, 7, us, card, "x"))
		w.passes(true, message(smpp.DeliverSM, 6, other, us, "x"))
		w.passes(true, message(smpp.DeliverSM, 7, card, us, "x"))
		for _, sequence := range []uint32{6, 7, 7} { // the last is of something else: each request has one response
			w.passes(true, response(smpp.SubmitSM, sequence, 0, "id"))
			w.passes(false, response(smpp.DeliverSM, sequence, 0, ""))
		}
		var got []string
		for _, l := range lines(t, tap) {
			var direction, command string
			var sequence int
			if _, err := fmt.Sscan(l, &direction, &command, &sequence); err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(direction, " ", command, " ", sequence))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v (-want +got)\n%s", c.query, diff)
		}
	}
}

func TestSlowReaderLosesPDUsAndIsToldHowMany(t *testing.T) {
	t.Parallel()
	w, tap := open(t, Query{Octets: true}, receipt.Options{})
	const lost = 7
	for i := range uint32(mostWaiting + lost) {
		w.passes(false, smpp.AppendFrame(nil, smpp.EnquireLink, 0, i+1, nil)) // would wait for ever if it blocked
	}
	pdus, err := tap.Next(t.Context())
	if err != nil || len(pdus) != mostWaiting+1 || pdus[0].Sequence != 1 || pdus[mostWaiting].Lost != lost {
		t.Fatalf("%d PDUs, %v", len(pdus), err)
	}
	w.passes(false, smpp.AppendFrame(nil, smpp.EnquireLink, 0, 5, nil))
	if pdus, err = tap.Next(t.Context()); err != nil || len(pdus) != 1 || pdus[0].Lost != 0 {
		t.Errorf("afterwards: %+v, %v", pdus, err)
	}
}

func TestLargePDUsThatWaitHaveALimitOfOctets(t *testing.T) {
	t.Parallel()
	w, tap := open(t, Query{Octets: true}, receipt.Options{})
	large := smpp.AppendFrame(nil, 0x00010200, 0, 1, make([]byte, 1<<20))
	for range 10 {
		w.passes(true, large)
	}
	tap.mu.Lock()
	waiting, lost := len(tap.waiting), tap.lost
	tap.mu.Unlock()
	if waiting != 4 || lost != 6 {
		t.Errorf("%d wait, %d are lost", waiting, lost)
	}
}

func TestRequestsThatNobodyAnswersAreForgotten(t *testing.T) {
	t.Parallel()
	m := memory{known: map[request]bool{}}
	for i := range uint32(3 * mostRemembered) {
		m.add(request{sequence: i})
	}
	if len(m.known) != mostRemembered || len(m.turns) != mostRemembered {
		t.Errorf("%d known, %d turns", len(m.known), len(m.turns))
	}
	if m.forget(request{sequence: 0}) || !m.forget(request{sequence: 3*mostRemembered - 1}) {
		t.Error("the wrong ones are forgotten")
	}
}

func TestTapsHaveALimitAndEndWithTheServer(t *testing.T) {
	t.Parallel()
	w := &wire{name: "a-1"}
	tracer := New(map[string]Link{"a-1": {Trace: w.Trace}})
	if _, err := tracer.Open(Query{Link: "b-1"}); !errors.Is(err, ErrNoLink) {
		t.Error(err)
	}
	var taps []*Tap
	for range mostTaps {
		tap, err := tracer.Open(Query{Link: "a-1"})
		if err != nil {
			t.Fatal(err)
		}
		taps = append(taps, tap)
	}
	if _, err := tracer.Open(Query{}); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
	taps[0].Close()
	if w.hear != nil {
		t.Error("a tap that is closed still listens")
	}
	again, err := tracer.Open(Query{})
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan error, 1)
	go func() {
		_, err := again.Next(context.Background())
		waits <- err
	}()
	tracer.Close()
	tracer.Close()
	if err := <-waits; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := tracer.Open(Query{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestAddressesAreShownAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	w, tap := open(t, Query{}, receipt.Options{})
	w.passes(false, message(smpp.SubmitSM, 1, "4790000001", "+5511900000017", "x"))
	pdus, err := tap.Next(t.Context())
	if err != nil || pdus[0].Source != "+4790000001" || pdus[0].Destination != "+5511900000017" {
		t.Errorf("%+v, %v", pdus, err)
	}
}
