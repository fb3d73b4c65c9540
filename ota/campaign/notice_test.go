package campaign_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/vault"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat/euicc"
)

const (
	soldered = "89470101000000000017"
	eid      = "89049032000000000000000000000017"
	numberA  = "+47580900001"
	numberB  = "+5511990000001"

	profileA = "A0000005591010FFFFFFFF8900001000"
	profileB = "A0000005591010FFFFFFFF8900001100"
)

const rfmFile = `
campaign: files
kind: rfm
select: {all: true}
write: {spn: "0173696D6F7461"}
`

// eUICC is a soldered card that says nothing of its own accord: its notices are
// made here.
type eUICC struct {
	*world
	keys ota.Keyset
	id   int64
}

func newEUICC(t *testing.T, speed float64, more ...catalog.Subscription) *eUICC {
	t.Helper()
	c := &eUICC{world: newWorld(t, 0, speed), keys: ota.Keyset{Version: 1, CCLength: 8}}
	aes := catalog.KeyAlgorithms{KIc: "aes-128", KID: "aes-128", CCLength: 8}
	c.ok(c.db.PutCardType(t.Context(), "test", catalog.CardType{
		Name: "soldered", Technique: "euicc", Keys: aes, SPI: "1639", ISDR: &catalog.ISDR{Keys: aes}, Refresh: "card", MaxParts: 5,
		TARs: map[string]catalog.Target{"usim-rfm": {TAR: "B00011", Format: "compact", MSL: "16", Start: "adf-usim"}},
	}))
	domain, err := hex.DecodeString(profileA)
	c.ok(err)
	keysets := []catalog.Keyset{c.keyset(domain, 1), c.keyset(euicc.ISDR(), 2)}
	_, err = c.db.Import(t.Context(), "test", []catalog.Entry{{
		Card: catalog.Card{ICCID: soldered, Type: "soldered", EID: eid, Country: "BR", Tags: []string{"meter"}},
		Subscriptions: append([]catalog.Subscription{
			{Slot: 1, IMSI: "999400000090001", MSISDN: numberA, Operator: "nordvik", ISDP: profileA},
			{Slot: 2, IMSI: "999700000090001", MSISDN: numberB, Operator: "aurora", ISDP: profileB},
		}, more...),
		Keysets: keysets,
	}})
	c.ok(err)
	card, err := c.db.Card(t.Context(), soldered)
	c.ok(err)
	c.id = card.Card.ID
	return c
}

// keyset makes the keys of a security domain; those made last sign notices.
func (c *eUICC) keyset(domain []byte, n byte) catalog.Keyset {
	c.t.Helper()
	rec := catalog.Keyset{Version: 1, Domain: domain, KIcAlg: "aes-128", KIDAlg: "aes-128", CCLength: 8, CheckValue: string('0' + rune(n)), Counter: 10}
	for kind, k := range map[string]struct {
		key    *ota.Key
		sealed *[]byte
	}{"kic": {&c.keys.KIc, &rec.SealedKIc}, "kid": {&c.keys.KID, &rec.SealedKID}} {
		var err error
		raw := append([]byte(kind+" of 16 octet"), n)
		*k.key, err = ota.NewKey(ota.AES128, raw)
		c.ok(err)
		*k.sealed, rec.KEKID, err = c.vault.Seal(vault.AAD(soldered, domain, 1, kind), raw)
		c.ok(err)
	}
	return rec
}

func (c *eUICC) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// notice brings a notice of the card.
func (c *eUICC) notice(typ euicc.NoticeType, sequence uint16, isdp, from string) {
	c.t.Helper()
	aid, err := hex.DecodeString(isdp)
	c.ok(err)
	data, err := euicc.Notice{EID: eid, Type: typ, Sequence: sequence, ISDP: aid}.AppendBinary(nil)
	c.ok(err)
	packet, err := ota.Command{SPI: ota.SPI{0x02, 0x00}, KIc: 0x10, KID: 0x12, TAR: ota.TAR{0, 0, 1}, Data: data}.Seal(c.keys, ota.Options{AllowWeak: true})
	c.ok(err)
	parts, err := sms.SplitPacket(sms.CommandPacket, packet, 1)
	c.ok(err)
	c.incoming(c.t.Context(), "aurora-1", from, "+5511900009999", 0x40, parts[0])
}

// dossier is that of the card's newest target; empty before there is one.
func (c *eUICC) dossier() ledger.Dossier {
	c.t.Helper()
	targets, err := c.db.TargetsOfCard(c.t.Context(), c.id)
	c.ok(err)
	if len(targets) == 0 {
		return ledger.Dossier{}
	}
	d, err := c.db.Dossier(c.t.Context(), targets[0].ID)
	c.ok(err)
	return d
}

// becomes polls the target until it is as wished.
func (c *eUICC) becomes(what string, is func(ledger.Dossier) bool) ledger.Dossier {
	c.t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for {
		d := c.dossier()
		if is(d) {
			return d
		}
		select {
		case <-deadline:
			c.show(d.Campaign.ID)
			c.t.Fatalf("%s: it never was so", what)
		case <-tick.C:
		}
	}
}

// snapshot brings the card so far that its first read is out.
func (c *eUICC) snapshot(file string) string {
	c.t.Helper()
	name := c.start(file)
	c.becomes("the first read is out", func(d ledger.Dossier) bool {
		return len(d.Attempts) == 1 && d.Attempts[0].Parts[0].Accepted()
	})
	return name
}

// confirmation is the last one that was made.
func confirmation(d ledger.Dossier) (last ledger.Attempt, ok bool) {
	for _, a := range d.Attempts {
		if a.Kind == ledger.Confirm && a.ID > last.ID {
			last, ok = a, true
		}
	}
	return last, ok
}

