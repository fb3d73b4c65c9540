package delivery

import (
	"bytes"
	"context"
	"slices"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
)

// fromCard takes what a card sends by itself, as a command packet to the server:
// a notice of an eUICC, or the message of an IMEI-tracking applet.
func (d *Desk) fromCard(ctx context.Context, op *ledger.Settle, r ledger.InboxRow, in Incoming, packet []byte) (wake []int64, urgent bool, err error) {
	header, err := ota.ParseHeader(packet)
	if err != nil {
		return nil, false, nil
	}
	if header.SPI.Check() == ota.NoCheck {
		wake, err = d.tracking(ctx, op, r, in, packet)
		return wake, false, err
	}
	if d.cfg.Notices == nil {
		return nil, false, nil
	}
	wake, err = d.notice(ctx, op, r, in, header, packet)
	return wake, true, err
}

// notice takes a notice whose checksum the card's own keys made. It is found by
// the EID that it carries in clear: after a switch the sender's number tells
// nothing. The counter is 0 in every notice; its sequence number tells repeats.
func (d *Desk) notice(ctx context.Context, op *ledger.Settle, r ledger.InboxRow, in Incoming, header ota.Header, packet []byte) (wake []int64, err error) {
	op.Kind = "notice"
	cards, err := d.senders(ctx, in, header, packet)
	if err != nil {
		return nil, err
	}
	for _, card := range cards {
		n, ok, err := d.readNotice(card, header, packet)
		if err != nil {
			return nil, err
		}
		if !ok || n.EID != card.Card.EID {
			continue
		}
		e := ledger.Evidence{
			CardID: card.Card.ID, InboxID: r.ID, Kind: ledger.EvNotice, Link: r.Link, SeenAt: r.ReceivedAt, Raw: in.UserData,
			Body: ledger.Body{
				Notice: n.Type, Sequence: n.Sequence, ISDP: n.ISDP, IMEI: n.IMEI, Number: in.Source, Source: "notice",
				Authenticated: true, Repeat: n.Sequence < card.Card.NextNotice,
			},
		}
		i := slices.IndexFunc(card.Subscriptions, func(s catalog.Subscription) bool { return s.ISDP != "" && s.ISDP == n.ISDP })
		if i >= 0 {
			e.Body.IMSI = card.Subscriptions[i].IMSI
		}
		if i >= 0 && n.IMEI != "" && !e.Body.Repeat {
			op.Pair = &catalog.Pair{CardID: card.Card.ID, IMEI: n.IMEI, IMSI: e.Body.IMSI, Source: "notice", SeenAt: r.ReceivedAt}
		}
		op.Notice = &ledger.NoticeSeen{CardID: card.Card.ID, Sequence: n.Sequence}
		if e.TargetID, err = d.mover(ctx, card.Card.ID); err != nil {
			return nil, err
		}
		op.Evidence = append(op.Evidence, e)
		if e.TargetID != 0 {
			wake = append(wake, e.TargetID)
		}
		return wake, nil
	}
	return nil, nil
}

// senders are the cards that a notice can be from.
func (d *Desk) senders(ctx context.Context, in Incoming, header ota.Header, packet []byte) ([]catalog.Entry, error) {
	if !header.SPI.Ciphered() {
		const upToCHL = 3 // CPL and CHL; ParseHeader has checked both
		if n, err := d.cfg.Notices.Parse(packet[upToCHL+int(packet[2]):]); err == nil {
			return d.cfg.Store.CardsByEID(ctx, n.EID)
		}
	}
	return d.cfg.Store.CardsByMSISDN(ctx, in.Source)
}

// readNotice opens a notice with the keys of the card's own domain.
func (d *Desk) readNotice(card catalog.Entry, header ota.Header, packet []byte) (n Notice, ok bool, err error) {
	version := max(header.KIc, header.KID) >> 4
	i := slices.IndexFunc(card.Keysets, func(k catalog.Keyset) bool {
		return bytes.Equal(k.Domain, d.cfg.Notices.Domain) && k.Version == version
	})
	if i < 0 {
		return n, false, nil
	}
	ks, err := d.keyset(card.Card.ICCID, card.Keysets[i])
	if err != nil {
		return n, false, err
	}
	cmd, err := ota.OpenCommand(packet, ks, ota.Options{AllowWeak: true})
	if err != nil {
		return n, false, nil
	}
	if n, err = d.cfg.Notices.Parse(cmd.Data); err != nil {
		return n, false, nil
	}
	return n, true, nil
}

// mover is the target that a change of profiles is for: one that moves the
// card, open or not, before one that configures its device.
func (d *Desk) mover(ctx context.Context, cardID int64) (int64, error) {
	targets, err := d.cfg.Store.TargetsOfCard(ctx, cardID)
	if err != nil {
		return 0, err
	}
	moves := slices.DeleteFunc(slices.Clone(targets), func(t ledger.Target) bool { return t.From == 0 || t.To == 0 || len(t.Facts) == 0 })
	if len(moves) > 0 {
		return atWork(moves), nil
	}
	return atWork(targets), nil
}

// targetOf is the target that works on a card, else the newest that did: one
// that never began could do nothing with what the card says. 0 for no target.
func (d *Desk) targetOf(ctx context.Context, cardID int64) (int64, error) {
	targets, err := d.cfg.Store.TargetsOfCard(ctx, cardID)
	return atWork(targets), err
}

func atWork(targets []ledger.Target) int64 {
	if len(targets) == 0 {
		return 0
	}
	i := slices.IndexFunc(targets, func(t ledger.Target) bool { return !t.ClaimedAt.IsZero() && t.ClosedAt.IsZero() })
	if i < 0 {
		i = slices.IndexFunc(targets, func(t ledger.Target) bool { return len(t.Facts) > 0 })
	}
	return targets[max(i, 0)].ID
}
