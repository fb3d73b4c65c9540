package cp

import (
	"bytes"
	"testing"

	"github.com/simota/simota/ota/sms"
)

// typical is what most devices get: internet with a password, and a browser.
func typical() Document {
	return doc(
		Characteristic{Type: "BOOTSTRAP", Parms: []Parm{set("NAME", "Nordvik Mobile")}},
		Characteristic{
			Type: "NAPDEF",
			Parms: []Parm{
				set("NAPID", "NORDVIK_INTERNET"), set("BEARER", "GSM-GPRS"), set("NAME", "Nordvik Mobile Internet"),
				set("NAP-ADDRESS", "internet.m2m.nordvik.example"), set("NAP-ADDRTYPE", "APN"), {Name: "INTERNET"},
			},
			Children: []Characteristic{{
				Type:  "NAPAUTHINFO",
				Parms: []Parm{set("AUTHTYPE", "PAP"), set("AUTHNAME", "meter@m2m.nordvik.example"), set("AUTHSECRET", "b9Xk2-qLw7TzR4")},
			}},
		},
		Characteristic{Type: "APPLICATION", Parms: []Parm{
			set("APPID", "w2"), set("NAME", "Nordvik Mobile Internet"), set("TO-NAPID", "NORDVIK_INTERNET"),
		}},
	)
}

func BenchmarkEncode(b *testing.B) {
	d := typical()
	key := must[Credential](b)(NetworkPIN("001010123456789"))
	body := must[[]byte](b)(d.AppendWBXML(nil))
	b.Logf("%d octets of WBXML", len(body))
	b.ReportAllocs()
	var wbxml, push []byte
	for b.Loop() {
		var err error
		if wbxml, err = d.AppendWBXML(wbxml[:0]); err != nil {
			b.Fatal(err)
		}
		m, err := Sign(Provisioning, wbxml, NETWPIN, key)
		if err != nil {
			b.Fatal(err)
		}
		if push, err = m.AppendBinary(push[:0]); err != nil {
			b.Fatal(err)
		}
		if _, err = Split(push, 7); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

func BenchmarkDecode(b *testing.B) {
	body := must[[]byte](b)(typical().AppendWBXML(nil))
	push := must[[]byte](b)(Push(body, USERPIN, []byte("1234")))
	parts := must[[][]byte](b)(Split(push, 7))
	b.ReportAllocs()
	for b.Loop() {
		pdu, err := Join(parts)
		if err != nil {
			b.Fatal(err)
		}
		m, err := ParsePush(pdu)
		if err != nil || !m.Verify([]byte("1234")) {
			b.Fatal(err)
		}
		if _, err := ParseWBXML(m.Body); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

func BenchmarkMAC(b *testing.B) {
	key := must[Credential](b)(NetworkPIN("001010123456789"))
	body := bytes.Repeat([]byte{0x41}, 250)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		mac(key, body)
	}
}

// The parts of a message must not cost an allocation for each of their
// elements: a server splits a document for every device it moves.
func TestSplittingAllocatesLittle(t *testing.T) {
	push := make([]byte, 3*128)
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := Split(push, 7); err != nil {
			t.Error(err)
		}
	})
	if limit := 3.0 * 3; allocs > limit {
		t.Errorf("%v allocations for 3 parts of at most %d octets, want at most %v", allocs, sms.MaxUserData, limit)
	}
}
