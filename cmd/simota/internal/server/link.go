package server

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/route"
)

// port joins one SMPP link with the routing table and the desk: it is the
// table's Link and the link's Handler.
type port struct {
	link  *smpp.Link
	lane  *route.Lane
	table *route.Table   // set before anything runs
	desk  *delivery.Desk // likewise
	name  string
	addr  string
	cfg   config.Link
	form  config.Form
	log   zerolog.Logger

	stopping atomic.Bool // the session ends because we want it
}

// TrySubmit hands messages to the link, in the form that its SMSC wants; those it
// returns have that form too.
func (p *port) TrySubmit(ms []smpp.Message) (left []smpp.Message, err error) {
	return p.link.TrySubmit(dress(p.form, ms))
}

// Free is how many messages the link would take at once.
func (p *port) Free() int { return p.link.Free() }

// Ready has a value when the link can take messages again.
func (p *port) Ready() <-chan struct{} { return p.link.Ready() }

// Status is the link's.
func (p *port) Status() smpp.LinkStatus { return p.link.Status() }

// Results passes outcomes on.
func (p *port) Results(rs []smpp.Result) {
	p.table.Results(p.name, rs)
	out := make([]delivery.Result, len(rs))
	for i, r := range rs {
		out[i] = delivery.Result{Submission: r.ID, Status: r.Status, MessageID: r.MessageID, At: r.DoneAt}
		if r.Err != nil {
			out[i].Err = r.Err.Error()
		}
		switch r.Outcome {
		case smpp.Accepted:
			out[i].Outcome = delivery.Accepted
		case smpp.Temporary:
			out[i].Outcome = delivery.Temporary
		case smpp.Refused:
			out[i].Outcome = delivery.Refused
		case smpp.Unsent:
			out[i].Outcome = delivery.Unsent
		default:
			out[i].Outcome = delivery.Ambiguous
		}
	}
	p.desk.Results(context.Background(), p.name, out)
}

// Deliver stores what came in before it is answered, also what cannot be read,
// which is then refused for good: the SMSC does not send it again.
func (p *port) Deliver(ctx context.Context, ds []smpp.Delivery) []uint32 {
	errs := p.desk.Receive(ctx, p.name, copies(ds))
	for _, err := range errs {
		if err != nil {
			p.log.Error().Err(err).Str("link", p.name).Msg("deliver_sm not stored: the SMSC is asked to send it again")
		}
	}
	return answers(ds, errs)
}

// copies are the PDUs of deliveries, for keeps: they wait for their settlement
// longer than the link leaves them as they are.
func copies(ds []smpp.Delivery) [][]byte {
	n := 0
	for _, d := range ds {
		n += len(d.PDU)
	}
	all, pdus := make([]byte, 0, n), make([][]byte, len(ds))
	for i, d := range ds {
		begin := len(all)
		all = append(all, d.PDU...)
		pdus[i] = all[begin:len(all):len(all)]
	}
	return pdus
}

// answers are the statuses of deliveries. What could not be stored gets a
// temporary error: the SMSC sends it again.
func answers(ds []smpp.Delivery, stored []error) []uint32 {
	status := make([]uint32, len(ds))
	for i, err := range stored {
		status[i] = ds[i].Status
		if err != nil {
			status[i] = smpp.StatusReceiverTemporary
		}
	}
	return status
}

// Alert logs that a subscriber can be reached again.
func (p *port) Alert(a smpp.Alert) {
	p.log.Debug().Str("link", p.name).Stringer("source", a.Source).Msg("alert_notification")
}

// State logs sessions that come and go.
func (p *port) State(s smpp.LinkState) {
	e := p.log.Info()
	if !s.Up && !p.stopping.Load() {
		e = p.log.Warn().AnErr("reason", s.Reason)
	}
	msg := "bound"
	switch {
	case s.RefusedForGood:
		msg = "bind refused: not tried again until the configuration changes and the server starts anew"
	case !s.Up:
		msg = "not bound"
	}
	e.Str("link", p.name).Str("address", p.addr).Int("sessions", s.Sessions).Msg(msg)
}

// health is the link for the API.
func (p *port) health() api.Link {
	s, lane := p.link.Status(), p.lane.Status()
	out := api.Link{
		Name: p.name, Address: p.addr, Bound: s.Bound, Since: s.Since, WindowUsed: s.WindowUsed, WindowSize: s.WindowSize,
		Rate: lane.Rate, Throttled: lane.Throttled, SickSince: lane.SickSince, Weight: p.cfg.Share(),
		Sent: s.Sent, Received: s.Received, Stopped: s.RefusedForGood,
	}
	if s.LastError != nil && !s.Bound {
		out.Error = s.LastError.Error()
	}
	return out
}

// reader reads stored PDUs; proof has the tags in which the receipts of links
// carry what a card answered.
func reader(proof map[string]uint16) func(link string, pdu []byte) (delivery.Incoming, error) {
	return func(link string, pdu []byte) (delivery.Incoming, error) {
		return parse(pdu, proof[link])
	}
}

func parse(pdu []byte, proof uint16) (delivery.Incoming, error) {
	d, err := smpp.ParseDelivery(pdu)
	if err != nil {
		return delivery.Incoming{}, err
	}
	_, hasState := d.TLV(smpp.TagMessageState)
	var report []byte
	if proof != 0 {
		report, _ = d.TLV(proof)
	}
	return delivery.Incoming{
		Source: msisdn(d.Source), Destination: d.Destination.Number, ESMClass: d.ESMClass, DataCoding: d.DataCoding, UserData: d.UserData,
		ReceiptedID: d.ReceiptedMessageID, MessageState: d.MessageState, HasState: hasState, NetworkError: d.NetworkErrorCode,
		Reference: d.UserMessageReference, HasReference: d.HasReference, Report: report,
	}, nil
}

// msisdn writes a sender as the catalog writes numbers: networks disagree on
// type of number and on a leading plus or 00.
func msisdn(a smpp.Address) string {
	n := strings.TrimPrefix(a.Number, "+")
	n = strings.TrimPrefix(n, "00")
	const shortest = 7 // shorter ones are short codes
	if len(n) < shortest || strings.Trim(n, "0123456789") != "" {
		return a.Number
	}
	return "+" + n
}

// every calls fn at once and then at the interval, until ctx ends.
func every(ctx context.Context, d time.Duration, fn func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		fn()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
