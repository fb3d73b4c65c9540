package campaign

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/sat/rfm"
)

// skip is a reason not to touch a card.
type skip string

// Error is the reason.
func (s skip) Error() string { return string(s) }

// preflight pins the facts of a target, or says why the card is not touched.
// It refuses what would brick: nothing is sent before it passed. earlier is the
// target as it stands; in a further round it names its subscriptions.
func (e *Engine) preflight(ctx context.Context, spec Spec, entry catalog.Entry, earlier ledger.Target) (swap.Facts, error) {
	f := swap.Facts{
		Kind: spec.Kind, ICCID: entry.Card.ICCID, CardType: entry.Card.Type, IMEI: entry.Card.IMEI, NoCP: entry.Card.NoCP,
		Goal: spec.goal(), Retries: spec.retries(), Deadlines: spec.deadlines(), Pace: swap.DefaultPace(),
	}
	typ, err := e.cfg.Store.CardType(ctx, entry.Card.Type)
	if errors.Is(err, catalog.ErrNotFound) {
		return f, skip(fmt.Sprintf("card type %q is not known: apply it", entry.Card.Type))
	}
	if err != nil {
		return f, err
	}
	if err := e.security(&f, typ, entry); err != nil {
		return f, err
	}
	// A further round goes on from where the first began: the card may have
	// moved in it, and only its settings are to be sent again.
	start := cmp.Or(earlier.From, entry.Card.Active)
	from, err := e.side(ctx, entry, func(s catalog.Subscription) bool { return s.ID == start })
	if err != nil {
		return f, err
	}
	f.From = from.Side
	target := from
	if spec.Kind == swap.KindSwap {
		f.Files = typ.SwapFiles()
		if target, err = e.swapTo(ctx, &f, spec, entry); err != nil {
			return f, err
		}
	} else {
		f.Files = slices.Sorted(maps.Keys(spec.Write))
	}
	f.Identity, err = identity(target, spec)
	if err != nil {
		return f, err
	}
	f.Faster(e.cfg.Speed)
	return f, nil
}

// security pins keyset, SPI and target application.
func (e *Engine) security(f *swap.Facts, typ catalog.CardType, entry catalog.Entry) error {
	if typ.Technique != "rfm" {
		return skip(fmt.Sprintf("technique %q of card type %s is not known to this version", typ.Technique, typ.Name))
	}
	app, ok := typ.RFM()
	if !ok {
		return skip(fmt.Sprintf("card type %s names no usim-rfm TAR", typ.Name))
	}
	var err1, err2, err3 error
	f.TAR, err1 = ota.ParseTAR(app.TAR)
	f.SPI, err2 = ota.ParseSPI(typ.SPI)
	msl, err3 := hex.DecodeString(app.MSL)
	if err := errors.Join(err1, err2, err3); err != nil || len(msl) != 1 {
		return skip(fmt.Sprintf("card type %s: %v", typ.Name, err))
	}
	switch {
	case f.SPI.CounterMode() == ota.CounterExact:
		return skip("SPI " + f.SPI.String() + ": counters exactly one higher: one lost packet would lock the card")
	case !f.SPI.ReplayDetected():
		return skip("SPI " + f.SPI.String() + ": without replay detection a copy of a packet could run twice")
	case !f.SPI.Covers(msl[0]):
		return skip(fmt.Sprintf("SPI %s is below the security level %s of TAR %s", f.SPI, app.MSL, f.TAR))
	case f.SPI.PoR() != ota.PoRAlways || f.SPI.PoRCheck() != ota.CC:
		return skip("SPI " + f.SPI.String() + " asks for no checked proof: an answer could be forged by anybody")
	}
	i := slices.IndexFunc(entry.Keysets, func(k catalog.Keyset) bool { return len(k.Domain) == 0 && k.Version == typ.KVN() })
	if i < 0 {
		return skip(fmt.Sprintf("no keys of version %d for this card", typ.KVN()))
	}
	k := entry.Keysets[i]
	room, err := e.cfg.Desk.Room(entry.Card.ICCID, k, f.SPI, typ.PartsLimit())
	if err != nil {
		return skip(err.Error())
	}
	f.KeysetID, f.Room, f.MaxParts, f.AllowWeak = k.ID, room, typ.PartsLimit(), typ.AllowWeak
	f.Format, f.Start, f.Refresh = app.Format, app.Start, typ.Refresh
	if f.Refresh == "immediate" && f.Format != "expanded" {
		return skip("refresh: immediate needs a TAR of format expanded")
	}
	return nil
}

// reached is a side and its operator.
type reached struct {
	swap.Side
	operator catalog.Operator
}

func (e *Engine) side(ctx context.Context, entry catalog.Entry, take func(catalog.Subscription) bool) (reached, error) {
	i := slices.IndexFunc(entry.Subscriptions, take)
	if i < 0 {
		return reached{}, skip("no such subscription in the catalog")
	}
	s := entry.Subscriptions[i]
	if s.MSISDN == "" {
		return reached{}, skip(fmt.Sprintf("the subscription at %s has no MSISDN: there is no number to send to", s.Operator))
	}
	op, err := e.cfg.Store.Operator(ctx, s.Operator)
	if errors.Is(err, catalog.ErrNotFound) {
		return reached{}, skip(fmt.Sprintf("operator %q is not known: apply it", s.Operator))
	}
	if err != nil {
		return reached{}, err
	}
	usable := slices.DeleteFunc(slices.Clone(op.Links), func(l string) bool { return !slices.Contains(e.cfg.Links, l) })
	if len(usable) == 0 {
		return reached{}, skip(fmt.Sprintf("operator %s has no link in this server's configuration (it names %v)", op.Name, op.Links))
	}
	return reached{operator: op, Side: swap.Side{
		Subscription: s.ID, Operator: s.Operator, IMSI: s.IMSI, MSISDN: s.MSISDN, Links: usable, Source: source(op.SourceAddress),
	}}, nil
}

