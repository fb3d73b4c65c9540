package delivery

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/sms"
)

// Sources of what IMEI-tracking applets say.
const (
	sourceTracking = "tracking applet"
	sourceClear    = "tracking applet, in clear" // as a text that anybody could write
)

// tracking reads the packet of an IMEI-tracking applet: which identity is in
// which device. It comes unsecured, so it is a sign of life, not a proof.
func (d *Desk) tracking(ctx context.Context, op *ledger.Settle, r ledger.InboxRow, in Incoming, packet []byte) (wake []int64, err error) {
	cmd, err := ota.OpenCommand(packet, ota.Keyset{}, ota.Options{AllowWeak: true})
	if err != nil {
		return nil, nil
	}
	return d.tracked(ctx, op, r, in, sourceTracking, func(t catalog.Tracking, _ catalog.Entry) (imei, imsi string, ok bool) {
		return readTracking(t, cmd)
	})
}

// trackingText judges a message that is neither packet nor receipt: perhaps an
// applet, or an agent on the device, wrote its device down as text.
func (d *Desk) trackingText(ctx context.Context, r ledger.InboxRow, in Incoming) (v verdict, err error) {
	v = orphan(r, KindUnknown)
	text, ok := in.text()
	if !ok {
		return v, nil
	}
	op := &ledger.Settle{InboxIDs: []int64{r.ID}, State: ledger.InboxSettled}
	wake, err := d.tracked(ctx, op, r, in, sourceClear, func(t catalog.Tracking, card catalog.Entry) (imei, imsi string, ok bool) {
		return readPattern(t, card, in, text)
	})
	if err != nil || len(op.Evidence) == 0 {
		return v, err
	}
	return verdict{op: op, wake: wake}, nil
}

// tracked keeps what read finds for one of the cards that have the sender's
// number. The identity must be one of that card's.
func (d *Desk) tracked(
	ctx context.Context, op *ledger.Settle, r ledger.InboxRow, in Incoming, source string,
	read func(catalog.Tracking, catalog.Entry) (imei, imsi string, ok bool),
) (wake []int64, err error) {
	op.Kind = "tracking"
	cards, err := d.cfg.Store.CardsByMSISDN(ctx, in.Source)
	if err != nil {
		return nil, err
	}
	for _, card := range cards {
		typ, err := d.cfg.Types(ctx, card.Card.Type)
		if err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return nil, err
		}
		if err != nil || typ.Tracking == nil {
			continue
		}
		imei, imsi, ok := read(*typ.Tracking, card)
		if !ok || !slices.ContainsFunc(card.Subscriptions, func(s catalog.Subscription) bool { return s.IMSI == imsi }) {
			continue
		}
		e := ledger.Evidence{
			CardID: card.Card.ID, InboxID: r.ID, Kind: ledger.EvPair, Link: r.Link, SeenAt: r.ReceivedAt, Raw: in.UserData,
			Body: ledger.Body{IMEI: imei, IMSI: imsi, Number: in.Source, Source: source},
		}
		if e.TargetID, err = d.targetOf(ctx, card.Card.ID); err != nil {
			return nil, err
		}
		if e.TargetID != 0 {
			wake = append(wake, e.TargetID)
		}
		op.Evidence = append(op.Evidence, e)
		op.Pair = &catalog.Pair{CardID: card.Card.ID, IMEI: imei, IMSI: imsi, Source: source, SeenAt: r.ReceivedAt}
		return wake, nil
	}
	return nil, nil
}

// longestText is how much of a message a pattern may look at, in octets.
const longestText = 1000

