package tlv_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/simota/simota/sat/tlv"
)

func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBERBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hex  string
		want []tlv.Object
	}{
		{"", nil},
		{"2200", []tlv.Object{{Tag: 0x22, Value: []byte{}}}},
		{"800101 2302 9000", []tlv.Object{{Tag: 0x80, Value: []byte{1}}, {Tag: 0x23, Value: []byte{0x90, 0x00}}}},
		{"9F700107", []tlv.Object{{Tag: 0x9F70, Value: []byte{7}}}},
		{"7F210101", []tlv.Object{{Tag: 0x7F21, Value: []byte{1}}}},
		{"BF810101AA", []tlv.Object{{Tag: 0xBF8101, Value: []byte{0xAA}}}},
		{"227F" + strings.Repeat("00", 127), []tlv.Object{{Tag: 0x22, Value: make([]byte, 127)}}},
		{"228180" + strings.Repeat("00", 128), []tlv.Object{{Tag: 0x22, Value: make([]byte, 128)}}},
		{"22820100" + strings.Repeat("00", 256), []tlv.Object{{Tag: 0x22, Value: make([]byte, 256)}}},
	} {
		got, err := tlv.ParseBER(octets(t, c.hex))
		if err != nil {
			t.Errorf("%.20s: %v", c.hex, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%.20s (-want +got):\n%s", c.hex, diff)
		}
		var b []byte
		for _, o := range got {
			if b, err = tlv.AppendBER(b, o.Tag, o.Value); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(b, octets(t, c.hex)) {
			t.Errorf("%.20s came back as %X", c.hex, b)
		}
	}
}

func TestLongFormsOfSmallLengthsAreRead(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"2281019A", "228200019A"} {
		got, err := tlv.ParseBER(octets(t, s))
		if err != nil || len(got) != 1 || !bytes.Equal(got[0].Value, []byte{0x9A}) {
			t.Errorf("%s gave %v, %v", s, got, err)
		}
	}
}

func TestDamageIsNamed(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]error{
		"22":                       tlv.ErrTruncated,
		"220290":                   tlv.ErrTruncated,
		"2281":                     tlv.ErrTruncated,
		"228201":                   tlv.ErrTruncated,
		"2282FFFF00":               tlv.ErrTruncated,
		"9F":                       tlv.ErrTruncated,
		"0000":                     tlv.ErrTag,
		"9F800100":                 tlv.ErrTag,
		"9F81818100":               tlv.ErrTag,
		"2280":                     tlv.ErrLength,
		"AA8022000000":             tlv.ErrLength,
		"AF8023800000":             tlv.ErrLength,
		"2283000001AA":             tlv.ErrLength,
		"22FF":                     tlv.ErrLength,
		"AF80":                     tlv.ErrTruncated,
		"AF8023029000":             tlv.ErrTruncated,
		strings.Repeat("2200", 65): tlv.ErrTooMany,
		"AF80" + strings.Repeat("2300", 65) + "0000": tlv.ErrTooMany,
	} {
		if got, err := tlv.ParseBER(octets(t, s)); !errors.Is(err, want) {
			t.Errorf("%.20s gave %v, %v; want %v", s, got, err, want)
		}
	}
}

func TestFirstReadsTheIndefiniteTemplates(t *testing.T) {
	t.Parallel()
	o, rest, err := tlv.First(octets(t, "AF80 2302 9000 2304 0000 6A82 0000 FE"))
	if err != nil {
		t.Fatal(err)
	}
	if o.Tag != 0xAF || !bytes.Equal(o.Value, octets(t, "23029000230400006A82")) || !bytes.Equal(rest, []byte{0xFE}) {
		t.Errorf("got %X %X, rest %X", o.Tag, o.Value, rest)
	}
	if o, _, err = tlv.First(octets(t, "AE800000")); err != nil || len(o.Value) != 0 {
		t.Errorf("empty template: %v, %v", o, err)
	}
}

func TestAppendRefusesWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, tag := range []uint32{0, 0x1F, 0x2201, 0x9F80, 0x9F8181, 0x9F818101} {
		if b, err := tlv.AppendBER(nil, tag, nil); !errors.Is(err, tlv.ErrTag) {
			t.Errorf("tag %X gave %X, %v", tag, b, err)
		}
	}
	if _, err := tlv.AppendBER(nil, 0x22, make([]byte, 65536)); !errors.Is(err, tlv.ErrLength) {
		t.Errorf("65536 octets: %v", err)
	}
	for _, tag := range []uint16{0, 0x8000} {
		if b, err := tlv.AppendComprehension(nil, tag, false, nil); !errors.Is(err, tlv.ErrTag) {
			t.Errorf("tag %X gave %X, %v", tag, b, err)
		}
	}
}

func TestComprehensionBothWays(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][]tlv.Comprehension{
		"8103010104 82028182": {{Tag: 1, Required: true, Value: []byte{1, 1, 4}}, {Tag: 2, Required: true, Value: []byte{0x81, 0x82}}},
		"01020304":            {{Tag: 1, Value: []byte{3, 4}}},
		"7E00FE00":            {{Tag: 0x7E, Value: []byte{}}, {Tag: 0x7E, Required: true, Value: []byte{}}},
		"7F007F00":            {{Tag: 0x7F, Value: []byte{}}},
		"7F812301AA":          {{Tag: 0x123, Required: true, Value: []byte{0xAA}}},
		"7FFFFF00":            {{Tag: 0x7FFF, Required: true, Value: []byte{}}},
		"3A0999":              nil,
	} {
		got, err := tlv.ParseComprehension(octets(t, s))
		if want == nil {
			if err == nil {
				t.Errorf("%s gave %v, want an error", s, got)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s, diff)
		}
		var b []byte
		for _, o := range got {
			if b, err = tlv.AppendComprehension(b, o.Tag, o.Required, o.Value); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(b, octets(t, s)) {
			t.Errorf("%s came back as %X", s, b)
		}
	}
	for s, want := range map[string]error{
		"0001AA": tlv.ErrTag, "8001AA": tlv.ErrTag, "FF01AA": tlv.ErrTag, "7F000100": tlv.ErrTag,
		"7F01": tlv.ErrTruncated, "01": tlv.ErrTruncated, "0102AA": tlv.ErrTruncated, "0180": tlv.ErrLength,
		strings.Repeat("0100", 65): tlv.ErrTooMany,
	} {
		if got, err := tlv.ParseComprehension(octets(t, s)); !errors.Is(err, want) {
			t.Errorf("%.20s gave %v, %v; want %v", s, got, err, want)
		}
	}
}

func TestComprehensionRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) tlv.Comprehension {
			return tlv.Comprehension{
				Tag:      rapid.Uint16Range(1, 0x7FFF).Draw(t, "tag"),
				Required: rapid.Bool().Draw(t, "cr"),
				Value:    rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value"),
			}
		}), 0, 8).Draw(t, "objects")
		var b []byte
		var err error
		for _, o := range want {
			if b, err = tlv.AppendComprehension(b, o.Tag, o.Required, o.Value); err != nil {
				t.Fatal(err)
			}
		}
		got, err := tlv.ParseComprehension(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParseBER(f *testing.F) {
	for _, s := range []string{"AA0C22029000800101", "AF80230290000000", "AE800000", "9F7001072281809A", "BF81017F21"} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		objects, err := tlv.ParseBER(b)
		if err != nil {
			return
		}
		var back []byte
		for _, o := range objects {
			if back, err = tlv.AppendBER(back, o.Tag, o.Value); err != nil {
				t.Fatal(err)
			}
		}
		again, err := tlv.ParseBER(back)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(objects, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzParseComprehension(f *testing.F) {
	for _, s := range []string{"810301010482028182", "7F812301AA", "7E00FE00"} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		objects, err := tlv.ParseComprehension(b)
		if err != nil {
			return
		}
		var back []byte
		for _, o := range objects {
			if back, err = tlv.AppendComprehension(back, o.Tag, o.Required, o.Value); err != nil {
				t.Fatal(err)
			}
		}
		again, err := tlv.ParseComprehension(back)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(objects, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
