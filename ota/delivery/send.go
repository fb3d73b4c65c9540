package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/sms"
)

// LabelFence marks the read that the laws themselves send over an open write.
const LabelFence = "fence"

// ErrTooLong says that an order does not fit the short messages its card takes.
var ErrTooLong = errors.New("delivery: packet too long for the card")

// WAP push ports of client provisioning (OMA ProvCont; WAP-259).
const (
	portPush   = 2948
	portSender = 9200
)

// Route is one way to a card or device: an operator, a number, and the address
// that answers come back to. Which of the operator's links serves is decided
// when the message leaves.
type Route struct {
	Operator       string `json:"operator"`
	SubscriptionID int64  `json:"subscription"`
	Source         string `json:"source"`
	Destination    string `json:"destination"`
}

// Order is one thing to bring to a card or device.
type Order struct {
	Step    int
	Kind    ledger.AttemptKind
	Label   string // for the saga
	Purpose string // for people
	Routes  []Route

	// Of a secured packet.
	KeysetID  int64
	TAR       ota.TAR
	SPI       ota.SPI
	Format    string
	Script    []byte  // secured data
	Fence     []byte  // of a write
	FenceTAR  ota.TAR // of a write: where its fence goes, in which format; FenceForm empty means as the write
	FenceForm string
	Expect    []byte // of a write
	FenceOf   int64  // of a read
	MaxParts  int
	AllowWeak bool
	Raise     uint64

	Push []byte // of a configuration document: the WSP push PDU
	Text string // of a text message in its place

	Interactive bool // a person waits for it
	Deadline    time.Time
	Replaces    []int64
	IfRunning   bool
	MaxUnproven int
	Unproven    bool
	State       *ledger.Advance // what the saga says of the target, committed with the attempt; nil: nothing new
}

// Send binds the order to the next counter and commits it with everything that
// will leave, then lets it go. The keyset's counter is read from the dossier;
// when it moved since, Send reads it anew and builds the packet again. The new
// attempt is added to the dossier, so that its owner need not read it again.
func (d *Desk) Send(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, o Order) error {
	for range 5 {
		op, err := d.build(lease, *dos, o)
		if err != nil {
			return err
		}
		err = d.cfg.Store.Apply(ctx, op)[0]
		if errors.Is(err, ledger.ErrCounterMoved) {
			if *dos, err = d.cfg.Store.Dossier(ctx, lease.TargetID); err != nil {
				return err
			}
			continue
		}
		if err == nil {
			enter(dos, op)
			d.poke(o.Routes)
		}
		return err
	}
	return fmt.Errorf("delivery: card %s: %w", dos.Entry.Card.ICCID, ledger.ErrCounterMoved)
}

// enter adds what was committed to the dossier.
func enter(dos *ledger.Dossier, op *ledger.Bind) {
	a := op.Attempt
	a.ID = op.AttemptID
	for i, ud := range op.Parts {
		a.Parts = append(a.Parts, ledger.Part{AttemptID: a.ID, Seq: i + 1, UserData: ud})
	}
	for _, s := range op.Submissions {
		p := &a.Parts[s.PartSeq-1]
		s.Try = 1
		p.Submissions = append(p.Submissions, s)
	}
	for i := range dos.Attempts {
		if slices.Contains(op.Replaces, dos.Attempts[i].ID) && dos.Attempts[i].Outcome == ledger.Open {
			dos.Attempts[i].Outcome = ledger.Overdue
		}
	}
	for i := range dos.Entry.Keysets {
		if dos.Entry.Keysets[i].ID == a.KeysetID {
			dos.Entry.Keysets[i].Counter = op.New
		}
	}
	dos.Attempts = append(dos.Attempts, a)
	dos.References = append([]ledger.Reference{{Reference: a.Reference, Deadline: a.Deadline}}, dos.References...)
	dos.Target.Unproven = dos.Target.Unproven || op.Unproven
}

func (d *Desk) poke(routes []Route) {
	for _, r := range routes {
		d.outboxes.of(r.Operator).poke()
	}
}

