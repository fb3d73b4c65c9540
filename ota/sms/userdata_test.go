package sms

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUserDataBothWays(t *testing.T) {
	t.Parallel()
	tests := map[string]UserData{
		"00":       {Payload: []byte{}},
		"00aabb":   {Payload: []byte{0xAA, 0xBB}},
		"027000aa": {Elements: []Element{{0x70, []byte{}}}, Payload: []byte{0xAA}},
		"0700035a0201700001": {
			Elements: []Element{{0x00, []byte{0x5A, 2, 1}}, {0x70, []byte{}}}, Payload: []byte{0x01}},
		"0770000003" + "5a0201" + "01": {
			Elements: []Element{{0x70, []byte{}}, {0x00, []byte{0x5A, 2, 1}}}, Payload: []byte{0x01}},
		"060504" + "0b8423f0" + "ff": {
			Elements: []Element{{0x05, []byte{0x0B, 0x84, 0x23, 0xF0}}}, Payload: []byte{0xFF}},
	}
	for text, want := range tests {
		got, err := ParseUserData(unhex(t, text))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
		if b, err := want.AppendBinary([]byte("x")); err != nil || !bytes.Equal(b, append([]byte("x"), unhex(t, text)...)) {
			t.Errorf("%s: written as %x, %v", text, b, err)
		}
	}
}

func TestParseUserDataRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ud   []byte
		want error
	}{
		{"nothing", nil, ErrHeader},
		{"141 octets", make([]byte, 141), ErrLength},
		{"header longer than the data", unhex(t, "03700001"[:6]), ErrHeader},
		{"element without a length", unhex(t, "0170"), ErrHeader},
		{"element longer than the header", unhex(t, "027001aa"), ErrHeader},
		{"octet left over", unhex(t, "03700070"), ErrHeader},
	}
	for _, tt := range tests {
		if u, err := ParseUserData(tt.ud); !errors.Is(err, tt.want) {
			t.Errorf("%s: %+v, %v; want %v", tt.name, u, err, tt.want)
		}
	}
}

func TestAppendBinaryHoldsTheLimit(t *testing.T) {
	t.Parallel()
	u := UserData{Elements: []Element{{ID: CommandPacket}}, Payload: make([]byte, 137)}
	if b, err := u.AppendBinary(nil); err != nil || len(b) != 140 {
		t.Errorf("%d octets, %v; want 140", len(b), err)
	}
	u.Payload = make([]byte, 138)
	if b, err := u.AppendBinary(nil); !errors.Is(err, ErrLength) {
		t.Errorf("%d octets, %v; want ErrLength", len(b), err)
	}
	u = UserData{Elements: []Element{{ID: 0x20, Data: make([]byte, 300)}}}
	if b, err := u.AppendBinary(nil); !errors.Is(err, ErrLength) {
		t.Errorf("an element of 300 octets: %d octets, %v; want ErrLength", len(b), err)
	}
}

func TestConcat(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, ud string
		want     Concat
		ok       bool
	}{
		{"8 bit", "0500035a0302", Concat{Ref: 0x5A, Total: 3, Seq: 2}, true},
		{"16 bit", "0608041234ff01", Concat{Ref: 0x1234, Wide: true, Total: 255, Seq: 1}, true},
		{"behind another element", "07700000035a0201", Concat{Ref: 0x5A, Total: 2, Seq: 1}, true},
		{"the last one counts", "0b0003010201080400020301", Concat{Ref: 2, Wide: true, Total: 3, Seq: 1}, true},
		{"none", "027000", Concat{}, false},
		{"no parts", "0500035a0000", Concat{}, false},
		{"part 0", "0500035a0300", Concat{}, false},
		{"beyond the total", "0500035a0304", Concat{}, false},
		{"too short", "0400025a03", Concat{}, false},
		{"16 bit, too short", "0508035a0302", Concat{}, false},
	}
	for _, tt := range tests {
		if got, ok := parse(t, unhex(t, tt.ud)).Concat(); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %+v, %v; want %+v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestHasAndPorts(t *testing.T) {
	t.Parallel()
	u := parse(t, unhex(t, "0605040b8423f0"))
	if !u.Has(Ports16) || u.Has(CommandPacket) {
		t.Error("Has does not tell the elements")
	}
	tests := []struct {
		ud       string
		dst, src uint16
		ok       bool
	}{
		{"0605040b8423f0", 2948, 9200, true},
		{"040402f0f1", 0xF0, 0xF1, true},
		{"0a04020102" + "0504" + "0b8423f0", 2948, 9200, true},
		{"0505030b8423", 0, 0, false},
		{"027000", 0, 0, false},
	}
	for _, tt := range tests {
		if dst, src, ok := parse(t, unhex(t, tt.ud)).Ports(); dst != tt.dst || src != tt.src || ok != tt.ok {
			t.Errorf("%s: %d, %d, %v", tt.ud, dst, src, ok)
		}
	}
}
