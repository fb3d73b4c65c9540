package campaign

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/sat/applet"
	"github.com/simota/simota/sat/euicc"
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
		Kind: spec.Kind, ICCID: entry.Card.ICCID, CardType: entry.Card.Type, IMEI: entry.Card.IMEI,
		Interactive: spec.Priority == priorityInteractive, Goal: spec.goal(), Retries: spec.retries(), Deadlines: spec.deadlines(), Pace: swap.DefaultPace(),
	}
	last, err := e.lastPair(ctx, entry.Card.ID)
	if err != nil {
		return f, err
	}
	f.IMEI = cmp.Or(last.IMEI, f.IMEI) // where it was seen says more than what was written down
	if spec.Kind == swap.KindProvision {
		err := e.toProvision(ctx, &f, spec, entry, last)
		f.Faster(e.cfg.Speed)
		return f, err
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
	start := startOf(entry.Card.Active, earlier)
	from, err := e.side(ctx, entry, func(s catalog.Subscription) bool { return s.ID == start })
	if err != nil {
		return f, err
	}
	f.From = from.Side
	target := from
	if spec.Kind == swap.KindSwap {
		if target, err = e.swapTo(ctx, &f, spec, typ, entry); err != nil {
			return f, err
		}
		if err := byTechnique(&f, spec, typ, entry, from, target); err != nil {
			return f, err
		}
	} else {
		f.Files = slices.Sorted(maps.Keys(spec.Write))
	}
	f.Identity, err = identity(target, spec) // of kind rfm: files only
	if err == nil {
		err = byOperator(&f, target.operator, spec)
	}
	if err != nil {
		return f, err
	}
	f.Faster(e.cfg.Speed)
	return f, nil
}

// startOf is the subscription that a round begins with: the active one. Only
// where the card has moved in an earlier round it is the one from which it did:
// its settings are to be sent again.
func startOf(active int64, earlier ledger.Target) int64 {
	if earlier.To != 0 && active == earlier.To {
		return earlier.From
	}
	return active
}

// security pins keyset, SPI and application: those of file management, or, in a
// swap by another technique, the ISD-R or the vendor's applet.
func (e *Engine) security(f *swap.Facts, typ catalog.CardType, entry catalog.Entry) error {
	if typ.ISDR != nil {
		c, err := e.isdr(f, typ, entry)
		if err != nil {
			return err
		}
		f.ISDR, f.NextNotice = &c, entry.Card.NextNotice
	}
	f.Refresh, f.AllowWeak = typ.Refresh, typ.AllowWeak
	technique := swap.Technique(typ.Technique)
	if f.Kind != swap.KindSwap {
		technique = swap.ByRFM
	}
	switch technique {
	case swap.ByRFM:
		return e.fileManagement(f, typ, entry)
	case swap.ByEUICC:
		if f.ISDR == nil {
			return skip(fmt.Sprintf("card type %s has no isdr: nothing could switch its profiles", typ.Name))
		}
		f.Technique = technique
		return e.pin(f, *f.ISDR, entry)
	case swap.ByApplet:
		return e.applet(f, typ, entry)
	}
	return skip(fmt.Sprintf("technique %q of card type %s is not known to this version", typ.Technique, typ.Name))
}

func (e *Engine) fileManagement(f *swap.Facts, typ catalog.CardType, entry catalog.Entry) error {
	app, ok := typ.RFM()
	if !ok {
		return skip(fmt.Sprintf("card type %s names no usim-rfm TAR", typ.Name))
	}
	c := swap.Channel{Format: app.Format, MaxParts: typ.PartsLimit()}
	var err1, err2, err3 error
	c.TAR, err1 = ota.ParseTAR(app.TAR)
	c.SPI, err2 = ota.ParseSPI(typ.SPI)
	msl, err3 := hex.DecodeString(app.MSL)
	if err := errors.Join(err1, err2, err3); err != nil || len(msl) != 1 {
		return skip(fmt.Sprintf("card type %s: %v", typ.Name, err))
	}
	if !c.SPI.Covers(msl[0]) {
		return skip(fmt.Sprintf("SPI %s is below the security level %s of TAR %s", c.SPI, app.MSL, c.TAR))
	}
	domain, err := profileDomain(entry)
	if err != nil {
		return err
	}
	if c.KeysetID, err = keyset(entry, domain, typ.KVN()); err != nil {
		return err
	}
	f.Start = app.Start
	if f.Refresh == "immediate" && app.Format != "expanded" {
		return skip("refresh: immediate needs a TAR of format expanded")
	}
	return e.pin(f, c, entry)
}