// build makes the operation of an order. It does all cryptography, outside the store.
func (d *Desk) build(lease ledger.Lease, dos ledger.Dossier, o Order) (*ledger.Bind, error) {
	now := d.cfg.Now()
	if len(o.Routes) == 0 {
		return nil, fmt.Errorf("delivery: card %s: %s has no route", dos.Entry.Card.ICCID, o.Label)
	}
	ref, err := d.reference(dos, now)
	if err != nil {
		return nil, err
	}
	op := &ledger.Bind{
		Lease: lease, IfRunning: o.IfRunning, MaxUnproven: o.MaxUnproven, Unproven: o.Unproven, Replaces: o.Replaces, State: o.State,
		Attempt: ledger.Attempt{
			TargetID: lease.TargetID, CardID: dos.Entry.Card.ID, Step: o.Step, Try: nextTry(dos, o.Step), Kind: o.Kind,
			Purpose: o.Purpose, Label: o.Label, Reference: ref, Deadline: o.Deadline, CreatedAt: now,
		},
	}
	switch {
	case o.Kind != ledger.CP:
		err = d.secure(op, dos, o, ref)
	case o.Text != "":
		err = text(op, o.Text, ref)
	default:
		op.Parts, err = sms.SplitPorts(portPush, portSender, o.Push, ref)
	}
	if err != nil {
		return nil, fmt.Errorf("delivery: card %s: %s: %w", dos.Entry.Card.ICCID, o.Label, err)
	}
	for i := range op.Parts {
		for _, r := range o.Routes {
			op.Submissions = append(op.Submissions, ledger.Submission{
				PartSeq: i + 1, Operator: r.Operator, Class: class(o), SubscriptionID: r.SubscriptionID, Source: r.Source,
				Destination: r.Destination, State: ledger.Ready, ValidUntil: o.Deadline,
			})
		}
	}
	return op, nil
}

// text makes the parts of a text message.
func text(op *ledger.Bind, s string, ref byte) error {
	t, err := sms.SplitText(s, ref)
	op.Parts = t.Parts
	switch header := len(t.Parts) > 1; {
	case t.UCS2 && header:
		op.Attempt.Format = ledger.TextUCS2Header
	case t.UCS2:
		op.Attempt.Format = ledger.TextUCS2
	case header:
		op.Attempt.Format = ledger.TextGSMHeader
	default:
		op.Attempt.Format = ledger.TextGSM
	}
	return err
}

// class is how long the messages of an order can wait.
func class(o Order) ledger.Class {
	switch {
	case o.Kind == ledger.Confirm:
		return ledger.ClassConfirm
	case o.Interactive:
		return ledger.ClassInteractive
	}
	return ledger.ClassCampaign
}

// interactive reports whether a person waits for an attempt.
func interactive(a ledger.Attempt) bool {
	for _, p := range a.Parts {
		for _, s := range p.Submissions {
			return s.Class == ledger.ClassInteractive
		}
	}
	return false
}

// secure seals the packet under the next counter.
func (d *Desk) secure(op *ledger.Bind, dos ledger.Dossier, o Order, ref byte) error {
	i := slices.IndexFunc(dos.Entry.Keysets, func(k catalog.Keyset) bool { return k.ID == o.KeysetID })
	if i < 0 {
		return fmt.Errorf("keyset %d is not of this card", o.KeysetID)
	}
	rec := dos.Entry.Keysets[i]
	ks, err := d.keyset(dos.Entry.Card.ICCID, rec)
	if err != nil {
		return err
	}
	op.Old, op.New = rec.Counter, rec.Counter+1+o.Raise
	a := &op.Attempt
	a.KeysetID, a.Counter, a.TAR, a.SPI = rec.ID, op.New, o.TAR[:], o.SPI[:]
	a.Format, a.Script, a.Fence, a.Expect, a.FenceOf = o.Format, o.Script, o.Fence, o.Expect, o.FenceOf
	if o.FenceForm != "" {
		a.FenceTAR, a.FenceForm = o.FenceTAR[:], o.FenceForm
	}
	if o.SPI.CounterMode() == ota.CounterExact {
		return fmt.Errorf("SPI %s asks for counters exactly one higher: one lost packet would lock the card", o.SPI)
	}
	packet, err := ota.NewCommand(o.SPI, o.TAR, ks, op.New, o.Script).Seal(ks, ota.Options{AllowWeak: o.AllowWeak})
	if err != nil {
		return err
	}
	if op.Parts, err = sms.SplitPacket(sms.CommandPacket, packet, ref); err != nil {
		return err
	}
	if o.MaxParts > 0 && len(op.Parts) > o.MaxParts {
		return fmt.Errorf("%w: %d short messages, it takes %d", ErrTooLong, len(op.Parts), o.MaxParts)
	}
	return nil
}

// reference picks a concatenation reference that no message still under way to
// the card uses: a card or phone would join parts of two messages.
func (d *Desk) reference(dos ledger.Dossier, now time.Time) (byte, error) {
	var used [256]bool
	next := byte(0)
	for i, r := range dos.References {
		if r.Deadline.Add(d.cfg.Timing.Margin).After(now) {
			used[r.Reference] = true
		}
		if i == 0 {
			next = r.Reference + 1
		}
	}
	for range 256 {
		if !used[next] {
			return next, nil
		}
		next++
	}
	return 0, fmt.Errorf("delivery: card %s: all 256 concatenation references are in use", dos.Entry.Card.ICCID)
}