func left(d ledger.Dossier) bool {
	a, ok := confirmation(d)
	return ok && a.Parts[0].Accepted()
}

func TestANoticeIsConfirmedWhileItsTargetWaitsForARound(t *testing.T) {
	t.Parallel()
	c := newEUICC(t, 60)
	name := c.snapshot(swapFile)
	c.ok(c.engine.Cancel(t.Context(), "test", name, false))
	c.ok(c.engine.Retry(t.Context(), "test", name, soldered))
	c.becomes("the retry waits", func(d ledger.Dossier) bool { return d.Target.Cause == "the campaign is not running" })
	c.notice(euicc.ProfileChanged, 4, profileB, numberB)
	d := c.becomes("the notice is confirmed", left)
	if a, _ := confirmation(d); a.Parts[0].Submissions[0].Destination != numberB {
		t.Errorf("the confirmation went to %s", a.Parts[0].Submissions[0].Destination)
	}
	if !d.Target.ClaimedAt.IsZero() {
		t.Error("the target began although its campaign does not run")
	}
}

func TestTheConfirmationOfAClosedTargetGoesAgainAndIsGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	c := newEUICC(t, 1800) // two hours take four seconds
	name := c.snapshot(strings.Replace(swapFile, "switched: 1m", "switched: 2h", 1))
	c.ok(c.engine.Cancel(t.Context(), "test", name, false))
	c.notice(euicc.ProfileChanged, 4, profileB, numberB)
	a, _ := confirmation(c.becomes("the notice is confirmed", left))
	c.incoming(t.Context(), "aurora-1", numberB, "+5511900009999", 0x04,
		[]byte("id:"+a.Parts[0].Submissions[0].MessageID+" sub:001 dlvrd:000 submit date:2601010000 done date:2601010000 stat:UNDELIV err:001 text:"))
	d := c.becomes("the confirmation is given up", func(d ledger.Dossier) bool {
		a, _ := confirmation(d)
		return a.Outcome == ledger.Overdue && d.Target.DueAt.IsZero()
	})
	if a, _ = confirmation(d); len(a.Parts[0].Submissions) != 2 {
		t.Errorf("%d submissions, want the first and one after the receipt", len(a.Parts[0].Submissions))
	}
	if d.Target.State != "cancelled" || d.Target.ClosedAt.IsZero() {
		t.Errorf("the target is %s, closed %v", d.Target.State, d.Target.ClosedAt)
	}
	reads := slices.DeleteFunc(d.Attempts, func(a ledger.Attempt) bool { return a.Kind != ledger.Read })
	if len(reads) != 1 {
		t.Errorf("%d reads of a closed target, want that of its snapshot", len(reads))
	}
}

func TestANoticeIsConfirmedWhereItCameFrom(t *testing.T) {
	t.Parallel()
	const (
		bootstrap = "A0000005591010FFFFFFFF8900001200"
		unlisted  = "A0000005591010FFFFFFFF8900001300"
	)
	third := catalog.Subscription{Slot: 3, IMSI: "999430000090001", MSISDN: "+4670900001", Operator: "polar", ISDP: bootstrap}
	fourth := catalog.Subscription{Slot: 4, IMSI: "999430000090002", Operator: "polar", ISDP: unlisted}
	polar := catalog.Operator{
		Name: "polar", PLMNs: []string{"99943"}, Links: []string{"polar-1"}, SMSC: "+4670000001",
		SourceAddress: catalog.SourceAddress{Number: "+4679990000", TON: 1, NPI: 1},
	}
	for name, tt := range map[string]struct {
		file string
		isdp string
		from string
		want []string
	}{
		"the new number":              {swapFile, profileB, numberB, []string{"aurora " + numberB}},
		"a third profile's":           {swapFile, bootstrap, third.MSISDN, []string{"polar " + third.MSISDN}},
		"in a form nobody knows":      {swapFile, bootstrap, "0709000", []string{"polar " + third.MSISDN}},
		"of a profile without number": {swapFile, unlisted, "+4670900099", []string{"polar +4670900099"}},
		"known to nobody":             {swapFile, "A0000005591010FFFFFFFF8900001400", "+4670900099", []string{"nordvik " + numberA, "aurora " + numberB}},
		"a campaign without another":  {rfmFile, bootstrap, third.MSISDN, []string{"polar " + third.MSISDN}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newEUICC(t, 60, third, fourth)
			c.ok(c.db.PutOperator(t.Context(), "test", polar))
			c.snapshot(tt.file)
			c.notice(euicc.FellBack, 4, tt.isdp, tt.from)
			a, _ := confirmation(c.becomes("the notice is confirmed", left))
			var got []string
			for _, s := range a.Parts[0].Submissions {
				got = append(got, s.Operator+" "+s.Destination)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("it goes to %q, want %q", got, tt.want)
			}
		})
	}
}

func TestANoticeGoesToTheCampaignThatMovesTheCardNotToTheOneThatConfiguresItsDevice(t *testing.T) {
	t.Parallel()
	c := newEUICC(t, 60)
	c.homeAPNs()
	name := c.snapshot(swapFile)
	c.ok(c.engine.Cancel(t.Context(), "test", name, false))
	c.start("campaign: p1\nkind: provision\nselect: {all: true}\n")
	c.becomes("its device is being configured", func(d ledger.Dossier) bool { return d.Campaign.Kind == "provision" && len(d.Attempts) == 1 })
	c.notice(euicc.ProfileChanged, 4, profileB, numberB)
	targets, err := c.db.TargetsOfCard(t.Context(), c.id)
	c.ok(err)
	c.becomes("the campaign that moves the card confirms it", func(ledger.Dossier) bool {
		swapped, err := c.db.Dossier(t.Context(), targets[1].ID)
		c.ok(err)
		return left(swapped)
	})
}
