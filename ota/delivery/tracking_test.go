package delivery_test

import (
	"encoding/hex"
	"slices"
	"testing"
	"unicode/utf16"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/lab/uicc"
)

const textPattern = `^IMEI[=:](?P<imei>\d{14,16})(;IMSI=(?P<imsi>\d+))?(;ICCID=(?P<iccid>\d+F?))?$`

// ucs2 is a text in UCS2, big endian.
func ucs2(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return b
}

func TestATextOfATrackingAppletIsASignInClear(t *testing.T) {
	t.Parallel()
	const imei = "351234512345678"
	w, c, l := one(t, func(*uicc.Config) {})
	w.types["aes"] = catalog.CardType{Name: "aes", Tracking: &catalog.Tracking{Pattern: textPattern, Destination: server}}
	iccid := c.entry.Card.ICCID
	for i, text := range []string{
		"IMEI=" + imei, "IMEI:" + imei + ";IMSI=" + oldIMSI, "IMEI=" + imei + ";IMSI=" + newIMSI + ";ICCID=" + iccid, "IMEI=" + imei + ";IMSI=" + oldIMSI + ";ICCID=" + iccid + "F",
	} {
		w.receive("south", deliverSM(c.number, server, 0, []byte(text)))
		stored := w.dossier(l).Stored
		if len(stored) != i+1 {
			t.Fatalf("%s: %d rows of evidence", text, len(stored))
		}
		e := stored[i]
		want := []string{oldIMSI, oldIMSI, newIMSI, oldIMSI}[i]
		if e.Kind != ledger.EvPair || e.Body.IMEI != imei || e.Body.IMSI != want || e.Body.Source != "tracking applet, in clear" || e.Body.Authenticated {
			t.Errorf("%s: %+v", text, e)
		}
	}
	if !slices.Contains(w.woken, l.TargetID) {
		t.Error("the target is not woken")
	}
	pairs, err := w.Pairs(w.ctx, c.entry.Card.ID)
	w.must(err)
	if len(pairs) == 0 || pairs[0].Source != "tracking applet, in clear" {
		t.Errorf("pairs %+v", pairs)
	}
}

func TestATextThatFitsNoCardIsAnOrphan(t *testing.T) {
	t.Parallel()
	const imei = "351234512345678"
	w, c, l := one(t, func(*uicc.Config) {})
	w.types["aes"] = catalog.CardType{Name: "aes", Tracking: &catalog.Tracking{Pattern: textPattern, Destination: server}}
	pdus := [][]byte{
		deliverSM("+491599999", server, 0, []byte("IMEI="+imei)),                     // a stranger
		deliverSM(c.number, "+4711", 0, []byte("IMEI="+imei)),                        // to somebody else
		deliverSM(c.number, server, 0, []byte("hello")),                              // a text
		deliverSM(c.number, server, 0, []byte("IMEI="+imei+";IMSI=999999999999999")), // an identity of another card
		deliverSM(c.number, server, 0, []byte("IMEI="+imei+";ICCID=8900000000000000000")),
		deliverSM(c.number, server, 0, []byte("IMEI="+imei+"99")),
		deliverSM(c.number, server, 0, ucs2("IMEI="+imei)), // its data coding says that it is no UCS2
	}
	w.receive("south", pdus...)
	if n := w.counts()[ledger.InboxOrphan]; n != len(pdus) || len(w.dossier(l).Stored) != 0 {
		t.Errorf("%d orphans, evidence %+v", n, w.dossier(l).Stored)
	}
}

func TestFieldsOfATrackingPacketMayBeASCII(t *testing.T) {
	t.Parallel()
	w, c, l := one(t, func(*uicc.Config) {})
	w.types["aes"] = catalog.CardType{Name: "aes", Tracking: &catalog.Tracking{
		TAR: "b00fe0", IMEI: catalog.Field{Offset: 1, Length: 15, Coding: "ascii"}, IMSI: catalog.Field{Offset: 16, Length: 15, Coding: "ascii"},
	}}
	for i, data := range []string{"\x01351234512345678" + oldIMSI, "\x01351234512345x78" + oldIMSI, "\x01000000000000000" + oldIMSI} {
		cmd := ota.Command{TAR: ota.TAR{0xB0, 0x0F, 0xE0}, Data: []byte(data)}
		packet, err := cmd.Seal(ota.Keyset{}, ota.Options{AllowWeak: true})
		w.must(err)
		header, err := hex.DecodeString("027000")
		w.must(err)
		w.receive("south", deliverSM(c.number, server, 0x40, append(header, packet...)))
		if stored := w.dossier(l).Stored; len(stored) != 1 || stored[0].Body.IMEI != "351234512345678" {
			t.Fatalf("message %d: evidence %+v", i, stored)
		}
	}
}
