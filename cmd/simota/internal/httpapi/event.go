package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/detect"
)

type eventsInput struct {
	Body api.EventsRequest
}

// events takes events that a person or a program has in hand.
func (s *server) events(ctx context.Context, in *eventsInput) (api.EventsResult, error) {
	var wrong []string
	rows := make([]detect.Row, len(in.Body.Events))
	for i, e := range in.Body.Events {
		e, err := e.Normal()
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("event %d: %s", i+1, strings.ReplaceAll(err.Error(), "\n", "; ")))
		}
		rows[i] = detect.Row{Number: i + 1, Event: e}
	}
	if len(wrong) > 0 {
		p := problem(http.StatusUnprocessableEntity, fmt.Sprintf("nothing taken: %d of %d events are wrong", len(wrong), len(in.Body.Events)))
		p.Errors = bounded(wrong)
		return api.EventsResult{}, p
	}
	out, err := s.take(ctx, rows)
	if err != nil {
		return out, s.fail(err)
	}
	return out, nil
}

// shaped takes the events of a sender with a form of its own. Senders repeat
// what is not answered with success, some of them for ever: so events that will
// never be taken (of unknown cards, unreadable) are named in the answer, not
// refused, unless there is nothing else in the body.
func (s *server) shaped(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("shape")
	shape := s.Shapes[name]
	if shape == nil {
		write(w, problem(http.StatusNotFound, fmt.Sprintf("shape %q is not known: see feed.shapes in simota.yaml", name)))
		return
	}
	out, err := s.takeShaped(r, shape)
	var p *api.Problem
	switch {
	case err != nil && errors.As(s.fail(err), &p):
		write(w, p)
	case shape.Answer == http.StatusNoContent, shape.Answer == 0 && len(out.NotTaken) == 0 && out.Taken+out.Ended > 0:
		w.WriteHeader(http.StatusNoContent)
	default:
		writeJSON(w, http.StatusOK, "application/json", out)
	}
}

func (s *server) takeShaped(r *http.Request, shape *detect.Shape) (api.EventsResult, error) {
	body, err := io.ReadAll(r.Body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return api.EventsResult{}, problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("a body has at most %d octets", detect.MaxBody))
	case err != nil:
		return api.EventsResult{}, problem(http.StatusBadRequest, "body broke off: "+err.Error())
	}
	rows, bad := shape.Events(body)
	switch {
	case errors.Is(bad, detect.ErrBody):
		return api.EventsResult{}, problem(http.StatusBadRequest, strings.TrimPrefix(bad.Error(), "detect: "))
	case bad != nil && len(rows) == 0:
		p := problem(http.StatusUnprocessableEntity, "no event of the body can be read as shape "+shape.Name+" says")
		p.Errors = bounded(strings.Split(bad.Error(), "\n"))
		return api.EventsResult{}, p
	}
	out, err := s.take(r.Context(), rows)
	if err != nil {
		return out, err
	}
	unreadable := unreadable(bad)
	if n := len(out.NotTaken) + len(unreadable); n > 0 {
		s.Log.Warn().Str("shape", shape.Name).Int("taken", out.Taken).Int("unknown_card", len(out.NotTaken)).Int("unreadable", len(unreadable)).
			Msg("events not taken: the answer says which and why")
	}
	out.NotTaken = append(out.NotTaken, unreadable...)
	slices.SortFunc(out.NotTaken, func(a, b api.NotTaken) int { return cmp.Compare(a.Event, b.Event) })
	return out, nil
}

// unreadable are the elements of a body that are no events.
func unreadable(err error) (out []api.NotTaken) {
	joined, _ := err.(interface{ Unwrap() []error })
	if joined == nil {
		return nil
	}
	for _, err := range joined.Unwrap() {
		var e *detect.ElementError
		if errors.As(err, &e) {
			out = append(out, api.NotTaken{Event: e.Element, Why: strings.ReplaceAll(e.Err.Error(), "\n", "; ")})
		}
	}
	return out
}

// takers is how many events are stored at once: what comes together shares a
// commit.
const takers = 16

// take stores events. Those of one subscription are stored in their order. An
// event of a card that nobody knows is in the answer; any other error means
// that some may not be stored, and all are to be sent again.
func (s *server) take(ctx context.Context, rows []detect.Row) (api.EventsResult, error) {
	out := api.EventsResult{NotTaken: []api.NotTaken{}}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mu sync.Mutex
	var work sync.WaitGroup
	seed := maphash.MakeSeed()
	for taker := range uint64(min(takers, len(rows))) {
		work.Go(func() {
			for _, row := range rows {
				e := row.Event
				if maphash.String(seed, cmp.Or(e.IMSI, e.ICCID, e.MSISDN))%takers%uint64(len(rows)) != taker {
					continue
				}
				err := s.takeOne(ctx, e)
				mu.Lock()
				switch {
				case err == nil && e.Present():
					out.Taken++
				case err == nil:
					out.Ended++
				case errors.Is(err, catalog.ErrNotFound):
					why := strings.TrimSuffix(strings.TrimPrefix(err.Error(), "campaign: "), ": "+catalog.ErrNotFound.Error())
					out.NotTaken = append(out.NotTaken, api.NotTaken{Event: row.Number, Why: why})
				default:
					stop(err)
				}
				mu.Unlock()
			}
		})
	}
	work.Wait()
	slices.SortFunc(out.NotTaken, func(a, b api.NotTaken) int { return cmp.Compare(a.Event, b.Event) })
	return out, context.Cause(ctx)
}

func (s *server) takeOne(ctx context.Context, e detect.Event) error {
	if err := context.Cause(ctx); err != nil || !e.Present() {
		return err
	}
	return s.Campaigns.Attach(ctx, e)
}
