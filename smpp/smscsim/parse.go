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

// parseBind reads system_id and password; the rest must be there too (SMPP 3.4, 4.1.1).
func parseBind(b []byte) (system, password string, err error) {
	p := parser{b: b}
	const tooLong = smpp.StatusInvalidLength
	system, password = p.text(16, tooLong), p.text(65, tooLong)
	p.text(13, tooLong) // system_type
	p.octet()           // interface_version
	p.octet()           // addr_ton
	p.octet()           // addr_npi
	p.text(41, tooLong) // address_range
	if p.status != smpp.StatusOK || len(p.b) != 0 {
		return "", "", errCut
	}
	return system, password, nil
}

// maskPassword returns a copy of a bind frame with stars for its password, whatever its shape.
func maskPassword(frame []byte) []byte {
	b := bytes.Clone(frame)
	body := b[smpp.HeaderLen:]
	i := bytes.IndexByte(body, 0) + 1 // without a NUL everything is masked
	for ; i < len(body) && body[i] != 0; i++ {
		body[i] = '*'
	}
	return b
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

func (p *parser) address(badTON, badNPI, badNumber uint32) smpp.Address {
	a := smpp.Address{TON: p.octet(), NPI: p.octet(), Number: p.text(21, badNumber)}
	p.check(a.TON <= 6, badTON)
	switch a.NPI {
	case 0, 1, 3, 4, 6, 8, 9, 10, 14, 18:
	default:
		p.fail(badNPI)
	}
	return a
}

// parseSubmit reads a submit_sm (SMPP 3.4, 4.4.1) and says with which status to answer it.
func parseSubmit(frame []byte, now time.Time) (Submitted, uint32) {
	m := Submitted{PDU: frame, ReceivedAt: now}
	p := parser{b: frame[smpp.HeaderLen:]}
	p.text(6, smpp.StatusInvalidServiceType)
	m.Source = p.address(smpp.StatusInvalidSourceTON, smpp.StatusInvalidSourceNPI, smpp.StatusInvalidSource)
	m.Destination = p.address(smpp.StatusInvalidDestTON, smpp.StatusInvalidDestNPI, smpp.StatusInvalidDestination)
	p.check(m.Destination.Number != "", smpp.StatusInvalidDestination)
	m.ESMClass = p.octet()
	m.PID = p.octet()
	p.check(p.octet() <= 3, smpp.StatusInvalidPriority)
	_, ok := parseTime(p.text(17, smpp.StatusInvalidSchedule), now)
	p.check(ok, smpp.StatusInvalidSchedule)
	m.Validity, ok = parseTime(p.text(17, smpp.StatusInvalidValidity), now)
	p.check(ok, smpp.StatusInvalidValidity)
	m.RegisteredDelivery = p.octet()
	p.check(m.RegisteredDelivery&^0x1F == 0 && m.RegisteredDelivery&3 != 3, smpp.StatusInvalidRegistered)
	p.check(p.octet() <= 1, smpp.StatusInvalidReplaceFlag)
	m.DCS = p.octet()
	p.octet()
	p.shortMessage(&m)
	if p.status == smpp.StatusOK && m.ESMClass&0x40 != 0 && (len(m.UserData) == 0 || int(m.UserData[0]) >= len(m.UserData)) {
		p.status = smpp.StatusInvalidESMClass // a user data header is announced and not there
	}
	return m, p.status
}

// shortMessage takes sm_length, short_message and the optional parameters.
func (p *parser) shortMessage(m *Submitted) {
	n := int(p.octet())
	p.check(n <= 254, smpp.StatusInvalidMessageLength)
	p.check(n <= len(p.b), smpp.StatusInvalidLength)
	if p.status != smpp.StatusOK {
		return
	}
	m.UserData, p.b = p.b[:n:n], p.b[n:]
	for len(p.b) > 0 {
		if len(p.b) < 4 || len(p.b)-4 < int(binary.BigEndian.Uint16(p.b[2:])) {
			p.fail(smpp.StatusInvalidTLVStream)
			return
		}
		tag, end := binary.BigEndian.Uint16(p.b), 4+int(binary.BigEndian.Uint16(p.b[2:]))
		if tag == smpp.TagMessagePayload {
			if n > 0 {
				p.fail(smpp.StatusTLVNotAllowed)
				return
			}
			m.UserData = p.b[4:end:end]
		}
		p.b = p.b[end:]
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
