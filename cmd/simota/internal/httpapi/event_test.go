package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/detect"
)

const feedToken = "0123456789abcdef"

// post gives a body to a shape of the feed.
func (w *world) post(t *testing.T, shape, body string, auth func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	w.services.Shapes = detect.Shipped()
	r := httptest.NewRecorder()
	q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/events/attach/"+shape, strings.NewReader(body))
	if auth == nil {
		auth = func(q *http.Request) { q.Header.Set("Authorization", "Bearer "+feedToken) }
	}
	auth(q)
	NewFeed(w.services, feedToken).ServeHTTP(r, q)
	return r
}

const (
	start = `{"Acct-Status-Type": "Start", "3GPP-IMSI": "999710000000001", "3GPP-IMEISV": "3569380356438012", "Called-Station-Id": "m2m.aurora.example"}`
	other = `{"Acct-Status-Type": "Start", "3GPP-IMSI": "999719999999999"}`
	stop  = `{"Acct-Status-Type": "Stop", "3GPP-IMSI": "999700000000001"}`
	bad   = `{"Acct-Status-Type": "Start", "3GPP-IMSI": "abc"}`
)

func TestEventsOfAShapeReachTheirCard(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	if r := w.post(t, "radius", start, nil); r.Code != http.StatusNoContent {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	card, err := w.client.Card(t.Context(), iccid)
	if err != nil || len(card.Card.Pairs) != 1 || card.Card.Pairs[0].IMEI != "3569380356438012" || card.Card.Pairs[0].Source != "radius" {
		t.Errorf("%+v %v", card.Card.Pairs, err)
	}
}

func TestWhatWillNeverBeTakenIsNamedAndNotRefused(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	r := w.post(t, "radius", "["+strings.Join([]string{`{"Acct-Status-Type": "Accounting-On"}`, other, bad, stop, start}, ",")+"]", nil)
	var got api.EventsResult
	if err := json.Unmarshal(r.Body.Bytes(), &got); r.Code != http.StatusOK || err != nil {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	if got.Taken != 1 || got.Ended != 1 || len(got.NotTaken) != 2 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []struct {
		event int
		why   string
	}{{2, "no card has IMSI 999719999999999"}, {3, "imsi: "}} {
		if n := got.NotTaken[i]; n.Event != want.event || !strings.Contains(n.Why, want.why) {
			t.Errorf("%+v, want event %d: %s", n, want.event, want.why)
		}
	}
}

func TestASessionThatEndsIsNoSightOfTheOldIdentity(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	if r := w.post(t, "radius", `{"Acct-Status-Type": "Stop", "3GPP-IMSI": "999700000000001", "3GPP-IMEISV": "3569380356438012"}`, nil); r.Code != http.StatusNoContent {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	card, err := w.client.Card(t.Context(), iccid)
	if err != nil || len(card.Card.Pairs) != 0 || len(card.Entries) != 0 {
		t.Errorf("%+v %v", card, err)
	}
}

func TestAnswersThatSendersWant(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	report := `{"subscription": "s", "monitoringEventReports": [{"monitoringType": "CHANGE_OF_IMSI_IMEI_ASSOCIATION", "msisdn": "49301"}]}`
	record := `[{"timestamp": "2026-11-23T02:00:00Z", "event_type": {"id": 1}, "event_source": {"id": 0}, "imsi": {"imsi": "999710000000001"}}]`
	for _, c := range []struct {
		name, shape, body string
		want              int
	}{
		{"t8 of an unknown card", "t8", report, 204}, // TS 29.122, 5.3: nothing else is success
		{"t8 test notification", "t8", `{"subscription": "s"}`, 204},
		{"1nce", "1nce", record, 200},
		{"emnify", "emnify", record, 204},
		{"nothing in it", "emnify", `[]`, 200},
		{"only unknown cards", "radius", other, 200},
		{"only unreadable", "radius", bad, 422},
		{"no JSON", "radius", "Acct-Status-Type = Start", 400},
		{"too long", "radius", strings.Repeat(" ", detect.MaxBody+1), 413},
		{"unknown shape", "nokia", start, 404},
	} {
		if r := w.post(t, c.shape, c.body, nil); r.Code != c.want {
			t.Errorf("%s: %d, want %d: %s", c.name, r.Code, c.want, r.Body)
		}
	}
}

func TestShapesWantTheTokenAsBearerOrPassword(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	for name, c := range map[string]struct {
		auth func(*http.Request)
		want int
	}{
		"none":           {func(*http.Request) {}, 401},
		"wrong bearer":   {func(q *http.Request) { q.Header.Set("Authorization", "Bearer x") }, 401},
		"password":       {func(q *http.Request) { q.SetBasicAuth("1nce", feedToken) }, 204},
		"wrong password": {func(q *http.Request) { q.SetBasicAuth(feedToken, "x") }, 401},
	} {
		if r := w.post(t, "radius", start, c.auth); r.Code != c.want {
			t.Errorf("%s: %d, want %d", name, r.Code, c.want)
		}
	}
}

func TestEventsThatCannotBeStoredAreSentAgain(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	if err := w.services.Store.(interface{ Close() error }).Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		t.Fatal(err)
	}
	if r := w.post(t, "t8", `{"monitoringEventReports": [{"monitoringType": "ROAMING_STATUS", "msisdn": "4759000001"}]}`, nil); r.Code < 500 {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

func TestEventsFromAPersonAreAllOrNothing(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	good := detect.Event{IMSI: "imsi-999710000000001", IMEI: "356938035643801", Kind: detect.Attach, Source: "by hand"}
	_, err := w.client.Events(t.Context(), []detect.Event{good, {IMSI: "x", Kind: detect.Attach}, {Kind: "hello"}})
	refusedWith(t, err, 422, "nothing taken: 2 of 3 events are wrong", "event 2: imsi: ", "event 3: kind: ")
	card, err := w.client.Card(t.Context(), iccid)
	if err != nil || len(card.Card.Pairs) != 0 {
		t.Errorf("%+v %v", card.Card.Pairs, err)
	}
	got, err := w.client.Events(t.Context(), []detect.Event{good, {IMSI: "999719999999999", Kind: detect.Attach, Source: "by hand"}})
	if err != nil || got.Taken != 1 || len(got.NotTaken) != 1 || got.NotTaken[0].Event != 2 {
		t.Errorf("%+v %v", got, err)
	}
	many := make([]detect.Event, api.MostEvents+1)
	for i := range many {
		many[i] = good
	}
	_, err = w.client.Events(t.Context(), many)
	refusedWith(t, err, 422)
}

func TestManyEventsOfOneBodyAreAllTaken(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	var all []string
	for i := range 100 {
		all = append(all, fmt.Sprintf(`{"Acct-Status-Type": "Start", "3GPP-IMSI": "99971000000000%d", "3GPP-IMEISV": "356938035%05d00"}`, i%2+1, i))
	}
	if r := w.post(t, "radius", "["+strings.Join(all, ",")+"]", nil); r.Code != http.StatusNoContent {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	card, err := w.client.Card(t.Context(), iccid)
	if err != nil || len(card.Card.Pairs) != 50 {
		t.Fatalf("%d pairs %v", len(card.Card.Pairs), err)
	}
	last := card.Card.Pairs[0]
	for _, p := range card.Card.Pairs {
		if p.SeenAt.After(last.SeenAt) {
			last = p
		}
	}
	if last.IMEI != "3569380350009800" {
		t.Errorf("the last one seen is %s: the order is not kept", last.IMEI)
	}
}

func TestAnIMEIOfZerosIsNoDevice(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	r := httptest.NewRecorder()
	q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/events/attach", strings.NewReader(`{"imsi": "999710000000001", "imei": "000000000000000"}`))
	q.Header.Set("Authorization", "Bearer "+feedToken)
	NewFeed(w.services, feedToken).ServeHTTP(r, q)
	card, err := w.client.Card(t.Context(), iccid)
	if err != nil || r.Code != http.StatusNoContent || len(card.Card.Pairs) != 0 {
		t.Errorf("%d %s, pairs %+v, %v", r.Code, r.Body, card.Card.Pairs, err)
	}
}
