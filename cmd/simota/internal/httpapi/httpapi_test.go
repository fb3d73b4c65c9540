package httpapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/catalog/vault"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/trace"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/delivery"
)

// world is an API over a real database, on a real socket, with a client.
type world struct {
	client   *api.Client
	services Services
	path     string
	seen     *recorder
	wire     *wire // link aurora-1
	tracer   *trace.Tracer
}

// recorder keeps everything that was answered.
type recorder struct {
	mu   sync.Mutex
	body bytes.Buffer
}

func (r *recorder) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { h.ServeHTTP(tee{w, r}, q) })
}

type tee struct {
	http.ResponseWriter
	r *recorder
}

func (t tee) Write(b []byte) (int, error) {
	t.r.mu.Lock()
	defer t.r.mu.Unlock()
	t.r.body.Write(b)
	return t.ResponseWriter.Write(b)
}

// Unwrap lets a stream flush.
func (t tee) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	kek, err := vault.CreateKEK(filepath.Join(dir, "kek"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "s.db"), sqlite.Options{Node: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	v := vault.New(kek)
	engine := campaign.New(campaign.Config{Store: db, Links: []string{"nordvik-1", "aurora-1"}, Node: "n1", Log: zerolog.Nop()})
	engine.SetDesk(delivery.New(delivery.Config{
		Store: db, Keys: v, KeyAAD: vault.AAD, Wake: engine.Wake, Types: db.CardType, Timing: delivery.Field(), Log: zerolog.Nop(),
	}))
	line := &wire{tapped: make(chan struct{}, 1)}
	tracer := trace.New(map[string]trace.Link{"aurora-1": {Trace: line.Trace}})
	w := &world{path: filepath.Join(dir, "s.sock"), seen: &recorder{}, wire: line, tracer: tracer, services: Services{
		Store: db, Campaigns: engine, Vault: v, Backup: db.Backup, Now: time.Now, Log: zerolog.Nop(),
		Links: func() []api.Link { return []api.Link{{Name: "nordvik-1"}, {Name: "aurora-1", Bound: true}} },
		Link: func(name string) (api.LinkDetail, bool) {
			return api.LinkDetail{Link: api.Link{Name: name, Bound: true}, Settings: []api.Setting{{Name: "rate", Words: "no limit"}}}, name == "aurora-1"
		},
		Trace: tracer.Open,
		Check: func(ctx context.Context) (any, error) { return db.Check(ctx) },
		Health: func() api.Health {
			return api.Health{OK: true, Node: "n1", Links: []api.Link{}, Inbox: map[string]int{}}
		},
	}}
	l, err := net.Listen("unix", w.path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: w.seen.wrap(New(w.services)), ConnContext: ConnContext, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	if w.client, err = api.New("unix:"+w.path, ""); err != nil {
		t.Fatal(err)
	}
	w.client.Actor = "alice@desk"
	return w
}

const operatorFile = `operator: NAME
plmns: ["PLMN"]
links: [NAME-1]
source_address: {number: "+475900009999"}
smsc: "+475900000099"
apns: [{purpose: internet, name: m2m.NAME.example, auth: chap, user: meter, secret: hunter2hunter2}]
`

const cardTypeFile = `card_type: sja5-aes
technique: rfm
keys: {kic: aes-128, kid: aes-128}
spi: "1639"
tars: {usim-rfm-expanded: {tar: b00141, format: expanded, msl: "16"}}
max_parts: 5
refresh: card
`

const campaignFile = `campaign: br-1
kind: swap
select: {operator: nordvik}
to: aurora
attested: aurora says so
max_unproven: 5
`

const (
	iccid  = "8999970000000000019"
	kicHex = "180C76929B8F48983445AAD1FD07B4F3"
)

// stocked is a world with operators, a card type and the cards of testdata.
func stocked(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	ctx := t.Context()
	for name, plmn := range map[string]string{"nordvik": "99970", "aurora": "99971"} {
		text := strings.NewReplacer("NAME", name, "PLMN", plmn).Replace(operatorFile)
		if _, err := w.client.PutOperator(ctx, name, name+".yaml", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.client.PutCardType(ctx, "sja5-aes", "sja5.yaml", []byte(cardTypeFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.Import(ctx, api.ImportRequest{File: cards(t, "full.csv"), SkipBad: true}); err != nil {
		t.Fatal(err)
	}
	return w
}

func cards(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "testdata", "cards", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func refusedWith(t *testing.T, err error, status int, parts ...string) {
	t.Helper()
	var p *api.Problem
	if !errors.As(err, &p) || p.Status != status {
		t.Fatalf("got %v, want a problem of status %d", err, status)
	}
	for _, part := range parts {
		if !strings.Contains(p.Error(), part) {
			t.Errorf("missing %q in: %v", part, p)
		}
	}
}

func TestCardsAreImportedAndListedByPage(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	first, err := w.client.Cards(t.Context(), api.CardQuery{Operator: "nordvik", Limit: 1})
	if err != nil || len(first.Cards) != 1 || first.Next == 0 {
		t.Fatalf("first page %+v, %v", first, err)
	}
	second, err := w.client.Cards(t.Context(), api.CardQuery{Operator: "nordvik", Limit: 1, After: first.Next})
	if err != nil || len(second.Cards) != 1 || second.Cards[0].ICCID == first.Cards[0].ICCID {
		t.Fatalf("second page %+v, %v", second, err)
	}
	none, err := w.client.Cards(t.Context(), api.CardQuery{Tags: []string{"meter", "moon"}})
	if err != nil || len(none.Cards) != 0 {
		t.Errorf("cards with both tags: %+v, %v", none, err)
	}
	card, err := w.client.Card(t.Context(), iccid)
	if err != nil || card.Card.Type != "sja5-aes" || len(card.Card.Subscriptions) != 2 || !card.Card.Subscriptions[0].Active || card.Card.Keysets[0].CheckValue == "" {
		t.Errorf("card %+v, %v", card.Card, err)
	}
	again, err := w.client.Import(t.Context(), api.ImportRequest{File: cards(t, "full.csv"), SkipBad: true})
	if err != nil || again.Created != 0 || again.Changed != 0 || again.Same == 0 {
		t.Errorf("the same import again: %+v, %v", again, err)
	}
	_, err = w.client.Card(t.Context(), "8999")
	refusedWith(t, err, 404, "card 8999 is not known")
}

func TestImportIsAllOrNothingUnlessBadRowsMayBeSkipped(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	_, err := w.client.Import(t.Context(), api.ImportRequest{File: cards(t, "bad.csv")})
	refusedWith(t, err, 422, "nothing imported:", "--skip-bad", "line ")
	r, err := w.client.Import(t.Context(), api.ImportRequest{File: cards(t, "bad.csv"), SkipBad: true})
	if err != nil || r.Skipped == 0 || len(r.Bad) == 0 {
		t.Errorf("got %+v, %v", r, err)
	}
	unknown := bytes.ReplaceAll(cards(t, "full.csv"), []byte(",aurora,"), []byte(",atlantis,"))
	_, err = w.client.Import(t.Context(), api.ImportRequest{File: unknown})
	refusedWith(t, err, 422, `OPERATOR2: operator "atlantis" is not known: apply it first`)
	_, err = w.client.Import(t.Context(), api.ImportRequest{File: []byte("nothing\n")})
	refusedWith(t, err, 422, "nothing imported")
}

func TestChangedKeyIsAConflict(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	other := bytes.ReplaceAll(cards(t, "full.csv"), []byte(kicHex), []byte("00112233445566778899AABBCCDDEEFF"))
	_, err := w.client.Import(t.Context(), api.ImportRequest{File: other, SkipBad: true})
	refusedWith(t, err, 409, "nothing imported")
}

func TestFilesAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	ctx := t.Context()
	_, err := w.client.PutOperator(ctx, "aurora", "operators/aurora.yaml", []byte("operator: aurora\nplmn: 1\n"))
	refusedWith(t, err, 422, `operators/aurora.yaml:2:1: unknown field "plmn", did you mean "plmns"?`)
	text := strings.NewReplacer("NAME", "aurora", "PLMN", "99971").Replace(operatorFile)
	_, err = w.client.PutOperator(ctx, "boreal", "", []byte(text))
	refusedWith(t, err, 422, `the file is of operator "aurora", not "boreal"`)
	_, err = w.client.PutOperator(ctx, "aurora", "", []byte(strings.Replace(text, "hunter2hunter2", `"[redacted]"`, 1)))
	refusedWith(t, err, 422, "give the secret itself")
	applied, err := w.client.PutOperator(ctx, "aurora", "", []byte(strings.Replace(text, "aurora-1", "aurora-9", 1)))
	if err != nil || len(applied.Warnings) != 1 {
		t.Errorf("a link nobody has: %+v, %v", applied, err)
	}
	_, err = w.client.CreateCampaign(ctx, "c.yaml", []byte(strings.Replace(campaignFile, "operator: nordvik", "file: cards.txt", 1)))
	refusedWith(t, err, 422, "c.yaml:3:10: select.file:")
	_, err = w.client.CheckCampaign(ctx, "c.yaml", []byte(strings.Replace(campaignFile, "operator: nordvik", "file: cards.txt", 1)))
	refusedWith(t, err, 422, "c.yaml:3:10: select.file:")
	_, err = w.client.CreateCampaign(ctx, "c.yaml", []byte(strings.Replace(campaignFile, "to: aurora", "to: atlantis", 1)))
	refusedWith(t, err, 422, `c.yaml:4:1: to: operator "atlantis" is not known`)
}

func TestCampaignGoesThroughItsStates(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	ctx := t.Context()
	f, err := w.client.CheckCampaign(ctx, "c.yaml", []byte(campaignFile))
	if err != nil || f.Cards == 0 || f.Ready == 0 {
		t.Fatalf("forecast %+v, %v", f, err)
	}
	if list, err := w.client.Campaigns(ctx); err != nil || len(list) != 0 {
		t.Errorf("a check has stored something: %+v, %v", list, err)
	}
	made, err := w.client.CreateCampaign(ctx, "c.yaml", []byte(campaignFile))
	if err != nil || made.Campaign.State != "created" || made.Forecast.Ready != f.Ready || !strings.Contains(made.Campaign.Note, "not started") {
		t.Fatalf("created %+v, %v", made, err)
	}
	_, err = w.client.CreateCampaign(ctx, "c.yaml", []byte(campaignFile))
	refusedWith(t, err, 409, "br-1")
	_, err = w.client.Pause(ctx, "br-1")
	refusedWith(t, err, 409, "br-1 is created")
	for _, step := range []struct {
		do   func(context.Context, string) (api.Campaign, error)
		want string
	}{{w.client.Start, "running"}, {w.client.Pause, "paused"}, {w.client.Resume, "running"}} {
		if c, err := step.do(ctx, "br-1"); err != nil || c.State != step.want {
			t.Fatalf("got %+v, %v; want %s", c, err, step.want)
		}
	}
	if c, err := w.client.Cancel(ctx, "br-1", false); err != nil || c.State != "cancelled" {
		t.Errorf("cancel: %+v, %v", c, err)
	}
	_, err = w.client.Start(ctx, "br-2")
	refusedWith(t, err, 404, "campaign br-2 is not known")
	_, err = w.client.Retry(ctx, "br-1", iccid)
	refusedWith(t, err, 404, "is not in br-1")
	_, err = w.client.Report(ctx, "br-1", api.ReportQuery{States: []string{"settings-faild"}})
	refusedWith(t, err, 422, `state "settings-faild" is not known`)
	if p, err := w.client.Report(ctx, "br-1", api.ReportQuery{States: []string{"settings-failed", "dark"}}); err != nil || len(p.Targets) != 0 {
		t.Errorf("report %+v, %v", p, err)
	}
}

func TestAuditNamesWhoAsked(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	page, err := w.client.Audit(t.Context(), 0, 1000)
	if err != nil || len(page.Rows) == 0 {
		t.Fatalf("%+v, %v", page, err)
	}
	for _, r := range page.Rows {
		if !strings.HasPrefix(r.Actor, "local:") || !strings.HasSuffix(r.Actor, " as alice@desk") {
			t.Errorf("actor %q of %s", r.Actor, r.Verb)
		}
	}
}

func TestActorIsCleaned(t *testing.T) {
	t.Parallel()
	if got := actor(t.Context(), " eve\n\x1b[1m\u00e9 "); got != "local as eve??[1m?" {
		t.Errorf("got %q", got)
	}
	if got := actor(t.Context(), ""); got != "local" {
		t.Errorf("got %q", got)
	}
	if got := actor(t.Context(), strings.Repeat("x", 1000)); len(got) > longestActor+len("local as ") {
		t.Errorf("%d octets", len(got))
	}
}

func TestDatabaseAndLinksAreServed(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	ctx := t.Context()
	if h, err := w.client.Health(ctx); err != nil || !h.OK || h.Node != "n1" {
		t.Errorf("health %+v, %v", h, err)
	}
	if l, err := w.client.Links(ctx); err != nil || len(l) != 2 || !l[1].Bound {
		t.Errorf("links %+v, %v", l, err)
	}
	if c, err := w.client.CheckDB(ctx); err != nil || !c.OK || c.Report == nil {
		t.Errorf("check %+v, %v", c, err)
	}
	refusedWith(t, w.client.Backup(ctx, "copy.db"), 422, "absolute")
	dst := filepath.Join(filepath.Dir(w.path), "copy.db")
	if err := w.client.Backup(ctx, dst); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dst); err != nil {
		t.Error(err)
	}
}

func TestOpenAPIAndUnknownPaths(t *testing.T) {
	t.Parallel()
	h := New(newWorld(t).services)
	for path, want := range map[string]int{"/openapi.json": 200, "/healthz": 200, "/v1/nothing": 404, "/v1/cards?wnidow=1": 422, "/v1/cards?limit=0": 422} {
		r := httptest.NewRecorder()
		h.ServeHTTP(r, httptest.NewRequest(http.MethodGet, path, nil))
		if r.Code != want {
			t.Errorf("%s: %d, want %d: %s", path, r.Code, want, r.Body)
		}
		var p api.Problem
		if want >= 400 && (json.Unmarshal(r.Body.Bytes(), &p) != nil || p.Status != want || r.Header().Get("Content-Type") != "application/problem+json") {
			t.Errorf("%s: not a problem (%s): %s", path, r.Header().Get("Content-Type"), r.Body)
		}
	}
}

func TestNoAnswerEverHoldsASecret(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	ctx := t.Context()
	if _, err := w.client.CreateCampaign(ctx, "c.yaml", []byte(campaignFile)); err != nil {
		t.Fatal(err)
	}
	bad := bytes.ReplaceAll(cards(t, "full.csv"), []byte(kicHex), []byte(kicHex[:30]))
	_, _ = w.client.Import(ctx, api.ImportRequest{File: bad})
	other := bytes.ReplaceAll(cards(t, "full.csv"), []byte(kicHex), []byte("00112233445566778899AABBCCDDEEFF"))
	_, _ = w.client.Import(ctx, api.ImportRequest{File: other, SkipBad: true})
	_, _ = w.client.PutOperator(ctx, "aurora", "", []byte("operator: aurora\napns: [{purpose: fax, secret: hunter2hunter2}]\n"))
	for _, path := range []string{
		"/v1/cards", "/v1/cards/" + iccid, "/v1/operators", "/v1/card-types", "/v1/campaigns", "/v1/campaigns/br-1",
		"/v1/campaigns/br-1/report", "/v1/links", "/v1/db/check", "/v1/audit", "/v1/healthz",
	} {
		r := httptest.NewRecorder()
		New(w.services).ServeHTTP(r, httptest.NewRequest(http.MethodGet, path, nil))
		if r.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, r.Code, r.Body)
		}
		w.seen.body.Write(r.Body.Bytes())
	}
	said := strings.ToUpper(w.seen.body.String())
	if !strings.Contains(said, strings.ToUpper(redacted)) || !strings.Contains(said, iccid) {
		t.Fatal("the recorder saw nothing: this test would always pass")
	}
	raw := []byte{0x18, 0x0C, 0x76, 0x92, 0x9B, 0x8F, 0x48, 0x98, 0x34, 0x45, 0xAA, 0xD1, 0xFD, 0x07, 0xB4, 0xF3}
	for _, secret := range []string{kicHex[:28], "656B59C3EA4CDD4033E764246496D698", "00112233445566778899AABBCC", base64.StdEncoding.EncodeToString(raw)[:20], "hunter2"} {
		if strings.Contains(said, strings.ToUpper(secret)) {
			t.Errorf("a secret that begins with %s... was answered", secret[:4])
		}
	}
}

func TestNoServerIsSaidPlainly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "simota.sock")
	c, err := api.New(path, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Health(t.Context())
	if !errors.Is(err, api.ErrNoServer) || !strings.Contains(err.Error(), "no server at "+path+": start one with simota serve") {
		t.Errorf("got %v", err)
	}
}

func TestFeedTakesEventsWithItsTokenOnly(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	const token = "0123456789abcdef"
	post := func(auth, body string) *httptest.ResponseRecorder {
		r := httptest.NewRecorder()
		q := httptest.NewRequest(http.MethodPost, "/v1/events/attach", strings.NewReader(body))
		if auth != "" {
			q.Header.Set("Authorization", auth)
		}
		NewFeed(w.services, token).ServeHTTP(r, q)
		return r
	}
	const good = `{"imsi":"999710000000001","imei":"35693803564001","apn":"m2m.aurora.example","plmn":"99971"}`
	for _, c := range []struct {
		name, auth, body string
		want             int
	}{
		{"good", "Bearer " + token, good, 204},
		{"no token", "", good, 401},
		{"wrong token", "Bearer 0123456789abcdeg", good, 401},
		{"wrong scheme", "Basic " + token, good, 401},
		{"bare token", token, good, 401},
		{"unknown IMSI", "Bearer " + token, `{"imsi":"999719999999999"}`, 404},
		{"no IMSI", "Bearer " + token, `{"imsi":"abc"}`, 422},
		{"bad IMEI", "Bearer " + token, `{"imsi":"999710000000001","imei":"1"}`, 422},
		{"unknown field", "Bearer " + token, `{"imsi":"999710000000001","colour":1}`, 422},
		{"two events", "Bearer " + token, good + good, 422},
		{"too long", "Bearer " + token, `{"imsi":"` + strings.Repeat("9", maxEvent) + `"}`, 413},
	} {
		if r := post(c.auth, c.body); r.Code != c.want {
			t.Errorf("%s: %d, want %d: %s", c.name, r.Code, c.want, r.Body)
		}
	}
	r := httptest.NewRecorder()
	q := httptest.NewRequest(http.MethodGet, "/v1/cards", nil)
	q.Header.Set("Authorization", "Bearer "+token)
	NewFeed(w.services, token).ServeHTTP(r, q)
	if r.Code != 404 {
		t.Errorf("a feed serves cards: %d", r.Code)
	}
	r = httptest.NewRecorder()
	q = httptest.NewRequest(http.MethodPost, "/v1/events/attach", strings.NewReader(good))
	q.Header.Set("Authorization", "Bearer ")
	NewFeed(w.services, "").ServeHTTP(r, q)
	if r.Code != 401 {
		t.Errorf("an empty token lets in: %d", r.Code)
	}
	card, err := w.client.Card(t.Context(), iccid)
	if err != nil || len(card.Card.Pairs) != 1 || len(card.Entries) != 1 || !strings.Contains(card.Entries[0].Text, "attach feed") {
		t.Errorf("the event does not show: %+v %v", card, err)
	}
}

func TestClientSpeaksToAFeedByURL(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	s := httptest.NewServer(NewFeed(w.services, "0123456789abcdef"))
	defer s.Close()
	c, err := api.New(s.URL+"/", "0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Attach(t.Context(), api.AttachEvent{IMSI: "999710000000001"}); err != nil {
		t.Error(err)
	}
	refusedWith(t, c.Attach(t.Context(), api.AttachEvent{IMSI: "999719999999999"}), 404, "no card has IMSI 999719999999999")
}
