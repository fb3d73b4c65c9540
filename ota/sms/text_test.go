package sms_test

import (
	"errors"
	"strings"
	"testing"

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
