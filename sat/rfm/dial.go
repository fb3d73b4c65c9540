package rfm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Entry is a name and a number, as in MSISDN, FDN, SDN and MBDN. Its JSON form
// may be the number alone.
type Entry struct {
	Name   string `json:"name,omitempty"`
	Number string `json:"number"` // + and digits, or digits, *, # and p; "" for an empty record
}

// UnmarshalJSON reads an object or a number in quotes.
func (e *Entry) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*e = Entry{}
		return json.Unmarshal(b, &e.Number)
	}
	type plain Entry
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(e))
}

func (e Entry) String() string { return strings.TrimSpace(e.Number + " " + e.Name) }

// coded is the record of the entry: as long as the card's, or as the name needs.
func (e Entry) coded(old []byte) ([]byte, error) {
	n := len(old)
	if n == 0 {
		name, err := alpha([]rune(e.Name))
		if err != nil {
			return nil, err
		}
		n = len(name) + adnFixed
	}
	if e == (Entry{}) {
		return blank(n), nil
	}
	return EncodeADN(e.Name, e.Number, n)
}

var entryCoding = coding[Entry]{
	from: func(b []byte) (e Entry, err error) {
		e.Name, e.Number, err = DecodeADN(b)
		return e, err
	},
	to:   Entry.coded,
	says: Entry.String,
}

// BDN is a barred number (3GPP TS 31.102, 4.2.44): an Entry and a record of
// EF_CMI that says how to compare.
type BDN struct {
	Name       string `json:"name,omitempty"`
	Number     string `json:"number"`
	Comparison byte   `json:"comparison"` // FF none
}

var bdnCoding = coding[BDN]{
	from: func(b []byte) (BDN, error) {
		if len(b) < adnFixed+1 {
			return BDN{}, fmt.Errorf("rfm: BDN record of %d octets: want at least %d", len(b), adnFixed+1)
		}
		name, number, err := DecodeADN(b[:len(b)-1])
		return BDN{name, number, b[len(b)-1]}, err
	},
	to: func(n BDN, old []byte) ([]byte, error) {
		b, err := Entry{n.Name, n.Number}.coded(old[:max(0, len(old)-1)])
		return append(b, n.Comparison), err
	},
	says:  func(n BDN) string { return Entry{n.Name, n.Number}.String() },
	fresh: BDN{Comparison: 0xFF},
}

// MBI are the records of EF_MBDN with the mailboxes, 0 for none (3GPP TS
// 31.102, 4.2.62).
type MBI struct {
	Voice byte `json:"voice"`
	Fax   byte `json:"fax"`
	Mail  byte `json:"mail"`
	Other byte `json:"other"`
	Video byte `json:"video,omitempty"` // only in records of 5 octets
}

var mbiCoding = coding[MBI]{
	from: func(b []byte) (MBI, error) {
		if len(b) < 4 || (len(b) > 5 && !allFF(b[5:])) {
			return MBI{}, fmt.Errorf("rfm: MBI of %d octets: want 4 or 5", len(b))
		}
		m := MBI{Voice: b[0], Fax: b[1], Mail: b[2], Other: b[3]}
		if len(b) > 4 {
			m.Video = b[4]
		}
		return m, nil
	},
	to: func(m MBI, old []byte) ([]byte, error) {
		b := []byte{m.Voice, m.Fax, m.Mail, m.Other, m.Video}
		if size(old, 5) == 4 && m.Video == 0 {
			b = b[:4]
		}
		return b, nil
	},
	says: func(m MBI) string {
		return fmt.Sprintf("voice %d, fax %d, mail %d, other %d, video %d", m.Voice, m.Fax, m.Mail, m.Other, m.Video)
	},
}

var smspCoding = coding[SMSP]{
	from: DecodeSMSP, to: SMSP.coded, says: SMSP.words,
	amends: true, fresh: SMSP{PID: -1, DCS: -1, Validity: -1},
}

func (s SMSP) words() string {
	if s.SMSC == "" {
		return "no SMSC"
	}
	return "SMSC " + s.SMSC
}

