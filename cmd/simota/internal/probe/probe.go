package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/smpp"
)

// Options say what is tried beside the bind.
type Options struct {
	Message *Message      // nil sends none
	Wait    time.Duration // for the receipt of Message

	// Dial opens the connection; nil is that of net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Step is one step of a try.
type Step struct {
	Name  string        `json:"step"` // resolve, connect, tls, bind, enquire_link, submit_sm, receipt or unbind
	OK    bool          `json:"ok"`
	Took  time.Duration `json:"took_ns"`
	Words string        `json:"words"`          // what happened
	Next  string        `json:"next,omitempty"` // what to do about it
}

// FailedError tells which step failed; [Step] has said why.
type FailedError struct{ Link, Step string }

func (e *FailedError) Error() string {
	return fmt.Sprintf("link %s: %s failed", e.Link, e.Step)
}

// Run tries the link and calls tell after each step, from one goroutine at a
// time. The error is a *[FailedError] after a step that failed; any other one
// says that the configuration cannot be used, and nothing was tried.
func Run(ctx context.Context, l config.Link, o Options, tell func(Step)) error {
	a, err := newAttempt(l, o, tell)
	if err != nil {
		return err
	}
	run, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = a.link.Run(run) // the reason comes by State
	}()
	failed := a.steps(ctx)
	asked := time.Now()
	a.giveUp()
	stop()
	<-ended
	if failed == "" {
		a.parted(asked)
		return nil
	}
	return &FailedError{l.Name, failed}
}

// steps goes on until a step fails, and returns its name.
func (a *attempt) steps(ctx context.Context) (failed string) {
	steps := []struct {
		name string
		do   func(context.Context) Step
	}{{"bind", a.bind}, {"enquire_link", a.enquire}, {"submit_sm", a.submit}, {"receipt", a.receipt}}
	if a.o.Message == nil {
		steps = steps[:2]
	}
	for _, s := range steps {
		began := time.Now()
		step := s.do(ctx)
		if a.failed != "" { // while connecting, and told
			return a.failed
		}
		if step.Name = s.name; step.Took == 0 {
			step.Took = time.Since(began)
		}
		if a.tell(step); !step.OK {
			return s.name
		}
	}
	return ""
}

// bind waits for the sessions, of which there is one for each direction or one for both.
func (a *attempt) bind(ctx context.Context) Step {
	err := a.await(ctx, func() bool { return a.up == a.sessions })
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		return a.broken(err)
	}
	return Step{OK: true, Took: time.Since(a.connected), Words: boundWords(a.bound, a.cfg)}
}

// enquire waits for the answer to an enquire_link on each session.
func (a *attempt) enquire(ctx context.Context) Step {
	most, cancel := context.WithTimeout(ctx, 3*silence+cmp.Or(a.cfg.ResponseTimeout, usualTimeout))
	defer cancel()
	err := a.await(most, func() bool { return len(a.echoes) == a.sessions })
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return Step{OK: true, Words: "not sent: the SMSC was never silent, it sends what waits for the server"}
	case err != nil:
		return a.broken(err)
	}
	var longest time.Duration
	for _, d := range a.echoes {
		longest = max(longest, d)
	}
	return Step{OK: true, Took: longest, Words: "answered"}
}

// submit sends the message and waits for its response.
func (a *attempt) submit(ctx context.Context) Step {
	m := a.o.Message.dressed(a.form)
	if _, err := a.link.Submit(ctx, []smpp.Message{m}); err != nil {
		return Step{Words: err.Error(), Next: "try again: the session was lost meanwhile"}
	}
	select {
	case <-a.answered: // a lost session gives a result too
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.result == nil {
		return Step{Words: "interrupted"}
	}
	return a.submitted(*a.result)
}

// receipt waits for what became of the message.
func (a *attempt) receipt(ctx context.Context) Step {
	if words := notAwaited[a.form.RegisteredDelivery]; words != "" {
		return Step{OK: true, Words: words}
	}
	wait, cancel := context.WithTimeout(ctx, a.o.Wait)
	defer cancel()
	err := a.await(wait, func() bool { return a.final != nil })
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.final != nil {
		return a.received(*a.final)
	}
	return a.missed(err)
}

// notAwaited are values of registered_delivery without a receipt for a message that arrives (SMPP 3.4, 5.2.17).
var notAwaited = map[byte]string{
	0: "not asked for: submit.registered_delivery of the link is none",
	2: "not awaited: submit.registered_delivery of the link is failure, so none comes of a message that arrives",
}

// parted tells how the link was left.
func (a *attempt) parted(asked time.Time) {
	a.mu.Lock()
	step := Step{Name: "unbind", OK: true, Words: "answered"}
	if !a.partedAt.IsZero() {
		step.Took = a.partedAt.Sub(asked)
	} else {
		step.Words, step.Next = "no unbind_resp; the connection was closed without it", "harmless for the server, but some SMSCs then count the session as bound for a while"
	}
	refused := a.refused
	a.mu.Unlock()
	if refused > 0 {
		step.Next = left(refused)
	}
	a.tell(step)
}

// left says what became of messages that were not ours.
func left(n int) string {
	if n == 1 {
		return "1 message came that was not for this test; it was refused for now (ESME_RX_T_APPN), and the SMSC sends it again, to the server"
	}
	return fmt.Sprintf("%d messages came that were not for this test; they were refused for now (ESME_RX_T_APPN), and the SMSC sends them again, to the server", n)
}
