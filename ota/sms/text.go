package sms

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Text is a text message as its parts go out: a character to the octet in the
// GSM 7-bit default alphabet, as SMPP carries it, or UCS2 (3GPP TS 23.038, 6.2).
type Text struct {
	UCS2  bool
	Parts [][]byte // user data, with a header each where there are several
}

// Room for characters or 16-bit units of a text (3GPP TS 23.040, 9.2.3.24.1).
const (
	gsmAlone, gsmPart   = 160, 153
	ucs2Alone, ucs2Part = 70, 67
)

// sameInGSM are the characters that have one octet in ASCII and in the GSM
// default alphabet, the same in both, whatever alphabet an SMSC takes DCS 0 for.
const sameInGSM = "\n\r !\"#%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// SplitText makes a text message, in as many parts as it takes, all with this
// reference. A text with a character that is not the same in ASCII and in the
// GSM default alphabet goes as UCS2: what an SMSC makes of the others differs.
func SplitText(text string, ref byte) (Text, error) {
	if text == "" || !utf8.ValidString(text) {
		return Text{}, fmt.Errorf("%w: a text of %d octets that is empty or not UTF-8", ErrLength, len(text))
	}
	octets, alone, part := []byte(text), gsmAlone, gsmPart
	ucs2 := strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(sameInGSM, r) })
	if ucs2 {
		octets, alone, part = nil, 2*ucs2Alone, 2*ucs2Part
		for _, u := range utf16.Encode([]rune(text)) {
			octets = append(octets, byte(u>>8), byte(u))
		}
	}
	if len(octets) <= alone {
		return Text{UCS2: ucs2, Parts: [][]byte{octets}}, nil
	}
	t := Text{UCS2: ucs2}
	for len(octets) > 0 {
		n := min(part, len(octets))
		if ucs2 && n < len(octets) && octets[n-2]&0xFC == 0xD8 {
			n -= 2 // the halves of a character outside the BMP stay together
		}
		head := []byte{5, Concat8, 3, ref, 0, byte(len(t.Parts) + 1)}
		t.Parts = append(t.Parts, append(head, octets[:n]...))
		octets = octets[n:]
	}
	if len(t.Parts) > maxParts {
		return Text{}, fmt.Errorf("%w: the text needs %d parts, at most %d", ErrLength, len(t.Parts), maxParts)
	}
	for _, p := range t.Parts {
		p[4] = byte(len(t.Parts))
	}
	return t, nil
}
