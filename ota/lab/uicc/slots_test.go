package uicc

import (
	"encoding/hex"
	"testing"
	"time"
)

var tarSlots = [3]byte{0xA1, 0xB2, 0xC3}

// multi has two identities, and one more with a network code of three digits.
func multi(t *testing.T, change ...func(*Config)) *bench {
	t.Helper()
	p, err := Personality("multi-imsi")
	if err != nil {
		t.Fatal(err)
	}
	return insert(t, p, append([]func(*Config){func(c *Config) {
		c.Slots = []Slot{{IMSI: newIMSI, MSISDN: "+5511999", SMSC: "+5511987654321"}, {IMSI: "310410123456789", MNCLength: 3}}
	}}, change...)...)
}

func TestTheAppletChangesTheIdentity(t *testing.T) {
	t.Parallel()
	b := multi(t)
	check(t, "read", b.run(tarSlots, "8012000000"), "01"+"9000"+"01"+"080910101032547698")
	a := b.send("1639", tarSlots, b.Counter(1)+1, "8010000001"+"02")
	check(t, "answer", hex.EncodeToString(b.response(a, "1639").Data), "01"+"9000")
	check(t, "refresh", a.Refresh, &Refresh{Qualifier: 4, After: 5 * time.Second})
	check(t, "identity", []string{b.IMSI(), b.MSISDN(), b.SMSC(), b.ICCID()}, []string{newIMSI, "+5511999", "+5511987654321", "8988211000000467343"})
	check(t, "read", b.run(tarSlots, "8012000000"), "01"+"9000"+"02"+"087942501012345678")
	gsm, _ := b.ReadFile("GSM/IMSI")
	check(t, "2G", decodeIMSI(gsm), newIMSI)
	b.run(tarSlots, "8010000001"+"03")
	for name, want := range map[string]string{"LOCI": "ffffffff1300140000ff01", "AD": "00000003", "ACC": "0200", "Keys": "07"} {
		got, _ := b.ReadFile(name)
		check(t, name, hex.EncodeToString(got)[:len(want)], want)
	}
	check(t, "no SMSC", b.SMSC(), "")
}

func TestTheAppletRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := multi(t)
	for _, c := range [][2]string{
		{"8010000001" + "00", "016a80"}, {"8010000001" + "04", "016a80"}, {"8010000002" + "0101", "016700"}, {"8010000000", "016700"},
		{"8010010001" + "01", "016a86"}, {"0010000001" + "01", "016e00"}, {"8014000001" + "01", "016d00"}, {"8010000001" + "0200", "016700"},
	} {
		check(t, c[0], b.run(tarSlots, c[0]), c[1])
	}
	check(t, "IMSI", b.IMSI(), oldIMSI)
}

func TestTheAppletsOctetsAreThoseOfThePersonality(t *testing.T) {
	t.Parallel()
	b := multi(t, func(c *Config) { c.MultiIMSI = MultiIMSI{Select: 0x70, Read: 0x72, Qualifier: 0x01} })
	a := b.send("1639", tarSlots, 1, "8070000001"+"02")
	check(t, "refresh", a.Refresh, &Refresh{Qualifier: 1, Files: []string{imsiPath}, After: 5 * time.Second})
	check(t, "read", b.run(tarSlots, "8072000001"), "01"+"9000"+"02")
	check(t, "others", b.run(tarSlots, "8010000001"+"01"), "016d00")
}

func TestTheAppletGoesBackWithoutService(t *testing.T) {
	t.Parallel()
	b := multi(t)
	check(t, "nothing changed", b.Due(), time.Time{})
	b.run(tarSlots, "8010000001"+"02")
	check(t, "due", b.Due(), start.Add(30*time.Minute))
	check(t, "attached", b.Attached("", start.Add(time.Minute)), Answer{})
	check(t, "with service it stays", b.Due(), time.Time{})
	lost := start.Add(time.Hour)
	b.ServiceLost(lost)
	check(t, "before it is due", b.Tick(lost.Add(29*time.Minute)), Answer{})
	check(t, "refresh", b.Tick(lost.Add(30*time.Minute)), Answer{Refresh: &Refresh{Qualifier: 4}})
	check(t, "identity", b.IMSI(), oldIMSI)
	check(t, "life", b.Life(), Life{Slot: 1, Undone: 1})
	b.ServiceLost(lost.Add(time.Hour))
	check(t, "once", b.Due(), time.Time{})
}

func TestTheAppletMayGoBackInSpiteOfService(t *testing.T) {
	t.Parallel()
	b := multi(t, func(c *Config) { c.MultiIMSI.WithService, c.MultiIMSI.WithoutService = 24*time.Hour, 0 })
	b.run(tarSlots, "8010000001"+"02")
	check(t, "no service yet", b.Due(), time.Time{})
	b.Attached("", start)
	check(t, "due", b.Due(), start.Add(24*time.Hour))
	check(t, "refresh", b.Tick(b.Due()).Refresh, &Refresh{Qualifier: 4})
	check(t, "identity", b.IMSI(), oldIMSI)
}

func TestAPlainCardHasNoEvents(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	b.ServiceLost(start)
	b.Sent(false, start)
	check(t, "attached", b.Attached("354990075195838", start), Answer{})
	check(t, "tick", b.Tick(start.Add(time.Hour)), Answer{})
	check(t, "due", b.Due(), time.Time{})
	check(t, "eUICC", []any{b.EID(), b.SMSR(), len(b.ISDPs()), len(b.ISDRCounters())}, []any{"", "", 0, 0})
	check(t, "MSISDN", b.MSISDN(), "+33612345678")
}

func TestSlotsMustBeIdentities(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Profile: ExpandedAES(), ICCID: "8988211000000467343", IMSI: oldIMSI, Slots: []Slot{{IMSI: "1"}}})
	if err == nil {
		t.Error("an IMSI of one digit is taken")
	}
}
