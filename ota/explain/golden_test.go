package explain_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/explain"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/euicc"
	"github.com/simota/simota/sat/ram"
	"github.com/simota/simota/sat/rfm"
	"github.com/simota/simota/smpp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// must is for test data that our own codecs make.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The keys of all examples: 3DES and AES of key set 1.
var (
	des3 = ota.Keyset{Version: 1, KIc: must(ota.NewKey(ota.TripleDES2, seq(0x10, 16))), KID: must(ota.NewKey(ota.TripleDES2, seq(0x40, 16)))}
	aes1 = ota.Keyset{Version: 1, KIc: must(ota.NewKey(ota.AES128, seq(0x10, 16))), KID: must(ota.NewKey(ota.AES128, seq(0x40, 16)))}
	spi  = ota.SPI{0x16, 0x39}
	usim = ota.TAR{0xB0, 0x00, 0x11}
)

// seq are n octets that count up.
func seq(from byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = from + byte(i)
	}
	return b
}

func file(name string) rfm.File {
	f, ok := rfm.Lookup(name)
	if !ok {
		panic(name)
	}
	return f
}

// compact is a script that writes the location, then the IMSI.
func compact() []byte {
	loci := must(rfm.EncodeLOCI("99970"))
	imsi := must(rfm.EncodeIMSI("999700000000017"))
	s := script.Script{Format: script.Compact, Commands: []sat.Command{
		file("loci").Select(), sat.UpdateBinary(0, loci), file("imsi").Select(), sat.UpdateBinary(0, imsi),
	}}
	return must(s.AppendBinary(nil))
}

func packet(ks ota.Keyset, spi ota.SPI, tar ota.TAR, counter uint64, data []byte) []byte {
	return must(ota.NewCommand(spi, tar, ks, counter, data).Seal(ks, ota.Options{AllowWeak: true}))
}

func alone(element byte, packet []byte) []byte { return must(sms.SplitPacket(element, packet, 1))[0] }

// message is the body of a submit_sm or deliver_sm.
func message(esm, pid, dcs byte, ud []byte, tlvs ...byte) []byte {
	b := append([]byte{0, 1, 1}, "4758000001\x00"...)
	b = append(append(b, 1, 1), "5511900000017\x00"...)
	b = append(b, esm, pid, 0, 0)
	b = append(b, "000001000000000R\x00"...)
	b = append(b, 1, 0, dcs, 0, byte(len(ud)))
	return append(append(b, ud...), tlvs...)
}

func frame(c smpp.Command, status uint32, body []byte) []byte {
	return smpp.AppendFrame(nil, c, status, 7, body)
}

// deliver is an SMS-DELIVER of 8-bit data with a header.
func deliver(first, pid, dcs byte, ud []byte) []byte {
	b := []byte{first, 0x0A, 0x91, 0x74, 0x85, 0x00, 0x00, 0x10, pid, dcs, 0x62, 0x11, 0x30, 0x02, 0x00, 0x51, 0x40, byte(len(ud))}
	return append(b, ud...)
}

const receiptText = "id:7f3a09 sub:001 dlvrd:000 submit date:2611030200 done date:2611030205 stat:UNDELIV err:027 text:"

const noticeSample = "027000004D1502001012000001000000000000" + "45AAB54EB13D7749" +
	"E1354C10890010120123414012345678901234564D01024E0200004F10A0000005591010FFFFFFFF890000130014083A45990057918503"

// internet is the document that gives a device its access point.
const internet = `<wap-provisioningdoc version="1.1">
<characteristic type="BOOTSTRAP"><parm name="NAME" value="Aurora"/></characteristic>
<characteristic type="NAPDEF">
 <parm name="NAPID" value="Aurora-web"/><parm name="BEARER" value="GSM-GPRS"/><parm name="NAME" value="Aurora"/>
 <parm name="NAP-ADDRESS" value="iot.aurora.example"/><parm name="NAP-ADDRTYPE" value="APN"/><parm name="INTERNET"/>
 <characteristic type="NAPAUTHINFO">
  <parm name="AUTHTYPE" value="PAP"/><parm name="AUTHNAME" value="m2m"/><parm name="AUTHSECRET" value="hidden"/>
 </characteristic>
</characteristic>
<characteristic type="APPLICATION">
 <parm name="APPID" value="w2"/><parm name="NAME" value="Aurora"/><parm name="TO-NAPID" value="Aurora-web"/>
</characteristic>
</wap-provisioningdoc>`

