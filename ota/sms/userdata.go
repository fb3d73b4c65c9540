// Package sms reads and writes the user data of binary short messages: headers with their information elements,
// concatenation, splitting and reassembly.
//
// It follows 3GPP TS 23.040, 9.2.3.24, and TS 31.115 for the headers of secured packets. User data here is 8-bit
// data with a header, TP-UDHI set; texts and their alphabets are not its subject.
package sms

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxUserData is the length in octets of the user data of one SMS, header included.
const MaxUserData = 140

// Identifiers of information elements (3GPP TS 23.040, 9.2.3.24; 70 and 71: TS 31.115).
const (
	Concat8        = 0x00 // concatenation, 8-bit reference
	Ports8         = 0x04 // application ports, 8-bit
	Ports16        = 0x05 // application ports, 16-bit
	Concat16       = 0x08 // concatenation, 16-bit reference
	CommandPacket  = 0x70 // the payload is a command packet for the card
	ResponsePacket = 0x71 // the payload is a response packet from the card
)

// What can be wrong with user data. Returned errors wrap one of these.
var (
	// ErrLength means that there are more octets than an SMS, or 255 of them, can hold, or none at all.
	ErrLength = errors.New("sms: length")
	// ErrHeader means that a user data header is cut short or its lengths contradict each other.
	ErrHeader = errors.New("sms: malformed user data header")
	// ErrIncomplete means that parts of a concatenated message are missing.
	ErrIncomplete = errors.New("sms: parts are missing")
	// ErrConflict means that parts do not belong together: two messages, or one part with two contents.
	ErrConflict = errors.New("sms: parts contradict each other")
)

// Element is an information element of a user data header. Its data is at most 255 octets.
type Element struct {
	ID   byte
	Data []byte
}

// UserData is the content of one SMS: the elements of its header in their order, and what follows the header.
type UserData struct {
	Elements []Element
	Payload  []byte
}

// ParseUserData reads user data that starts with a header. The elements must fill the header exactly. The result
// refers to ud and must not outlive changes to it.
func ParseUserData(ud []byte) (UserData, error) {
	switch {
	case len(ud) == 0:
		return UserData{}, fmt.Errorf("%w: the user data is empty", ErrHeader)
	case len(ud) > MaxUserData:
		return UserData{}, fmt.Errorf("%w: %d octets of user data, at most %d", ErrLength, len(ud), MaxUserData)
	case int(ud[0]) > len(ud)-1:
		return UserData{}, fmt.Errorf("%w: UDHL is %d, %d octets follow", ErrHeader, ud[0], len(ud)-1)
	}
	header, payload := ud[1:1+int(ud[0])], ud[1+int(ud[0]):]
	u := UserData{Payload: payload}
	for len(header) > 0 {
		if len(header) < 2 || int(header[1]) > len(header)-2 {
			return UserData{}, fmt.Errorf("%w: element %02X is cut short", ErrHeader, header[0])
		}
		end := 2 + int(header[1])
		u.Elements = append(u.Elements, Element{ID: header[0], Data: header[2:end:end]})
		header = header[end:]
	}
	return u, nil
}

// AppendBinary appends the user data, header included, to b. It fails if that is more than MaxUserData octets.
func (u UserData) AppendBinary(b []byte) ([]byte, error) {
	header := 0
	for _, e := range u.Elements {
		header += 2 + len(e.Data)
	}
	if size := 1 + header + len(u.Payload); size > MaxUserData {
		return nil, fmt.Errorf("%w: %d octets of user data, at most %d", ErrLength, size, MaxUserData)
	}
	b = append(b, byte(header))
	for _, e := range u.Elements {
		b = append(append(b, e.ID, byte(len(e.Data))), e.Data...)
	}
	return append(b, u.Payload...), nil
}

// Has reports whether the header has an element with this identifier.
func (u UserData) Has(id byte) bool {
	for _, e := range u.Elements {
		if e.ID == id {
			return true
		}
	}
	return false
}

// Concat is the place of a part in a concatenated message.
type Concat struct {
	// Ref tells messages of one sender apart; Wide means it has 16 bits (element 08), else 8 (element 00).
	Ref  uint16
	Wide bool
	// Total is the number of parts, Seq this one's number from 1.
	Total, Seq byte
}

// Concat returns the last concatenation element. As the standard wants, an element with impossible numbers (no
// parts, part 0, more than there are) counts as absent.
func (u UserData) Concat() (Concat, bool) {
	for i := len(u.Elements) - 1; i >= 0; i-- {
		if c, ok := u.Elements[i].concat(); ok {
			return c, true
		}
	}
	return Concat{}, false
}

func (e Element) concat() (c Concat, ok bool) {
	switch {
	case e.ID == Concat8 && len(e.Data) == 3:
		c = Concat{Ref: uint16(e.Data[0]), Total: e.Data[1], Seq: e.Data[2]}
	case e.ID == Concat16 && len(e.Data) == 4:
		c = Concat{Ref: binary.BigEndian.Uint16(e.Data), Wide: true, Total: e.Data[2], Seq: e.Data[3]}
	}
	return c, c.Seq > 0 && c.Seq <= c.Total
}

// Ports returns the destination and source application port of the last port element, 16-bit or 8-bit.
func (u UserData) Ports() (dst, src uint16, ok bool) {
	for i := len(u.Elements) - 1; i >= 0; i-- {
		switch e := u.Elements[i]; {
		case e.ID == Ports16 && len(e.Data) == 4:
			return binary.BigEndian.Uint16(e.Data), binary.BigEndian.Uint16(e.Data[2:]), true
		case e.ID == Ports8 && len(e.Data) == 2:
			return uint16(e.Data[0]), uint16(e.Data[1]), true
		}
	}
	return 0, 0, false
}