func nextTry(dos ledger.Dossier, step int) int {
	try := 1
	for _, a := range dos.Attempts {
		if a.Step == step && a.Try >= try {
			try = a.Try + 1
		}
	}
	return try
}

// Drive carries out what the laws ask for the target now, and says when to ask
// again. fenceRoutes are all numbers the card may answer on. It reports
// whether it changed anything: then the dossier is out of date.
func (d *Desk) Drive(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, fenceRoutes []Route) (changed bool, due time.Time, err error) {
	moves, due := Plan(*dos, d.cfg.Now(), d.cfg.Timing)
	for _, m := range moves {
		if err := d.carryOut(ctx, lease, dos, m, fenceRoutes); err != nil {
			return changed, due, err
		}
		changed = true
		if m.Do == Fence || m.Do == Reread { // each takes a counter: plan the rest anew
			return true, due, nil
		}
	}
	return changed, due, nil
}

func (d *Desk) carryOut(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, m Move, fenceRoutes []Route) error {
	switch m.Do {
	case Resend:
		return d.resend(ctx, lease, m)
	case Conclude:
		return d.conclude(ctx, lease, *dos, m)
	case Fence:
		return d.Send(ctx, lease, dos, fenceOrder(m.Attempt, m.Attempt.Step, *dos, fenceRoutes, d.cfg.Now()))
	case Reread:
		return d.Send(ctx, lease, dos, reread(m, fenceRoutes))
	}
	return fmt.Errorf("delivery: unknown move %q", m.Do)
}

func (d *Desk) resend(ctx context.Context, lease ledger.Lease, m Move) error {
	op := &ledger.Resubmit{Lease: lease, Retire: m.Retire}
	var routes []Route
	for _, p := range m.Attempt.Parts {
		if !slices.Contains(m.Parts, p.Seq) {
			continue
		}
		// Every number that the part went to, once.
		seen := map[string]bool{}
		for _, s := range slices.Backward(p.Submissions) {
			if seen[s.Destination] {
				continue
			}
			seen[s.Destination] = true
			op.Submissions = append(op.Submissions, ledger.Submission{
				PartID: p.ID, Operator: s.Operator, Class: s.Class, SubscriptionID: s.SubscriptionID, Source: s.Source,
				Destination: s.Destination, State: ledger.Ready, ValidUntil: m.Attempt.Deadline,
			})
			routes = append(routes, Route{Operator: s.Operator})
		}
	}
	if err := d.cfg.Store.Apply(ctx, op)[0]; err != nil {
		return err
	}
	d.poke(routes)
	return nil
}

// conclude ends an attempt that no proof ended, and says so as evidence.
func (d *Desk) conclude(ctx context.Context, lease ledger.Lease, dos ledger.Dossier, m Move) error {
	a, now := m.Attempt, d.cfg.Now()
	op := &ledger.Advance{
		Lease: lease,
		State: dos.Target.State, Cause: dos.Target.Cause, Step: dos.Target.Step, Unproven: dos.Target.Unproven,
		DueAt: dos.Target.DueAt, Closed: !dos.Target.ClosedAt.IsZero(), At: now,
		Conclusions: []ledger.Conclusion{{AttemptID: a.ID, Outcome: m.Outcome, At: now}},
		Evidence:    []ledger.Evidence{silence(a, m.Outcome, m.Reason, now)},
	}
	return d.cfg.Store.Apply(ctx, op)[0]
}

// silence is the evidence of an attempt that ended without a proof.
func silence(a ledger.Attempt, outcome ledger.Outcome, reason string, now time.Time) ledger.Evidence {
	e := ledger.Evidence{
		TargetID: a.TargetID, CardID: a.CardID, AttemptID: a.ID, Kind: ledger.EvSilence, Counter: a.Counter, SeenAt: now,
		Body: ledger.Body{Attempt: a.Kind, Step: a.Step, Try: a.Try, Label: a.Label, Parts: len(a.Parts), State: string(outcome), Text: reason},
	}
	for _, p := range a.Parts {
		for _, s := range p.Submissions {
			switch {
			case s.State == ledger.Rejected:
				e.Body.Err = fmt.Sprintf("command_status 0x%X", s.Status)
			case outcome == ledger.Undeliver && s.Err != "" && !s.FinalAt.IsZero():
				e.Body.Err = s.Err // what its receipt says
			}
		}
	}
	return e
}

