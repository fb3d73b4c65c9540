package smscsim

import (
	"fmt"
	"strconv"
)

// IDFormat is how message ids are written. The number behind it is the same everywhere. Zero leaves the
// choice to the [Config], which without one means HexID.
type IDFormat byte

const (
	// HexID is lower-case hexadecimal: 7f3a09.
	HexID IDFormat = iota + 1
	// DecimalID is decimal: 8337929.
	DecimalID
	// PaddedHexID has ten upper-case digits: 00007F3A09.
	PaddedHexID
	// PaddedDecimalID has ten digits: 0008337929.
	PaddedDecimalID
	// UpperHexID is upper-case hexadecimal: 7F3A09.
	UpperHexID
	// OpaqueID is a text of 36 characters that shows no number.
	OpaqueID
	// ConstantID is one and the same text for all messages, as osmo-msc has it.
	ConstantID
	// NoID is empty.
	NoID
)

var idFormats = words[IDFormat]{
	"": 0, "hex": HexID, "decimal": DecimalID, "padded-hex": PaddedHexID, "padded-decimal": PaddedDecimalID,
	"upper-hex": UpperHexID, "opaque": OpaqueID, "constant": ConstantID, "none": NoID,
}

// UnmarshalText reads the words of a configuration: hex, decimal, padded-hex, padded-decimal, upper-hex,
// opaque, constant or none.
func (f *IDFormat) UnmarshalText(b []byte) error { return idFormats.read(f, "message id format", b) }

// MarshalText writes the word.
func (f IDFormat) MarshalText() ([]byte, error) { return idFormats.write(f), nil }

func (f IDFormat) format(n uint64) string {
	switch f {
	case DecimalID:
		return strconv.FormatUint(n, 10)
	case PaddedHexID:
		return fmt.Sprintf("%010X", n)
	case PaddedDecimalID:
		return fmt.Sprintf("%010d", n)
	case UpperHexID:
		return fmt.Sprintf("%X", n)
	case OpaqueID:
		h := mix(n)
		return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", h>>32, h>>16&0xFFFF, h&0xFFFF, n>>48, n&0xFFFFFFFFFFFF^h&0xFFFFFFFFFFFF)
	case ConstantID:
		return "msg_id_not_implemented"
	case NoID:
		return ""
	}
	return strconv.FormatUint(n, 16)
}

// mix spreads a number over 64 bits, no two to the same.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// parse reads the number back from an id that shows it.
func (f IDFormat) parse(id string) (uint64, error) {
	switch f {
	case OpaqueID, ConstantID, NoID:
		return 0, fmt.Errorf("an id of this form has no number: name the message by Number")
	case DecimalID, PaddedDecimalID:
		return strconv.ParseUint(id, 10, 64)
	}
	return strconv.ParseUint(id, 16, 64)
}
