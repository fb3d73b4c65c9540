package smpp

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"
)

const maxRequests = 1000 // unanswered at a time, per session

// ResponseError is a response with an error status to a request of ours other than a bind or submit_sm.
type ResponseError struct {
	Link    string
	Command Command // the request
	Status  uint32
}

// Error says what the SMSC answered.
func (e *ResponseError) Error() string {
	return fmt.Sprintf("smpp: link %s: %v refused, %s", e.Link, e.Command, StatusName(e.Status))
}

// QueryResult is what the SMSC says of a message (SMPP 3.4, 4.8.2).
type QueryResult struct {
	MessageID string
	FinalDate string // as the SMSC wrote it, "" while the message has no final state
	State     byte   // message_state: 1 enroute, 2 delivered, 3 expired, 4 deleted, 5 undeliverable, 6 accepted, 7 unknown, 8 rejected
	ErrorCode byte   // of the network, 0 for none
}

// Replacement is the new content of a message that is not delivered yet (SMPP 3.4, 4.10.1). Source has to
// be that of the submit_sm; data_coding and user data header stay what they were.
type Replacement struct {
	MessageID          string
	Source             Address
	UserData           []byte        // at most 254 octets
	Validity           time.Duration // 0 sends none
	RegisteredDelivery byte
}

// Query asks for the state of a message (SMPP 3.4, 4.8.1). The error is a *[ResponseError] when the SMSC
// refused, [ErrNotBound], or says that no response came in time: some SMSCs never answer.
func (l *Link) Query(ctx context.Context, messageID string, source Address) (QueryResult, error) {
	body, err := named(nil, messageID, source)
	if err != nil {
		return QueryResult{}, err
	}
	frame, err := l.request(ctx, QuerySM, body)
	if err != nil {
		return QueryResult{}, err
	}
	f := fields{b: frame[HeaderLen:]}
	r := QueryResult{
		MessageID: string(f.text("message_id", maxField, StatusInvalidMessageID)),
		FinalDate: string(f.text("final_date", 17, StatusInvalidLength)),
	}
	if v := f.octets("message_state and error_code", 2, StatusInvalidLength); v != nil {
		r.State, r.ErrorCode = v[0], v[1]
	}
	if f.err != nil {
		return QueryResult{}, fmt.Errorf("smpp: link %s: query_sm_resp: %w", l.cfg.Name, f.err)
	}
	return r, nil
}

// Cancel asks the SMSC to drop a message that is not delivered yet (SMPP 3.4, 4.9.1). Errors are those of Query.
func (l *Link) Cancel(ctx context.Context, messageID string, source, destination Address) error {
	body, err := named(l.template.head, messageID, source)
	if err != nil {
		return err
	}
	if err := destination.check("destination_addr"); err != nil {
		return err
	}
	_, err = l.request(ctx, CancelSM, destination.appendTo(body))
	return err
}

// Replace asks the SMSC to exchange a message that is not delivered yet (SMPP 3.4, 4.10.1). Errors are those of Query.
func (l *Link) Replace(ctx context.Context, r Replacement) error {
	body, err := named(nil, r.MessageID, r.Source)
	if err != nil {
		return err
	}
	if n := len(r.UserData); n > maxShortMessage {
		return fmt.Errorf("smpp: user data of %d octets, at most %d fit", n, maxShortMessage)
	}
	if r.Validity < 0 {
		return fmt.Errorf("smpp: validity ran out %v ago", -r.Validity)
	}
	body = l.template.appendValidity(append(body, 0 /* schedule_delivery_time: now */), r.Validity, time.Now())
	body = append(body, r.RegisteredDelivery, 0 /* sm_default_msg_id */, byte(len(r.UserData)))
	_, err = l.request(ctx, ReplaceSM, append(body, r.UserData...))
	return err
}

// named begins the body of a request about a message.
func named(head []byte, messageID string, source Address) ([]byte, error) {
	if n := len(messageID); n == 0 || n >= maxField || strings.IndexByte(messageID, 0) >= 0 {
		return nil, fmt.Errorf("smpp: message_id %q has %d octets, want 1 to 64 without NUL", messageID, n)
	}
	if err := source.check("source_addr"); err != nil {
		return nil, err
	}
	b := append(bytes.Clone(head), messageID...)
	return source.appendTo(append(b, 0)), nil
}

// request sends a request outside the window and waits for its response, which it returns whole.
func (l *Link) request(ctx context.Context, c Command, body []byte) ([]byte, error) {
	s, sequence, answer, err := l.ask(c, body)
	if err != nil {
		return nil, err
	}
	defer s.forget(sequence)
	overdue := time.NewTimer(l.cfg.ResponseTimeout)
	defer overdue.Stop()
	select {
	case frame := <-answer:
		h, err := ParseHeader(frame)
		if err == nil && h.Status != StatusOK {
			err = &ResponseError{Link: l.cfg.Name, Command: c, Status: h.Status}
		} else if err == nil && h.Command != c.Response() {
			err = fmt.Errorf("smpp: link %s: %v answered with %v", l.cfg.Name, c, h.Command)
		}
		return frame, err
	case <-overdue.C:
		return nil, fmt.Errorf("smpp: link %s: %v: no response within %v", l.cfg.Name, c, l.cfg.ResponseTimeout)
	case <-s.ended:
		return nil, fmt.Errorf("smpp: link %s: %v: the session ended before the response", l.cfg.Name, c)
	case <-ctx.Done():
		return nil, fmt.Errorf("smpp: link %s: %v: %w", l.cfg.Name, c, ctx.Err())
	}
}

// ask queues a request on the first session that submits.
func (l *Link) ask(c Command, body []byte) (*session, uint32, <-chan []byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sessions {
		if !s.takes() {
			continue
		}
		if len(s.requests) >= maxRequests {
			return nil, 0, nil, fmt.Errorf("smpp: link %s: %v: %d requests wait for a response, no more are sent", l.cfg.Name, c, len(s.requests))
		}
		sequence, answer := s.next(0), make(chan []byte, 1)
		s.requests[sequence] = answer
		s.command(c, StatusOK, sequence, body)
		return s, sequence, answer, nil
	}
	return nil, 0, nil, fmt.Errorf("link %s: %w", l.cfg.Name, ErrNotBound)
}

func (s *session) forget(sequence uint32) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	delete(s.requests, sequence)
}

// reply passes a response on to who asked, if somebody still waits. The caller holds mu.
func (s *session) reply(h Header, frame []byte) {
	if answer := s.requests[h.Sequence]; answer != nil {
		answer <- bytes.Clone(frame)
		delete(s.requests, h.Sequence)
	}
}
