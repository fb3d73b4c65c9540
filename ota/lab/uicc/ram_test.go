package uicc

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
)

const (
	pkgAID    = "D07002CA44"
	moduleAID = "D07002CA44900101"
	appAID    = "D07002CA44900101AA"
	tarApplet = "AF4D01"
	// toolkit are UICC toolkit parameters for one channel, MSL 12, TAR AF4D01.
	toolkit = "C900" + "EA0F" + "800D" + "00000000" + "01" + "020112" + "03" + tarApplet + "00"
)

var tarISD = ota.TAR{0, 0, 0}

func lv(s string) string { return fmt.Sprintf("%02X%s", len(s)/2, s) }

func tv(tag, value string) string { return tag + length(len(value)/2) + value }

func gp(ins, p1, p2, data string) string { return "80" + ins + p1 + p2 + lv(data) }

// loadFileOctets is a load file with every component that must be there; the applet component names modules.
func loadFileOctets(pkg string, modules ...string) string {
	part := func(tag byte, content string) string {
		return fmt.Sprintf("%02X%04X%s", tag, len(content)/2, content)
	}
	flags, applets := "00", ""
	for _, m := range modules {
		flags, applets = "04", applets+lv(m)+"0020"
	}
	s := part(1, "DECAFFED"+"0102"+flags+"0001"+lv(pkg)) + part(2, "00") + part(4, "00")
	if applets != "" {
		s += part(3, fmt.Sprintf("%02X", len(modules))+applets)
	}
	return s + part(6, "00") + part(7, strings.Repeat("00", 300)) + part(8, "00") + part(5, "00") + part(9, "00")
}

// blocks are the LOAD commands for a load file.
func blocks(file string, size int) []string {
	b := tv("C4", file)
	var cmds []string
	for n := 0; len(b) > 0; n++ {
		cut := min(len(b), 2*size)
		p1 := "00"
		if cut == len(b) {
			p1 = "80"
		}
		cmds = append(cmds, gp("E8", p1, fmt.Sprintf("%02X", n), b[:cut]))
		b = b[cut:]
	}
	return cmds
}

func forLoadOf(pkg, parameters string) string {
	return gp("E6", "02", "00", lv(pkg)+"00"+"00"+lv(parameters)+"00")
}

func forInstallOf(p1, module, app, parameters string) string {
	return gp("E6", p1, "00", lv(pkgAID)+lv(module)+lv(app)+"0100"+lv(parameters)+"00")
}

// ramCard has a security domain on TAR 000000.
func ramCard(t testing.TB, change ...func(*Config)) *bench {
	return expandedCard(t, append([]func(*Config){func(c *Config) {
		c.Applications = append(slices.Clone(c.Applications), Application{TAR: tarISD, Kind: KindRAM, Format: AutoFormat, MSL: 0x16})
		c.KIKs = map[byte]Secret{1: bytes.Repeat([]byte{0x4B}, 16)}
	}}, change...)...)
}

// ram runs commands in one script and returns data and status word of each.
func (b *bench) ram(cmds ...string) []string {
	b.t.Helper()
	r, err := script.ParseResponse(script.Expanded, unhex(b.t, b.run(tarISD, expandedScript("", cmds...))))
	if err != nil {
		b.t.Fatal(err)
	}
	var all []string
	for _, one := range r.Results {
		all = append(all, hex.EncodeToString(one.Data)+fmt.Sprintf("%04x", uint16(one.Status)))
	}
	return all
}

func (b *bench) one(cmd, want string) {
	b.t.Helper()
	check(b.t, cmd, b.ram(cmd), []string{want})
}

// install loads the package and installs the applet.
func (b *bench) install(parameters string) {
	b.t.Helper()
	b.one(forLoadOf(pkgAID, ""), "009000")
	for _, cmd := range blocks(loadFileOctets(pkgAID, moduleAID), 200) {
		b.one(cmd, "009000")
	}
	b.one(forInstallOf("0C", moduleAID, appAID, parameters), "009000")
}

