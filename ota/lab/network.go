package lab

import (
	"context"
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

	mu    sync.Mutex
	fates map[string]fate // of messages between their acceptance and Submit, by message id
}

func newNetwork(w *World, o Operator) *network {
	n := &network{Operator: o, world: w, numbers: map[string]*subscription{}, fates: map[string]fate{}}
	n.server = smscsim.New(smscsim.Config{
		SystemID: o.Name, Accounts: map[string]smpp.Secret{o.SystemID: o.Password}, Network: n,
		ResponseIDs: idFormats[o.IDResponse], ReceiptIDs: idFormats[o.IDReceipt],
		Fault: n.fault, Log: func(e smscsim.Event) { w.logs.frame(o.Name, e) },
	})
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
		n.fates[m.MessageID] = v
		n.mu.Unlock()
	}
	return v.wire
}

// Submit takes an accepted message into the store of its number.
func (n *network) Submit(_ context.Context, m smscsim.Submitted) {
	n.mu.Lock()
	v := n.fates[m.MessageID]
	delete(n.fates, m.MessageID)
	n.mu.Unlock()
	sub := n.subscription(m.Destination)
	if sub == nil {
		n.world.event(Event{Kind: EventUnknownNumber, Operator: n.Name, MSISDN: m.Destination.String(), MessageID: m.MessageID})
		n.world.work.Go(func() { n.receipt(m, receipt.Undeliverable, errUnknownSubscriber) })
		return
	}
	if v.lostSubmit {
		n.world.event(Event{Kind: EventSubmissionLost, ICCID: sub.owner.iccid, MessageID: m.MessageID}.about(sub))
		return
	}
	sub.waiting.Add(1)
	sub.owner.post(func() { sub.owner.store(&stored{Submitted: m, fate: v, sub: sub}) })
}

// receipt sends a receipt if the message asked for one of this kind, half a hop later.
func (n *network) receipt(m smscsim.Submitted, state receipt.State, code uint16) {
	want := m.RegisteredDelivery & receiptMask
	if want != receiptAlways && (want != receiptFailure || state == receipt.Delivered) {
		return
	}
	done := time.Now()
	if !sleep(n.world.ctx, n.world.real(n.world.cfg.Timing.Hop/2)) {
		return
	}
	_, _ = n.server.SendReceipt(n.world.ctx, m.System, smscsim.ReceiptOut{
		MessageID: m.MessageID, Source: m.Source, Destination: m.Destination,
		State: state, Err: code, SubmittedAt: m.ReceivedAt, DoneAt: done,
	}) // an error means that the world ends; a refusal is in the log of the wire
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