type example struct {
	name   string
	octets []byte
	o      explain.Options
	kind   explain.Kind
}

func examples(t testing.TB) []example {
	keys := explain.Options{Keysets: []ota.Keyset{des3, aes1}}
	command := packet(des3, spi, usim, 16, compact())
	answer := must(ota.Response{TAR: usim, Counter: 16, Data: unhex(t, "049000")}.Seal(spi, des3))
	refusal := must(ota.Response{TAR: usim, Counter: 16, Status: ota.StatusInsufficientSecurity}.SealUnsecured())
	long := packet(aes1, spi, usim, 17, append(compact(), compact()...))
	parts := must(sms.SplitPacket(sms.CommandPacket, append(long, 0)[:len(long)], 5))
	if len(long) < 138 {
		long = packet(aes1, spi, usim, 17, append(append(compact(), compact()...), compact()...))
		parts = must(sms.SplitPacket(sms.CommandPacket, long, 5))
	}
	doc := must(cp.ParseXML([]byte(internet)))
	wbxml := must(doc.AppendWBXML(nil))
	push := must(cp.Push(wbxml, cp.NETWPIN, must(cp.NetworkPIN("999700000000017"))))
	expanded := must(script.Script{Format: script.Expanded, Immediate: script.Refresh(4), AnswerFirst: true,
		Commands: []sat.Command{file("imsi").Select(), sat.UpdateBinary(0, must(rfm.EncodeIMSI("999700000000017")))}}.AppendBinary(nil))
	enable := must(must(euicc.EnableProfile{ISDP: must(euicc.ISDP(0x13))}.Command()).AppendBinary(nil))
	install := must(must(ram.Install{LoadFile: unhex(t, "A000000559101001"), Module: unhex(t, "A00000055910100101"), Instance: unhex(t, "A00000055910100101"), Selectable: true}.Command()).AppendBinary(nil))
	envelope := append([]byte{0x82, 0x02, 0x83, 0x81, 0x8B, byte(len(deliver(0x44, 0x7F, 0xF6, alone(0x70, command))))}, deliver(0x44, 0x7F, 0xF6, alone(0x70, command))...)
	envelope = append([]byte{0xD1, 0x81, byte(len(envelope))}, envelope...)
	envelope = append([]byte{0x80, 0xC2, 0x00, 0x00, byte(len(envelope))}, envelope...)
	bind := append([]byte("ota1\x00pa55word\x00\x00"), 0x34, 0, 0, 0)
	payload := append(binary.BigEndian.AppendUint16([]byte{0x04, 0x24}, uint16(len(alone(0x70, command)))), alone(0x70, command)...)
	data := append([]byte{0, 1, 1}, "4758000001\x00\x01\x015511900000017\x00"...)
	data = append(append(data, 0x40, 1, 0xF6), payload...)
	stream := append(frame(smpp.EnquireLink, 0, nil), frame(smpp.GenericNack, smpp.StatusInvalidCommand, nil)...)
	report := append([]byte{0x40, 0x07, 0x7F, 0xF6, byte(len(alone(0x71, answer)))}, alone(0x71, answer)...)
	return []example{
		{"pdu-submit", frame(smpp.SubmitSM, 0, message(0x40, 0x7F, 0xF6, alone(0x70, command))), keys, explain.PDU},
		{"pdu-deliver-proof", frame(smpp.DeliverSM, 0, message(0x40, 0x7F, 0xF6, alone(0x71, answer))), keys, explain.PDU},
		{"pdu-deliver-receipt", frame(smpp.DeliverSM, 0, message(0x04, 0, 0, []byte(receiptText), 0x04, 0x27, 0, 1, 5)), explain.Options{}, explain.PDU},
		{"pdu-deliver-text", frame(smpp.DeliverSM, 0, message(0, 0, 8, unhex(t, "004800E9"))), explain.Options{}, explain.PDU},
		{"pdu-data", frame(smpp.DataSM, 0, data), keys, explain.PDU},
		{"pdu-bind", frame(smpp.BindTransceiver, 0, bind), explain.Options{}, explain.PDU},
		{"pdu-bind-answer", frame(smpp.BindTransceiverResp, 0, []byte("smsc\x00\x02\x10\x00\x01\x34")), explain.Options{}, explain.PDU},
		{"pdu-throttled", frame(smpp.SubmitSMResp, smpp.StatusThrottled, nil), explain.Options{}, explain.PDU},
		{"pdu-stream", stream, explain.Options{}, explain.PDU},
		{"tpdu-deliver", append(unhex(t, "0791749500000010"), deliver(0x44, 0x7F, 0xF6, alone(0x70, command))...), keys, explain.TPDU},
		{"tpdu-deliver-text", unhex(t, "040A917485000010000062113002005140 05E8329BFD06"), explain.Options{}, explain.TPDU},
		{"tpdu-submit", unhex(t, "11000A9174850000100000A705E8329BFD06"), explain.Options{}, explain.TPDU},
		{"tpdu-status-report", unhex(t, "06070A91748500001062113002005140 62113002105140 00"), explain.Options{}, explain.TPDU},
		{"tpdu-deliver-report", report, keys, explain.TPDU},
		{"tpdu-submit-report", unhex(t, "01C3 00 62113002005140"), explain.Options{}, explain.TPDU},
		{"userdata-command-locked", alone(0x70, command), explain.Options{}, explain.UserData},
		{"userdata-part", parts[0], keys, explain.UserData},
		{"userdata-parts", append(append([]byte{}, parts[0]...), parts[1]...), keys, explain.UserData},
		{"userdata-notice", unhex(t, noticeSample), explain.Options{}, explain.UserData},
		{"userdata-push", must(sms.SplitPorts(cp.Port, cp.SourcePort, push, 9))[0], explain.Options{}, explain.UserData},
		{"command-clear", packet(aes1, ota.SPI{0x12, 0x21}, usim, 3, compact()), keys, explain.Command},
		{"response", answer, keys, explain.Response},
		{"response-refusal", refusal, explain.Options{}, explain.Response},
		{"script-compact", compact(), explain.Options{}, explain.Script},
		{"script-expanded", expanded, explain.Options{}, explain.Script},
		{"script-indefinite", unhex(t, "AE80220700A40004026F07220500B00000090000"), explain.Options{}, explain.Script},
		{"script-response-compact", unhex(t, "026982"), explain.Options{}, explain.ScriptResponse},
		{"script-response-expanded", unhex(t, "AB17 800102 2302 9000 230B 099999079000000071 6A82 9001 01"), explain.Options{}, explain.ScriptResponse},
		{"apdu-enable-profile", enable, explain.Options{}, explain.APDU},
		{"apdu-install", install, explain.Options{}, explain.APDU},
		{"apdu-envelope", envelope, keys, explain.APDU},
		{"apdu-response-fcp", unhex(t, "621782024121830269078A01058B036F06028002000A8801389000"), explain.Options{}, explain.APDUResponse},
		{"ber-tlv-refresh", unhex(t, "D009810301010482028182"), explain.Options{}, explain.BERTLV},
		{"comprehension-tlv", unhex(t, "8103010104820281828202"[:18]), explain.Options{}, explain.ComprehensionTLV},
		{"notice", unhex(t, noticeSample)[27:], explain.Options{}, explain.Notice},
		{"push", push, explain.Options{}, explain.Push},
		{"wbxml", wbxml, explain.Options{}, explain.WBXML},
		{"text-receipt", []byte(receiptText), explain.Options{}, explain.Text},
		{"octets", unhex(t, "DEADBEEF00010203040506"), explain.Options{As: explain.Unknown}, explain.Unknown},
	}
}

// A golden file has the octets in its first lines, then what is said of them.
func TestExamplesAreExplainedAsBefore(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		t.Run(e.name, func(t *testing.T) {
			r := decode(t, e.octets, e.o)
			if r.Kind != e.kind {
				t.Errorf("taken for %s (%s), want %s", r.Kind, r.Why, e.kind)
			}
			got := "$ " + strings.ToUpper(hex.EncodeToString(e.octets)) + "\n" + text(t, r)
			name := filepath.Join("testdata", "golden", e.name+".txt")
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestReportComesBackFromItsJSON(t *testing.T) {
	t.Parallel()
	want := decode(t, unhex(t, "026982"), explain.Options{})
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got explain.Report
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReportAsJSONIsStable(t *testing.T) {
	t.Parallel()
	b, err := json.MarshalIndent(decode(t, unhex(t, "026982"), explain.Options{}), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("testdata", "golden", "report.json")
	if *update {
		if err := os.WriteFile(name, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(b)+"\n"); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
