package delivery_test

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
)

// FuzzJudge has a write and its fence open, and brings anything, as it comes
// or as the user data of a message from the card's number. Nothing that was
// not made with the card's keys may end an attempt.
func FuzzJudge(f *testing.F) {
	w, c, l := one(f)
	w.types["aes"] = typeWithTracking
	w.whole(c, l, w.write(c, newIMSI, 0))
	w.pass(5 * 60e9)
	w.drive(l, w.routes(c))
	ms := w.outN(1)
	w.accept(ms...)
	por := w.reach(c, ms...)[0]
	spoiled := slices.Clone(por)
	for i := range 16 { // too much for a fuzzer to undo
		spoiled[len(spoiled)-1-i] ^= byte(37*i + 90)
	}
	f.Add(spoiled, byte(0), true)
	f.Add(w.clear(c, ota.StatusSecurityError, 0), byte(0), true)
	f.Add(w.clear(c, ota.StatusOK, 41), byte(0), true)
	for _, ud := range []string{"027100" + "000D0AB0014100000000290000", "0003010201" + "7100", "05000301020170", "027000000E0D00000000B00FE0000000000000", "69643a31"} {
		b, err := hex.DecodeString(ud)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, byte(0x40), false)
	}
	f.Add([]byte("id:8337920 stat:DELIVRD err:000"), byte(0x04), false)
	f.Fuzz(func(t *testing.T, b []byte, esmClass byte, frame bool) {
		if !frame {
			b = deliverSM(c.number, server, esmClass, b[:min(len(b), 250)])
		}
		for _, link := range []string{"north", "south"} {
			op, err := w.desk.Judge(w.ctx, ledger.InboxRow{ID: 1 << 40, Link: link, IDScope: link[:1], ReceivedAt: w.now, PDU: b, State: ledger.InboxNew})
			if err != nil {
				t.Fatal(err)
			}
			if len(op.Conclusions) > 0 || op.ClearSuspect != 0 {
				t.Fatalf("%x settles %+v", b, op.Conclusions)
			}
			for _, e := range op.Evidence {
				if e.Body.Authenticated {
					t.Fatalf("%x counts as authenticated", b)
				}
			}
			if op.State == ledger.InboxWaiting && op.Key == "" {
				t.Fatal("it waits and does not say for what")
			}
		}
	})
}
