package smscsim

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"github.com/simota/simota/smpp"
)

var errCut = errors.New("smscsim: field cut off or too long")

// Lengths in octets (SMPP 3.4, 5.2).
const (
	maxNumber   = 20  // addresses of submit_sm and deliver_sm, without NUL
	maxField    = 65  // message ids and addresses of data_sm, NUL included
	maxShort    = 254 // short_message
	maxSequence = 0x7FFFFFFF
)

// Tags of optional parameters (SMPP 3.4, 5.3.2; SMPP 5.0, 4.8.4.18).
const (
	tagTimeToLive       uint16 = 0x0017 // qos_time_to_live, seconds
	tagReference        uint16 = 0x0204 // user_message_reference
	tagInterfaceVersion uint16 = 0x0210 // sc_interface_version
	tagSetDPF           uint16 = 0x0421 // set_dpf
	tagAvailability     uint16 = 0x0422 // ms_availability_status
	tagCongestion       uint16 = 0x0428 // congestion_state
)

// fixed are optional parameters of one length.
var fixed = map[uint16]int{tagTimeToLive: 4, tagReference: 2, tagSetDPF: 1}

// bind is what counts of a bind (SMPP 3.4, 4.1.1).
type bind struct {
	system, password string
	version          byte
}

func parseBind(b []byte) (bind, error) {
	p := parser{b: b}
	const tooLong = smpp.StatusInvalidLength
	v := bind{system: p.text(16, tooLong), password: p.text(65, tooLong)}
	p.text(13, tooLong) // system_type
	v.version = p.octet()
	p.octet()           // addr_ton
	p.octet()           // addr_npi
	p.text(41, tooLong) // address_range
	if p.status != smpp.StatusOK || len(p.b) != 0 {
		return bind{}, errCut
	}
	return v, nil
}

// parser takes fields from b. The first that does not fit sets the status given for it; 0 means none yet.
type parser struct {
	b      []byte
	status uint32
}

func (p *parser) fail(status uint32) {
	if p.status == smpp.StatusOK {
		p.status = status
	}
	p.b = nil
}

// octet takes one octet; a frame that ends here is too short, whatever field is missing.
func (p *parser) octet() byte {
	if len(p.b) == 0 {
		p.fail(smpp.StatusInvalidLength)
		return 0
	}
	v := p.b[0]
	p.b = p.b[1:]
	return v
}

func (p *parser) text(limit int, status uint32) string {
	end := bytes.IndexByte(p.b, 0)
	switch {
	case end < 0:
		p.fail(smpp.StatusInvalidLength)
		return ""
	case end >= limit:
		p.fail(status)
		return ""
	}
	v := string(p.b[:end])
	p.b = p.b[end+1:]
	return v
}

// check sets status unless ok.
func (p *parser) check(ok bool, status uint32) {
	if !ok {
		p.fail(status)
	}
}

// source and destination take an address of at most limit octets, NUL included.
func (p *parser) source(limit int) smpp.Address {
	return p.address(limit, smpp.StatusInvalidSourceTON, smpp.StatusInvalidSourceNPI, smpp.StatusInvalidSource)
}

func (p *parser) destination(limit int) smpp.Address {
	return p.address(limit, smpp.StatusInvalidDestTON, smpp.StatusInvalidDestNPI, smpp.StatusInvalidDestination)
}

func (p *parser) address(limit int, badTON, badNPI, badNumber uint32) smpp.Address {
	a := smpp.Address{TON: p.octet(), NPI: p.octet(), Number: p.text(limit, badNumber)}
	p.check(a.TON <= 6, badTON)
	switch a.NPI {
	case 0, 1, 3, 4, 6, 8, 9, 10, 14, 18:
	default:
		p.fail(badNPI)
	}
	return a
}

// parseSubmit reads a submit_sm (SMPP 3.4, 4.4.1) or data_sm (4.7.1) and says with which status to answer
// it. optional says that the ESME may use optional parameters.
func parseSubmit(frame []byte, command smpp.Command, optional bool, now time.Time) (Submitted, uint32) {
	m := Submitted{PDU: frame, ReceivedAt: now}
	p := parser{b: frame[smpp.HeaderLen:]}
	limit := maxNumber + 1
	if command == smpp.DataSM {
		limit = maxField
	}
	m.ServiceType = p.text(6, smpp.StatusInvalidServiceType)
	m.Source, m.Destination = p.source(limit), p.destination(limit)
	p.check(m.Destination.Number != "", smpp.StatusInvalidDestination)
	m.ESMClass = p.octet()
	if command == smpp.DataSM {
		m.RegisteredDelivery = p.registered()
		m.DCS = p.octet()
	} else {
		p.submit(&m)
	}
	p.optional(&m, optional)
	if p.status == smpp.StatusOK && m.ESMClass&udhi != 0 && (len(m.UserData) == 0 || int(m.UserData[0]) >= len(m.UserData)) {
		p.status = smpp.StatusInvalidESMClass // a user data header is announced and not there
	}
	return m, p.status
}