func TestAnAppletIsLoadedInstalledAndAnswers(t *testing.T) {
	t.Parallel()
	b := ramCard(t)
	tar := ota.TAR{0xAF, 0x4D, 0x01}
	unknown := func() ota.Status { return b.response(b.send("1239", tar, b.Counter(1)+1, "0102"), "1239").Status }
	check(t, "before", unknown(), ota.StatusTARUnknown)
	b.install(toolkit)
	a := b.send("1239", tar, b.Counter(1)+1, "DEADBEEF")
	check(t, "answer", hex.EncodeToString(b.response(a, "1239").Data), "9000")
	check(t, "below its level", b.response(b.send("0439", tar, b.Counter(1)+1, ""), "0439").Status, ota.StatusInsufficientSecurity)
	b.one(gp("F0", "40", "80", appAID), "9000")
	check(t, "locked", unknown(), ota.StatusTARUnknown)
	b.one(gp("F0", "40", "00", appAID), "9000")
	check(t, "unlocked", unknown(), ota.StatusOK)
	b.one(gp("E4", "00", "00", tv("4F", appAID)), "009000")
	check(t, "deleted", unknown(), ota.StatusTARUnknown)
}

func TestCompactScriptsManageApplicationsToo(t *testing.T) {
	t.Parallel()
	b := ramCard(t)
	check(t, "install", b.run(tarISD, forLoadOf(pkgAID, "")), "01"+"9000"+"00")
	check(t, "data of the last", b.run(tarISD, "80CA00E000"), "01"+"9000"+"e01e"+"c00401018810"+"c00402018810"+"c00403018810"+"c00401028810"+"c00402028810")
	check(t, "failure", b.run(tarISD, gp("E4", "00", "00", tv("4F", pkgAID))+"80CA00E000"), "01"+"6a88")
	check(t, "class", b.run(tarISD, "00CA00E000"), "01"+"6e00")
	check(t, "instruction", b.run(tarISD, "8020000000"), "01"+"6d00")
}

func TestBlocksComeInOrder(t *testing.T) {
	t.Parallel()
	cmds := blocks(loadFileOctets(pkgAID, moduleAID), 200)
	announce := forLoadOf(pkgAID, "")
	b := ramCard(t)
	b.one(cmds[0], "6985") // not announced
	b.one(announce, "009000")
	b.one(cmds[0], "009000")
	b.one(cmds[0], "6a86") // again
	b.one(cmds[1], "6985") // the load has ended
	b.one(announce, "009000")
	b.one(cmds[0], "009000")
	b.one(gp("F2", "20", "02", "4F00"), "6a88") // something between ends it, and there is no package
	b.one(cmds[1], "6985")
	b.one(announce, "009000")
	b.one(cmds[0], "009000")
	b.Reset()
	b.one(cmds[1], "6985")
	check(t, "memory is free again", b.memory.used, 0)
}

func TestLoadFilesAreChecked(t *testing.T) {
	t.Parallel()
	good := loadFileOctets(pkgAID, moduleAID)
	for name, c := range map[string]struct{ file, want string }{
		"good":              {tv("C4", good), "009000"},
		"library":           {tv("C4", loadFileOctets(pkgAID)), "009000"},
		"with DAP":          {tv("E2", "4F05"+pkgAID+"C30101") + tv("C4", good), "009000"},
		"another package":   {tv("C4", loadFileOctets("D07002CA45", moduleAID)), "6a80"},
		"magic":             {tv("C4", strings.Replace(good, "DECAFFED", "DECAFFEE", 1)), "6a80"},
		"no C4":             {good, "6a80"},
		"component missing": {tv("C4", strings.Replace(good, "02000100", "", 1)), "6a80"},
		"component cut":     {tv("C4", good[:len(good)-2]), "6a80"},
		"octets behind":     {tv("C4", good+"00"), "6a80"},
		"order":             {tv("C4", "02000100"+strings.Replace(good, "02000100", "", 1)), "6a80"},
		"applet missing":    {tv("C4", strings.Replace(loadFileOctets(pkgAID), "010200", "010204", 1)), "6a80"},
		"module too short":  {tv("C4", loadFileOctets(pkgAID, "D070")), "6a80"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := ramCard(t)
			b.one(forLoadOf(pkgAID, ""), "009000")
			first := c.file[:min(len(c.file), 400)]
			if rest := c.file[len(first):]; rest != "" {
				b.one(gp("E8", "00", "00", first), "009000")
				b.one(gp("E8", "80", "01", rest), c.want)
			} else {
				b.one(gp("E8", "80", "00", first), c.want)
			}
			used := 0
			if c.want == "009000" {
				used = len(c.file) / 2
			}
			check(t, "memory", b.memory.used, used)
		})
	}
}

