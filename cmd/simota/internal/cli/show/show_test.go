package show

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
)

var night = time.Date(2026, 11, 3, 2, 0, 4, 113e6, time.UTC)

func after(d time.Duration) time.Time { return night.Add(d) }

var card = api.Card{
	ICCID: "8947010000000000174", Type: "sja5-aes", Country: "BR", Tags: []string{"meter"}, IMEI: "356938035643803",
	Subscriptions: []api.Subscription{
		{IMSI: "999400000000017", MSISDN: "+47580000017", Operator: "nordvik"},
		{IMSI: "999700000000017", MSISDN: "+5511900000017", Operator: "aurora", Active: true},
	},
	Keysets: []api.Keyset{{Version: 1, KIc: "aes-128", KID: "aes-128", CheckValue: "1A2B3C", Counter: 43, Suspect: true}},
}

var life = api.Timeline{
	Card: card,
	Targets: []api.Target{
		{ICCID: card.ICCID, Campaign: "br-2026-11", State: "moved"},
		{ICCID: card.ICCID, Campaign: "br-2026-10", State: "dark", Cause: "no sign for 20 min", NextStep: "visit it"},
	},
	Entries: []api.Entry{
		{At: night, Way: "=", What: "selected", Text: "campaign br-2026-11"},
		{At: after(5 * time.Millisecond), Way: ">", What: "snapshot", Text: "read SMSP, LOCI, IMSI", Hex: "B00141 counter 41", Rung: "submitted", Raw: []string{"027000", "0500"}},
		{At: after(time.Second), Way: "<", What: "proof", Text: "7 commands, 9000", Hex: "027100", Number: "+47580000017", Rung: "executed"},
		{At: after(time.Second), Way: ">", What: "read", Text: "IMSI", Number: "+47580000017", Link: "nordvik-1"},
		{At: after(2 * time.Second), Way: "?", What: "part 2", Text: "no response: ambiguous; sent again after the grace time under the same octets"},
		{At: after(22 * time.Hour), Way: "<", What: "error", Text: "SMSC says \x1b[31mred\nalert"},
	},
}

