package uicc

import (
	"encoding/hex"
	"fmt"
	"os"
	"testing"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
	sgp02 "github.com/simota/simota/sat/euicc"
	"github.com/simota/simota/sat/ram"
)

// The card reads commands with code of its own. Here the server's own packages speak to it, so that a misreading on
// either side shows.

// speak runs a command in a script of its own and returns its data; the status word must be this one.
func (b *bench) speak(c sat.Command, err error, want sat.Status) []byte {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	apdu, err := c.AppendBinary(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := script.ParseResponse(script.Expanded, unhex(b.t, b.run(tarISD, expandedScript("", hex.EncodeToString(apdu)))))
	if err != nil || len(r.Results) != 1 {
		b.t.Fatalf("%v, %v", r, err)
	}
	check(b.t, c.String(), r.Results[0].Status, want)
	return r.Results[0].Data
}

func TestPlansOfPackageRAMRunOnTheCard(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../testdata/cap/hello.cap")
	if err != nil {
		t.Fatal(err)
	}
	c, err := ram.ParseCAP(raw)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := ram.NewPlan(c, ram.Options{
		Room: 232, Expanded: true,
		Parameters: ram.InstallParameters{NonVolatile: 64, UICC: &ram.UICCToolkit{Toolkit: ram.Toolkit{MinimumSPI1: 0x12, TARs: [][3]byte{{0xAF, 0x4D, 0x01}}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := ramCard(t)
	b.speak(plan.Cleanup.Command, nil, ram.StatusNotFound)
	for _, s := range plan.Steps {
		if _, err := ram.ParseReceipt(b.speak(s.Command, nil, swOK)); err != nil {
			t.Error(err)
		}
	}
	a := b.send("1639", ota.TAR(plan.TARs[0]), b.Counter(1)+1, "")
	check(t, "the applet answers", hex.EncodeToString(b.response(a, "1639").Data), "9000")

	cmd, err := ram.GetStatus{Scope: ram.Applications}.Command()
	entries, err2 := ram.ParseEntries(b.speak(cmd, err, swOK))
	if err2 != nil || len(entries) != 1 || entries[0].AID.String() != plan.Instance.String() {
		t.Errorf("entries %v, %v", entries, err2)
	}
	cmd, err = ram.GetStatus{Scope: ram.Modules}.Command()
	if entries, err2 = ram.ParseEntries(b.speak(cmd, err, swOK)); err2 != nil || len(entries) != 1 || len(entries[0].Modules) != 1 {
		t.Errorf("load files %v, %v", entries, err2)
	}
	cmd, err = ram.SetStatus{Scope: ram.Applications, State: ram.Lock, AID: plan.Instance}.Command()
	b.speak(cmd, err, swOK)
	cmd, err = ram.GetData{Tag: ram.DataMemory}.Command()
	memory, err2 := ram.ParseMemory(b.speak(cmd, err, swOK))
	check(t, "memory", memory.NonVolatile, uint32(standardMemory-plan.LoadFile-4-64))
	if err2 != nil {
		t.Error(err2)
	}
	b.speak(plan.Cleanup.Command, nil, swOK)
	check(t, "memory is free again", b.memory.used, 0)
}

func TestPutKeyOfPackageRAMIsUnderstood(t *testing.T) {
	t.Parallel()
	key := func(octet byte) ram.Key {
		raw := make([]byte, 16)
		for i := range raw {
			raw[i] = octet
		}
		k, err := ram.NewKey(ram.AES, raw)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for _, long := range []bool{false, true} {
		b := ramCard(t)
		p := ram.PutKey{
			Version: 3, FirstID: 1, Keys: []ram.Key{key(1), key(2), key(3)}, KIK: key(0x4B), Format: ram.KeyFormat{AESLength: long},
		}
		cmd, err := p.Command()
		if err := p.CheckAnswer(b.speak(cmd, err, swOK)); err != nil {
			t.Error(err)
		}
		cmd, err = ram.GetData{Tag: ram.DataKeys}.Command()
		keys, err2 := ram.ParseKeyInformation(b.speak(cmd, err, swOK))
		if err2 != nil || len(keys) != 3+2+3 {
			t.Errorf("%v, %v", keys, err2)
		}
		cmd, err = ram.DeleteKey{Version: 3}.Command()
		b.speak(cmd, err, swOK)
	}
}

// call calls a function of the ISD-R.
func (e *embedded) call(f sgp02.Function, want sat.Status) []byte {
	e.t.Helper()
	cmd, err := f.Command()
	if err != nil {
		e.t.Fatal(err)
	}
	apdu, err := cmd.AppendBinary(nil)
	if err != nil {
		e.t.Fatal(err)
	}
	got, _ := e.order(hex.EncodeToString(apdu))
	check(e.t, f.Name(), got[len(got)-4:], fmt.Sprintf("%04x", uint16(want)))
	return unhex(e.t, got[:len(got)-4])
}

func TestFunctionsOfPackageEUICCAreUnderstood(t *testing.T) {
	t.Parallel()
	e := newEUICC(t, func(c *Config) { c.ISDPs[0].POL1.DeleteOnDisable = true })
	made, err := sgp02.ISDP(0x40)
	if err != nil {
		t.Fatal(err)
	}
	e.call(sgp02.CreateISDP{ISDP: made, Memory: 1000}, swOK)
	e.call(sgp02.CreateISDP{ISDP: made}, swWrongData)
	e.call(sgp02.EnableProfile{ISDP: made}, swConditions)
	profiles, err := sgp02.ParseProfiles(e.call(sgp02.Audit(nil), swOK))
	if err != nil || len(profiles) != 4 || profiles[3].ISDP.String() != made.String() {
		t.Errorf("%v, %v", profiles, err)
	}
	if m, err := sgp02.ParseMemory(e.call(sgp02.GetMemory{}, swOK)); err != nil || m.Applications != 4 || m.FreeStorage != 262144-1000 {
		t.Errorf("%v, %v", m, err)
	}
	e.call(sgp02.DeleteProfile{ISDP: made}, swOK)
	e.call(sgp02.UpdateSMSRAddressingParameters{Number: "+33618512346"}, swOK)
	check(t, "address", e.SMSR(), "+33618512346")
	e.call(sgp02.SetFallBackAttribute{ISDP: unhex(t, isdp2)}, swOK)
	e.call(sgp02.DisableProfile{ISDP: unhex(t, isdp1)}, swOK)

	a := e.restart()
	cmd, err := ota.OpenCommand(a.Submit[0].UserData[3:], e.isdr, ota.Options{AllowWeak: true})
	if err != nil {
		t.Fatal(err)
	}
	n, err := sgp02.ParseNotice(cmd.Data)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "notice", []any{n.EID, n.Type, n.Sequence, n.ISDP.String(), n.IMEI14()}, []any{eid, sgp02.NoticeType(2), uint16(0), isdp2, imei[:14]})
	done, err := sgp02.ParseConfirmation(e.call(sgp02.HandleNotificationConfirmation{Sequence: n.Sequence}, swOK))
	if err != nil || len(done.Deleted) != 1 || done.Deleted[0].String() != isdp1 {
		t.Errorf("%v, %v", done, err)
	}
}