// profileDomain is whose keys file management speaks with: on an eUICC those of
// the profile that is enabled.
func profileDomain(entry catalog.Entry) ([]byte, error) {
	i := slices.IndexFunc(entry.Subscriptions, func(s catalog.Subscription) bool { return s.ID == entry.Card.Active })
	if i < 0 || entry.Subscriptions[i].ISDP == "" {
		return nil, nil
	}
	aid, err := hex.DecodeString(entry.Subscriptions[i].ISDP)
	if err != nil {
		return nil, skip(fmt.Sprintf("ISDP %q of the active subscription is no AID", entry.Subscriptions[i].ISDP))
	}
	return aid, nil
}

func keyset(entry catalog.Entry, domain []byte, version byte) (int64, error) {
	i := slices.IndexFunc(entry.Keysets, func(k catalog.Keyset) bool { return bytes.Equal(k.Domain, domain) && k.Version == version })
	switch {
	case i >= 0:
		return entry.Keysets[i].ID, nil
	case len(domain) > 0:
		return 0, skip(fmt.Sprintf("no keys of version %d for security domain %X of this card", version, domain))
	}
	return 0, skip(fmt.Sprintf("no keys of version %d for this card", version))
}

// isdr is the channel to the root security domain of an eUICC.
func (e *Engine) isdr(f *swap.Facts, typ catalog.CardType, entry catalog.Entry) (c swap.Channel, err error) {
	d := typ.ISDR
	if entry.Card.EID == "" {
		return c, skip("the catalog has no EID for this card: its notices could not be told from others'")
	}
	c = swap.Channel{Format: string(script.Expanded), MaxParts: cmp.Or(d.MaxParts, typ.PartsLimit())}
	var err1, err2 error
	c.TAR, err1 = ota.ParseTAR(cmp.Or(d.TAR, "000001"))
	c.SPI, err2 = ota.ParseSPI(cmp.Or(d.SPI, typ.SPI))
	if err := errors.Join(err1, err2); err != nil {
		return c, skip(fmt.Sprintf("card type %s: isdr: %v", typ.Name, err))
	}
	c.KeysetID, err = keyset(entry, euicc.ISDR(), d.KVN())
	return c, err
}

// applet pins the channel of the vendor's applet; its values come with the
// two subscriptions.
func (e *Engine) applet(f *swap.Facts, typ catalog.CardType, entry catalog.Entry) error {
	if typ.Applet == nil {
		return skip(fmt.Sprintf("card type %s has no applet", typ.Name))
	}
	a, err := applet.Template(typ.Applet.Template).Compile()
	if err != nil {
		return skip(fmt.Sprintf("card type %s: %v", typ.Name, err))
	}
	f.Technique, f.Refresh = swap.ByApplet, a.Refresh
	f.Applet = &swap.AppletFacts{Template: typ.Applet.Template}
	c := swap.Channel{TAR: a.TAR, Format: a.Format, MaxParts: typ.PartsLimit()}
	if c.SPI, err = ota.ParseSPI(typ.SPI); err != nil {
		return skip(fmt.Sprintf("card type %s: %v", typ.Name, err))
	}
	if c.KeysetID, err = keyset(entry, nil, typ.KVN()); err != nil {
		return err
	}
	return e.pin(f, c, entry)
}

// pin makes a channel the saga's own, if it is safe.
func (e *Engine) pin(f *swap.Facts, c swap.Channel, entry catalog.Entry) error {
	switch {
	case c.SPI.CounterMode() == ota.CounterExact:
		return skip("SPI " + c.SPI.String() + ": counters exactly one higher: one lost packet would lock the card")
	case !c.SPI.ReplayDetected():
		return skip("SPI " + c.SPI.String() + ": without replay detection a copy of a packet could run twice")
	case c.SPI.PoR() != ota.PoRAlways || c.SPI.PoRCheck() != ota.CC:
		return skip("SPI " + c.SPI.String() + " asks for no checked proof: an answer could be forged by anybody")
	}
	i := slices.IndexFunc(entry.Keysets, func(k catalog.Keyset) bool { return k.ID == c.KeysetID })
	room, err := e.cfg.Desk.Room(entry.Card.ICCID, entry.Keysets[i], c.SPI, c.MaxParts)
	if err != nil {
		return skip(err.Error())
	}
	f.KeysetID, f.SPI, f.TAR, f.Format, f.MaxParts, f.Room = c.KeysetID, c.SPI, c.TAR, c.Format, c.MaxParts, room
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
	return e.reach(ctx, entry.Subscriptions[i])
}