func TestMemoryIsLimited(t *testing.T) {
	t.Parallel()
	b := ramCard(t, func(c *Config) { c.Memory = 500 })
	b.one(forLoadOf(pkgAID, "EF04"+"C60201F5"), "6a84") // 501 octets of code
	b.one(forLoadOf(pkgAID, "EF08"+"C602000A"+"C702FFFF"), "009000")
	cmds := blocks(loadFileOctets(pkgAID, moduleAID), 200)
	for _, cmd := range cmds {
		b.one(cmd, "009000")
	}
	free := 500 - b.memory.used
	b.one("80CAFF2100", "ff210d"+"810100"+"8204"+fmt.Sprintf("%08x", free)+"83020800"+"9000")
	b.one(forInstallOf("0C", moduleAID, appAID, "C900"+"EF04"+"C802"+fmt.Sprintf("%04X", free+1)), "6a84")
	b.one(forInstallOf("0C", moduleAID, appAID, "C900"+"EF04"+"C802"+fmt.Sprintf("%04X", free)), "009000")
	b.one(forLoadOf("D07002CA45", ""), "009000")
	b.one(cmds[0], "6a84")
	b.one(gp("E4", "00", "80", tv("4F", pkgAID)), "009000")
	check(t, "memory is free again", b.memory.used, 0)
}

func TestInstallationIsRefusedForWhatIsWrong(t *testing.T) {
	t.Parallel()
	sim := func(ca string) string { return "C900" + tv("EF", "C8020000"+"C7020000"+tv("CA", ca)) }
	for name, c := range map[string]struct{ parameters, want string }{
		"applet's own":           {"C9020102", "009000"},
		"nothing":                {"", "6a80"},
		"C9 missing":             {"EF04C8020000", "6a80"},
		"SIM toolkit":            {sim("0000000000000000"), "009000"},
		"access domain":          {sim("010000000000000000"), "009000"},
		"menu, no TAR":           {sim("0100" + "01001505" + strings.Repeat("00", 12)), "009000"},
		"cut":                    {sim("00000000"), "6a80"},
		"both toolkits":          {sim("0000000000000000") + toolkit[4:], "6a80"},
		"two EF, first counts":   {"C900" + "EF04C8020010" + "EF04C802FFFF", "009000"},
		"administrative access":  {"C900" + "EA06" + "820400010000", "6a80"},
		"file access":            {"C900" + "EA06" + "810400010000", "009000"},
		"quota of three octets":  {"C900" + "EF05C803000010", "6a80"},
		"TAR of two octets":      {"C900" + "EA0E" + "800C" + "00000000" + "01" + "020112" + "02" + "AF4D" + "00", "6a80"},
		"level of three":         {"C900" + "EA10" + "800E" + "00000000" + "01" + "03011200" + "03" + tarApplet + "00", "6a80"},
		"unknown object":         {"C900" + "C100", "6a80"},
		"TAR of another (RFM)":   {strings.Replace(toolkit, tarApplet, "B00011", 1), "6a80"},
		"TAR of another (RAM)":   {strings.Replace(toolkit, tarApplet, "000000", 1), "6a80"},
		"TAR of a locked applet": {toolkit, "6a80"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := ramCard(t)
			b.install(map[bool]string{true: toolkit, false: "C900"}[strings.Contains(name, "locked")])
			b.one(gp("F0", "40", "80", appAID), "9000")
			b.one(forInstallOf("0C", moduleAID, "D07002CA44900101BB", c.parameters), c.want)
		})
	}
	b := ramCard(t)
	b.install("C900")
	b.one(forInstallOf("0C", moduleAID, appAID, "C900"), "6a80") // again
	b.one(forInstallOf("0C", "D07002CA44900109", "D07002CA44900101BB", "C900"), "6a88")
	b.one(forInstallOf("44", moduleAID, appAID, "C900"), "6a86")
	b.one(gp("E6", "0C", "00", lv(pkgAID)), "6a80")
}

