package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/settings"
	"github.com/simota/simota/ota/swap"
)

// toProvision pins what kind provision needs: the identity that is in the
// device, and what the device is to be told.
func (e *Engine) toProvision(ctx context.Context, f *swap.Facts, spec Spec, entry catalog.Entry, last catalog.Pair) error {
	in := func(s catalog.Subscription) bool { return s.ID == entry.Card.Active }
	if seen := func(s catalog.Subscription) bool { return s.IMSI == last.IMSI }; slices.ContainsFunc(entry.Subscriptions, seen) {
		in = seen
	}
	to, err := e.side(ctx, entry, in)
	if err != nil {
		return err
	}
	f.To = to.Side
	if _, err := e.choose(ctx, f, entry.Card, to.operator, spec); err != nil {
		return err
	}
	if len(f.Documents) == 0 && !f.NoCP && f.Unplanned == "" {
		if len(spec.Only) > 0 {
			return skip("there is nothing to tell the device: of operator " + to.operator.Name + " it would be told nothing that is called " + strings.Join(spec.Only, " or "))
		}
		return skip("there is nothing to tell the device: operator " + to.operator.Name + " has no settings that it takes")
	}
	return e.answering(ctx, f, entry)
}

// answering pins the channel on which notices of an eUICC are confirmed,
// whatever else is done.
func (e *Engine) answering(ctx context.Context, f *swap.Facts, entry catalog.Entry) error {
	typ, err := e.cfg.Store.CardType(ctx, entry.Card.Type)
	switch {
	case errors.Is(err, catalog.ErrNotFound) || err == nil && typ.ISDR == nil:
		return nil
	case err != nil:
		return err
	}
	c, err := e.isdr(f, typ, entry)
	if err == nil {
		f.ISDR, f.NextNotice = &c, entry.Card.NextNotice
	}
	return err
}

// lastPair is the device a card was seen in last; the zero Pair if in none.
func (e *Engine) lastPair(ctx context.Context, cardID int64) (catalog.Pair, error) {
	pairs, err := e.cfg.Store.Pairs(ctx, cardID)
	if err != nil || len(pairs) == 0 {
		return catalog.Pair{}, err
	}
	return pairs[len(pairs)-1], nil
}

// client is what the provisioning client of a device can do, and its name.
func (e *Engine) client(ctx context.Context, imei string) (catalog.Model, catalog.Capability, error) {
	m, err := e.cfg.Store.ModelOf(ctx, imei)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return m, catalog.Capability{}, err
	}
	return e.capable(ctx, m)
}

// capable is what the client of a model can do. The model comes back with the
// name of its client.
func (e *Engine) capable(ctx context.Context, m catalog.Model) (catalog.Model, catalog.Capability, error) {
	if m.Client == "" {
		m.Client = settings.Unknown
	}
	c, err := settings.Resolve(m, func(name string) (catalog.Client, error) { return e.cfg.Store.Client(ctx, name) })
	return m, c, err
}

// choose pins the documents for the device of the facts, and says in words for
// which they are. What cannot be planned is no reason to leave the card alone:
// it is pinned too, and shown when the device's turn comes.
func (e *Engine) choose(ctx context.Context, f *swap.Facts, card catalog.Card, op catalog.Operator, spec Spec) (string, error) {
	f.Planned, f.Unplanned, f.NoCP, f.Documents, f.APNs = f.IMEI, "", false, nil, nil
	for _, a := range op.APNs {
		f.APNs = append(f.APNs, a.Name)
	}
	if len(spec.Documents) > 0 {
		var err error
		f.Documents, err = spec.own()
		return "the campaign's own documents", err
	}
	unplanned := func(err error) (string, error) {
		f.Unplanned = strings.TrimPrefix(err.Error(), "settings: ")
		return f.Unplanned, nil
	}
	m, c, err := e.client(ctx, f.IMEI)
	if errors.Is(err, settings.ErrClient) {
		return unplanned(err)
	}
	if err != nil {
		return "", err
	}
	if takesNone(card, f.IMEI) {
		c.CP = "no"
	}
	plan, err := settings.Make(op, c)
	if errors.Is(err, settings.ErrNoPIN) {
		return unplanned(err)
	}
	if err != nil {
		return "", skip(strings.TrimPrefix(err.Error(), "settings: "))
	}
	if f.Documents, err = e.documents(plan, c, op, spec); err != nil {
		return "", err
	}
	f.NoCP = c.CP == "no" && len(plan.Messages) == 0 && len(op.APNs) > 0
	return describe(f.IMEI, m, f.Documents), nil
}

// documents are those of a plan that a campaign sends.
func (e *Engine) documents(plan settings.Plan, c catalog.Capability, op catalog.Operator, spec Spec) (out []swap.Document, err error) {
	wanted := func(name string) bool { return len(spec.Only) == 0 || slices.Contains(spec.Only, name) }
	for _, m := range plan.Messages {
		if wanted(m.Name) {
			out = append(out, swap.Document{Name: m.Name, Gating: m.Gating, WBXML: m.WBXML, Text: m.Text, Security: m.Security, PIN: m.PIN})
		}
	}
	if spec.Notify && slices.Contains(c.Takes, catalog.TakesDM) && wanted(settings.CallDM) {
		push, err := settings.Notification(op, uint16(e.cfg.Now().Unix()))
		if err != nil {
			return nil, skip(strings.TrimPrefix(err.Error(), "settings: "))
		}
		out = append(out, swap.Document{Name: settings.CallDM, Push: push})
	}
	if spec.Kind == swap.KindProvision && !slices.ContainsFunc(out, func(d swap.Document) bool { return d.Gating }) {
		for i := range out { // what was asked for is all there is to wait for
			out[i].Gating = true
		}
	}
	return out, nil
}

