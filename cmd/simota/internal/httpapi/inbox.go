package httpapi

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/smpp"
)

type inboxInput struct {
	State string    `query:"state" enum:"new,waiting,settled,orphan"`
	Link  string    `query:"link"`
	Since time.Time `query:"since" doc:"received then or later"`
	After int64     `query:"after" minimum:"0" doc:"next of the page before"`
	Limit int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s *server) inbox(ctx context.Context, in *inboxInput) (api.InboxPage, error) {
	page := api.InboxPage{Rows: []api.InboxRow{}}
	f := ledger.InboxFilter{State: ledger.InboxState(in.State), Link: in.Link, Since: in.Since}
	rows, err := s.Store.InboxRows(ctx, f, in.After, in.Limit)
	if err != nil {
		return page, s.fail(err)
	}
	for _, r := range rows {
		page.Rows = append(page.Rows, inboxRowOf(r))
	}
	if len(rows) == in.Limit {
		page.Next = rows[len(rows)-1].ID
	}
	return page, nil
}

type inboxRowInput struct {
	ID int64 `path:"id" minimum:"1"`
}

func (s *server) inboxRow(ctx context.Context, in *inboxRowInput) (api.InboxRow, error) {
	rows, err := s.Store.InboxByID(ctx, in.ID)
	if err != nil {
		return api.InboxRow{}, s.fail(err)
	}
	if len(rows) == 0 {
		return api.InboxRow{}, problem(http.StatusNotFound, fmt.Sprintf("inbox row %d is not known", in.ID))
	}
	out := inboxRowOf(rows[0])
	if open(rows[0]) {
		out.PDU = hex.EncodeToString(rows[0].PDU)
	}
	return out, nil
}

// open reports whether the octets of a row may be shown. An answer in clear, or
// a part of one, can hold the session keys that a snapshot read.
func open(r ledger.InboxRow) bool {
	return strings.HasPrefix(r.Kind, delivery.KindReceipt) || r.State == ledger.InboxOrphan && r.Kind != delivery.KindPart
}

func inboxRowOf(r ledger.InboxRow) api.InboxRow {
	out := api.InboxRow{ID: r.ID, At: r.ReceivedAt, Link: r.Link, State: string(r.State), Kind: r.Kind, Why: why(r)}
	if d, err := smpp.ParseDelivery(r.PDU); err == nil {
		out.From, out.To = d.Source.Number, d.Destination.Number
	}
	return out
}

// orphanWords say why a row fits nothing.
var orphanWords = map[string]string{
	delivery.KindUnreadable:       "cannot be read as a deliver_sm or data_sm: inbox show says where it is wrong",
	delivery.KindUnknown:          "not understood: no receipt, no answer of a card, no message of an applet",
	delivery.KindPacket:           "from a card, and it proves nothing: number unknown, other keys, a counter that was never used, or in clear and no error",
	delivery.KindPart:             "part of an answer whose other parts did not come",
	delivery.KindReceipt:          "nothing was sent under its id: see message_id and id_scope of the link",
	delivery.KindAmbiguousReceipt: "several messages have its id, and more than one may be meant",
	delivery.KindUnusableReceipt:  "a receipt without a message id or state that can be read",
}

// settledWords say what became of receipts; all else is in a timeline.
var settledWords = map[string]string{
	delivery.KindReceipt:         "taken",
	delivery.KindRepeatedReceipt: "the message had its final state already",
	delivery.KindContraryReceipt: "the message had another final state already, and the first one stands",
}

// why says in plain words why a row stands where it does.
func why(r ledger.InboxRow) string {
	words, otherwise := settledWords[r.Kind], "belongs to a card: see its timeline"
	switch r.State {
	case ledger.InboxNew:
		return "not looked at yet"
	case ledger.InboxOrphan:
		words, otherwise = orphanWords[r.Kind], "it fits nothing"
	case ledger.InboxWaiting:
		words, otherwise = "", "waits for the other parts"
		if r.Kind == delivery.KindReceipt {
			words = "nothing was sent under its id so far; if that lasts, see message_id and id_scope of the link"
		}
	}
	if words == "" {
		return otherwise
	}
	return words
}