func TestTheTARMayStandInTheAID(t *testing.T) {
	t.Parallel()
	b := ramCard(t)
	b.install("C900")
	const aid = "A000000087100200000000001234560A"
	b.one(forInstallOf("0C", moduleAID, aid, "C900"+tv("EF", tv("CA", "0000000000000000"))), "009000")
	a := b.send("1639", ota.TAR{0x12, 0x34, 0x56}, b.Counter(1)+1, "")
	check(t, "answer", hex.EncodeToString(b.response(a, "1639").Data), "9000")
}

func TestMakeSelectableExtraditionAndPersonalization(t *testing.T) {
	t.Parallel()
	b := ramCard(t, func(c *Config) {
		c.Packages = []Package{{AID: unhex(t, "A0000001515350"), Modules: nil}}
	})
	b.install("C900")
	const second = "D07002CA44900101BB"
	b.one(forInstallOf("04", moduleAID, second, toolkit), "009000")
	tar := ota.TAR{0xAF, 0x4D, 0x01}
	check(t, "not selectable", b.response(b.send("1639", tar, b.Counter(1)+1, ""), "1639").Status, ota.StatusTARUnknown)
	selectable := gp("E6", "08", "00", "0000"+lv(second)+"0100"+"0000")
	b.one(selectable, "009000")
	b.one(selectable, "6985")
	check(t, "selectable", b.response(b.send("1639", tar, b.Counter(1)+1, ""), "1639").Status, ota.StatusOK)

	extradite := func(to string) string { return gp("E6", "10", "00", lv(to)+"00"+lv(second)+"000000") }
	b.one(extradite(appAID), "6a88") // no security domain
	const ssd = "D07002CA44900101CC"
	b.one(gp("E6", "0C", "00", lv(pkgAID)+lv(moduleAID)+lv(ssd)+"0180"+lv("C900")+"00"), "009000")
	b.one(extradite(ssd), "009000")
	b.one(gp("F2", "40", "02", tv("4F", second)+"5C024FCC"), "e316"+"4f09"+strings.ToLower(second)+"cc09"+strings.ToLower(ssd)+"9000")
	b.one(gp("E4", "00", "00", tv("4F", ssd)), "6985") // something belongs to it
	b.one(extradite(""), "009000")
	b.one(gp("E4", "00", "00", tv("4F", ssd)), "009000")

	personal := gp("E6", "20", "00", "0000"+lv(second)+"000000")
	b.one("80E2800002ABCD", "6985")
	check(t, "store data", b.ram(personal, "80E2000002ABCD", "80E280010112", "80E2800001FF"), []string{"009000", "9000", "9000", "6985"})
	check(t, "stored", b.active.domain.instance(unhex(t, second)).stored, []byte{0xAB, 0xCD, 0x12})
	b.one(gp("E6", "20", "00", "0000"+lv("D07002CA44900101DD")+"000000"), "6a88")
}

func TestDeletionIsRefusedWhileSomethingDependsOnIt(t *testing.T) {
	t.Parallel()
	b := ramCard(t)
	b.install(toolkit)
	b.one(gp("E4", "00", "00", tv("4F", pkgAID)), "6985")
	b.one(gp("E4", "00", "00", tv("4F", "A000000151000000")), "6985")
	b.one(gp("E4", "00", "00", tv("4F", "D07002CA46")), "6a88")
	b.one(gp("E4", "00", "40", tv("4F", pkgAID)), "6a86")
	b.one(gp("E4", "00", "80", tv("4F", pkgAID)), "009000")
	b.one(gp("F2", "40", "02", "4F00"), "6a88")
}

