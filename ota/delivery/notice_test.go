package delivery_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/vault"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/ota/sms"
)

const eid = "89049032000000000000000000000017"

var isdr, _ = hex.DecodeString("A0000005591010FFFFFFFF8900000100")

// notices reads notices of a form of our own: what they look like is not
// delivery's affair.
func notices() *delivery.Notices {
	return &delivery.Notices{Domain: isdr, Parse: func(b []byte) (n delivery.Notice, err error) {
		_, err = fmt.Sscanf(string(b), "%s %d %d %s %s", &n.EID, &n.Type, &n.Sequence, &n.ISDP, &n.IMEI)
		return n, err
	}}
}

const profileB = "A0000005591010FFFFFFFF8900001100"

// eUICC puts an eUICC into the inventory, with keys of its ISD-R.
func (w *world) eUICC(n int) (catalog.Entry, ota.Keyset) {
	w.t.Helper()
	iccid := fmt.Sprintf("894900000001%07d", n)
	ks := ota.Keyset{Version: 1, CCLength: 8}
	rec := catalog.Keyset{Version: 1, Domain: isdr, KIcAlg: "aes-128", KIDAlg: "aes-128", CCLength: 8, Counter: 10}
	var err error
	for _, k := range []struct {
		kind   string
		key    *ota.Key
		sealed *[]byte
	}{{"kic", &ks.KIc, &rec.SealedKIc}, {"kid", &ks.KID, &rec.SealedKID}} {
		raw := keyBytes(n, k.kind[2]^0x5A)
		*k.key, err = ota.NewKey(ota.AES128, raw)
		w.must(err)
		*k.sealed, rec.KEKID, err = w.keys.Seal(vault.AAD(iccid, isdr, 1, k.kind), raw)
		w.must(err)
	}
	_, err = w.Import(w.ctx, "test", []catalog.Entry{{
		Card: catalog.Card{ICCID: iccid, Type: "euicc", EID: eid},
		Subscriptions: []catalog.Subscription{
			{Slot: 1, IMSI: oldIMSI, MSISDN: "+4930001", Operator: "nordvik", ISDP: "A0000005591010FFFFFFFF8900001000"},
			{Slot: 2, IMSI: newIMSI, MSISDN: "+5511901", Operator: "aurora", ISDP: profileB},
		},
		Keysets: []catalog.Keyset{rec},
	}})
	w.must(err)
	e, err := w.Card(w.ctx, iccid)
	w.must(err)
	return e, ks
}

// notice is the deliver_sm of a notice, made with these keys: a checksum, no
// cipher, no counter.
func (w *world) notice(ks ota.Keyset, from, text string) []byte {
	w.t.Helper()
	cmd := ota.Command{SPI: ota.SPI{0x02, 0x00}, KIc: 0x10, KID: 0x12, TAR: ota.TAR{0, 0, 1}, Data: []byte(text)}
	packet, err := cmd.Seal(ks, ota.Options{AllowWeak: true})
	w.must(err)
	parts, err := sms.SplitPacket(sms.CommandPacket, packet, 1)
	w.must(err)
	return deliverSM(from, server, 0x40, parts[0])
}

func TestANoticeIsFoundByItsEIDWhateverNumberItComesFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e, ks := w.eUICC(1)
	l := w.start("one", &card{entry: e})
	w.receive("south", w.notice(ks, "+999000", eid+" 2 7 "+profileB+" 356938035643800"))
	d := w.dossier(l)
	if len(d.Stored) != 1 || d.Stored[0].Kind != ledger.EvNotice {
		t.Fatalf("evidence %+v", d.Stored)
	}
	b := d.Stored[0].Body
	if b.Notice != 2 || b.Sequence != 7 || b.ISDP != profileB || b.IMSI != newIMSI || !b.Authenticated || b.Repeat {
		t.Errorf("evidence says %+v", b)
	}
	if len(w.urgent) != 1 || w.urgent[0] != l.TargetID {
		t.Errorf("woken at once: %v, want the target", w.urgent)
	}
	again, err := w.Card(w.ctx, e.Card.ICCID)
	w.must(err)
	if again.Card.NextNotice != 8 {
		t.Errorf("next notice %d, want 8", again.Card.NextNotice)
	}
	pairs, err := w.Pairs(w.ctx, e.Card.ID)
	w.must(err)
	if len(pairs) != 1 || pairs[0].IMEI != "356938035643800" || pairs[0].IMSI != newIMSI {
		t.Errorf("pairs %+v", pairs)
	}
	w.receive("south", w.notice(ks, "+999000", eid+" 2 7 "+profileB+" 356938035643800"))
	if d = w.dossier(l); len(d.Stored) != 2 || !d.Stored[1].Body.Repeat {
		t.Errorf("the second of one number is no repeat: %+v", d.Stored)
	}
}

func TestANoticeGoesToTheTargetThatWorkedOnItsCardNotToOneThatNeverBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e, ks := w.eUICC(1)
	l := w.start("one", &card{entry: e})
	w.close(l)
	made := &ledger.CreateCampaign{Actor: "test", Campaign: ledger.Campaign{Name: "two", Kind: "swap", CreatedAt: w.now}}
	w.apply(made)
	w.apply(&ledger.AddTargets{CampaignID: made.ID, CardIDs: []int64{e.Card.ID}, Complete: true, At: w.now})
	w.receive("south", w.notice(ks, "+5511901", eid+" 5 7 "+profileB+" 356938035643800"))
	if n := len(w.dossier(l).Stored); n != 1 {
		t.Errorf("%d notices at the target that worked on the card, want 1", n)
	}
	if len(w.urgent) != 1 || w.urgent[0] != l.TargetID {
		t.Errorf("woken at once: %v, want the target that worked on the card", w.urgent)
	}
}

func TestAForgedNoticeIsAnOrphan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e, ks := w.eUICC(1)
	l := w.start("one", &card{entry: e})
	var err error
	forged := ks
	forged.KID, err = ota.NewKey(ota.AES128, keyBytes(9, 9))
	w.must(err)
	w.receive("south", w.notice(forged, "+4930001", eid+" 2 7 "+profileB+" 1"))
	w.receive("south", w.notice(ks, "+4930001", "89049032000000000000000000000025 2 7 "+profileB+" 1"))
	if n := w.counts()[ledger.InboxOrphan]; n != 2 || len(w.dossier(l).Stored) != 0 {
		t.Errorf("%d orphans, evidence %+v", n, w.dossier(l).Stored)
	}
}

func TestAConfirmationGoesOverAnOpenWriteAndBeforeAllElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e, _ := w.eUICC(1)
	c := &card{entry: e, number: "+4930001"}
	l := w.start("one", c)
	order := func(step int, kind ledger.AttemptKind) delivery.Order {
		o := w.order(c, step, kind, expanded("80E28800153A03124F10"+profileB))
		o.TAR = ota.TAR{0, 0, 1}
		return o
	}
	enable := order(101, ledger.Write)
	enable.Fence, enable.Expect = expanded("80F24002124F10"+profileB), []byte{1}
	w.send(l, enable)
	if err := w.trySend(l, order(201, ledger.Read)); !errors.Is(err, ledger.ErrOpenWrite) {
		t.Errorf("a read that is no fence over the open write: %v", err)
	}
	w.send(l, order(402, ledger.Confirm))
	w.pass(time.Second)
	ms := w.out()
	if len(ms) != 2 {
		t.Fatalf("%d messages left, want 2", len(ms))
	}
	if first := w.attempt(l, 2); ms[0].Submission != first.Parts[0].Submissions[0].ID {
		t.Error("the confirmation did not leave first")
	}
}
