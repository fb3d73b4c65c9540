package script

import (
	"errors"
	"fmt"

	"github.com/simota/simota/sat/tlv"
)

// Chaining tells a card that the scripts of several packets are one: what is
// selected at the end of one is selected at the start of the next (ETSI TS 102
// 226, 5.2.1.4).
type Chaining byte

// Values of the chaining object.
const (
	Unchained         Chaining = 0x00 // no chaining object
	ChainFirst        Chaining = 0x01 // first script; a reset of the card breaks the chain
	ChainFirstLasting Chaining = 0x11 // first script; the chain outlives a reset
	ChainNext         Chaining = 0x02 // more will follow
	ChainLast         Chaining = 0x03
)

func (c Chaining) check() error {
	switch c {
	case Unchained, ChainFirst, ChainFirstLasting, ChainNext, ChainLast:
		return nil
	}
	return fmt.Errorf("chaining %02X: want 01 first, 11 first and lasting, 02 next or 03 last", byte(c))
}

// Indicators that an immediate action may be instead of a command, in its one
// octet. From 01 to 7F that octet is a record of EF_RMA that holds the command.
const (
	proactiveSession = 0x81
	earlyResponse    = 0x82
	lastReference    = 0x7F
)

// Types of the commands a card may be asked to give to its terminal (ETSI TS
// 102 223, 9.4).
const (
	typeRefresh     = 0x01
	typePlayTone    = 0x20
	typeDisplayText = 0x21
)

// Refresh returns the objects of an immediate REFRESH for Script.Immediate:
// command details with the qualifier, device identities UICC to terminal (ETSI
// TS 102 223, 6.6.13). Qualifier 04 is UICC reset, 00 is initialisation and
// full file change.
func Refresh(qualifier byte) []byte {
	return []byte{0x81, 0x03, 0x01, 0x01, qualifier, 0x82, 0x02, 0x81, 0x82}
}

func checkImmediate(value []byte) error {
	if len(value) == 1 && (value[0] == proactiveSession || value[0] == earlyResponse) {
		return nil
	}
	if err := checkAction(value); err != nil {
		return fmt.Errorf("immediate action %w", err)
	}
	return nil
}

// checkErrorAction takes no octets for "do nothing", which ends the error
// action of an earlier packet of a chain.
func checkErrorAction(value []byte) error {
	if len(value) == 0 {
		return nil
	}
	if err := checkAction(value); err != nil {
		return fmt.Errorf("error action %w", err)
	}
	return nil
}

// checkAction checks a reference to EF_RMA, or the objects of a command: its
// details and the device identities come first (ETSI TS 102 223, 6.6).
func checkAction(value []byte) error {
	switch {
	case len(value) == 0:
		return errors.New("is empty: leave it nil for none")
	case len(value) == 1 && value[0] >= 1 && value[0] <= lastReference:
		return nil
	case len(value) == 1:
		return fmt.Errorf("has indicator %02X, which is not known", value[0])
	}
	objects, err := tlv.ParseComprehension(value)
	if err != nil {
		return err
	}
	if len(objects) < 2 || objects[0].Tag != 0x01 || len(objects[0].Value) != 3 || objects[1].Tag != 0x02 || len(objects[1].Value) != 2 {
		return errors.New("does not begin with command details and device identities")
	}
	switch kind := objects[0].Value[1]; kind {
	case typeRefresh, typePlayTone, typeDisplayText:
		return nil
	default:
		return fmt.Errorf("has command type %02X: only REFRESH, DISPLAY TEXT and PLAY TONE are allowed", kind)
	}
}