func TestTheSecurityDomainRefusesWhatItDoesNotHave(t *testing.T) {
	t.Parallel()
	b := ramCard(t)
	for cmd, want := range map[string]string{
		gp("F0", "40", "80", appAID):                         "6a88",
		gp("F0", "60", "80", appAID):                         "6a86",
		gp("F0", "40", "80", "A000000151000000"):             "6985",
		"80CA006600":                                         "6a88",
		"80CA00E0":                                           "6700",
		gp("E6", "02", "00", lv(pkgAID)):                     "6a80",
		gp("E6", "02", "01", lv(pkgAID)+"00000000"):          "6a86",
		gp("E6", "02", "00", lv(pkgAID)+lv(appAID)+"000000"): "6a88",
		forLoadOf(pkgAID, "EF05C603000010"):                  "6a80",
		forLoadOf(pkgAID, "C600"):                            "6a80",
		gp("E4", "00", "00", "5F05"+pkgAID):                  "6a80",
		gp("E6", "40", "00", "0000"+lv(appAID)+"000000"):     "6a86",
	} {
		b.one(cmd, want)
	}
}

func TestStatusIsListedInParts(t *testing.T) {
	t.Parallel()
	b := ramCard(t)
	b.install("C900")
	b.one(gp("F2", "80", "02", "4F00"), "e313"+"4f08a000000151000000"+"9f70010f"+"c5039efe80"+"9000")
	b.one(gp("F2", "10", "02", "4F00"), "e323"+"4f05d07002ca44"+"9f700101"+"ce020100"+"8408d07002ca44900101"+"cc08a000000151000000"+"9000")
	b.one(gp("F2", "20", "02", tv("4F", pkgAID)+"5C039F70CE"), "e308"+"9f700101"+"ce020100"+"9000")
	for i := range 11 {
		b.one(forInstallOf("0C", moduleAID, appAID+fmt.Sprintf("%02X", i), "C900"), "009000")
	}
	const more, begin = "80F24003024F00", "80F24002024F00"
	first := b.ram(begin)[0]
	check(t, "more to come", first[len(first)-4:], "6310")
	b.run(tarISD, expandedScript("", "80CA00E000")) // in a packet between
	second := b.ram(more)[0]
	rest := b.ram(more)[0]
	check(t, "the end", rest[len(rest)-4:], "9000")
	check(t, "all", strings.Count(first+second+rest, "4f09d07002ca44900101aa")+strings.Count(first+second+rest, "4f0ad07002ca44900101aa"), 12)
	b.one(more, "6985")
	check(t, "one script", len(b.ram(begin, more, more)), 3)
	b.ram(begin)
	b.Reset()
	b.one(more, "6985")
	b.one(gp("F2", "41", "02", "4F00"), "6a86")
	b.one(gp("F2", "40", "40", "4F00"), "6a86")
	b.one(gp("F2", "40", "02", ""), "6a80")
	b.one(gp("F2", "40", "02", "4F00"+"5C019F"), "6a80")
}

// sealedKey is a key of PUT KEY: type, value enciphered with AES and padded, check value.
func sealedKey(t *testing.T, kik []byte, key string, inner bool, kcv string) string {
	t.Helper()
	raw := unhex(t, key)
	for len(raw)%16 != 0 {
		raw = append(raw, 0)
	}
	c, err := aes.NewCipher(kik)
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCBCEncrypter(c, make([]byte, 16)).CryptBlocks(raw, raw)
	value := hex.EncodeToString(raw)
	if inner {
		value = fmt.Sprintf("%02X", len(key)/2) + value
	}
	return "88" + lv(value) + lv(kcv)
}

func aesKCV(t *testing.T, key string) string {
	t.Helper()
	k, err := ota.NewKey(map[int]ota.Algorithm{16: ota.AES128, 24: ota.AES192, 32: ota.AES256}[len(key)/2], unhex(t, key))
	if err != nil {
		t.Fatal(err)
	}
	return k.CheckValue()
}

