package explain_test

import (
	"strings"
	"testing"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/explain"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/rfm"
	"github.com/simota/simota/smpp"
)

// marks are all findings of a level in a report.
func marks(n *explain.Node, level explain.Level) (texts []string) {
	for _, f := range n.Findings {
		if f.Level == level {
			texts = append(texts, n.Name+": "+f.Text)
		}
	}
	for _, c := range n.Children {
		texts = append(texts, marks(c, level)...)
	}
	return texts
}

// with changes one octet of a copy.
func with(b []byte, at int, v byte) []byte {
	b = append([]byte(nil), b...)
	b[at] = v
	return b
}

func concat(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func TestWhatIsWrongOrSuspiciousIsMarked(t *testing.T) {
	t.Parallel()
	good := packet(des3, spi, usim, 16, compact())
	clear := packet(des3, ota.SPI{0x12, 0x21}, usim, 3, compact())
	single := ota.Keyset{Version: 1, KIc: must(ota.NewKey(ota.DES, seq(1, 8))), KID: must(ota.NewKey(ota.DES, seq(9, 8)))}
	same := must(ota.NewKey(ota.TripleDES2, concat(seq(1, 8), seq(1, 8))))
	twin := ota.Keyset{Version: 1, KIc: same, KID: same}
	answer := must(ota.Response{TAR: usim, Counter: 16, Data: unhex(t, "049000")}.Seal(spi, des3))
	parts := must(sms.SplitPacket(sms.CommandPacket, packet(aes1, spi, usim, 17, concat(compact(), compact(), compact())), 5))
	late := must(script.Script{Format: script.Compact, Commands: []sat.Command{
		file("imsi").Select(), sat.UpdateBinary(0, must(rfm.EncodeIMSI("999700000000017"))),
		file("loci").Select(), sat.UpdateBinary(0, must(rfm.EncodeLOCI("99970"))),
	}}.AppendBinary(nil))
	submit := func(esm, pid, dcs byte, ud []byte, tlvs ...byte) []byte {
		return frame(smpp.SubmitSM, 0, message(esm, pid, dcs, ud, tlvs...))
	}
	keys := explain.Options{Keysets: []ota.Keyset{des3}}
	for _, c := range []struct {
		name   string
		octets []byte
		o      explain.Options
		level  explain.Level
		want   string
	}{
		{"CC mismatch", with(clear, 30, 0xEE), keys, explain.Wrong, "CC: CC does not match"},
		{"CC mismatch under cipher", good, explain.Options{Keysets: []ota.Keyset{{Version: 1, KIc: des3.KIc, KID: aes3des(0x70)}}}, explain.Wrong, "makes sense: wrong KID"},
		{"key of another card", good, explain.Options{Keysets: []ota.Keyset{{Version: 1, KIc: aes3des(0x70), KID: des3.KID}}}, explain.Wrong, "ciphered: the given KIc does not open it"},
		{"keys of another card for an answer", answer, explain.Options{Keysets: []ota.Keyset{{Version: 1, KIc: aes3des(0x70), KID: aes3des(0x20)}}}, explain.Wrong, "ciphered: the given keys do not open it"},
		{"CPL", with(good, 1, 0x47), explain.Options{}, explain.Wrong, "CPL is 71, 72 octets follow"},
		{"CHL", with(good, 2, 0x0D), explain.Options{}, explain.Wrong, "CHL is 13, the SPI wants 21"},
		{"RPL", with(answer, 1, 0x10), explain.Options{}, explain.Wrong, "RPL is 16"},
		{"RHL", with(answer, 2, 0x11), explain.Options{}, explain.Wrong, "RHL is 17"},
		{"PCNTR", with(clear, 15, 0xFF), explain.Options{}, explain.Wrong, "PCNTR is 255"},
		{"PCNTR in clear", with(clear, 15, 0x01), explain.Options{}, explain.Suspicious, "padding in a packet that is not ciphered"},
		{"not whole blocks", concat([]byte{0, 73}, good[2:], []byte{0}), explain.Options{}, explain.Wrong, "not whole blocks of 8"},
		{"reserved SPI 1", with(clear, 3, 0x32), explain.Options{}, explain.Wrong, "SPI 1: reserved bits are set: 20"},
		{"reserved SPI 2", with(clear, 4, 0x61), explain.Options{}, explain.Wrong, "SPI 2: reserved bits are set: 40"},
		{"reserved PoR", with(clear, 4, 0x23), explain.Options{}, explain.Wrong, "proof of receipt is reserved"},
		{"PoR in the delivery report", with(clear, 4, 0x01), explain.Options{}, explain.Suspicious, "few SMSCs hand on"},
		{"answer anybody can forge", clear, explain.Options{}, explain.Suspicious, "anybody can forge"},
		{"key sets differ", with(good, 6, 0x25), explain.Options{}, explain.Wrong, "KIc names key set 1 and KID key set 2"},
		{"key sets differ, one unused", with(clear, 5, 0x25), explain.Options{}, explain.Suspicious, "some cards refuse that"},
		{"key set 0", with(clear, 6, 0x05), explain.Options{}, explain.Suspicious, "key set 0 is implicit"},
		{"single DES", packet(single, spi, usim, 1, compact()), explain.Options{}, explain.Suspicious, "KIc: single DES"},
		{"single DES in disguise", packet(twin, spi, usim, 1, compact()), explain.Options{Keysets: []ota.Keyset{twin}}, explain.Suspicious, "single DES"},
		{"reserved algorithm", with(clear, 6, 0x17), explain.Options{}, explain.Wrong, "algorithm 7 is reserved"},
		{"no replay detection", packet(des3, ota.SPI{0x06, 0x39}, usim, 0, compact()), explain.Options{}, explain.Suspicious, "no replay detection"},
		{"AES without counter", packet(aes1, ota.SPI{0x06, 0x39}, usim, 0, compact()), explain.Options{}, explain.Suspicious, "AES without a counter check"},
		{"no integrity", packet(des3, ota.SPI{0x10, 0x21}, usim, 1, compact()), explain.Options{}, explain.Suspicious, "anybody could write this packet"},
		{"counter at its end", packet(des3, ota.SPI{0x12, 0x21}, usim, 1<<40-1, compact()), explain.Options{}, explain.Suspicious, "the last counter there is"},
		{"counter 0", packet(des3, ota.SPI{0x12, 0x21}, usim, 0, compact()), explain.Options{}, explain.Suspicious, "0 can never be higher"},
		{"padding not zero", badPadding(t), keys, explain.Suspicious, "padding is not zero"},
		{"octets behind a packet", concat(alone(0x70, clear), []byte{0xFF}), explain.Options{}, explain.Wrong, "1 octet behind the end of the packet"},
		{"part alone", parts[1], explain.Options{}, explain.Suspicious, "part 2 of 2 alone"},
		{"IMSI before location", late, explain.Options{}, explain.Suspicious, "IMSI is written before the location"},
		{"Lc", unhex(t, "00D60000090849990700"), explain.Options{As: explain.APDU}, explain.Wrong, "Lc is 9, 5 octets follow"},
		{"Lc in a script", concat(compact(), unhex(t, "00D600000908")), explain.Options{}, explain.Wrong, "Lc is 9, 1 octet follow"},
		{"no UDHI", submit(0, 0x7F, 0xF6, alone(0x70, good)), explain.Options{}, explain.Wrong, "esm_class has no UDHI"},
		{"data_coding 04", submit(0x40, 0x7F, 0x04, alone(0x70, good)), explain.Options{}, explain.Suspicious, "use F6"},
		{"data_coding F5", submit(0x40, 0x7F, 0xF5, alone(0x70, good)), explain.Options{}, explain.Wrong, "data_coding: not 8 bit and class 2"},
		{"PID", submit(0x40, 0x00, 0xF6, alone(0x70, good)), explain.Options{}, explain.Wrong, "PID is not 7F"},
		{"SAR", submit(0x40, 0x7F, 0xF6, alone(0x70, good), 0x02, 0x0C, 0, 2, 0, 1), explain.Options{}, explain.Wrong, "SAR parameters do not reach a card"},
		{"sequence number", with(submit(0x40, 0x7F, 0xF6, alone(0x70, good)), 12, 0x80), explain.Options{}, explain.Suspicious, "sequence numbers are"},
		{"command_length", concat(submit(0x40, 0x7F, 0xF6, alone(0x70, good)), []byte{0}), explain.Options{}, explain.Wrong, "1 octet behind the end of the last PDU"},
		{"PDU cut short", submit(0x40, 0x7F, 0xF6, alone(0x70, good))[:90], explain.Options{}, explain.Wrong, "short_message: cut short"},
		{"TPDU DCS", deliver(0x44, 0x7F, 0x04, alone(0x70, good)), explain.Options{}, explain.Wrong, "DCS: not 8 bit and class 2"},
		{"TPDU PID", deliver(0x44, 0x00, 0xF6, alone(0x70, good)), explain.Options{}, explain.Wrong, "PID: PID is not 7F"},
		{"TPDU without UDHI", deliver(0x04, 0x7F, 0xF6, alone(0x70, good)), explain.Options{As: explain.TPDU}, explain.Wrong, "its flag is not set"},
		{"UDL", deliver(0x44, 0x7F, 0xF6, alone(0x70, good))[:60], explain.Options{As: explain.TPDU}, explain.Wrong, "UDL stands for 77 octets"},
		{"status word", unhex(t, "016A82"), explain.Options{}, explain.Suspicious, "did not do what it was asked"},
		{"script cut by the card", unhex(t, "0262F1"), explain.Options{}, explain.Wrong, "the script stopped here"},
		{"refusal", unhex(t, "000B0AB000110000000010000A"), explain.Options{}, explain.Suspicious, "refused the packet, if it was the card"},
		{"command too short", unhex(t, "027000000F0D"), explain.Options{}, explain.Wrong, "a command packet has at least 16"},
		{"response too short", unhex(t, "027100000B0A"), explain.Options{}, explain.Wrong, "a response packet has at least 13"},
		{"forged success", unhex(t, "000B0AB0001100000000100000"), explain.Options{}, explain.Suspicious, "success without a cryptographic checksum"},
		{"element cut short", unhex(t, "05000305020A70"), explain.Options{As: explain.UserData}, explain.Wrong, "part 10 of 2 is impossible"},
		{"UDH longer than the octets", unhex(t, "09000305"), explain.Options{As: explain.UserData}, explain.Wrong, "UDHL is 9, 3 octets follow"},
	} {
		r := decode(t, c.octets, c.o)
		if got := strings.Join(marks(r.Root, c.level), "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q is not %s:\n%s", c.name, c.want, c.level, text(t, r))
		}
	}
}