// takesNone reports whether the card file says that the device takes no
// provisioning: it speaks of the one that it names, or of whatever there is.
func takesNone(c catalog.Card, imei string) bool {
	return c.NoCP && (imei == "" || c.IMEI == "" || catalog.SameIMEI(imei, c.IMEI))
}

// describe says for which device documents were chosen.
func describe(imei string, m catalog.Model, docs []swap.Document) string {
	device := "a device that nobody described"
	if m.First != "" {
		device = strings.TrimSpace(m.Manufacturer + " " + m.Name)
	}
	names := make([]string, len(docs))
	for i, d := range docs {
		names[i] = d.Name
	}
	what := strings.Join(names, ", ")
	if what == "" {
		what = "nothing that it takes"
	}
	if imei == "" {
		imei = "not known"
	}
	return fmt.Sprintf("%s for %s (IMEI %s), client %s", what, device, imei, m.Client)
}

// replan chooses documents for the device that was seen, which is another than
// was assumed.
func (e *Engine) replan(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, f swap.Facts, imei string, now time.Time) (next, error) {
	spec, err := e.spec(ctx, dos.Campaign)
	if err != nil {
		return rest, err
	}
	op, err := e.cfg.Store.Operator(ctx, f.To.Operator)
	if err != nil {
		return rest, err
	}
	f.IMEI = imei
	what, err := e.choose(ctx, &f, dos.Entry.Card, op, spec)
	var why skip
	if errors.As(err, &why) {
		f.Unplanned = why.Error()
		what, err = f.Unplanned, nil
	}
	if err != nil {
		return rest, err
	}
	pin := &ledger.Pin{Lease: lease, At: now, Evidence: []ledger.Evidence{{
		TargetID: dos.Target.ID, CardID: dos.Target.CardID, Kind: ledger.EvPlan, SeenAt: now, Body: ledger.Body{IMEI: imei, Text: what},
	}}}
	if pin.Facts, err = marshal(f); err != nil {
		return rest, err
	}
	return reread, e.cfg.Store.Apply(ctx, pin)[0]
}

// own are the documents that a campaign's file holds.
func (s Spec) own() (out []swap.Document, err error) {
	for i, d := range s.Documents {
		bad := func(format string, args ...any) ([]swap.Document, error) {
			return nil, FieldError{Field: fmt.Sprintf("documents[%d]", i), Msg: fmt.Sprintf(format, args...)}
		}
		doc := swap.Document{Name: d.Name, Gating: true, Security: d.Security, PIN: d.PIN, Text: d.Text}
		switch {
		case d.Name == "":
			return bad("has no name")
		case d.XML == "" && d.Text == "":
			return bad("has neither xml nor text: there is nothing to send")
		case d.Text != "" && (d.XML != "" || d.Security != "" || d.PIN != ""):
			return bad("a text is sent as it is: without xml, security and pin")
		}
		if d.Text == "" {
			tree, err := cp.ParseXML([]byte(d.XML))
			if err != nil {
				return bad("%s", strings.TrimPrefix(err.Error(), "cp: "))
			}
			if doc.WBXML, err = tree.AppendWBXML(nil); err != nil {
				return bad("%s", strings.TrimPrefix(err.Error(), "cp: "))
			}
		} else if _, err := settings.TextParts(d.Text); err != nil {
			return bad("text: %s", strings.TrimPrefix(err.Error(), "sms: "))
		}
		if err := settings.CheckSecurity(d.Security, d.PIN); err != nil {
			return bad("%s", strings.TrimPrefix(err.Error(), "settings: "))
		}
		out = append(out, doc)
	}
	return out, nil
}

// byOperator adds the files that an operator's settings say: in a swap those
// that the card type lists, in kind rfm those that the campaign names.
func byOperator(f *swap.Facts, op catalog.Operator, spec Spec) error {
	files, err := settings.CardFiles(op)
	if err != nil {
		return err
	}
	if spec.Kind == swap.KindSwap {
		if f.Technique == swap.ByRFM {
			f.Files = settings.Expand(f.Files, files)
		}
	} else {
		wanted := settings.Expand(spec.FromOperator, files)
		for _, name := range wanted {
			if _, twice := spec.Write[name]; twice {
				return skip("write and from_operator both say " + name)
			}
		}
		f.Files = append(f.Files, wanted...)
	}
	for _, c := range files {
		determined := c.Name == "smsp" && spec.Kind == swap.KindSwap // by the identity
		if !slices.Contains(f.Files, c.Name) || determined {
			continue
		}
		if f.Identity.Content == nil {
			f.Identity.Content = map[string]json.RawMessage{}
		}
		f.Identity.Content[c.Name] = c.Content
	}
	return nil
}
