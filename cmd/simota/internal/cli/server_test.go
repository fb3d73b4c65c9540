package cli

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/catalog/vault"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/httpapi"
	"github.com/simota/simota/cmd/simota/internal/trace"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/smpp"
)

// office is a server without links, and a folder of a person who uses it.
type office struct {
	*testing.T
	dir, socket, db string
	wire            wire   // link aurora-1
	stop            func() // the server
}

func newOffice(t *testing.T) *office {
	t.Helper()
	dir, err := os.MkdirTemp("", "cli") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	b := &office{T: t, dir: dir, socket: filepath.Join(dir, "s"), db: filepath.Join(dir, "simota.db"), wire: make(wire, 1)}
	kek, err := vault.CreateKEK(filepath.Join(dir, "simota.key"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), b.db, sqlite.Options{Node: "test"})
	if err != nil {
		t.Fatal(err)
	}
	engine := campaign.New(campaign.Config{Store: db, Node: "test", Log: zerolog.Nop()})
	keys := vault.New(kek)
	engine.SetDesk(delivery.New(delivery.Config{
		Store: db, Keys: keys, Timing: delivery.Field(), KeyAAD: vault.AAD, Wake: engine.Wake, Types: db.CardType, Log: zerolog.Nop(),
	}))
	l, err := net.Listen("unix", b.socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ConnContext: httpapi.ConnContext, Handler: httpapi.New(httpapi.Services{
		Store: db, Campaigns: engine, Vault: keys, Backup: db.Backup, Now: time.Now, Log: zerolog.Nop(),
		Links: func() []api.Link { return []api.Link{{Name: "aurora-1", Bound: true}} },
		Link:  b.link, Trace: trace.New(map[string]trace.Link{"aurora-1": {Trace: b.wire.trace}}).Open,
		Check:  func(ctx context.Context) (any, error) { return db.Check(ctx) },
		Health: func() api.Health { return api.Health{OK: true} },
	})}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- server.Serve(l) }()
	go func() { done <- engine.Run(ctx) }()
	b.stop = func() {
		cancel()
		_ = server.Close()
		<-done
		<-done
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		b.stop = func() {}
	}
	t.Cleanup(func() { b.stop(); os.RemoveAll(dir) })
	return b
}