// submit takes what only submit_sm has.
func (p *parser) submit(m *Submitted) {
	m.PID = p.octet()
	p.check(p.octet() <= 3, smpp.StatusInvalidPriority)
	p.time(smpp.StatusInvalidSchedule, m.ReceivedAt)
	m.Validity = p.time(smpp.StatusInvalidValidity, m.ReceivedAt)
	m.RegisteredDelivery = p.registered()
	p.check(p.octet() <= 1, smpp.StatusInvalidReplaceFlag)
	m.DCS = p.octet()
	p.octet()
	m.UserData = p.short()
}

func (p *parser) time(status uint32, now time.Time) time.Duration {
	d, ok := parseTime(p.text(17, status), now)
	p.check(ok, status)
	return d
}

func (p *parser) registered() byte {
	v := p.octet()
	p.check(v&^0x1F == 0 && v&3 != 3, smpp.StatusInvalidRegistered)
	return v
}

// short takes sm_length and short_message.
func (p *parser) short() []byte {
	n := int(p.octet())
	p.check(n <= maxShort, smpp.StatusInvalidMessageLength)
	p.check(n <= len(p.b), smpp.StatusInvalidLength)
	if p.status != smpp.StatusOK {
		return nil
	}
	text := p.b[:n:n]
	p.b = p.b[n:]
	return text
}

// optional takes the optional parameters to the end.
func (p *parser) optional(m *Submitted, known bool) {
	p.check(known || len(p.b) == 0, smpp.StatusInvalidLength)
	for len(p.b) > 0 {
		if len(p.b) < 4 || len(p.b)-4 < int(binary.BigEndian.Uint16(p.b[2:])) {
			p.fail(smpp.StatusInvalidTLVStream)
			return
		}
		end := 4 + int(binary.BigEndian.Uint16(p.b[2:]))
		t := TLV{binary.BigEndian.Uint16(p.b), p.b[4:end:end]}
		p.b = p.b[end:]
		n, ok := fixed[t.Tag]
		p.check(!ok || n == len(t.Value), smpp.StatusInvalidTLVLength)
		switch {
		case p.status != smpp.StatusOK:
			return
		case t.Tag != smpp.TagMessagePayload:
			m.TLVs = append(m.TLVs, t)
		case len(m.UserData) > 0:
			p.fail(smpp.StatusTLVNotAllowed)
		default:
			m.UserData = t.Value
		}
		if t.Tag == tagTimeToLive {
			m.Validity = time.Duration(binary.BigEndian.Uint32(t.Value)) * time.Second
		}
	}
}

// parseTime reads the absolute and relative forms of SMPP 3.4, 7.1.1 as a duration from now; "" is 0. A
// time that has passed is not ok.
func parseTime(s string, now time.Time) (time.Duration, bool) {
	if s == "" {
		return 0, true
	}
	if len(s) != 16 {
		return 0, false
	}
	var n [6]int
	for i := range n {
		v, err := strconv.ParseUint(s[2*i:2*i+2], 10, 8)
		if err != nil {
			return 0, false
		}
		n[i] = int(v)
	}
	rest, err := strconv.ParseUint(s[12:15], 10, 16)
	if err != nil {
		return 0, false
	}
	if s[15] == 'R' {
		at := now.AddDate(n[0], n[1], n[2]).Add(time.Duration(n[3])*time.Hour + time.Duration(n[4])*time.Minute + time.Duration(n[5])*time.Second)
		return at.Sub(now), rest == 0
	}
	quarters := time.Duration(rest%100) * 15 * time.Minute
	switch s[15] {
	case '+':
	case '-':
		quarters = -quarters
	default:
		return 0, false
	}
	at, err := time.Parse("060102150405", s[:12])
	d := at.Add(-quarters).Sub(now)
	return d, err == nil && rest%100 <= 48 && d > 0
}
