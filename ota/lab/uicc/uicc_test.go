package uicc

import (
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/sms"
)

const (
	server     = "+4915112345678"
	oldIMSI    = "001010123456789"
	selectIMSI = "00A40004026F07"
	writeIMSI  = "00D6000009087942501012345678"
	newIMSI    = "724050121436587"
)

var (
	start       = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tarCompact  = ota.TAR{0xB0, 0x00, 0x11}
	tarExpanded = ota.TAR{0xB0, 0x01, 0x41}
)

// bench is a card and the other end of the line.
type bench struct {
	*Card
	t   testing.TB
	ks  ota.Keyset
	log []LogEntry
}

func keyset(t testing.TB, version byte, alg ota.Algorithm) ota.Keyset {
	t.Helper()
	raw := make([]byte, alg.KeyLength())
	for i := range raw {
		raw[i] = byte(i*7) ^ version<<4
	}
	kic, err := ota.NewKey(alg, raw)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(raw)
	kid, err := ota.NewKey(alg, raw)
	if err != nil {
		t.Fatal(err)
	}
	return ota.Keyset{Version: version, KIc: kic, KID: kid}
}

func insert(t testing.TB, p Profile, change ...func(*Config)) *bench {
	t.Helper()
	alg := p.Algorithm
	if alg == 0 {
		alg = ota.AES128
	}
	b := &bench{t: t, ks: keyset(t, 1, alg)}
	cfg := Config{
		Profile: p, ICCID: "8988211000000467343", IMSI: oldIMSI, MSISDN: "+33612345678", SMSC: "+33609001390",
		Keysets: []ota.Keyset{b.ks, keyset(t, 2, alg)},
		Log:     func(e LogEntry) { b.log = append(b.log, e) },
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.Card = c
	return b
}

func compactCard(t testing.TB, change ...func(*Config)) *bench {
	return insert(t, CompactTripleDES(), change...)
}

func expandedCard(t testing.TB, change ...func(*Config)) *bench {
	return insert(t, ExpandedAES(), change...)
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func spi(s string) ota.SPI {
	v, err := ota.ParseSPI(s)
	if err != nil {
		panic(err)
	}
	return v
}

// seal makes a packet as a server does.
func (b *bench) seal(s string, tar ota.TAR, counter uint64, data string) []byte {
	b.t.Helper()
	p, err := ota.NewCommand(spi(s), tar, b.ks, counter, unhex(b.t, data)).Seal(b.ks, ota.Options{AllowWeak: true})
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *bench) parts(packet []byte, ref byte) [][]byte {
	b.t.Helper()
	parts, err := sms.SplitPacket(sms.CommandPacket, packet, ref)
	if err != nil {
		b.t.Fatal(err)
	}
	return parts
}

func (b *bench) download(ud []byte) Answer { return b.Download(server, 0x7F, 0xF6, ud, start) }

// packet delivers a whole packet and returns the answer to its last part.
func (b *bench) packet(packet []byte) (a Answer) {
	b.t.Helper()
	for _, ud := range b.parts(packet, 7) {
		a = b.download(ud)
	}
	return a
}

func (b *bench) send(s string, tar ota.TAR, counter uint64, data string) Answer {
	b.t.Helper()
	return b.packet(b.seal(s, tar, counter, data))
}

// response opens the proof of receipt in an answer, wherever it is.
func (b *bench) response(a Answer, s string) ota.Response {
	b.t.Helper()
	uds := [][]byte{a.Report}
	if a.Report == nil {
		uds = nil
		for _, out := range a.Submit {
			uds = append(uds, out.UserData)
		}
	}
	var parts []sms.UserData
	for _, ud := range uds {
		u, err := sms.ParseUserData(ud)
		if err != nil {
			b.t.Fatal(err)
		}
		parts = append(parts, u)
	}
	packet, element, err := sms.Join(parts)
	if err != nil || element != sms.ResponsePacket {
		b.t.Fatalf("response: element %02X, %v", element, err)
	}
	r, err := ota.OpenResponse(packet, spi(s), b.ks, ota.Options{AllowWeak: true})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// run sends a script under the next counter and returns the answer to it.
func (b *bench) run(tar ota.TAR, data string) string {
	b.t.Helper()
	r := b.response(b.send("1639", tar, b.Counter(b.ks.Version)+1, data), "1639")
	if r.Status != ota.StatusOK || !r.Authenticated {
		b.t.Fatalf("status %s, authenticated %v", r.Status, r.Authenticated)
	}
	return hex.EncodeToString(r.Data)
}

func (b *bench) last() LogEntry {
	b.t.Helper()
	if len(b.log) == 0 {
		b.t.Fatal("nothing in the log")
	}
	return b.log[len(b.log)-1]
}

func silent(a Answer) bool { return a.Report == nil && a.Submit == nil }

func check[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestSwapMovesTheIdentityAndAnswersThroughTheNewServiceCentre(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	smsp := hex.EncodeToString(smsParameters("+5511987654321", 38))
	a := b.send("1639", tarCompact, 1, "00A40004026F42"+"00DC010426"+smsp+selectIMSI+writeIMSI)
	r := b.response(a, "1639")
	check(t, "response", r, ota.Response{
		TAR: tarCompact, Counter: 1, Data: []byte{0x04, 0x90, 0x00}, Authenticated: true,
	})
	check(t, "IMSI", b.IMSI(), newIMSI)
	check(t, "SMSC", b.SMSC(), "+5511987654321")
	if len(a.Submit) != 1 {
		t.Fatalf("%d messages, want 1", len(a.Submit))
	}
	out := a.Submit[0]
	out.UserData = nil
	check(t, "message", out, OutgoingSMS{Destination: server, SMSC: "+5511987654321", UDHI: true, PID: 0x7F, DCS: 0xF6})
	check(t, "refresh", a.Refresh, &Refresh{Qualifier: 4, After: 5 * time.Second})
	e := b.last()
	if len(e.Hash) != 64 {
		t.Errorf("hash %q", e.Hash)
	}
	e.Hash = ""
	check(t, "log", e, LogEntry{
		At: start, ICCID: "8988211000000467343", KVN: 1, TAR: "B00011", Counter: 1, Result: ResultExecuted,
		SW: "9000", Executed: 4, Writes: 2,
	})
}

func TestNewCardShowsItsIdentity(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	check(t, "ICCID", b.ICCID(), "8988211000000467343")
	check(t, "IMSI", b.IMSI(), oldIMSI)
	check(t, "SMSC", b.SMSC(), "+33609001390")
	for name, want := range map[string]string{
		"IMSI":        "080910101032547698",
		"7FFF/6F07":   "080910101032547698",
		"2FE2":        "988812010000407643f3",
		"LOCI":        "ffffffff00f1100000ff01",
		"PSLOCI":      "ffffffffffffff00f1100000ff01",
		"EPSLOCI":     "ffffffffffffffffffffffff00f110000001",
		"5GS3GPPLOCI": "ffffffffffffffffffffffffff00f11000000001",
		"ACC":         "0200",
		"AD":          "00000002",
		"Kc":          "ffffffffffffffff07",
	} {
		got, err := b.ReadFile(name)
		if err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%s: %x, %v; want %s", name, got, err, want)
		}
	}
	smsp, _ := b.ReadFile("SMSP")
	check(t, "SMSP", hex.EncodeToString(smsp[:38]),
		"ffffffffffffffffffff"+"fd"+"ffffffffffffffffffffffff"+"07913306091093f0ffffffff"+"ffffff")
	msisdn, _ := b.ReadFile("MSISDN")
	check(t, "MSISDN", hex.EncodeToString(msisdn[9:24]), "ff07913316325476f8ffffffffffff")
}

func TestThreeDigitNetworkCodesAreCoded(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.IMSI, c.MNCLength = "310410123456789", 3 })
	loci, _ := b.ReadFile("LOCI")
	check(t, "LOCI", hex.EncodeToString(loci[4:7]), "130014")
	ad, _ := b.ReadFile("AD")
	check(t, "AD", ad[3], byte(3))
}

func TestIMSIReadsBackAtEveryLength(t *testing.T) {
	t.Parallel()
	check(t, "coding", hex.EncodeToString(encodeIMSI("00101012345678")), "0801101010325476f8")
	for n := 6; n <= 15; n++ {
		imsi := oldIMSI[:n]
		check(t, "IMSI", decodeIMSI(encodeIMSI(imsi)), imsi)
	}
	for _, broken := range []string{"", "ffffffffffffffffff", "080910101032547f98", "090910101032547698", "080b10101032547698", "0809101010325476"} {
		check(t, broken, decodeIMSI(unhex(t, broken)), "")
	}
}

func TestWrongConfigurationsAreRefused(t *testing.T) {
	t.Parallel()
	good := func() Config {
		return Config{Profile: ExpandedAES(), ICCID: "8988211000000467343", IMSI: oldIMSI, Keysets: []ota.Keyset{keyset(t, 1, ota.AES128)}}
	}
	if _, err := New(good()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"ICCID":           func(c *Config) { c.ICCID = "123" },
		"IMSI":            func(c *Config) { c.IMSI = "00101x" },
		"MNC length":      func(c *Config) { c.MNCLength = 4 },
		"MSISDN":          func(c *Config) { c.MSISDN = "+33 1" },
		"SMSC":            func(c *Config) { c.SMSC = "+" },
		"key version":     func(c *Config) { c.Keysets[0].Version = 16 },
		"two of a kind":   func(c *Config) { c.Keysets = append(c.Keysets, c.Keysets[0]) },
		"algorithm":       func(c *Config) { c.Keysets = []ota.Keyset{keyset(t, 1, ota.TripleDES2)} },
		"counter":         func(c *Config) { c.Counters = map[byte]uint64{1: 1 << 40} },
		"unknown counter": func(c *Config) { c.Counters = map[byte]uint64{2: 1} },
		"TAR twice":       func(c *Config) { c.Applications = append(c.Applications, c.Applications[0]) },
		"format":          func(c *Config) { c.Applications[0].Format = "" },
		"start":           func(c *Config) { c.Applications[0].Start = 0x7F20 },
		"class":           func(c *Config) { c.Applications[0].Class = 0x80 },
		"updatable":       func(c *Config) { c.Applications[0].Updatable = []string{"NOPE"} },
		"refresh":         func(c *Config) { c.Refresh = "" },
		"replay":          func(c *Config) { c.Replay = "" },
		"parts":           func(c *Config) { c.BufferParts = 0 },
		"sets":            func(c *Config) { c.BufferSets = 0 },
		"response limit":  func(c *Config) { c.ResponseLimit = 15 },
		"absent twice":    func(c *Config) { c.Files = []File{{Name: "ACL", Absent: true}, {Name: "ACL", Absent: true}} },
		"too much data":   func(c *Config) { c.Files = []File{{Name: "IMSI", Data: make([]byte, 10)}} },
		"no size":         func(c *Config) { c.Files = []File{{Name: "7FFF/6FFE"}} },
		"directory":       func(c *Config) { c.Files = []File{{Name: "7FFF/5FC0", Absent: true}} },
		"odd path":        func(c *Config) { c.Files = []File{{Name: "6F7", Size: 1}} },
		"through a file":  func(c *Config) { c.Files = []File{{Name: "7FFF/6F07/6F08", Size: 1}} },
		"long record":     func(c *Config) { c.Files = []File{{Name: "SMSP", Size: 256}} },
		"tracking server": func(c *Config) { c.Tracking = &Tracking{Template: make([]byte, 20), IMSIAt: 8} },
		"tracking overlap": func(c *Config) {
			c.Tracking = &Tracking{Server: "1", Template: make([]byte, 20), IMSIAt: 7}
		},
		"tracking IMEI": func(c *Config) { c.Tracking = &Tracking{Server: "1", Template: make([]byte, 17), IMEIAt: 10} },
		"tracking long": func(c *Config) { c.Tracking = &Tracking{Server: "1", Template: make([]byte, 122), IMSIAt: 8} },
	} {
		cfg := good()
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestFilesDifferPerCard(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) {
		c.Files = []File{
			{Name: "ACL", Absent: true},
			{Name: "SMSP", Size: 28, Records: 1},
			{Name: "7FFF/6FFE", Size: 2, Records: 3, Data: []byte{1, 2, 3}},
			{Name: "FPLMN", Size: 15},
			{Name: "GSM/IMSI", Data: encodeIMSI("001011")},
		}
	})
	if _, err := b.ReadFile("ACL"); err == nil {
		t.Error("ACL is there")
	}
	check(t, "SMSC in the shorter record", b.SMSC(), "+33609001390")
	for name, want := range map[string]int{"SMSP": 28, "TELECOM/SMSP": 28, "7FFF/6FFE": 6, "GSM/FPLMN": 15} {
		got, err := b.ReadFile(name)
		if err != nil || len(got) != want {
			t.Errorf("%s has %d octets, %v; want %d", name, len(got), err, want)
		}
	}
	check(t, "answer", b.run(tarCompact, "00A40004026FFE"+"00B2020402"), "02900003ff")
	b.run(tarCompact, selectIMSI+writeIMSI)
	gsm, _ := b.ReadFile("GSM/IMSI")
	check(t, "separate 2G file", decodeIMSI(gsm), "001011")
}

func TestACardWithoutIdentityFilesStillAnswers(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) {
		c.Files = []File{{Name: "IMSI", Absent: true}, {Name: "SMSP", Absent: true}, {Name: "ICCID", Absent: true}}
		c.Tracking = &Tracking{Server: "1", Template: make([]byte, 17), IMSIAt: 8}
	})
	check(t, "answer", b.run(tarCompact, selectIMSI), "016a82")
	check(t, "IMSI, SMSC, ICCID", b.IMSI()+b.SMSC()+b.ICCID(), "")
	if _, ok := b.TrackingReport("354990075195838"); ok {
		t.Error("a report without an IMSI")
	}
	b = compactCard(t, func(c *Config) { c.SMSC = "" })
	check(t, "empty EF_SMSP", b.SMSC(), "")
}