// source writes an address with its plus when it is international (TON 1).
func source(a catalog.SourceAddress) string {
	if a.TON == 1 && a.Number != "" && a.Number[0] != '+' {
		return "+" + a.Number
	}
	return a.Number
}

// swapTo pins the new identity and the documents for the device.
func (e *Engine) swapTo(ctx context.Context, f *swap.Facts, spec Spec, entry catalog.Entry) (reached, error) {
	if f.From.Operator == spec.To {
		return reached{}, skip("already at " + spec.To)
	}
	to, err := e.side(ctx, entry, func(s catalog.Subscription) bool { return s.Operator == spec.To })
	if err != nil {
		return reached{}, fmt.Errorf("%w (to %s)", err, spec.To)
	}
	for _, required := range []string{"imsi", "smsp"} {
		if !slices.Contains(f.Files, required) {
			return reached{}, skip("card type " + f.CardType + " does not write " + required + " in a swap")
		}
	}
	f.To = to.Side
	for _, a := range to.operator.APNs {
		f.APNs = append(f.APNs, a.Name)
	}
	f.Documents, err = documents(to.operator)
	if err != nil {
		return reached{}, skip(err.Error())
	}
	return to, nil
}

func identity(r reached, spec Spec) (rfm.Identity, error) {
	id := rfm.Identity{IMSI: r.IMSI, MSISDN: r.MSISDN, SMSC: r.operator.SMSC}
	for _, p := range r.operator.PLMNs {
		id.PLMNs = append(id.PLMNs, rfm.PLMN(p))
	}
	for name, value := range spec.Write {
		b, err := hex.DecodeString(value)
		if err != nil {
			return id, skip(fmt.Sprintf("write.%s: %v", name, err))
		}
		if id.Values == nil {
			id.Values = map[string][]byte{}
		}
		id.Values[name] = b
	}
	return id, nil
}

// documents makes what the device is to be told, in the order in which it is
// told: internet and MMS decide about the target's state, the message centre
// and the short codes never do, for devices differ in which they honour.
func documents(op catalog.Operator) ([]swap.Document, error) {
	var out []swap.Document
	add := func(name string, gating bool, d cp.Document, err error) error {
		if err != nil {
			return fmt.Errorf("operator %s: %s settings: %w", op.Name, name, err)
		}
		b, err := d.AppendWBXML(nil)
		out = append(out, swap.Document{Name: name, Gating: gating, WBXML: b})
		return err
	}
	for _, purpose := range []string{cp.PurposeInternet, cp.PurposeMMS} {
		for _, a := range op.APNs {
			if a.Purpose != purpose {
				continue
			}
			apn := cp.APN{
				Purpose: a.Purpose, Name: op.Name + " " + a.Purpose, Address: a.Name, Auth: a.Auth, User: a.User,
				Secret: cp.Secret(a.Secret), MMSC: a.MMSC, Proxy: a.Proxy, PDP: a.PDP,
			}
			d, err := cp.MMS, error(nil)
			if purpose == cp.PurposeInternet {
				d = cp.Internet
			}
			doc, err := d(op.Name, apn)
			if err := add(purpose, true, doc, err); err != nil {
				return nil, err
			}
		}
	}
	if op.SMSC != "" {
		d, err := cp.MessageCentre(op.Name, op.SMSC)
		if err := add("smsc", false, d, err); err != nil {
			return nil, err
		}
	}
	if len(op.ShortCodes.SMS)+len(op.ShortCodes.Voice) > 0 {
		d, err := cp.ShortCodes(op.Name, codes(op.ShortCodes.SMS), codes(op.ShortCodes.Voice))
		if err := add("short codes", false, d, err); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func codes(in []catalog.ShortCode) (out []cp.Code) {
	for _, c := range in {
		out = append(out, cp.Code{Name: c.Name, Number: c.Number})
	}
	return out
}

// claim runs preflight for a released target and claims its card.
func (e *Engine) claim(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, spec Spec, now time.Time) (next, error) {
	facts, err := e.preflight(ctx, spec, dos.Entry, dos.Target)
	var why skip
	if errors.As(err, &why) {
		return rest, e.advance(ctx, lease, dos, swap.Result{State: swap.Skipped, Cause: err.Error(), Closed: true}, now)
	}
	if err != nil {
		return rest, err
	}
	facts.Began = now
	op := &ledger.Claim{Lease: lease, From: facts.From.Subscription, To: facts.To.Subscription, At: now}
	if op.Facts, err = marshal(facts); err != nil {
		return rest, err
	}
	err = e.cfg.Store.Apply(ctx, op)[0]
	switch {
	case errors.Is(err, ledger.ErrCardBusy):
		wait := swap.Result{State: swap.Selected, Cause: "busy in " + op.BusyIn, Due: now.Add(e.scale(10 * time.Minute))}
		return rest, e.advance(ctx, lease, dos, wait, now)
	case errors.Is(err, ledger.ErrNotRunning):
		wait := swap.Result{State: swap.Selected, Cause: "the campaign is not running", Due: now.Add(e.scale(10 * time.Minute))}
		return rest, e.advance(ctx, lease, dos, wait, now)
	}
	return reread, err
}
