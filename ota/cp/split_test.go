package cp

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/simota/simota/ota/sms"
)

func TestSplit16WritesTheHeaderOfTheStandard(t *testing.T) {
	t.Parallel()
	one := must[[][]byte](t)(Split16([]byte("x"), 0x0102))
	if want := unhex(t, "0605040b8423f078"); len(one) != 1 || !bytes.Equal(one[0], want) {
		t.Errorf("%X, want %X", one, want)
	}
	for octets, parts := range map[int]int{133: 1, 134: 2, 254: 2, 255: 3, 381: 3, 255 * 127: 255} {
		uds := must[[][]byte](t)(Split16(make([]byte, octets), 0xABCD))
		if len(uds) != parts {
			t.Errorf("%d octets in %d parts, want %d", octets, len(uds), parts)
		}
		for i, ud := range uds {
			if want := unhex(t, fmt.Sprintf("0c05040b8423f00804abcd%02x%02x", parts, i+1)); parts > 1 && !bytes.HasPrefix(ud, want) {
				t.Errorf("%X, want %X", ud, want)
			}
			if len(ud) > sms.MaxUserData {
				t.Errorf("%d octets of user data", len(ud))
			}
		}
	}
	if _, err := Split16(make([]byte, 255*127+1), 0); !errors.Is(err, sms.ErrLength) {
		t.Errorf("256 parts: %v", err)
	}
}

func TestJoinTakesPartsInAnyOrderAndTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		push := rapid.SliceOfN(rapid.Byte(), 1, 900).Draw(rt, "push")
		ref := rapid.Uint16().Draw(rt, "reference")
		parts, err := Split16(push, ref)
		if rapid.Bool().Draw(rt, "8 bits") {
			parts, err = Split(push, byte(ref))
		}
		if err != nil {
			rt.Fatal(err)
		}
		mixed := slices.Concat(parts, rapid.SliceOfN(rapid.SampledFrom(parts), 0, 3).Draw(rt, "again"))
		mixed = rapid.Permutation(mixed).Draw(rt, "order")
		if got, err := Join(mixed); err != nil || !bytes.Equal(got, push) {
			rt.Fatalf("%X, %v, want %X", got, err, push)
		}
	})
}

func TestJoinRefuses(t *testing.T) {
	t.Parallel()
	parts := must[[][]byte](t)(Split(make([]byte, 300), 7))
	others := must[[][]byte](t)(Split(make([]byte, 300), 8))
	for name, tc := range map[string]struct {
		parts [][]byte
		want  error
	}{
		"nothing":        {nil, sms.ErrIncomplete},
		"a part missing": {parts[:2], sms.ErrIncomplete},
		"two messages":   {[][]byte{parts[0], others[1], parts[2]}, sms.ErrConflict},
		"no header":      {[][]byte{{}}, sms.ErrHeader},
		"no ports":       {[][]byte{unhex(t, "0500030102"+"01"+"41")}, ErrMalformed},
		"port 2949":      {[][]byte{unhex(t, "0605040b8523f041")}, ErrMalformed},
	} {
		if got, err := Join(tc.parts); !errors.Is(err, tc.want) {
			t.Errorf("%s: %X, %v", name, got, err)
		}
	}
}