func TestNumbersMayBeNational(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.SMSC, c.MSISDN = "611", "" })
	check(t, "SMSC", b.SMSC(), "611")
	msisdn, _ := b.ReadFile("MSISDN")
	check(t, "no MSISDN", msisdn, filled(48))
}

func TestFilesAndCountersSurviveAReset(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.Counters = map[byte]uint64{1: 40} })
	b.run(tarCompact, selectIMSI+writeIMSI)
	b.Reset()
	check(t, "IMSI", b.IMSI(), newIMSI)
	check(t, "counters", b.Counters(), map[byte]uint64{1: 41})
}

func TestThePhoneWritesFiles(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	if err := b.WriteFile("LOCI", []byte{1, 2}); err != nil {
		t.Fatal(err)
	}
	got, _ := b.ReadFile("GSM/LOCI")
	check(t, "shared LOCI", got[:3], []byte{1, 2, 0xFF})
	for name, data := range map[string][]byte{"ICCID": {1}, "NOPE": {1}, "AD": make([]byte, 5), "7FFF": {1}} {
		if err := b.WriteFile(name, data); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

func TestTrackingReportsANewPairOnce(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) {
		c.Tracking = &Tracking{TAR: ota.TAR{0xA1, 0xB2, 0xC3}, Server: "+4930", Template: unhex(t, "E1"+"0000000000000000"+"EE"+"000000000000000000"), IMEIAt: 1, IMSIAt: 10}
	})
	out, ok := b.TrackingReport("354990075195838")
	if !ok {
		t.Fatal("no report")
	}
	check(t, "user data", hex.EncodeToString(out.UserData),
		"027000"+"0021"+"0d"+"0000"+"00"+"00"+"a1b2c3"+"0000000000"+"00"+"e1"+"3a45990057918503"+"ee"+"080910101032547698")
	check(t, "SMSC", out.SMSC, "+33609001390")
	check(t, "destination", out.Destination, "+4930")
	for _, same := range []string{"354990075195838", "35499007519583", "3549900751958301"} {
		if _, ok := b.TrackingReport(same); ok {
			t.Errorf("%s is reported again", same)
		}
	}
	b.run(tarCompact, selectIMSI+writeIMSI)
	out, ok = b.TrackingReport("354990075195838")
	if !ok || !slices.Equal(out.UserData[len(out.UserData)-9:], encodeIMSI(newIMSI)) {
		t.Errorf("after a swap: %x, %v", out.UserData, ok)
	}
	if _, ok := b.TrackingReport("1234"); ok {
		t.Error("an IMEI of four digits is reported")
	}
	if _, ok := compactCard(t).TrackingReport("354990075195838"); ok {
		t.Error("a card without the applet reports")
	}
}
