package catalog

import "time"

// Pair is an identity of a card in a device, from its first sight to the last
// one before the card was seen with another pair. Pairs are history: what is
// first and last is decided by when they were seen, not by when that was heard
// of, so the same sights give the same pairs in whatever order they come. Only
// where a sight comes more than a week late into the midst of a pair may the two
// halves begin later and end earlier than they did.
//
// As the field of an operation it is a single sight.
type Pair struct {
	ID       int64 // filled when it is read
	CardID   int64
	ICCID    string // of the card; filled when it is read
	IMEI     string // of the first sight; compare on 14 digits only
	IMSI     string
	Source   string    // of the first sight: "tracking applet", "attach feed", "assumed"
	SeenAt   time.Time // the first sight
	LastSeen time.Time // filled when it is read
}

// SameIMEI compares two IMEI or IMEISV on the 14 digits that they share: the
// check digit and the software version come and go with the source
// (3GPP TS 23.003, 6.2).
func SameIMEI(a, b string) bool {
	return len(a) >= 14 && len(b) >= 14 && a[:14] == b[:14]
}

// Move is a card that was seen in another device than before, or a device with
// another card.
type Move struct {
	Kind   MoveKind
	Was    Pair // of the card, or of the device, before
	Is     Pair
	SeenAt time.Time // that of Is
}

// MoveKind is what moved.
type MoveKind string

// Kinds of moves. Most often both are true at once: two cards were exchanged.
const (
	CardMoved   MoveKind = "card moved"   // the card is in another device
	DeviceMoved MoveKind = "device moved" // the device has another card
)
