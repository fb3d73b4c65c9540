package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/sat/euicc"
)

// Notices is how package delivery reads what eUICCs send by themselves: signed
// by the ISD-R, in the form of GSMA SGP.02, 4.1.1.11.
func Notices() *delivery.Notices {
	return &delivery.Notices{Domain: euicc.ISDR(), Parse: readNotice}
}

func readNotice(data []byte) (delivery.Notice, error) {
	n, err := euicc.ParseNotice(data)
	if err != nil {
		return delivery.Notice{}, err
	}
	out := delivery.Notice{EID: n.EID, Type: byte(n.Type), Sequence: int(n.Sequence), IMEI: n.IMEI}
	if n.ISDP != nil {
		out.ISDP = fmt.Sprintf("%X", []byte(n.ISDP))
	}
	return out, nil
}

// confirm answers a notice of an eUICC, before all else and whatever became of
// its target or campaign: unconfirmed, the card rolls back.
func (e *Engine) confirm(ctx context.Context, lease ledger.Lease, dos *ledger.Dossier, f swap.Facts, r swap.Result) (next, error) {
	o := order(f, r.State, r.Confirm, Spec{})
	if r.Confirm.Way == swap.Both {
		back, err := e.wayBack(ctx, dos.Entry, *r.Confirm)
		if err != nil {
			return rest, err
		}
		if len(back) > 0 {
			o.Routes = back
		}
	}
	if err := e.cfg.Desk.Send(ctx, lease, dos, o); err != nil {
		return rest, err
	}
	return again, nil
}

// wayBack leads to where a notice came from when that is neither of the
// target's two subscriptions: to the one with that number, else to the one with
// the profile that the notice names, which a card may have fallen back on. None
// where the catalog or this server knows no such way.
func (e *Engine) wayBack(ctx context.Context, entry catalog.Entry, a swap.Action) ([]delivery.Route, error) {
	for _, from := range []func(catalog.Subscription) bool{
		func(s catalog.Subscription) bool { return a.Number != "" && s.MSISDN == a.Number },
		func(s catalog.Subscription) bool { return a.ISDP != "" && s.ISDP == a.ISDP },
	} {
		i := slices.IndexFunc(entry.Subscriptions, from)
		if i < 0 {
			continue
		}
		s := entry.Subscriptions[i]
		s.MSISDN = cmp.Or(s.MSISDN, a.Number) // of a bootstrap profile often nobody wrote it down
		side, err := e.reach(ctx, s)
		if why := skip(""); errors.As(err, &why) {
			continue
		}
		return routes(swap.Facts{From: side.Side}, swap.Old), err
	}
	return nil, nil
}
