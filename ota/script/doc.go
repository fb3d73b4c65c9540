// Package script builds and reads remote command scripts and their responses
// (ETSI TS 102 226, 5): what a secured packet carries once it is open.
//
// A compact script is C-APDUs back to back. The card stops at the first one
// that fails and answers for the last one it ran:
//
//	script    C-APDU C-APDU ...
//	response  count(1) SW(2) [data of the last command]
//
// An expanded script is a template of definite or indefinite length, and the
// response has the result of every command that ran:
//
//	script    AA L objects
//	          AE 80 objects 00 00
//	response  AB L 80 01 n { 23 L data SW }* [error]
//	          AF 80 { 23 L data SW }* [error] 00 00
//	error     90 01 x bad format | 81 01 x immediate action | 83 01 x chaining
//
// The standard fixes two places among the objects of a script: chaining is
// the first of all, and error action governs the commands after it. The others
// act where they stand; this package has one place for each and sends and
// reads no other order:
//
//	[83 01 x]         chaining
//	[81 01 81]        wait until no proactive session is open
//	[82 L action]     error action
//	{ 22 L C-APDU }   commands, one at least
//	[81 01 82]        answer before the action
//	[81 L action]     immediate action
//
// Split makes several scripts of one that is too long for a packet.
package script

import "errors"

// Format is the coding of a script and of its response.
type Format string

// The formats of ETSI TS 102 226, 5.1 and 5.2.
const (
	Compact    Format = "compact"
	Expanded   Format = "expanded"            // definite length
	Indefinite Format = "expanded-indefinite" // only the template is; meant for HTTPS, a few cards want it in SMS
)

// ErrUnsupported says that something is legal but not done by this package.
var ErrUnsupported = errors.New("not supported")

// Tags of both templates and of what they hold (ETSI TS 101 220, 7.2).
const (
	tagScript             = 0xAA
	tagScriptIndefinite   = 0xAE
	tagCommand            = 0x22
	tagImmediate          = 0x81
	tagErrorAction        = 0x82
	tagChaining           = 0x83
	tagResponse           = 0xAB
	tagResponseIndefinite = 0xAF
	tagExecuted           = 0x80
	tagResult             = 0x23
	tagBadFormat          = 0x90
)

// objectSize is the size of an object of one tag octet whose value has n
// octets, in the shortest form of its length.
func objectSize(n int) int {
	switch {
	case n < 0x80:
		return 2 + n
	case n <= 0xFF:
		return 3 + n
	}
	return 4 + n
}

// appendHeader appends the tag and the length of a value of n octets, which
// is what objectSize counts beside the value. Values here stay far below
// 65,536 octets: a template holds at most 64 objects.
func appendHeader(b []byte, tag byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(b, tag, byte(n))
	case n <= 0xFF:
		return append(b, tag, 0x81, byte(n))
	}
	return append(b, tag, 0x82, byte(n>>8), byte(n))
}
