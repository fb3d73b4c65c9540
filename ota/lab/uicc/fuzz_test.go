package uicc

import (
	"bytes"
	"testing"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
)

// FuzzScripts runs any octets as a script in every kind of application: the card answers and never breaks.
func FuzzScripts(f *testing.F) {
	for i, s := range []string{
		selectIMSI + "00B0000009", "00A4000C026F39" + "8032000003000105" + "00" + "00A20104024142",
		"80E60C0000", "80F24002024F00", "80CA00E000", "8010000001" + "02",
		gp("E2", "88", "00", "3A0312"+tv("4F", isdp2)), gp("D8", "00", "81", "03"+"8810"),
		"00E0000014" + "621282024121" + "83026F99" + "8A0105" + "8B0101" + "80020004",
	} {
		f.Add(byte(i), unhex(f, s), false)
		f.Add(byte(i), unhex(f, expandedScript(immediateReset, s)), true)
	}
	p, err := Personality("euicc-sgp02")
	if err != nil {
		f.Fatal(err)
	}
	kinds := []Kind{KindRFM, KindRAM, KindISDR, KindMultiIMSI, KindRFM}
	f.Fuzz(func(t *testing.T, kind byte, data []byte, expanded bool) {
		c, err := New(Config{
			Profile: p, EID: eid, SMSR: smsr, ISDRKeysets: []ota.Keyset{keyset(t, 1, ota.AES128)},
			ISDPs: []ISDP{
				{AID: unhex(t, isdp1), Enabled: true, ICCID: "8988211000000467343", IMSI: imsi1, Keysets: []ota.Keyset{keyset(t, 1, ota.AES128)},
					KIKs: map[byte]Secret{1: bytes.Repeat([]byte{1}, 16)}},
				{AID: unhex(t, isdp2), ICCID: "8988211000000467343", IMSI: imsi2, FallBack: true},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		app := Application{Kind: kinds[int(kind)%len(kinds)], Format: script.Compact, Start: sat.ADFUSIM, Class: classUICC}
		if int(kind)%len(kinds) == 4 {
			app.Start, app.Class = sat.MF, classGSM
		}
		if expanded {
			app.Format = script.Expanded
		}
		c.active.slots = newSlots(identity{imsi: imsi1}, nil)
		j := &job{card: c, realm: c.active, app: &app, kvn: 1}
		out := j.script(data)
		if out.executed > 0 && len(out.answer) < 3 {
			t.Errorf("%d commands and an answer of %d octets", out.executed, len(out.answer))
		}
		if c.memory.used < 0 || c.memory.used > c.memory.size {
			t.Errorf("%d octets of %d are used", c.memory.used, c.memory.size)
		}
		c.Reset()
		c.Attached(imei, start)
	})
}