// reach is how a subscription is spoken to.
func (e *Engine) reach(ctx context.Context, s catalog.Subscription) (reached, error) {
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
		Subscription: s.ID, Operator: s.Operator, IMSI: s.IMSI, MSISDN: s.MSISDN, Links: usable, Source: source(op.SourceAddress), ISDP: s.ISDP,
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
func (e *Engine) swapTo(ctx context.Context, f *swap.Facts, spec Spec, typ catalog.CardType, entry catalog.Entry) (reached, error) {
	if f.From.Operator == spec.To {
		return reached{}, skip("already at " + spec.To)
	}
	to, err := e.side(ctx, entry, func(s catalog.Subscription) bool { return s.Operator == spec.To })
	if err != nil {
		return reached{}, fmt.Errorf("%w (to %s)", err, spec.To)
	}
	f.To = to.Side
	_, err = e.choose(ctx, f, entry.Card, to.operator, spec)
	return to, err
}

// byTechnique checks and pins what only one technique needs.
func byTechnique(f *swap.Facts, spec Spec, typ catalog.CardType, entry catalog.Entry, from, to reached) error {
	switch f.Technique {
	case swap.ByEUICC:
		if f.From.ISDP == "" || f.To.ISDP == "" {
			return skip("the catalog does not say which profile (ISDP) each subscription is")
		}
		if from.operator.POL2.DisableNotAllowed {
			return skip(fmt.Sprintf("operator %s forbids to disable its profile (pol2)", f.From.Operator))
		}
		f.DeleteOld = from.operator.POL2.DeleteOnDisable && !from.operator.POL2.DeleteNotAllowed
		return nil
	case swap.ByApplet:
		f.Applet.Old, f.Applet.New = values(typ.Applet, entry, f.From), values(typ.Applet, entry, f.To)
		return nil
	}
	if strings.TrimSpace(spec.Attested) == "" {
		return skip(fmt.Sprintf("nobody attested that %s knows the new IMSI with this card's key, which no file holds: say so in the campaign (attested)", spec.To))
	}
	f.Files = typ.SwapFiles()
	for _, required := range []string{"imsi", "smsp"} {
		if !slices.Contains(f.Files, required) {
			return skip("card type " + f.CardType + " does not write " + required + " in a swap")
		}
	}
	return nil
}

// values are what the placeholders of an applet's commands stand for.
func values(a *catalog.Applet, entry catalog.Entry, side swap.Side) map[string]string {
	v := map[string]string{"imsi": side.IMSI, "iccid": entry.Card.ICCID, "mcc": side.IMSI[:min(3, len(side.IMSI))]}
	for _, s := range entry.Subscriptions {
		if s.ID == side.Subscription {
			v["slot"] = strconv.Itoa(s.Slot - 1 + a.FirstSlot)
		}
	}
	return v
}

func identity(r reached, spec Spec) (rfm.Identity, error) {
	var id rfm.Identity
	if spec.Kind == swap.KindSwap {
		id = rfm.Identity{IMSI: r.IMSI, MSISDN: r.MSISDN, SMSC: r.operator.SMSC}
		for _, p := range r.operator.PLMNs {
			id.PLMNs = append(id.PLMNs, rfm.PLMN(p))
		}
	}
	for _, i := range spec.Items {
		item, err := i.item()
		if err != nil {
			return id, skip(fmt.Sprintf("items: %v", err))
		}
		id.Items = append(id.Items, item)
	}
	for name, value := range spec.Write {
		if b, raw := octets(value); raw {
			if id.Values == nil {
				id.Values = map[string][]byte{}
			}
			id.Values[name] = b
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			return id, skip(fmt.Sprintf("write.%s: %v", name, err))
		}
		if id.Content == nil {
			id.Content = map[string]json.RawMessage{}
		}
		id.Content[name] = text
	}
	return id, nil
}

// claim runs preflight for a released target and claims its card. due is when
// to look at it again at the latest.
func (e *Engine) claim(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, due, now time.Time) (next, error) {
	spec, err := e.spec(ctx, dos.Campaign)
	if err != nil {
		return rest, err
	}
	facts, err := e.preflight(ctx, spec, dos.Entry, dos.Target)
	var why skip
	if errors.As(err, &why) {
		return rest, e.advance(ctx, lease, dos, swap.Result{State: swap.Skipped, Cause: err.Error(), Due: due, Closed: true}, now)
	}
	if err != nil {
		return rest, err
	}
	facts.Began = now
	op := &ledger.Claim{Lease: lease, From: facts.From.Subscription, To: facts.To.Subscription, At: now}
	if op.Facts, err = marshal(facts); err != nil {
		return rest, err
	}
	wait := swap.Result{State: swap.Selected, Due: sooner(due, now.Add(e.scale(10*time.Minute)))}
	switch err = e.cfg.Store.Apply(ctx, op)[0]; {
	case errors.Is(err, ledger.ErrCardBusy):
		wait.Cause = "busy in " + op.BusyIn
		return rest, e.advance(ctx, lease, dos, wait, now)
	case errors.Is(err, ledger.ErrNotRunning):
		wait.Cause = "the campaign is not running"
		return rest, e.advance(ctx, lease, dos, wait, now)
	case err == nil:
		t := &dos.Target
		t.Facts, t.From, t.To, t.ClaimedAt = op.Facts, op.From, op.To, now
	}
	return again, err
}