// aes3des is another KID of the same kind.
func aes3des(from byte) ota.Key { return must(ota.NewKey(ota.TripleDES2, seq(from, 16))) }

// badPadding is a packet whose padding is not zero and whose CC is right.
func badPadding(t *testing.T) []byte {
	t.Helper()
	// One octet of data more, and a PCNTR that counts it as padding, is the same
	// input to the checksum: a command in which the octet is data is made, and
	// found by its PCNTR. The data end in 77, PCNTR covers it.
	body := append(compact(), 0x77)
	for extra := range byte(8) {
		p := packet(des3, ota.SPI{0x12, 0x39}, usim, 16, append(append([]byte{}, body...), make([]byte, extra)...))
		p = with(p, 15, extra+1)
		sealed, ok := reseal(t, p)
		if ok {
			return sealed
		}
	}
	t.Fatal("no packet made")
	return nil
}

// reseal signs and ciphers a packet in clear with its own PCNTR.
func reseal(t *testing.T, p []byte) ([]byte, bool) {
	t.Helper()
	p = with(p, 3, 0x16)
	head, rest := p[:10], p[10:]
	if len(rest)%8 != 0 {
		return nil, false
	}
	sum := cbcMAC(concat(head, rest[:6], rest[14:]))
	copy(rest[6:14], sum)
	return concat(head, cbc(rest)), true
}