// text is the user data of a message as text: UCS2, or what they are, since
// digits and letters are the same in every other alphabet (3GPP TS 23.038, 4).
func (in Incoming) text() (string, bool) {
	b := in.UserData
	if in.ESMClass&esmUDHI != 0 {
		ud, err := sms.ParseUserData(b)
		if err != nil {
			return "", false
		}
		b = ud.Payload
	}
	if len(b) == 0 || len(b) > longestText {
		return "", false
	}
	const alphabet, ucs2 = 0x0C, 0x08
	if in.DataCoding < 0xF0 && in.DataCoding&alphabet == ucs2 {
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(b[2*i:])
		}
		return string(utf16.Decode(units)), true
	}
	return string(b), true
}

// readPattern reads a text by the groups of a pattern. Without a group imsi the
// identity is the one whose number sent it.
func readPattern(t catalog.Tracking, card catalog.Entry, in Incoming, text string) (imei, imsi string, ok bool) {
	if t.Pattern == "" || t.Destination != "" && digits(t.Destination) != digits(in.Destination) {
		return "", "", false
	}
	p, err := regexp.Compile(t.Pattern)
	if err != nil {
		return "", "", false // checked when the card type was stored
	}
	found := p.FindStringSubmatch(text)
	if found == nil {
		return "", "", false
	}
	group := func(name string) string {
		if i := p.SubexpIndex(name); i >= 0 {
			return found[i]
		}
		return ""
	}
	if iccid := group("iccid"); iccid != "" && strings.TrimRight(iccid, "fF") != card.Card.ICCID {
		return "", "", false
	}
	imei, imsi = group("imei"), group("imsi")
	if imsi == "" {
		i := slices.IndexFunc(card.Subscriptions, func(s catalog.Subscription) bool { return digits(s.MSISDN) == digits(in.Source) })
		if i < 0 {
			return "", "", false
		}
		imsi = card.Subscriptions[i].IMSI
	}
	return imei, imsi, isIMEI(imei)
}

// isIMEI tells 14 digits, 15 with the check digit, or 16 with the software
// version (3GPP TS 23.003, 6.2). Zeros stand for a device that the card could
// not ask.
func isIMEI(s string) bool {
	return len(s) >= 14 && len(s) <= 16 && strings.Trim(s, "0123456789") == "" && strings.Trim(s, "0") != ""
}

func readTracking(t catalog.Tracking, cmd ota.Command) (imei, imsi string, ok bool) {
	tar, err := ota.ParseTAR(t.TAR)
	if err != nil || tar != cmd.TAR {
		return "", "", false
	}
	imei, ok1 := readField(t.IMEI, cmd.Data)
	imsi, ok2 := readField(t.IMSI, cmd.Data)
	return imei, imsi, ok1 && ok2 && isIMEI(imei)
}

// readField reads digits: "bcd" is swapped nibbles with F fill, "ef-imsi" the
// same behind a length octet and with the parity nibble first (TS 31.102, 4.2.2).
// An IMEI that a card took from PROVIDE LOCAL INFORMATION begins with such a
// nibble too: A, odd and of type IMEI (TS 24.008, 10.5.1.4). "ascii" is a digit
// in each octet.
func readField(f catalog.Field, data []byte) (string, bool) {
	if f.Offset < 0 || f.Length <= 0 || f.Offset+f.Length > len(data) {
		return "", false
	}
	b := data[f.Offset : f.Offset+f.Length]
	if f.Coding == "ascii" {
		return string(b), len(bytes.Trim(b, "0123456789")) == 0
	}
	skip := 0
	if f.Coding == "ef-imsi" {
		if int(b[0]) >= len(b) {
			return "", false
		}
		b, skip = b[1:1+int(b[0])], 1
	}
	const oddIMEI = 0x0A
	if f.Coding == "bcd" && b[0]&0x0F == oddIMEI {
		skip = 1
	}
	digits := make([]byte, 0, 2*len(b))
	for _, o := range b {
		for _, n := range [2]byte{o & 0x0F, o >> 4} {
			switch {
			case skip > 0:
				skip--
			case n <= 9:
				digits = append(digits, '0'+n)
			case n != 0x0F:
				return "", false
			}
		}
	}
	return string(digits), len(digits) > 0
}
