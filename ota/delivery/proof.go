package delivery

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/ota/sms"
)

// judgePacket joins the parts of a packet from a card and judges it whole. A
// set of parts that proves nothing waits on: a part of it may be left over from
// an older answer, and its successor on the way.
func (d *Desk) judgePacket(ctx context.Context, r ledger.InboxRow, in Incoming, ud sms.UserData) (verdict, error) {
	ids, parts := []int64{r.ID}, []sms.UserData{ud}
	orphan := verdict{op: &ledger.Settle{InboxIDs: ids, State: ledger.InboxOrphan, Kind: KindPacket}}
	unproven := orphan
	if c, several := ud.Concat(); several && c.Total > 1 {
		key := fmt.Sprintf("concat:%s:%s:%d:%t:%d", in.Source, in.Destination, c.Ref, c.Wide, c.Total)
		unproven = verdict{op: &ledger.Settle{InboxIDs: []int64{r.ID}, State: ledger.InboxWaiting, Kind: KindPart, Key: key}}
		var err error
		if ids, parts, err = d.assemble(ctx, r, ud, key); err != nil {
			return verdict{}, err
		}
		if len(parts) < int(c.Total) || !slices.Contains(ids, r.ID) {
			return unproven, nil
		}
		orphan.op.InboxIDs = ids
	}
	packet, element, err := sms.Join(parts)
	if err != nil {
		return orphan, nil
	}
	op := &ledger.Settle{InboxIDs: ids, State: ledger.InboxSettled}
	v := verdict{op: op}
	switch element {
	case sms.ResponsePacket:
		v.wake, err = d.proof(ctx, op, r, in, packet)
	case sms.CommandPacket:
		v.wake, v.urgent, err = d.fromCard(ctx, op, r, in, packet)
	default:
		return orphan, nil
	}
	switch {
	case err != nil:
		return verdict{}, err
	case len(op.Evidence) == 0:
		return unproven, nil
	}
	return v, nil
}

// assemble takes the newest of every part that waits under the key. Cards use
// references again, so parts of an older answer that lost one may wait there too;
// a copy of a part belongs to it.
func (d *Desk) assemble(ctx context.Context, r ledger.InboxRow, ud sms.UserData, key string) (ids []int64, parts []sms.UserData, err error) {
	rows, err := d.cfg.Store.InboxByKey(ctx, r.IDScope, key)
	if err != nil {
		return nil, nil, err
	}
	rows = slices.DeleteFunc(rows, func(o ledger.InboxRow) bool {
		return o.ID == r.ID || r.ReceivedAt.Sub(o.ReceivedAt).Abs() > joinWindow
	})
	rows = append(rows, r)
	slices.SortFunc(rows, func(a, b ledger.InboxRow) int { return cmp.Compare(b.ID, a.ID) })
	newest := map[byte]sms.UserData{}
	for _, o := range rows {
		part := ud
		if o.ID != r.ID {
			in, err := d.cfg.Parse(o.Link, o.PDU)
			if err != nil {
				continue
			}
			is := false
			if part, _, is = in.packet(); !is {
				continue
			}
		}
		c, _ := part.Concat()
		known, again := newest[c.Seq]
		if again && !bytes.Equal(known.Payload, part.Payload) {
			continue
		}
		if !again {
			newest[c.Seq], parts = part, append(parts, part)
		}
		ids = append(ids, o.ID)
	}
	return ids, parts, nil
}

// match is an answer and the attempt it belongs to.
type match struct {
	attempt ledger.Attempt
	resp    ota.Response
	newest  bool // of its keyset's counters
	suspect bool // the keyset is
}

// candidates are the attempts an answer can belong to. Its counter may be
// ciphered: every card with that number and every keyset that has spoken to
// the clear TAR is tried; keys and counter decide, on whatever link it came.
func (d *Desk) candidates(ctx context.Context, in Incoming, packet []byte) (authentic, clear []match, err error) {
	if len(packet) < 6 {
		return nil, nil, nil
	}
	secured, err := d.cfg.Store.SecuredBy(ctx, in.Source, packet[3:6])
	if err != nil {
		return nil, nil, err
	}
	for _, s := range secured {
		if len(s.SPI) != 2 {
			continue
		}
		m, ok, err := d.try(ctx, s, packet)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case !ok:
		case m.resp.Authenticated:
			authentic = append(authentic, m)
		default:
			clear = append(clear, m)
		}
	}
	return authentic, clear, nil
}

// try reads the answer with one keyset. A card that answers an error in clear
// may leave the counter zero: then the newest open attempt on the TAR is meant.
func (d *Desk) try(ctx context.Context, s ledger.Secured, packet []byte) (m match, ok bool, err error) {
	rec, spi := s.Keyset, ota.SPI(s.SPI)
	ks, err := d.keyset(s.ICCID, rec)
	if err != nil {
		return m, false, err
	}
	resp, err := ota.OpenResponse(packet, spi, ks, ota.Options{AllowWeak: true})
	if err != nil {
		return m, false, nil // not with this keyset
	}
	m = match{resp: resp, newest: resp.Counter == rec.Counter, suspect: rec.Suspect}
	m.attempt, err = d.cfg.Store.AttemptByCounter(ctx, rec.ID, resp.Counter)
	if errors.Is(err, catalog.ErrNotFound) && !resp.Authenticated && resp.Counter == 0 {
		m.attempt, err = d.newestOpen(ctx, rec.CardID, resp.TAR)
	}
	if errors.Is(err, catalog.ErrNotFound) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	return m, bytes.Equal(m.attempt.TAR, resp.TAR[:]) && bytes.Equal(m.attempt.SPI, spi[:]), nil
}