// fenceOrder is the read that settles write w, under the given step. It has
// as much time as the write had: the write's own deadline may be over.
func fenceOrder(w ledger.Attempt, step int, dos ledger.Dossier, routes []Route, now time.Time) Order {
	o := Order{
		Step: step, Kind: ledger.Read, Label: LabelFence, Purpose: "did the write of counter " + fmt.Sprint(w.Counter) + " run?",
		Routes: routes, KeysetID: w.KeysetID, TAR: ota.TAR(fenceTAR(w)), SPI: ota.SPI(w.SPI), Format: cmp.Or(w.FenceForm, w.Format), Script: w.Fence,
		FenceOf: w.ID, Deadline: now.Add(w.Deadline.Sub(w.CreatedAt)), AllowWeak: true, Interactive: interactive(w),
	}
	for _, a := range dos.Attempts {
		if a.Kind == ledger.Read && a.FenceOf == w.ID && a.Outcome == ledger.Open {
			o.Replaces = append(o.Replaces, a.ID)
		}
	}
	return o
}

// fenceTAR is where the fence of a write goes.
func fenceTAR(w ledger.Attempt) []byte {
	if len(w.FenceTAR) > 0 {
		return w.FenceTAR
	}
	return w.TAR
}

// reread is the same question under the next counter, by the same ways; a
// fence asks every number.
func reread(m Move, fenceRoutes []Route) Order {
	a := m.Attempt
	o := Order{
		Step: a.Step, Kind: ledger.Read, Label: a.Label, Purpose: a.Purpose, KeysetID: a.KeysetID,
		TAR: ota.TAR(a.TAR), SPI: ota.SPI(a.SPI), Format: a.Format, Script: a.Script, FenceOf: a.FenceOf,
		Deadline: a.Deadline, Raise: m.Raise, Replaces: []int64{a.ID}, AllowWeak: true, Interactive: interactive(a),
	}
	if a.Label == LabelFence {
		o.Routes = fenceRoutes
		return o
	}
	seen := map[string]bool{}
	for _, s := range a.Parts[0].Submissions {
		if !seen[s.Destination] {
			seen[s.Destination] = true
			o.Routes = append(o.Routes, Route{Operator: s.Operator, SubscriptionID: s.SubscriptionID, Source: s.Source, Destination: s.Destination})
		}
	}
	return o
}

// Clear sends what the next write of the keyset has to begin with: the fence of
// a write that another target left open; or, on a keyset that is suspect since
// a restore, the last read once more, whose answer clears it. A fence that was
// answered and told nothing yet is not sent again at once: due is when to ask
// for it, zero when an answer is waited for.
func (d *Desk) Clear(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, keysetID int64, step int, deadline time.Time, routes []Route) (due time.Time, err error) {
	w, ok, err := d.cfg.Store.OpenWrite(ctx, keysetID)
	if err != nil {
		return due, err
	}
	if !ok {
		return due, d.unsuspect(ctx, lease, dos, keysetID, deadline, routes)
	}
	now, newest, answered := d.cfg.Now(), time.Time{}, 0
	for _, a := range dos.Attempts {
		switch {
		case a.Kind != ledger.Read || a.FenceOf != w.ID:
		case a.Outcome == ledger.Open && now.Before(a.Deadline):
			return time.Time{}, nil // on its way
		case a.Outcome == ledger.Executed, a.Outcome == ledger.Refused:
			newest = latest(newest, a.CreatedAt)
			answered++
		}
	}
	if answered > 0 {
		if due = d.cfg.Timing.probe(newest, answered-1); now.Before(due) {
			return due, nil
		}
	}
	o := fenceOrder(w, step, *dos, routes, now)
	o.Deadline = deadline
	return time.Time{}, d.Send(ctx, lease, dos, o)
}

// unsuspect asks a suspect keyset the last question of its target again, under
// the next counter and by every way. There is one: a write follows its snapshot.
func (d *Desk) unsuspect(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, keysetID int64, deadline time.Time, routes []Route) error {
	if !slices.ContainsFunc(dos.Entry.Keysets, func(k catalog.Keyset) bool { return k.ID == keysetID && k.Suspect }) {
		return nil
	}
	var last ledger.Attempt
	for _, a := range dos.Attempts {
		if a.Kind == ledger.Read && a.KeysetID == keysetID && a.FenceOf == 0 && a.Counter > last.Counter {
			last = a
		}
	}
	if last.ID == 0 || last.Outcome == ledger.Open {
		return nil // nothing was asked, or the question is on its way
	}
	o := reread(Move{Attempt: last}, routes)
	o.Routes, o.Deadline = routes, deadline
	return d.Send(ctx, lease, dos, o)
}