// written is what fn writes.
func written(t *testing.T, fn func(io.Writer) error) string {
	t.Helper()
	var b strings.Builder
	if err := fn(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRecordsAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	swap := api.Campaign{
		Name: "br-2026-11", Kind: "swap", State: "running", Selected: true, Total: 2000, Open: 1200, Unproven: 46,
		ByState: map[string]int{"selected": 1000, "switching": 200, "verified": 750, "dark": 1, "failed": 40, "skipped": 9}, Note: "canary: the rest waits",
		Traffic: api.Traffic{Sent: 2412, Resent: 211, Receipts: 2377, Proofs: 579},
	}
	targets := []api.Target{
		{ICCID: "8947010000000000174", Campaign: "c", State: "dark", Closed: true, Cause: "no sign, for 20 min", NextStep: "visit it", ClosedAt: night},
		{ICCID: "8947010000000000232", Campaign: "c", State: "verified", Closed: true},
	}
	for _, c := range []struct {
		name  string
		write func(io.Writer) error
		want  string
	}{
		{"timeline", func(w io.Writer) error { return Timeline(w, life, false, time.UTC) }, `
8947010000000000174   sja5-aes   IMEI 35693803-5643803   now +5511900000017 at aurora (IMSI 999700000000017)   also +47580000017 at nordvik (IMSI 999400000000017)   BR   meter
key set 1: aes-128 and aes-128, check value 1A2B3C, counter 43, suspect after a restore: no write before a fence has cleared it
br-2026-11: moved
br-2026-10: dark   no sign for 20 min   visit it

2026-11-03 UTC
02:00:04.113  = selected  campaign br-2026-11
02:00:04.118  > snapshot  read SMSP, LOCI, IMSI  B00141 counter 41  submitted
02:00:05.113  < proof     7 commands, 9000       027100             executed
02:00:05.113  > read      IMSI                   +47580000017 by nordvik-1
02:00:06.113  ? part 2    no response: ambiguous; sent again after the grace time under the same octets

2026-11-04 UTC
00:00:04.113  < error     SMSC says .[31mred alert
`},
		{"timeline with octets", func(w io.Writer) error {
			return Timeline(w, api.Timeline{Card: api.Card{ICCID: "89"}, Entries: life.Entries[1:2]}, true, time.FixedZone("-03", -3*3600))
		}, `
89   -

2026-11-02 -03
23:00:04.118  > snapshot  read SMSP, LOCI, IMSI  B00141 counter 41  submitted
              027000
              0500
`},
		{"timeline with times in its text", func(w io.Writer) error {
			return Timeline(w, api.Timeline{Card: api.Card{ICCID: "89"}, Entries: []api.Entry{
				{At: night, Way: "<", What: "part 1", Text: "not taken now; taken", Then: after(3 * time.Second), Number: "+47", Rung: "submitted"},
				{At: night, Way: "?", What: "part 2", Text: "no response: ambiguous; same octets sent again", Then: after(22 * time.Hour)},
			}}, false, time.FixedZone("-03", -3*3600))
		}, `
89   -

2026-11-02 -03
23:00:04.113  < part 1  not taken now; taken at 23:00:07  +47  submitted
23:00:04.113  ? part 2  no response: ambiguous; same octets sent again at 2026-11-03 21:00:04
`},
		{"card without a life", func(w io.Writer) error {
			return Timeline(w, api.Timeline{Card: api.Card{ICCID: "89", Type: "x", NoCP: true, Subscriptions: []api.Subscription{{IMSI: "1", Operator: "nordvik"}}}}, false, time.UTC)
		}, `
89   x   now without number at nordvik (IMSI 1)   takes no provisioning

nothing happened yet
`},
		{"progress", func(w io.Writer) error { return RenderProgress(w, swap, 60) }, `
br-2026-11   swap, running   2,000 cards, 800 ended, 1,200 open

selected           ██████████████░░░░░░░░░░░░░░░   1,000
snapshot           ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░       0
switching          ██░░░░░░░░░░░░░░░░░░░░░░░░░░░     200   unproven 46
switched           ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░       0
moved              ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░       0
configuring        ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░       0
settings delivered ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░       0
verified           ██████████░░░░░░░░░░░░░░░░░░░     750
failed 40   skipped 9   dark 1

sent 2,412 SMS (211 of them again)   receipts 2,377   proofs 579
canary: the rest waits
`},
		{"progress of a write, nothing chosen yet, narrow", func(w io.Writer) error {
			return RenderProgress(w, api.Campaign{Name: "c", Kind: "rfm", State: "created"}, 10)
		}, `
c   rfm, created   0 cards so far, 0 ended, 0 open

selected           ░░░░░░░░       0
snapshot           ░░░░░░░░       0
writing            ░░░░░░░░       0
written            ░░░░░░░░       0


sent 0 SMS (0 of them again)   receipts 0   proofs 0

`},
		{"progress of devices that are configured", func(w io.Writer) error {
			return RenderProgress(w, api.Campaign{Name: "c", Kind: "provision", State: "running", Selected: true, Total: 1, ByState: map[string]int{"verified": 1}}, 10)
		}, `
c   provision, running   1 card, 1 ended, 0 open

selected           ░░░░░░░░       0
configuring        ░░░░░░░░       0
settings delivered ░░░░░░░░       0
verified           ████████       1


sent 0 SMS (0 of them again)   receipts 0   proofs 0

`},
		{"progress in a line", func(w io.Writer) error { return ProgressLine(w, swap) }, `
br-2026-11 running: 2,000 cards, 1,200 open: selected 1,000, verified 750, switching 200, failed 40, skipped 9, dark 1; canary: the rest waits
`},
		{"steered", func(w io.Writer) error { return Steered(w, swap) }, `
br-2026-11 is running; canary: the rest waits
`},
		{"cards", func(w io.Writer) error { return Cards(w, []api.Card{card, {ICCID: "89"}}) }, `
ICCID                TYPE      COUNTRY  OPERATOR  MSISDN          IMSI             IMEI             TAGS
8947010000000000174  sja5-aes  BR       aurora    +5511900000017  999700000000017  356938035643803  meter
89                   -         -        -         -               -                -
`},
		{"report", func(w io.Writer) error { return Report(w, targets) }, `
CARD                 STATE     CAUSE                NEXT STEP
8947010000000000174  dark      no sign, for 20 min  visit it
8947010000000000232  verified  -
`},
		{"report as CSV", func(w io.Writer) error { return ReportCSV(w, targets) }, `
iccid,campaign,state,closed,cause,next_step,due,closed_at
8947010000000000174,c,dark,true,"no sign, for 20 min",visit it,,2026-11-03T02:00:04Z
8947010000000000232,c,verified,true,,,,
`},
		{"links", func(w io.Writer) error {
			return Links(w, []api.Link{
				{Name: "a", Address: "h:1", Bound: true, Since: night, WindowUsed: 18, WindowSize: 20, Rate: 400, Weight: 1, Sent: 1234567, Received: 3},
				{Name: "b", Address: "h:2", Stopped: true, Error: "bind refused, ESME_RINVPASWD", Weight: 3}, {Name: "c", Address: "h:3"},
				{Name: "d", Address: "h:4", Bound: true, Since: night, WindowSize: 20, Rate: 12.5, Throttled: true, SickSince: night, Weight: 1},
				{Name: "e", Address: "h:5", Bound: true, Since: night, WindowSize: 20, Rate: 4.5402329582559595, Weight: 1},
			}, time.UTC)
		}, `
LINK  ADDRESS  STATE       SINCE                WINDOW  RATE            HEALTH                      WEIGHT   SENT       RECEIVED  LAST ERROR
a     h:1      bound       2026-11-03 02:00:04  18/20   400/s           well                        1        1,234,567  3
b     h:2      given up    -                    0/0     no limit        -                           3        0          0         bind refused, ESME_RINVPASWD
c     h:3      connecting  -                    0/0     no limit        -                           standby  0          0
d     h:4      bound       2026-11-03 02:00:04  0/20    12/s throttled  passed over since 02:00:04  1        0          0
e     h:5      bound       2026-11-03 02:00:04  0/20    4.5/s           well                        1        0          0
`},
		{"campaigns", func(w io.Writer) error { return Campaigns(w, []api.Campaign{swap}, time.UTC) }, `
CAMPAIGN    KIND  STATE    CARDS  OPEN   UNPROVEN  CREATED  NEXT RUN  NOTE
br-2026-11  swap  running  2,000  1,200  46        -        -         canary: the rest waits
`},
		{"operators", func(w io.Writer) error {
			return Operators(w, []catalog.Operator{{Name: "aurora", PLMNs: []string{"99970"}, APNs: []catalog.APN{{Purpose: "internet", Name: "m2m", Secret: "hidden"}}}})
		}, `
OPERATOR  PLMN   COUNTRY  SMSC  CARDS ANSWER TO  LINKS  APNS
aurora    99970  -        -     -                -      internet m2m
`},
		{"card types", func(w io.Writer) error {
			return CardTypes(w, []catalog.CardType{
				{Name: "sja5", Technique: "rfm", SPI: "1639", TARs: map[string]catalog.Target{"usim-rfm": {TAR: "b00011"}, "adf": {TAR: "b00141"}}},
				{Name: "m2m", Technique: "euicc", SPI: "1639", ISDR: &catalog.ISDR{TAR: "000001"}, TARs: map[string]catalog.Target{"usim-rfm": {TAR: "b00011"}}},
				{Name: "multi", Technique: "applet", SPI: "1639", Applet: &catalog.Applet{Template: catalog.Template{TAR: "b00fe1"}}},
			})
		}, `
CARD TYPE  TECHNIQUE  KIC  KID  SPI   MAX PARTS  REFRESH  TARS
sja5       rfm                  1639  3          -        B00011 usim-rfm, B00141 adf
m2m        euicc                1639  3          -        000001 isdr, B00011 usim-rfm
multi      applet               1639  3          -        B00FE1 applet
`},
		{"forecast", func(w io.Writer) error {
			return Forecast(w, api.Forecast{Cards: 2000, Ready: 1995, Skips: map[string]int{"no number": 1, "no key": 4}})
		}, `
2,000 cards selected, 1,995 ready, 5 would be skipped
       4  no key
       1  no number
`},
		{"import", func(w io.Writer) error {
			return Imported(w, "card", api.ImportResult{Created: 1, Changed: 2, Same: 3, Skipped: 1})
		}, `
1 card new, 2 changed, 3 as before; 1 bad row left out
`},
		{"device", func(w io.Writer) error {
			return Device(w, api.Device{
				IMEI:   "356938035640014",
				Models: []api.Model{{TAC: "35693803", Manufacturer: "Teltonika", Name: "RUT240", Client: "gateway", Can: catalog.Capability{CP: "yes", Security: []string{"userpin", "netwpin"}, PIN: "set", MaxParts: 1, MaxID: 8, Takes: []string{"internet", "mms"}, ChokesOn: []string{"PROVURL"}, Vendor: []catalog.Text{{Name: "apn"}}, Texts: []catalog.Text{{Name: "user"}, {Name: "apn"}}, Restart: "yes"}}},
				Pairs:  []api.Pair{{ICCID: "8947", IMEI: "35693803564001", IMSI: "99940", SeenAt: night, LastSeen: after(time.Hour), Source: "notice"}},
				Moves: []api.Move{
					{What: "card moved", At: night, Was: api.Pair{ICCID: "8947", IMEI: "49000000000001"}, Is: api.Pair{ICCID: "8947", IMEI: "35693803564001", Model: "Teltonika RUT240"}},
					{What: "device moved", At: night, Was: api.Pair{ICCID: "8900", IMEI: "35693803564001", Model: "Teltonika RUT240"}, Is: api.Pair{ICCID: "8947", IMEI: "35693803564001", Model: "Teltonika RUT240"}},
				},
			}, time.UTC)
		}, `
IMEI 35693803-5640014
TAC 35693803   Teltonika RUT240   client gateway
    takes OMA Client Provisioning
    signed with userpin, else netwpin
    PIN set, not shown
    a document of at most 1 short message
    identifiers of at most 8 characters
    applies internet, mms
    refuses documents with PROVURL
    documents in its maker's terms: apn
    short messages in place of documents: user, apn
    uses settings only after a restart

CARD  IMSI   FIRST SEEN           LAST SEEN            SOURCE
8947  99940  2026-11-03 02:00:04  2026-11-03 03:00:04  notice

SEEN                 WHAT          WHICH                               FROM             TO
2026-11-03 02:00:04  card moved    8947                                49000000-000001  35693803-564001 (Teltonika RUT240)
2026-11-03 02:00:04  device moved  35693803-564001 (Teltonika RUT240)  8900             8947
`},
		{"models of one name", func(w io.Writer) error {
			no := catalog.Capability{CP: "no"}
			return Device(w, api.Device{Models: []api.Model{{TAC: "1", Name: "m", Client: "none", Can: no}, {TAC: "2", Name: "m", Client: "none", Can: no}, {TAC: "3", Manufacturer: "x\x1b[2J", Client: "c", Note: "client c is not known"}}}, time.UTC)
		}, `
TAC 1   m   client none
TAC 2   m   client none
    takes no OMA Client Provisioning
TAC 3   x.[2J   client c
    what it can do is not known: client c is not known
`},
		{"card that was seen in two devices", func(w io.Writer) error {
			return Timeline(w, api.Timeline{Card: api.Card{ICCID: "8947", Type: "sja5", IMEI: "35693803564001", Model: "Teltonika RUT240", Pairs: []api.Pair{
				{IMEI: "35693803564001", Model: "Teltonika RUT240", IMSI: "99940", Source: "notice", SeenAt: night, LastSeen: after(time.Hour)},
				{IMEI: "49000000000001", IMSI: "99970", Source: "attach feed", SeenAt: after(2 * time.Hour), LastSeen: after(2 * time.Hour)},
			}}}, false, time.UTC)
		}, `
8947   sja5   by the card file IMEI 35693803-564001 (Teltonika RUT240)
seen in 35693803-564001 (Teltonika RUT240) with IMSI 99940: 2026-11-03 02:00:04 to 2026-11-03 03:00:04, notice
seen in 49000000-000001 with IMSI 99970: 2026-11-03 04:00:04, attach feed

nothing happened yet
`},
		{"device that nobody knows", func(w io.Writer) error { return Device(w, api.Device{IMEI: "49000000000001"}, time.UTC) }, `
IMEI 49000000-000001
the model is not known: no TAC table that was imported has this device, it is told what every client can read

it was seen with no card of this catalog
`},
		{"JSON", func(w io.Writer) error { return JSON(w, map[string]any{"text": "a<b", "list": []string{}}) }, `
{
  "list": [],
  "text": "a<b"
}
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), written(t, c.write)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestPictureKeepsItsHeight(t *testing.T) {
	t.Parallel()
	lines := -1
	for _, byState := range []map[string]int{nil, {"verified": 200}, {"dark": 3, "snapshot": 1, "no such state": 5}} {
		got := written(t, func(w io.Writer) error {
			return RenderProgress(w, api.Campaign{Kind: "swap", Total: 200, ByState: byState}, 100)
		})
		if n := strings.Count(got, "\n"); lines >= 0 && n != lines {
			t.Errorf("%d lines with %v, %d before", n, byState, lines)
		} else {
			lines = n
		}
	}
}

func TestBarIsNeverEmptyForSomethingNorLongerThanItsPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n, total int
		want     string
	}{{0, 0, "░░░░"}, {1, 100_000, "█░░░"}, {50, 100, "██░░"}, {100, 100, "████"}, {101, 100, "████"}} {
		if got := blocks(c.n, c.total, 4); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.n, c.total, got, c.want)
		}
	}
}

func TestScreenDrawsInItsPlace(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	s := Screen{W: &b}
	for _, picture := range []string{"one\ntwo\n", "three\n"} {
		if err := s.Draw(picture); err != nil {
			t.Fatal(err)
		}
	}
	want := "\x1b[?7lone\x1b[K\ntwo\x1b[K\n\x1b[J\x1b[?7h" + "\x1b[2A\x1b[?7lthree\x1b[K\n\x1b[J\x1b[?7h"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestCountsHaveThousandsApart(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -123: "-123"} {
		if got := count(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
