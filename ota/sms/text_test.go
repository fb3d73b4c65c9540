package sms_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/simota/simota/ota/sms"
)

func TestATextIsCutAtWhatOneMessageHolds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		letter string
		n      int
		parts  int // 0: refused
		ucs2   bool
	}{
		{"a", 0, 0, false}, {"a", 160, 1, false}, {"a", 161, 2, false}, {"a", 306, 2, false}, {"a", 307, 3, false},
		{"a", 255 * 153, 255, false}, {"a", 255*153 + 1, 0, false},
		{"ж", 70, 1, true}, {"ж", 71, 2, true}, {"ж", 255 * 67, 255, true}, {"ж", 255*67 + 1, 0, true},
		{"@", 1, 1, true}, {"\xFF", 1, 0, false}, // 40 in ASCII, 00 in the default alphabet; no text
	} {
		got, err := sms.SplitText(strings.Repeat(tt.letter, tt.n), 7)
		if tt.parts == 0 {
			if !errors.Is(err, sms.ErrLength) {
				t.Errorf("%d of %q: %v", tt.n, tt.letter, err)
			}
			continue
		}
		if err != nil || len(got.Parts) != tt.parts || got.UCS2 != tt.ucs2 {
			t.Errorf("%d of %q: %d parts, UCS2 %t, %v", tt.n, tt.letter, len(got.Parts), got.UCS2, err)
		}
	}
}

func TestACharacterIsNotCutInTwo(t *testing.T) {
	t.Parallel()
	text, err := sms.SplitText(strings.Repeat("a", 66)+strings.Repeat("😀", 40), 7)
	if err != nil || !text.UCS2 {
		t.Fatal(text, err)
	}
	var whole []uint16
	for i, p := range text.Parts {
		if len(p) > 140 || p[4] != byte(len(text.Parts)) || p[5] != byte(i+1) || p[6]&0xFC == 0xDC {
			t.Errorf("part %d: % X", i+1, p)
		}
		for o := 6; o < len(p); o += 2 {
			whole = append(whole, uint16(p[o])<<8|uint16(p[o+1]))
		}
	}
	if got := string(utf16.Decode(whole)); got != strings.Repeat("a", 66)+strings.Repeat("😀", 40) {
		t.Error(got)
	}
	if _, err := sms.SplitText(strings.Repeat("😀", 40*255), 7); !errors.Is(err, sms.ErrLength) {
		t.Errorf("more than 255 parts: %v", err)
	}
}