func TestGoodPacketsHaveNoMarks(t *testing.T) {
	t.Parallel()
	for _, ks := range []ota.Keyset{des3, aes1} {
		ud := alone(0x70, packet(ks, spi, usim, 16, compact()))
		r := decode(t, frame(smpp.SubmitSM, 0, message(0x40, 0x7F, 0xF6, ud)), explain.Options{Keysets: []ota.Keyset{ks}})
		if r.Wrong+r.Suspicious > 0 {
			t.Errorf("marked:\n%s", text(t, r))
		}
	}
}

func TestKeysetOfAnyVersionOpensWhatNamesAnother(t *testing.T) {
	t.Parallel()
	ks := des3
	ks.Version = 7
	p := packet(ks, spi, usim, 1, compact())
	anyVersion := des3
	anyVersion.Version = 0
	if out := text(t, decode(t, p, explain.Options{Keysets: []ota.Keyset{anyVersion}})); !strings.Contains(out, "matches the given KID") {
		t.Error(out)
	}
	if out := text(t, decode(t, p, explain.Options{Keysets: []ota.Keyset{des3}})); !strings.Contains(out, "needs the KIc of key set 7") {
		t.Error(out)
	}
}

func TestKeyMaterialInsideIsNotShown(t *testing.T) {
	t.Parallel()
	keys := concat([]byte{0x02}, seq(0xA0, 32))
	s := must(script.Script{Format: script.Compact, Commands: []sat.Command{file("keys").Select(), sat.UpdateBinary(0, keys)}}.AppendBinary(nil))
	putKey := concat(unhex(t, "80D8018119"), seq(0xA0, 25))
	bind := frame(smpp.BindTransceiver, 0, []byte("ota1\x00\xA0\xA1\xA2\xA3\x00\x00\x34\x00\x00\x00"))
	for _, b := range [][]byte{packet(des3, spi, usim, 1, s), s, putKey, bind} {
		out := text(t, decode(t, b, explain.Options{Keysets: []ota.Keyset{des3}}))
		if strings.Contains(out, "A0 A1 A2") {
			t.Errorf("keys are shown:\n%s", out)
		}
		if !strings.Contains(out, "not shown") && !strings.Contains(out, "Keys") {
			t.Errorf("nothing says that they are left out:\n%s", out)
		}
	}
}