func TestPutKeyAddsAndReplacesKeySets(t *testing.T) {
	t.Parallel()
	kik := bytes.Repeat([]byte{0x4B}, 16)
	keys := []string{strings.Repeat("11", 16), strings.Repeat("22", 16), strings.Repeat("33", 16)}
	data := func(kvn string, inner bool) string {
		s := kvn
		for _, k := range keys {
			s += sealedKey(t, kik, k, inner, aesKCV(t, k))
		}
		return s
	}
	b := ramCard(t)
	answer := func(kvn string) string {
		return strings.ToLower(kvn + aesKCV(t, keys[0]) + aesKCV(t, keys[1]) + aesKCV(t, keys[2]) + "9000")
	}
	b.one(gp("D8", "00", "81", data("03", false)), answer("03"))
	b.one(gp("D8", "00", "81", data("03", false)), "6985") // it is there already
	b.one(gp("D8", "09", "81", data("09", false)), "6a88")
	b.one(gp("D8", "02", "81", data("02", true)), answer("02"))
	old := b.ks
	use := func(kvn byte) {
		raw := [2]ota.Key{}
		for i := range raw {
			k, err := ota.NewKey(ota.AES128, unhex(t, keys[i]))
			if err != nil {
				t.Fatal(err)
			}
			raw[i] = k
		}
		b.ks = ota.Keyset{Version: kvn, KIc: raw[0], KID: raw[1]}
	}
	for _, kvn := range []byte{2, 3} {
		use(kvn)
		check(t, "counter begins at 0", b.Counter(kvn), uint64(0))
		check(t, "new keys", b.run(tarCompact, readIMSI), "029000080910101032547698")
	}
	// The new set has a KIK: it can replace the first set.
	kik = unhex(t, keys[2])
	b.one(gp("D8", "01", "81", data("01", false)), answer("01"))
	b.ks = old
	check(t, "old keys", b.response(b.send("1639", tarCompact, 99, readIMSI), "1639").Status, ota.StatusCheckFailed)
	use(1)
	check(t, "counter", b.Counter(1), uint64(0))
	b.run(tarCompact, readIMSI)
}

func TestPutKeyIsRefusedForWhatIsWrong(t *testing.T) {
	t.Parallel()
	kik, key := bytes.Repeat([]byte{0x4B}, 16), strings.Repeat("11", 16)
	good := sealedKey(t, kik, key, false, aesKCV(t, key))
	for name, c := range map[string]struct{ p2, data, want string }{
		"one key":             {"01", "03" + good, strings.ToLower("03"+aesKCV(t, key)) + "9000"},
		"without check value": {"01", "03" + sealedKey(t, kik, key, false, ""), strings.ToLower("03"+aesKCV(t, key)) + "9000"},
		"check value":         {"01", "03" + sealedKey(t, kik, key, false, "000000"), "9485"},
		"two, one announced":  {"01", "03" + good + good, "6a80"},
		"four":                {"81", "03" + good + good + good + good, "6a80"},
		"none":                {"81", "03", "6a80"},
		"cut":                 {"81", "03" + good[:20], "6a80"},
		"no block":            {"81", "03" + "88" + "08" + "1122334455667788" + "00", "6a80"},
		"type":                {"81", "03" + "85" + good[2:], "9484"},
		"key version":         {"81", "10" + good, "6a80"},
		"key identifier":      {"84", "03" + good, "6a86"},
		"nothing":             {"81", "", "6700"},
	} {
		b := ramCard(t)
		check(t, name, b.ram(gp("D8", "00", c.p2, c.data)), []string{c.want})
	}
	b := ramCard(t, func(c *Config) { c.KIKs = nil })
	b.one(gp("D8", "00", "01", "03"+good), "6985")
	b = ramCard(t, func(c *Config) { c.PutKey = PutKeyLength })
	b.one(gp("D8", "00", "01", "03"+good), "6a80")
	b = ramCard(t, func(c *Config) { c.PutKey = PutKeyPlain })
	b.one(gp("D8", "00", "01", "03"+sealedKey(t, kik, key, true, aesKCV(t, key))), "6a80")
}