// coded is the whole record: what is "" or -1 is marked as absent.
func (s SMSP) coded(old []byte) ([]byte, error) {
	n := len(old)
	if n == 0 {
		name, err := alpha([]rune(s.Alpha))
		if err != nil {
			return nil, err
		}
		n = len(name) + smspFixed
	}
	if n < smspFixed {
		return nil, fmt.Errorf("rfm: SMSP record of %d octets: want at least %d", n, smspFixed)
	}
	b := blank(n)
	if err := encodeAlpha(b[:n-smspFixed], s.Alpha); err != nil {
		return nil, err
	}
	fixed := b[n-smspFixed:]
	if s.Destination != "" {
		number, err := encodeNumber(s.Destination, 20)
		if err != nil {
			return nil, err
		}
		fixed[0] &^= smspDestination
		fixed[1] = byte(len(strings.TrimPrefix(s.Destination, "+")))
		copy(fixed[2:13], number)
	}
	if s.SMSC != "" {
		number, err := encodeNumber(s.SMSC, 20)
		if err != nil {
			return nil, err
		}
		fixed[0] &^= smspSMSC
		fixed[13] = byte(len(number))
		copy(fixed[14:25], number)
	}
	for i, v := range []int{s.PID, s.DCS, s.Validity} {
		if v < -1 || v > 255 {
			return nil, fmt.Errorf("rfm: SMSP has %d as PID, DCS or validity: want 0 to 255, or -1 for none", v)
		}
		if v >= 0 {
			fixed[0] &^= smspPID << i
			fixed[25+i] = byte(v)
		}
	}
	return b, nil
}

var eccCoding = coding[ECC]{
	from: DecodeECC,
	to: func(e ECC, old []byte) ([]byte, error) {
		n := len(old)
		if n == 0 {
			name, err := alpha([]rune(e.Alpha))
			if err != nil {
				return nil, err
			}
			n = len(name) + eccFixed
		}
		if e == (ECC{}) {
			return blank(n), nil
		}
		return EncodeECC(e, n)
	},
	says: func(e ECC) string {
		return fmt.Sprintf("%s, category %02X", strings.TrimSpace(e.Number+" "+e.Alpha), e.Category)
	},
}

// codesCoding are the emergency codes of 2G: 3 octets each, without name and
// category (3GPP TS 51.011, 10.3.27).
var codesCoding = coding[[]string]{
	from: func(b []byte) ([]string, error) {
		if len(b)%3 != 0 {
			return nil, fmt.Errorf("rfm: emergency codes of %d octets: want a multiple of 3", len(b))
		}
		var codes []string
		for ; len(b) > 0; b = b[3:] {
			if allFF(b[:3]) {
				continue
			}
			e, err := DecodeECC([]byte{b[0], b[1], b[2], 0})
			if err != nil {
				return nil, err
			}
			codes = append(codes, e.Number)
		}
		return codes, nil
	},
	to: func(codes []string, _ []byte) ([]byte, error) {
		var b []byte
		for _, c := range codes {
			e, err := EncodeECC(ECC{Number: c}, eccFixed)
			if err != nil {
				return nil, err
			}
			b = append(b, e[:3]...)
		}
		return b, nil
	},
	says: join[string],
}

// Message is a record of EF_SMS or EF_SMSR: a short message or a status report
// of the user (3GPP TS 31.102, 4.2.25 and 4.2.32).
type Message struct {
	// Status is that of EF_SMS: 00 free, 01 read, 03 to be read, 05 sent, 07 to
	// be sent; in EF_SMSR it is the record of the message, 00 none.
	Status byte `json:"status"`
	Octets Hex  `json:"octets"` // service centre and TPDU, with their FF fill
}

var messageCoding = coding[Message]{
	from: func(b []byte) (Message, error) {
		if len(b) < 2 {
			return Message{}, fmt.Errorf("rfm: message record of %d octets: want status and message", len(b))
		}
		return Message{b[0], bytes.Clone(b[1:])}, nil
	},
	to: func(m Message, _ []byte) ([]byte, error) {
		return append([]byte{m.Status}, m.Octets...), nil
	},
	says: func(m Message) string { return fmt.Sprintf("status %02X, %d octets", m.Status, len(m.Octets)) },
	full: true,
}

// SMSS is the state of the short message service (3GPP TS 31.102, 4.2.28; the
// coding of the flag is from memory).
type SMSS struct {
	LastReference byte `json:"last_reference"` // TP-MR of the last message sent
	MemoryFull    bool `json:"memory_full"`    // the network was told so
}

var smssCoding = coding[SMSS]{
	from: func(b []byte) (SMSS, error) {
		if len(b) < 2 || !allFF(b[2:]) {
			return SMSS{}, fmt.Errorf("rfm: SMSS of %d octets: want 2", len(b))
		}
		return SMSS{b[0], b[1]&1 == 0}, nil
	},
	to: func(s SMSS, _ []byte) ([]byte, error) {
		if s.MemoryFull {
			return []byte{s.LastReference, 0xFE}, nil
		}
		return []byte{s.LastReference, 0xFF}, nil
	},
	says: func(s SMSS) string {
		full := ""
		if s.MemoryFull {
			full = ", memory full"
		}
		return fmt.Sprintf("last reference %d%s", s.LastReference, full)
	},
}