func TestProvisioningDocumentsAreJudged(t *testing.T) {
	t.Parallel()
	const nap = `<parm name="NAPID" value="n"/><parm name="NAME" value="n"/>`
	for name, c := range map[string]struct {
		xml                    string
		takes, refused, absent string
	}{
		"message centre": {
			`<characteristic type="NAPDEF">` + nap + `<parm name="BEARER" value="GSM-SMS"/><parm name="NAP-ADDRESS" value="+12025550100"/></characteristic>`,
			"message centre +12025550100: most clients ignore it", "a client would refuse it: cpclient refuses", "a client takes",
		},
		"MMS by a proxy": {
			`<characteristic type="NAPDEF">` + nap + `<parm name="BEARER" value="GSM-GPRS"/><parm name="NAP-ADDRESS" value="mms"/>` +
				`<parm name="NAP-ADDRTYPE" value="APN"/></characteristic><characteristic type="PXLOGICAL"><parm name="PROXY-ID" value="p"/>` +
				`<parm name="NAME" value="p"/><characteristic type="PXPHYSICAL"><parm name="PHYSICAL-PROXY-ID" value="p"/><parm name="PXADDR" value="10.0.0.1"/>` +
				`<parm name="TO-NAPID" value="n"/></characteristic></characteristic>` +
				`<characteristic type="APPLICATION"><parm name="APPID" value="w4"/><parm name="TO-PROXY" value="p"/><parm name="ADDR" value="http://m/"/></characteristic>`,
			"a client takes APN mms for MMS", "", "internet",
		},
		"no BEARER": {
			`<characteristic type="NAPDEF">` + nap + `<parm name="NAP-ADDRESS" value="web"/><parm name="NAP-ADDRTYPE" value="APN"/></characteristic>`,
			"", "a client would refuse it: cpclient refuses", "a client takes",
		},
	} {
		b := must(must(cp.ParseXML([]byte("<wap-provisioningdoc>" + c.xml + "</wap-provisioningdoc>"))).AppendWBXML(nil))
		r := decode(t, b, explain.Options{As: explain.WBXML})
		takes, refused := strings.Join(marks(r.Root, explain.Info), "\n"), strings.Join(marks(r.Root, explain.Suspicious), "\n")
		if !strings.Contains(takes, c.takes) || !strings.Contains(refused, c.refused) || c.refused == "" && refused != "" || strings.Contains(takes, c.absent) {
			t.Errorf("%s: takes %q, refused %q", name, takes, refused)
		}
	}
}