// file writes a file into the folder and gives its path.
func (b *office) file(name, text string) string {
	b.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// simota runs a command that has to succeed and gives what it printed.
func (b *office) simota(args ...string) string {
	b.Helper()
	p, out, stderr := process("", append([]string{"--server", b.socket}, args...)...)
	if err := Run(b.Context(), p); err != nil {
		b.Fatalf("simota %s: %s", strings.Join(args, " "), stderr)
	}
	return out.String()
}

// refused runs a command that has to fail and gives what it complained of.
func (b *office) refused(args ...string) string {
	b.Helper()
	p, out, stderr := process("", append([]string{"--server", b.socket}, args...)...)
	if err := Run(b.Context(), p); err == nil {
		b.Fatalf("simota %s succeeded: %s", strings.Join(args, " "), out)
	}
	return stderr.String()
}

// has checks that a text has every one of the lines, which are patterns.
func (b *office) has(text string, lines ...string) {
	b.Helper()
	for _, line := range lines {
		if !regexp.MustCompile(`(?m)^` + line + `$`).MatchString(text) {
			b.Errorf("no line %q in:\n%s", line, text)
		}
	}
}

const cards = "../../../../testdata/cards/"

const (
	operatorFile = `operator: NAME
plmns: ["99970"]
country: BR
links: [NAME-1]
source_address: {number: "+5511900009999"}
smsc: "+5511900000001"
apns:
  - {purpose: internet, name: m2m.example, auth: chap, user: meter, secret: hush}
`
	cardTypeFile = `card_type: sja5-aes
technique: rfm
keys: {kic: aes-128, kid: aes-128, cc_length: 8}
spi: "1639"
tars:
  usim-rfm: {tar: b00011, format: compact, msl: "16", start: adf-usim}
max_parts: 5
refresh: card
`
	campaignFile = `campaign: br
kind: swap
select: {file: meters.txt}
to: aurora
attested: aurora knows these IMSIs with these cards' keys
max_unproven: 50
`
)

// stocked is an office whose server knows operators, card types and cards.
func stocked(t *testing.T) *office {
	t.Helper()
	b := newOffice(t)
	b.simota("operator", "apply", b.file("nordvik.yaml", strings.ReplaceAll(operatorFile, "NAME", "nordvik")),
		b.file("aurora.yaml", strings.ReplaceAll(operatorFile, "NAME", "aurora")))
	b.simota("card-type", "apply", b.file("type.yaml", cardTypeFile))
	b.simota("card", "import", cards+"full.csv")
	return b
}

func TestCardsAreImportedListedAndShown(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	b.has(b.simota("operator", "list"), `aurora +99970 +BR .*internet m2m.example`)
	b.has(b.simota("card-type", "list"), `sja5-aes +rfm +aes-128 .*B00011 usim-rfm`)
	b.has(b.simota("card", "list", "--operator", "nordvik", "--tag", "north"), `8999970000000000019 +sja5-aes +BR +nordvik .*meter north`)
	if out := b.simota("card", "list", "--country", "NO", "--json"); out != "[]\n" {
		t.Errorf("cards of a country without cards: %q, want an empty array", out)
	}
	b.has(b.simota("card", "show", "8999970000000000019"),
		`8999970000000000019   sja5-aes   IMEI 35693803-564001.*   now \+475900000001 at nordvik .*`,
		`key set 1: aes-128 and aes-128, check value [0-9A-Fa-f/ ]+, counter 41`, `nothing happened yet`)
	b.has(b.refused("card", "show", "8900000000000000000"), `simota: card 8900000000000000000 is not known`)
	b.has(b.simota("card", "import", cards+"full.csv"), `0 cards new, 0 changed, [1-9] as before`)
}

func TestBadCardFileIsRefusedRowByRow(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	b.has(b.refused("card", "import", cards+"bad.csv"), `simota: \S*bad.csv line 6, IMSI: .*`, `simota: .*--skip-bad.*`)
	bad, err := os.ReadFile(cards + "bad.csv")
	if err != nil {
		t.Fatal(err)
	}
	p, out, stderr := process(string(bad), "card", "import", "-", "--skip-bad", "--server", b.socket)
	if err := Run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	b.has(out.String(), `.* new, .* as before; [1-9][0-9]* bad rows left out`)
	b.has(stderr.String(), `simota: left out: - line 6, IMSI: .*`)
	b.has(b.refused("card", "import", cards+"full.csv", "--details", b.file("d.csv", "ICCID,COUNTRY\n8900000000000000000,BR\n")),
		`simota: \S*d.csv line 2, ICCID: .*`)
}

func TestCampaignIsPlannedSteeredAndReported(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	b.file("meters.txt", "8999970000000000019 # the first\n8999970000000000027\n")
	file := b.file("br.yaml", campaignFile)
	why := `operator nordvik has no link in this server's configuration.*`
	b.has(b.simota("campaign", "check", file), `2 cards selected, 0 ready, 2 would be skipped`, ` +2  `+why)
	b.has(b.refused("campaign", "show", "br"), `simota: campaign br is not known`)
	b.has(b.simota("campaign", "create", file), `br is created; not started: simota campaign start br`)
	b.has(b.refused("campaign", "create", file), `simota: .*br.*`)
	b.has(b.refused("campaign", "pause", "br"), `simota: not in this state: br is created; only one that is running can be told that`)
	b.has(b.simota("campaign", "start", "br"), `br is .*`)
	b.has(b.simota("campaign", "show", "br", "--watch"), `br done: 2 cards, 0 open: skipped 2`)
	b.has(b.simota("campaign", "show", "br"), `br   swap, done   2 cards, 2 ended, 0 open`, `skipped 2`)
	b.has(b.simota("campaign", "list"), `br +swap +done +2 +0 .*`)
	b.has(b.simota("campaign", "report", "br", "--state", "skipped"), `8999970000000000019 +skipped +`+why)
	b.has(b.simota("campaign", "report", "br", "--csv"), `iccid,campaign,state,.*`, `8999970000000000027,br,skipped,true,.*`)
	b.has(b.refused("campaign", "report", "br", "--state", "asleep"), `simota: state "asleep" is not known: want one of selected, .*, not switched, .*`)
	b.has(b.refused("campaign", "retry", "br", "--card", "8999970000000000035"), `simota: .*8999970000000000035.*br.*`)
	var targets []api.Target
	if err := json.Unmarshal([]byte(b.simota("campaign", "report", "br", "--json", "--state", "dark")), &targets); err != nil || targets == nil {
		t.Errorf("report of no cards as JSON: %v, %v; want an empty array", targets, err)
	}
}

func TestFileAndServerSayTheSame(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	for _, args := range [][]string{
		{"card", "show", "8999970000000000019"}, {"card", "list"}, {"campaign", "list", "--json"}, {"operator", "list"}, {"card-type", "list", "--json"}, {"db", "check"},
	} {
		if diff := cmp.Diff(b.simota(args...), b.simota(append(args, "--db", b.db)...)); diff != "" {
			t.Errorf("%v (-server +file)\n%s", args, diff)
		}
	}
}

func TestInboxIsListedAndExplained(t *testing.T) {
	t.Parallel()
	b := newOffice(t)
	b.stop()
	db, err := sqlite.Open(t.Context(), b.db, sqlite.Options{Node: "test"})
	if err != nil {
		t.Fatal(err)
	}
	text := "id:7 stat:UNDELIV err:027"
	body := []byte("\x00\x01\x01491500001\x00\x01\x014790000001\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00" + string(rune(len(text))) + text)
	row := ledger.InboxRow{Link: "aurora-1", IDScope: "aurora", ReceivedAt: time.Now(), PDU: smpp.AppendFrame(nil, smpp.DeliverSM, 0, 1, body)}
	in, early := &ledger.Receive{Row: row}, &ledger.Receive{Row: row}
	errs := db.Apply(t.Context(), in, early)
	settle := &ledger.Settle{InboxIDs: []int64{in.ID}, State: ledger.InboxOrphan, Kind: delivery.KindAmbiguousReceipt}
	wait := &ledger.Settle{InboxIDs: []int64{early.ID}, State: ledger.InboxWaiting, Kind: delivery.KindReceipt, Key: "7"}
	errs = append(append(errs, db.Apply(t.Context(), settle, wait)...), db.Close())
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	b.has(b.simota("inbox", "list", "--db", b.db, "--since", "1h"), `1 .* aurora-1 +orphan +491500001 +4790000001 +several messages have its id.*`,
		`2 .* aurora-1 +waiting +491500001 +4790000001 +nothing was sent under its id so far; if that lasts, see message_id.*`)
	if out := b.simota("inbox", "list", "--db", b.db, "--state", "settled", "--json"); out != "[]\n" {
		t.Errorf("rows that are settled: %q", out)
	}
	if out := b.simota("inbox", "list", "--db", b.db, "--state", "waiting"); strings.Contains(out, "orphan") {
		t.Errorf("rows that wait: %q", out)
	}
	b.has(b.simota("inbox", "show", "1", "--db", b.db), `ID +RECEIVED .*`, `.* receipt: undeliverable.*`, `.*message id +7`)
	b.has(b.simota("inbox", "show", "1", "--db", b.db, "--json"), ` *"kind": "receipt: ambiguous id",`, ` *"report": \{`)
	b.has(b.refused("inbox", "show", "3", "--db", b.db), `simota: inbox row 3 is not known`)
	b.has(b.refused("inbox", "show", "x", "--db", b.db), `simota: "x" is no number of an inbox row: see simota inbox list`)
	b.has(b.refused("inbox", "list", "--state", "lost"), `simota: --state: "lost" is not known: orphan, waiting, settled, new`)
}

func TestBackupIsCheckedRefusedAndAdopted(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	b.has(b.simota("db", "check"), `LOOKED AT +FOUND`, `pages and indexes +ok`, `chain of the audit +ok, [0-9]+ rows`, `a counter is bound to one attempt +ok`)
	b.has(b.simota("db", "check", "--json"), ` *"ok": true,`, ` *"audit_rows": [0-9]+,`, ` *"laws": \[`, ` *"broken": 0,`, ` *"law": "a counter is bound to one attempt"`)
	copied := filepath.Join(b.dir, "copy.db")
	b.has(b.simota("db", "backup", copied), regexp.QuoteMeta(copied)+` is a complete copy.*`)
	b.has(b.refused("db", "backup", copied), `simota: .*exists already.*`)
	b.has(b.simota("card", "list", "--db", copied), `8999970000000000019 .*`)
	conf := b.file("simota.yaml", "database: simota.db\n")
	b.has(b.refused("db", "adopt-restore", "-c", conf), `simota: .*database is in use.*`)
	b.stop()
	b.has(b.simota("db", "adopt-restore", "-c", conf), `.*is adopted as generation [0-9]+`, `no campaign was running`, `[1-9] key sets are suspect.*`)
	b.has(b.simota("card", "show", "8999970000000000019", "--db", b.db), `key set 1: .*counter 65577, suspect.*`)
}

func TestAuditNamesWhoAsked(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	c, err := api.New(b.socket, "")
	if err != nil {
		t.Fatal(err)
	}
	page, err := c.Audit(t.Context(), 0, 100)
	if err != nil || len(page.Rows) == 0 {
		t.Fatalf("audit has %d rows, error %v", len(page.Rows), err)
	}
	for _, r := range page.Rows {
		if !strings.Contains(r.Actor, "@") {
			t.Errorf("%s of %s: actor %q is no USER@HOST", r.Verb, r.Object, r.Actor)
		}
	}
}
