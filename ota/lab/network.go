package lab

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
	"github.com/simota/simota/smpp/smscsim"
)

// Bits of submit_sm (SMPP 3.4, 5.2.12 and 5.2.17).
const (
	esmUDHI        = 0x40
	receiptMask    = 0x03
	receiptAlways  = 0x01
	receiptFailure = 0x02
)

// tagSetDPF is set_dpf: whether the ESME wants to be told when an absent subscriber is back (SMPP 3.4, 5.3.2.29).
const tagSetDPF = 0x0421

// Errors in receipts, as MAP numbers them (3GPP TS 29.002, 17.6.6), and that of a failed USIM data download (TP-FCS,
// 3GPP TS 23.040, 9.2.3.22).
const (
	errUnknownSubscriber = 1
	errAbsentSubscriber  = 27
	errDownload          = 0xD5
)

// maxStored is how many messages an SMSC keeps for one number; more are refused with ESME_RMSGQFUL.
const maxStored = 1000

// network is an operator with its SMSC.
type network struct {
	Operator
	world   *World
	server  *smscsim.Server
	numbers map[string]*subscription // by digits of the MSISDN; fixed once the world runs
	proof   uint16                   // tag of a card's report in receipts, 0 for none

	mu    sync.Mutex
	fates map[uint64]fate // of messages between their acceptance and Submit, by message number
}

func newNetwork(w *World, o Operator) *network {
	n := &network{Operator: o, world: w, numbers: map[string]*subscription{}, fates: map[uint64]fate{}}
	n.proof, _ = o.proofTag() // checked with the configuration
	c := smscsim.Config{
		SystemID: o.Name, Accounts: map[string]smpp.Secret{o.SystemID: o.Password}, Network: n,
		ResponseIDs: o.IDResponse, ReceiptIDs: o.IDReceipt, Temper: o.Temper, Seed: uint64(w.cfg.Seed),
		Fault: n.fault, Window: o.Window,
	}
	if w.cfg.Logs != "" && !w.cfg.NoWireLog {
		c.Log = func(e smscsim.Event) { w.logs.frame(o.Name, e) }
	}
	n.server = smscsim.New(c)
	return n
}

func (n *network) subscription(a smpp.Address) *subscription {
	return n.numbers[strings.TrimPrefix(a.Number, "+")]
}

// fault decides a message's fate while the SMSC has not answered it yet.
func (n *network) fault(m smscsim.Submitted) smscsim.Fault {
	sub := n.subscription(m.Destination)
	if sub == nil {
		return smscsim.NoFault
	}
	v := sub.owner.judge.submitted(m)
	if v.wire == smscsim.EarlyReceipt && (v.lostReceipt || m.RegisteredDelivery&receiptMask == 0) {
		v.wire = smscsim.NoFault
	}
	if sub.waiting.Load() >= maxStored {
		v.wire = smscsim.QueueFull
	}
	if v.wire != smscsim.Throttle && v.wire != smscsim.QueueFull {
		n.mu.Lock()
		n.fates[m.Number] = v
		n.mu.Unlock()
	}
	return v.wire
}

// Submit takes an accepted message into the store of its number.
func (n *network) Submit(_ context.Context, m smscsim.Submitted) {
	n.mu.Lock()
	v := n.fates[m.Number]
	delete(n.fates, m.Number)
	n.mu.Unlock()
	sub := n.subscription(m.Destination)
	if sub == nil {
		n.world.event(Event{Kind: EventUnknownNumber, Operator: n.Name, MSISDN: m.Destination.String(), MessageID: m.MessageID})
		n.receipt(m, receipt.Undeliverable, errUnknownSubscriber, nil)
		return
	}
	if v.lostSubmit {
		n.world.event(Event{Kind: EventSubmissionLost, ICCID: sub.owner.iccid, MessageID: m.MessageID}.about(sub))
		return
	}
	sub.waiting.Add(1)
	sub.owner.post(func() { sub.owner.store(&stored{Submitted: m, fate: v, sub: sub}) })
}

// receipt says what has become of a message, by a receipt if it asked for one of this kind, half a hop later. It carries
// the card's report where the network hands that on.
func (n *network) receipt(m smscsim.Submitted, state receipt.State, code uint16, report []byte) {
	n.server.Settle(m.Number, state, byte(code))
	want := m.RegisteredDelivery & receiptMask
	if want != receiptAlways && (want != receiptFailure || state == receipt.Delivered) {
		return
	}
	r := smscsim.ReceiptOut{
		Number: m.Number, Source: m.Source, Destination: m.Destination,
		State: state, Err: code, SubmittedAt: m.ReceivedAt, DoneAt: time.Now(),
	}
	if report != nil && n.proof != 0 {
		r.TLVs = []smscsim.TLV{{Tag: n.proof, Value: report}}
	}
	n.world.later(n.world.real(n.world.cfg.Timing.Hop/2), func() {
		if err := n.server.PostReceipt(m.System, r, func(uint32, error) {}); err != nil {
			n.world.log.Error("receipt lost", "operator", n.Name, "error", err)
		} // a refusal is in the log of the wire
	})
}

// Cancel implements [smscsim.Editor].
func (n *network) Cancel(number uint64, destination smpp.Address) bool {
	return n.edit(number, destination, func(s *subscriber, st *stored) {
		s.remove(st)
		s.event(Event{Kind: EventCancelled, MessageID: st.MessageID}.about(st.sub))
		s.receipt(st, receipt.Deleted, 0, nil)
	})
}

// Replace implements [smscsim.Editor].
func (n *network) Replace(number uint64, destination smpp.Address, r smscsim.Replacement) bool {
	return n.edit(number, destination, func(s *subscriber, st *stored) {
		st.UserData, st.RegisteredDelivery = r.UserData, r.RegisteredDelivery
		if r.Validity > 0 {
			s.cancel(st.expiry)
			st.expiry = s.after(r.Validity, func() { s.expire(st) })
		}
		s.event(Event{Kind: EventReplaced, MessageID: st.MessageID}.about(st.sub))
	})
}

// edit has the owner of a waiting message change it, and reports whether it still waited.
func (n *network) edit(number uint64, destination smpp.Address, change func(*subscriber, *stored)) bool {
	sub := n.subscription(destination)
	if sub == nil {
		return false
	}
	done := make(chan bool, 1)
	sub.owner.post(func() {
		i := slices.IndexFunc(sub.stored, func(st *stored) bool { return st.Number == number && !st.copy })
		if i >= 0 {
			change(sub.owner, sub.stored[i])
		}
		done <- i >= 0
	})
	select {
	case found := <-done:
		return found
	case <-n.world.ctx.Done():
		return false
	}
}

// stored is a message in the store of an SMSC, or on its way to the device.
type stored struct {
	smscsim.Submitted
	fate
	sub    *subscription
	copy   bool // the network's own duplicate: no receipts
	done   bool
	expiry *timer
}

// validity is how long the message may be kept, in real time.
func (st *stored) validity(w *World) time.Duration {
	if st.Validity == 0 || st.copy {
		return w.real(w.cfg.Timing.Validity)
	}
	return time.Until(st.ReceivedAt.Add(st.Validity))
}
