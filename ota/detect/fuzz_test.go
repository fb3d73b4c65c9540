package detect

import (
	"errors"
	"strings"
	"testing"
)

// normal checks that an event is in its normal form and names somebody.
func normal(t *testing.T, e Event) {
	t.Helper()
	again, err := e.Normal()
	if err != nil || again != e {
		t.Errorf("%+v is not in its normal form: %+v %v", e, again, err)
	}
}

func FuzzEvents(f *testing.F) {
	shapes := Shipped()
	for _, c := range bodies {
		f.Add(c.shape, []byte(c.body))
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		s := shapes[name]
		if s == nil {
			t.Skip("no such shape")
		}
		events, err := s.Events(body)
		if len(events) > MaxEvents || errors.Is(err, ErrBody) && events != nil {
			t.Errorf("%d events, %v", len(events), err)
		}
		for _, r := range events {
			normal(t, r.Event)
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, m := range shipped() {
		f.Add(m.Each, m.IMSI, m.Kind)
	}
	f.Add("$.a[?@.b == 'c']", "$.imsi | $['x'][0]", "$.kind")
	f.Fuzz(func(t *testing.T, each, imsi, kind string) {
		s, err := Mapping{Each: each, IMSI: imsi, Kind: kind, Kinds: map[string]Kind{"*": Attach}}.Compile("f")
		if err != nil {
			var field FieldError
			if !errors.As(err, &field) {
				t.Errorf("no field is named: %v", err)
			}
			return
		}
		for _, c := range bodies[:4] {
			if _, err := s.Events([]byte(c.body)); errors.Is(err, ErrBody) {
				t.Error(err)
			}
		}
	})
}

func FuzzParseTable(f *testing.F) {
	f.Add("TIME,IMSI,IMEI,KIND\n2026-11-23T02:00:00Z,999710000000001,356938035643809,session\n")
	f.Add("\xEF\xBB\xBFmsisdn;iccid;mcc;mnc\r\n'5511900000001;\"8999970000000000506\";999;71\r\n")
	f.Add("IMSI\n\"1\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := ParseTable(strings.NewReader(text), "import")
		if err != nil {
			return
		}
		if table.BadRows > len(table.Bad) {
			t.Errorf("%d bad rows, %d reasons", table.BadRows, len(table.Bad))
		}
		for _, r := range table.Rows {
			if r.Number < 2 {
				t.Errorf("an event stands in line %d", r.Number)
			}
			normal(t, r.Event)
		}
	})
}

func FuzzValues(f *testing.F) {
	for _, s := range []string{"356938035643809,12", "0x5396833065340821", "msisdn-4759000001", "imsi-999700000000001", "1795399200", "2026-11-23T02:00:00+0100", "999-70"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range map[string]func(string) (string, error){"imsi": ParseIMSI, "imei": ParseIMEI, "iccid": ParseICCID, "msisdn": ParseMSISDN} {
			v, err := parse(s)
			if err != nil || v == "" {
				continue
			}
			if again, err := parse(v); err != nil || again != v {
				t.Errorf("%s: %q becomes %q, and that %q %v", name, s, v, again, err)
			}
		}
		if at, err := ParseTime(s); err == nil && (at.Year() < 2000 || at.Year() > 2099) {
			t.Errorf("%q is %v", s, at)
		}
		if mcc, mnc, err := ParsePLMN(s); err == nil && (len(mcc) != 3 || len(mnc) < 2) {
			t.Errorf("%q is %q %q", s, mcc, mnc)
		}
	})
}
