package uicc

import (
	"bytes"

	"github.com/simota/simota/sat"
)

// record finds the record of READ and UPDATE RECORD (ETSI TS 102 221, 11.1.5 and 11.1.6).
func (s *session) record(c apdu) (ef *node, rec []byte, sw sat.Status) {
	ef, sw = s.current(c.p2 >> 3)
	if sw != swOK {
		return nil, nil, sw
	}
	if ef.content.recLen == 0 {
		return nil, nil, swStructure
	}
	n, pointer := int(c.p1), s.rec
	switch mode := c.p2 & 0x07; {
	case mode == 0x04 && c.p1 == 0:
		n = s.rec
	case mode == 0x04: // absolute: the record pointer stays
	case mode == 0x02 && c.p1 == 0:
		n, pointer = s.rec+1, s.rec+1
	case mode == 0x03 && c.p1 == 0:
		if n = s.rec - 1; s.rec == 0 {
			n = ef.content.records()
		}
		pointer = n
	default:
		return nil, nil, swParameters
	}
	if rec = ef.content.record(n); rec == nil {
		return nil, nil, swNoRecord
	}
	s.rec = pointer
	return ef, rec, swOK
}

func (s *session) readRecord(c apdu) ([]byte, sat.Status) {
	if len(c.data) > 0 || c.le < 1 {
		return nil, swLength
	}
	_, rec, sw := s.record(c)
	switch {
	case sw != swOK:
		return nil, sw
	case c.le != 256 && c.le != len(rec):
		return nil, swAvailable | sat.Status(len(rec))
	}
	return rec, swOK
}

func (s *session) updateRecord(c apdu) sat.Status {
	if len(c.data) == 0 || c.le >= 0 {
		return swLength
	}
	ef, rec, sw := s.record(c)
	cyclic := sw == swOK && ef.content.cyclic
	switch {
	case sw != swOK:
		return sw
	case cyclic && c.p2&0x07 != 0x03:
		return swParameters // only the oldest record of a cyclic file is written, as PREVIOUS
	case !s.mayUpdate(ef):
		return swAccess
	case len(c.data) != len(rec):
		return swLength
	case cyclic:
		ef.content.push(c.data)
		s.rec = 1
	default:
		copy(rec, c.data)
	}
	s.writes++
	return swOK
}

// push overwrites the oldest record of a cyclic file, which becomes record 1.
func (c *content) push(rec []byte) {
	n := c.recLen
	copy(c.data[n:], bytes.Clone(c.data[:len(c.data)-n]))
	copy(c.data[:n], rec)
}

// increase is INCREASE (ETSI TS 102 221, 11.1.8): the newest record plus the value becomes a new record. The answer
// is both the sum and the value.
func (s *session) increase(c apdu) ([]byte, sat.Status) {
	sfi := byte(0)
	if s.app.Class != classGSM && c.p1&0x80 != 0 {
		sfi = c.p1 & 0x1F
	}
	if c.p2 != 0 || c.p1 != 0 && (sfi == 0 || c.p1&0x60 != 0) {
		return nil, swParameters
	}
	ef, sw := s.current(sfi)
	switch {
	case sw != swOK:
		return nil, sw
	case !ef.content.cyclic:
		return nil, swStructure
	case !s.mayUpdate(ef):
		return nil, swAccess
	case len(c.data) == 0 || len(c.data) > ef.content.recLen:
		return nil, swLength
	}
	sum, carry := bytes.Clone(ef.content.record(1)), 0
	for i := range sum {
		at := len(sum) - 1 - i
		carry += int(sum[at])
		if i < len(c.data) {
			carry += int(c.data[len(c.data)-1-i])
		}
		sum[at], carry = byte(carry), carry>>8
	}
	if carry != 0 {
		return nil, swMaximum
	}
	ef.content.push(sum)
	s.rec = 1
	s.writes++
	return s.reply(append(sum, c.data...), c.le)
}

// reply answers a command that sends and expects data: without Le the data wait for GET RESPONSE.
func (s *session) reply(data []byte, le int) ([]byte, sat.Status) {
	if le < 0 {
		s.waiting = data
		return nil, swWaiting | sat.Status(len(data)&0xFF)
	}
	return upTo(data, le)
}

// search is what SEARCH RECORD looks for and where.
type search struct {
	pattern    []byte
	from, step int                  // record to begin with, 1 or -1
	skip       func(rec []byte) int // octets of a record that are left out
}

// searchRecord is SEARCH RECORD (ETSI TS 102 221, 11.1.7), simple and enhanced: the answer is the numbers of the
// records that hold the pattern, the first of which becomes the current one.
func (s *session) searchRecord(c apdu) ([]byte, sat.Status) {
	ef, sw := s.current(c.p2 >> 3)
	switch {
	case sw != swOK:
		return nil, sw
	case ef.content.recLen == 0:
		return nil, swStructure
	}
	q, sw := s.parseSearch(c)
	if sw != swOK {
		return nil, sw
	}
	records := ef.content.records()
	switch {
	case len(q.pattern) == 0 || len(q.pattern) > ef.content.recLen:
		return nil, swLength
	case q.from < 1 || q.from > records:
		return nil, swNoRecord
	}
	var found []byte
	for n := q.from; n >= 1 && n <= records; n += q.step {
		rec := ef.content.record(n)
		if at := q.skip(rec); at <= len(rec) && bytes.Contains(rec[at:], q.pattern) {
			found = append(found, byte(n))
		}
	}
	if found == nil {
		return nil, swNotFound
	}
	s.rec = int(found[0])
	return s.reply(found, c.le)
}

// Modes of SEARCH RECORD. The last three are enhanced: the data begin with mode and offset, or octet to look behind.
const (
	searchForward   = 0x04
	searchBackward  = 0x05
	searchEnhanced  = 0x06
	forwardFromNext = 0x06
	backwardFromOne = 0x07
	behindOctet     = 0x08
)

func (s *session) parseSearch(c apdu) (search, sat.Status) {
	q := search{pattern: c.data, from: int(c.p1), step: 1, skip: func([]byte) int { return 0 }}
	if q.from == 0 {
		q.from = s.rec
	}
	mode := c.p2 & 0x07
	if mode == searchEnhanced {
		if len(c.data) < 3 {
			return q, swLength
		}
		indication, value := c.data[0], c.data[1]
		q.pattern, mode, q.skip = c.data[2:], indication&0x07, behind(indication, value)
		switch {
		case (mode == forwardFromNext || mode == backwardFromOne) && c.p1 != 0:
			return q, swParameters
		case mode == forwardFromNext:
			q.from, mode = q.from+1, searchForward
		case mode == backwardFromOne:
			q.from, mode = q.from-1, searchBackward
		}
	}
	switch mode {
	case searchForward:
	case searchBackward:
		q.step = -1
	default:
		return q, swParameters
	}
	return q, swOK
}

// behind tells where an enhanced search begins in a record: at an offset, or behind the first octet of a value.
func behind(indication, value byte) func(rec []byte) int {
	if indication&behindOctet == 0 {
		return func([]byte) int { return int(value) }
	}
	return func(rec []byte) int {
		if at := bytes.IndexByte(rec, value); at >= 0 {
			return at + 1
		}
		return len(rec) + 1
	}
}