func (d *Desk) newestOpen(ctx context.Context, cardID int64, tar ota.TAR) (newest ledger.Attempt, err error) {
	targets, err := d.cfg.Store.TargetsOfCard(ctx, cardID)
	if err != nil {
		return newest, err
	}
	for _, t := range targets {
		dos, err := d.cfg.Store.Dossier(ctx, t.ID)
		if err != nil {
			return newest, err
		}
		for _, a := range dos.Attempts {
			if a.Outcome == ledger.Open && bytes.Equal(a.TAR, tar[:]) && a.ID > newest.ID {
				newest = a
			}
		}
	}
	if newest.ID == 0 {
		return newest, catalog.ErrNotFound
	}
	return newest, nil
}

// proof turns an answer of a card into evidence and, where it is decisive,
// into conclusions.
func (d *Desk) proof(ctx context.Context, op *ledger.Settle, r ledger.InboxRow, in Incoming, packet []byte) (wake []int64, err error) {
	op.Kind = "proof"
	authentic, clear, err := d.candidates(ctx, in, packet)
	if err != nil {
		return nil, err
	}
	m := match{}
	switch {
	case len(authentic) > 0:
		m = authentic[0]
	case len(clear) > 0:
		m = slices.MaxFunc(clear, func(a, b match) int { return int(a.attempt.ID - b.attempt.ID) })
	default:
		return nil, nil
	}
	a := m.attempt
	e := ledger.Evidence{
		TargetID: a.TargetID, CardID: a.CardID, AttemptID: a.ID, InboxID: r.ID, Kind: ledger.EvProof,
		Counter: a.Counter, Link: r.Link, SeenAt: r.ReceivedAt, Raw: in.UserData,
		Body: ledger.Body{
			Attempt: a.Kind, Step: a.Step, Try: a.Try, Label: a.Label, Parts: len(a.Parts), Number: in.Source,
			Status: byte(m.resp.Status), Authenticated: m.resp.Authenticated,
		},
	}
	wake = []int64{a.TargetID}
	if m.resp.Authenticated {
		read(&e.Body, a, m.resp)
		if outcome := decides(m.resp.Status); outcome != ledger.Open {
			op.Conclusions = append(op.Conclusions, ledger.Conclusion{AttemptID: a.ID, Outcome: outcome, At: r.ReceivedAt})
		}
		if m.resp.Status == ota.StatusOK && a.Kind == ledger.Read {
			// After a restore only a counter above all that may be forgotten
			// tells: an old read, answered late, does not.
			if m.suspect && m.newest {
				op.ClearSuspect = a.KeysetID
			}
			other, err := d.fence(ctx, op, &e, a)
			if err != nil {
				return nil, err
			}
			if other != 0 && other != a.TargetID {
				wake = append(wake, other)
			}
		}
	}
	op.Evidence = append(op.Evidence, e)
	return wake, nil
}

// decides is the outcome that an authenticated status gives an attempt. 02 and
// 06 may answer a copy of what already ran; 08, 0B and 0C say that more comes.
func decides(s ota.Status) ledger.Outcome {
	switch s {
	case ota.StatusOK:
		return ledger.Executed
	case ota.StatusCounterLow, ota.StatusSecurityError, ota.StatusMoreTime, ota.StatusResponseBySubmit, ota.StatusResponseByUSSD:
		return ledger.Open
	}
	return ledger.Refused
}

// read says what the commands of an executed script returned.
func read(b *ledger.Body, a ledger.Attempt, resp ota.Response) {
	if resp.Status != ota.StatusOK {
		return
	}
	format := script.Format(a.Format)
	res, err := script.ParseResponse(format, resp.Data)
	if err != nil {
		b.Data, b.Text = resp.Data, "the answer of the script is not readable: "+err.Error()
		return
	}
	sent, err := script.Parse(format, a.Script)
	if err != nil {
		b.Text = err.Error()
		return
	}
	b.Executed, b.Complete = res.Executed, res.OK(len(sent.Commands))
	if n := len(res.Results); n > 0 {
		last := res.Results[n-1]
		b.SW, b.Data = fmt.Sprintf("%04X", uint16(last.Status)), last.Data
		for i, one := range res.Results {
			if len(one.Data) > 0 {
				b.Files = append(b.Files, ledger.FileData{
					Command: res.Executed - n + i, Data: one.Data, SW: fmt.Sprintf("%04X", uint16(one.Status)),
				})
			}
		}
	}
}

// fence settles the open write that this read was sent for: under a higher
// counter the card has answered, so the write can never run any more, and what
// was read says whether it did.
func (d *Desk) fence(ctx context.Context, op *ledger.Settle, e *ledger.Evidence, a ledger.Attempt) (targetID int64, err error) {
	if a.FenceOf == 0 {
		return 0, nil
	}
	w, err := d.cfg.Store.Attempt(ctx, a.FenceOf)
	if err != nil {
		return 0, err
	}
	if w.KeysetID != a.KeysetID || w.Counter > a.Counter || !bytes.Equal(w.Fence, a.Script) || !bytes.Equal(fenceTAR(w), a.TAR) {
		return 0, nil
	}
	outcome := ledger.Held
	if e.Body.Complete {
		switch d.cfg.Ran(w, e.Body.Data, e.SeenAt) {
		case ledger.ToldRan:
			outcome = ledger.FencedRan
		case ledger.ToldNotRun:
			outcome = ledger.FencedNot
		case ledger.ToldNotYet:
			return w.TargetID, nil
		}
	}
	e.Body.Settles, e.Body.Ran = w.ID, outcome == ledger.FencedRan
	op.Conclusions = append(op.Conclusions, ledger.Conclusion{AttemptID: w.ID, Outcome: outcome, At: e.SeenAt})
	return w.TargetID, nil
}
