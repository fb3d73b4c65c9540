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
//	script    AA L { 22 L C-APDU }* [81 L immediate action]
//	          AE 80 { ... } 00 00
//	response  AB L 80 01 n { 23 L data SW }* [error]
//	          AF 80 { 23 L data SW }* [error] 00 00
//	error     90 01 x bad format | 81 01 x immediate action | 83 01 x chaining
package script

import "errors"

// Format is the coding of a script and of its response.
type Format string

// The formats of ETSI TS 102 226, 5.1 and 5.2.
const (
	Compact    Format = "compact"
	Expanded   Format = "expanded"            // definite length
	Indefinite Format = "expanded-indefinite" // read, and answered by the card side; never sent
)

// ErrUnsupported says that something is legal but not done by this package.
var ErrUnsupported = errors.New("not supported")

// Tags of both templates and of what they hold (ETSI TS 101 220, 7.2).
const (
	tagScript             = 0xAA
	tagScriptIndefinite   = 0xAE
	tagCommand            = 0x22
	tagImmediate          = 0x81
	tagResponse           = 0xAB
	tagResponseIndefinite = 0xAF
	tagExecuted           = 0x80
	tagResult             = 0x23
	tagBadFormat          = 0x90
	tagChaining           = 0x83
)