func TestPutKeyOfAES192IsPadded(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("77", 24)
	b := ramCard(t)
	b.one(gp("D8", "00", "01", "03"+sealedKey(t, bytes.Repeat([]byte{0x4B}, 16), key, true, aesKCV(t, key))), strings.ToLower("03"+aesKCV(t, key))+"9000")
	b.one("80CA00E000", "e024"+"c00401018810"+"c00402018810"+"c00403018810"+"c00401028810"+"c00402028810"+"c00401038818"+"9000")
}

func TestPutKeyOf3DESIsEncipheredInECB(t *testing.T) {
	t.Parallel()
	kik := unhex(t, "000102030405060708090A0B0C0D0E0F")
	b := compactCard(t, func(c *Config) {
		c.Applications = append(slices.Clone(c.Applications), Application{TAR: tarISD, Kind: KindRAM, Format: script.Compact, MSL: 0x16})
		c.KIKs = map[byte]Secret{1: kik}
	})
	key := unhex(t, "404142434445464748494A4B4C4D4E4F")
	d, err := des.NewTripleDESCipher(append(bytes.Clone(kik), kik[:8]...))
	if err != nil {
		t.Fatal(err)
	}
	sealed := make([]byte, 16)
	d.Encrypt(sealed, key)
	d.Encrypt(sealed[8:], key[8:])
	// The check value of the GlobalPlatform default key is known to everybody.
	check(t, "answer", b.run(tarISD, gp("D8", "00", "01", "05"+"80"+lv(hex.EncodeToString(sealed))+lv("8BAF47"))), "01"+"9000"+"05"+"8baf47")
}

func TestKeysAreDeletedButTheLastSet(t *testing.T) {
	t.Parallel()
	b := ramCard(t)
	b.one(gp("E4", "00", "00", "D20107"), "6a88")
	b.one(gp("E4", "00", "00", "D00103"+"D20101"), "009000")
	b.one("80CA00E000", "e018"+"c00401018810"+"c00402018810"+"c00401028810"+"c00402028810"+"9000")
	b.one(gp("E4", "00", "00", "D20102"), "009000")
	b.one(gp("E4", "00", "00", "D20101"), "6985")
	b.one(gp("E4", "00", "00", "D00101"), "6a80")
	b.one(gp("E4", "00", "00", "D2020101"), "6a80")
	b.ks = keyset(t, 2, ota.AES128)
	check(t, "deleted set", b.response(b.send("1639", tarCompact, 1, readIMSI), "1639").Status, ota.StatusSecurityError)
}

func TestANewKIKAloneLeavesTheCounter(t *testing.T) {
	t.Parallel()
	b := ramCard(t, func(c *Config) { c.Counters = map[byte]uint64{1: 40} })
	key := strings.Repeat("5A", 16)
	b.one(gp("D8", "01", "03", "01"+sealedKey(t, bytes.Repeat([]byte{0x4B}, 16), key, false, aesKCV(t, key))), strings.ToLower("01"+aesKCV(t, key))+"9000")
	check(t, "counter", b.Counter(1), uint64(41))
	b.one(gp("D8", "01", "01", "01"+sealedKey(t, unhex(t, key), key, false, aesKCV(t, key))), strings.ToLower("01"+aesKCV(t, key))+"9000")
	check(t, "counter after a new KIc", b.Counter(1), uint64(0))
}

func TestAnAppletSurvivesAReset(t *testing.T) {
	t.Parallel()
	b := ramCard(t)
	b.install(toolkit)
	b.Reset()
	a := b.send("1639", ota.TAR{0xAF, 0x4D, 0x01}, b.Counter(1)+1, "")
	check(t, "after a reset", b.response(a, "1639").Status, ota.StatusOK)
}

func TestKeysNeverShow(t *testing.T) {
	t.Parallel()
	s := Secret{0xDE, 0xAD}
	text, _ := s.MarshalText()
	for _, got := range []string{fmt.Sprintf("%v %x %s %#v %d", s, s, s, s, s), string(text), s.String(), s.GoString(), fmt.Sprintf("%+v", Config{KIKs: map[byte]Secret{1: s}})} {
		if strings.Contains(strings.ToLower(got), "dead") || strings.Contains(got, "222") {
			t.Errorf("shown: %s", got)
		}
	}
}
