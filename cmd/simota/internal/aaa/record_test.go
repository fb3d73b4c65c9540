package aaa

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"layeh.com/radius"

	"github.com/simota/simota/ota/detect"
)

// attributes are those of a session of a meter.
func attributes(status Status) radius.Attributes {
	a := radius.Attributes{}
	a.Add(acctStatusType, radius.NewInteger(uint32(status)))
	a.Add(calledStationID, radius.Attribute("m2m.aurora.example"))
	a.Add(callingStationID, radius.Attribute("5511900000001"))
	a.Add(eventTimestamp, radius.NewInteger(1795399200))
	a.Add(vendorSpecific, of3GPP(imsi, []byte("999710000000001"), imeisv, []byte("3569380356438012"), sgsnMCCMNC, []byte("99971")))
	return a
}

// of3GPP is an attribute that holds attributes of 3GPP: pairs of type and value.
func of3GPP(pairs ...any) radius.Attribute {
	b := binary.BigEndian.AppendUint32(nil, vendor3GPP)
	for i := 0; i < len(pairs); i += 2 {
		v := pairs[i+1].([]byte)
		b = append(append(b, byte(pairs[i].(int)), byte(len(v)+2)), v...)
	}
	return b
}

// without leaves attributes of a type out.
func without(t radius.Type, a radius.Attributes) radius.Attributes {
	a.Del(t)
	return a
}

var opened = detect.Event{
	Time: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC), IMSI: "999710000000001", IMEI: "3569380356438012", MSISDN: "+5511900000001",
	APN: "m2m.aurora.example", MCC: "999", MNC: "71", Kind: detect.Session, Source: "radius",
}

func TestAttributesBecomeAnEvent(t *testing.T) {
	t.Parallel()
	ended := opened
	ended.Kind = detect.Detach
	for status, want := range map[Status]detect.Event{Start: opened, Interim: opened, Stop: ended, 7: {}, 15: {}} {
		got, err := ParseRecord(attributes(status))
		if d := cmp.Diff(Record{status, want}, got); err != nil || d != "" {
			t.Errorf("status %d: %v %s", status, err, d)
		}
	}
}

func TestFormsOfIMEISV(t *testing.T) {
	t.Parallel()
	swapped, _ := hex.DecodeString("5396833065340821")
	for in, want := range map[string]string{
		"3569380356438012": "3569380356438012", "356938035643809,12": "3569380356438012", "35693803564380": "35693803564380",
		string(swapped): "3569380356438012", "0000000000000000": "", "": "",
	} {
		a := without(vendorSpecific, attributes(Start))
		a.Add(vendorSpecific, of3GPP(imsi, []byte("999710000000001")))
		a.Add(vendorSpecific, of3GPP(imeisv, []byte(in)))
		if got, err := ParseRecord(a); err != nil || got.Event.IMEI != want {
			t.Errorf("%x: %q %v, want %q", in, got.Event.IMEI, err, want)
		}
	}
}

func TestTheNetworkIsAlsoInTheLocation(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"0099F91700010002": "99971", "8299F917000199F91700000001": "99971", "8113001400000001": "310410", "0399F917": "", "0099": ""} {
		b, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		a := without(vendorSpecific, attributes(Start))
		a.Add(vendorSpecific, of3GPP(imsi, []byte("999710000000001"), userLocation, b))
		if got, err := ParseRecord(a); err != nil || got.Event.PLMN() != want {
			t.Errorf("%s: %q %v, want %q", in, got.Event.PLMN(), err, want)
		}
	}
}

func TestNumberThatIsNoneIsLeftOutBesideAnIMSI(t *testing.T) {
	t.Parallel()
	a := attributes(Start)
	a.Set(callingStationID, radius.Attribute("00-10-A4-23-19-C0"))
	if got, err := ParseRecord(a); err != nil || got.Event.MSISDN != "" || got.Event.IMSI == "" {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := ParseRecord(without(vendorSpecific, a)); err == nil || !strings.Contains(err.Error(), "Calling-Station-Id") {
		t.Errorf("%v", err)
	}
}

func TestAttributesThatAreWrongAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		change     func(*radius.Attributes)
	}{
		{"no status", "Acct-Status-Type has 0 octets", func(a *radius.Attributes) { a.Del(acctStatusType) }},
		{"nobody", "names no subscription", func(a *radius.Attributes) { a.Del(vendorSpecific); a.Del(callingStationID) }},
		{"IMSI", "imsi: ", func(a *radius.Attributes) { a.Set(vendorSpecific, of3GPP(imsi, []byte("abc"))) }},
		{"IMEISV", "3GPP-IMEISV: ", func(a *radius.Attributes) {
			a.Set(vendorSpecific, of3GPP(imsi, []byte("999710000000001"), imeisv, []byte("1")))
		}},
		{"network", "3GPP-SGSN-MCC-MNC: ", func(a *radius.Attributes) { a.Set(vendorSpecific, of3GPP(sgsnMCCMNC, []byte("1"))) }},
		{"location", "3GPP-User-Location-Info: ", func(a *radius.Attributes) { a.Set(vendorSpecific, of3GPP(userLocation, []byte{0, 0xAA, 0, 0})) }},
		{"time", "Event-Timestamp has 3 octets", func(a *radius.Attributes) { a.Set(eventTimestamp, radius.Attribute("abc")) }},
		{"year", "Event-Timestamp: ", func(a *radius.Attributes) { a.Set(eventTimestamp, radius.NewInteger(0)) }},
		{"cut", "longer than the one that holds it", func(a *radius.Attributes) { a.Set(vendorSpecific, append(of3GPP(), 1, 9, '9')) }},
	} {
		a := attributes(Start)
		c.change(&a)
		if got, err := ParseRecord(a); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v %v, want %q", c.name, got, err, c.want)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	for _, s := range []Status{Start, Stop, Interim, 7} {
		p := radius.Packet{Code: radius.CodeAccountingRequest, Attributes: attributes(s), Secret: []byte("x")}
		b, err := p.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[20:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := radius.ParseAttributes(b)
		if err != nil {
			return
		}
		r, err := ParseRecord(a)
		if err != nil || r.Event.Kind == "" {
			return
		}
		if again, err := r.Event.Normal(); err != nil || again != r.Event {
			t.Errorf("%+v is not in its normal form: %+v %v", r.Event, again, err)
		}
	})
}
