package httpapi

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/smpp"
)

// deliverSM is a deliver_sm from 491500001 to 4790000001.
func deliverSM(text string) []byte {
	b := []byte("\x00\x01\x01491500001\x00\x01\x014790000001\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00")
	return smpp.AppendFrame(nil, smpp.DeliverSM, 0, 1, append(append(b, byte(len(text))), text...))
}

// receive stores a PDU and settles it as told; state new leaves it alone.
func (w *world) receive(t *testing.T, link string, at time.Time, pdu []byte, state ledger.InboxState, kind string) int64 {
	t.Helper()
	in := &ledger.Receive{Row: ledger.InboxRow{Link: link, IDScope: link, ReceivedAt: at, PDU: pdu}}
	errs := w.services.Store.Apply(t.Context(), in)
	if state != ledger.InboxNew && errs[0] == nil {
		errs = w.services.Store.Apply(t.Context(), &ledger.Settle{InboxIDs: []int64{in.ID}, State: state, Kind: kind})
	}
	if errs[0] != nil {
		t.Fatal(errs[0])
	}
	return in.ID
}

func TestTheInboxTellsWhyNothingMatched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := time.Date(2026, 11, 3, 2, 0, 0, 0, time.UTC)
	pdu := deliverSM("id:7 stat:DELIVRD")
	kinds := []string{
		delivery.KindUnreadable, delivery.KindUnknown, delivery.KindPacket, delivery.KindPart, delivery.KindReceipt,
		delivery.KindAmbiguousReceipt, delivery.KindUnusableReceipt, "of a later server",
	}
	for _, kind := range kinds {
		w.receive(t, "nordvik-1", at, pdu, ledger.InboxOrphan, kind)
	}
	page, err := w.client.Inbox(t.Context(), api.InboxQuery{State: "orphan"})
	if err != nil || len(page.Rows) != len(kinds) {
		t.Fatalf("%+v, %v", page, err)
	}
	seen := map[string]bool{}
	for i, r := range page.Rows {
		want := api.InboxRow{ID: r.ID, At: at, Link: "nordvik-1", State: "orphan", Kind: kinds[i], Why: r.Why, From: "491500001", To: "4790000001"}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Error(diff)
		}
		if r.Why == "" || seen[r.Why] {
			t.Errorf("%s: %q", r.Kind, r.Why)
		}
		seen[r.Why] = true
	}
}

func TestTheInboxIsListedByStateLinkTimeAndPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := time.Date(2026, 11, 3, 2, 0, 0, 0, time.UTC)
	var ids []int64
	for i, state := range []ledger.InboxState{ledger.InboxNew, ledger.InboxWaiting, ledger.InboxSettled, ledger.InboxOrphan, ledger.InboxOrphan} {
		ids = append(ids, w.receive(t, fmt.Sprintf("l-%d", i%2), at.Add(time.Duration(i)*time.Hour), []byte{1}, state, delivery.KindReceipt))
	}
	for _, c := range []struct {
		query api.InboxQuery
		want  []int64
		next  int64
	}{
		{api.InboxQuery{}, ids, 0},
		{api.InboxQuery{Limit: 2, After: ids[0]}, ids[1:3], ids[2]},
		{api.InboxQuery{State: "waiting"}, ids[1:2], 0},
		{api.InboxQuery{State: "orphan", Link: "l-0"}, ids[4:], 0},
		{api.InboxQuery{Since: at.Add(4 * time.Hour)}, ids[4:], 0},
	} {
		page, err := w.client.Inbox(t.Context(), c.query)
		var got []int64
		for _, r := range page.Rows {
			got = append(got, r.ID)
		}
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" || page.Next != c.next {
			t.Errorf("%+v: next %d, %v\n%s", c.query, page.Next, err, diff)
		}
	}
	_, err := w.client.Inbox(t.Context(), api.InboxQuery{State: "lost"})
	refusedWith(t, err, http.StatusUnprocessableEntity, "orphan")
}

func TestOneInboxRowIsGivenWithItsOctetsUnlessTheyMayHoldKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pdu := deliverSM("id:7 stat:DELIVRD")
	for _, c := range []struct {
		state ledger.InboxState
		kind  string
		shown bool
	}{
		{ledger.InboxOrphan, delivery.KindUnknown, true}, {ledger.InboxOrphan, delivery.KindAmbiguousReceipt, true}, {ledger.InboxWaiting, delivery.KindReceipt, true},
		{ledger.InboxSettled, delivery.KindReceipt, true}, {ledger.InboxOrphan, delivery.KindPart, false}, {ledger.InboxWaiting, delivery.KindPart, false},
		{ledger.InboxSettled, "", false}, {ledger.InboxNew, "", false},
	} {
		row, err := w.client.InboxRow(t.Context(), w.receive(t, "l", time.Now(), pdu, c.state, c.kind))
		got, bad := hex.DecodeString(row.PDU)
		if err != nil || bad != nil || bytes.Equal(got, pdu) != c.shown || !c.shown && len(got) > 0 {
			t.Errorf("%s %q: octets %s, %v", c.state, c.kind, row.PDU, err)
		}
	}
	_, err := w.client.InboxRow(t.Context(), 999)
	refusedWith(t, err, http.StatusNotFound, "inbox row 999 is not known")
}
