package uicc

import (
	"encoding/binary"

	"github.com/simota/simota/sat"
)

const classGSM = 0xA0

// Instructions of remote file management (ETSI TS 102 226, 8).
const (
	insSelect       = 0xA4
	insReadBinary   = 0xB0
	insReadRecord   = 0xB2
	insGetResponse  = 0xC0
	insUpdateBinary = 0xD6
	insUpdateRecord = 0xDC
)

// Status words of ETSI TS 102 221, 10.2.1.
const (
	swOK           sat.Status = 0x9000
	swTruncated    sat.Status = 0x62F1
	swWaiting      sat.Status = 0x6100 // the low octet tells how much
	swLength       sat.Status = 0x6700
	swStructure    sat.Status = 0x6981
	swAccess       sat.Status = 0x6982
	swConditions   sat.Status = 0x6985
	swNoEF         sat.Status = 0x6986
	swNoFile       sat.Status = 0x6A82
	swNoRecord     sat.Status = 0x6A83
	swParameters   sat.Status = 0x6A86
	swOffset       sat.Status = 0x6B00
	swAvailable    sat.Status = 0x6C00 // the low octet tells how much
	swInstruction  sat.Status = 0x6D00
	swClass        sat.Status = 0x6E00
	swWaitingGSM   sat.Status = 0x9F00
	swNoEFGSM      sat.Status = 0x9400
	swOffsetGSM    sat.Status = 0x9402
	swNoFileGSM    sat.Status = 0x9404
	swStructureGSM sat.Status = 0x9408
	swAccessGSM    sat.Status = 0x9804
)

// apdu is a command as the script has it: le is -1 without Le and 256 for 00.
type apdu struct {
	cla, ins, p1, p2 byte
	data             []byte
	le               int
}

// outgoing says that P3 of the instruction is Le and no data follow.
func outgoing(ins byte) bool {
	return ins == insReadBinary || ins == insReadRecord || ins == insGetResponse
}

// session is what a script has selected. It ends with the packet.
type session struct {
	app     *Application
	tree    *tree
	adf     *node // nil if the application has none
	dir     *node
	ef      *node
	rec     int    // current record, 0 for none
	waiting []byte // for GET RESPONSE, until the next command
	writes  int
}

func newSession(app *Application, t *tree) *session {
	s := &session{app: app, tree: t, dir: t.mf}
	if app.Start == sat.ADFUSIM {
		s.adf, s.dir = t.usim, t.usim
	}
	return s
}

// run executes one command and returns its data and status word.
func (s *session) run(c apdu) ([]byte, sat.Status) {
	waiting := s.waiting
	s.waiting = nil
	if c.cla != s.app.Class {
		return nil, swClass
	}
	var data []byte
	var sw sat.Status
	switch c.ins {
	case insSelect:
		data, sw = s.selectFile(c)
	case insReadBinary:
		data, sw = s.readBinary(c)
	case insReadRecord:
		data, sw = s.readRecord(c)
	case insUpdateBinary:
		sw = s.updateBinary(c)
	case insUpdateRecord:
		sw = s.updateRecord(c)
	case insGetResponse:
		data, sw = getResponse(c, waiting)
	default:
		sw = swInstruction
	}
	if s.app.Class == classGSM {
		sw = statusGSM(sw)
	}
	return data, sw
}

// done says whether the script goes on after this status word.
func done(sw sat.Status) bool {
	return sw == swOK || sw&0xFF00 == swWaiting || sw&0xFF00 == swWaitingGSM
}

// statusGSM translates to the status words of TS 51.011, 9.4.
func statusGSM(sw sat.Status) sat.Status {
	switch sw {
	case swNoFile:
		return swNoFileGSM
	case swNoRecord, swOffset:
		return swOffsetGSM
	case swNoEF:
		return swNoEFGSM
	case swStructure:
		return swStructureGSM
	case swAccess:
		return swAccessGSM
	case swParameters:
		return swOffset
	}
	switch sw & 0xFF00 {
	case swWaiting:
		return swWaitingGSM | sw&0xFF
	case swAvailable:
		return swLength | sw&0xFF
	}
	return sw
}

func getResponse(c apdu, waiting []byte) ([]byte, sat.Status) {
	switch {
	case c.p1 != 0 || c.p2 != 0:
		return nil, swParameters
	case len(c.data) > 0 || c.le < 1:
		return nil, swLength
	case len(waiting) == 0:
		return nil, swConditions
	}
	return upTo(waiting, c.le)
}

// upTo answers Le: all there is if it is 00, else at most what is there.
func upTo(b []byte, le int) ([]byte, sat.Status) {
	switch {
	case le == 256:
		return b[:min(len(b), 256)], swOK
	case le > len(b):
		return nil, swAvailable | sat.Status(len(b)&0xFF)
	}
	return b[:le], swOK
}

// current finds the EF of a command, by short file identifier if the command has one.
func (s *session) current(sfi byte) (*node, sat.Status) {
	if sfi != 0 {
		ef := s.dir.bySFI(sfi)
		if ef == nil || s.app.Class == classGSM {
			return nil, swNoFile
		}
		s.ef, s.rec = ef, 0
	}
	if s.ef == nil {
		return nil, swNoEF
	}
	return s.ef, swOK
}

// binary finds the transparent file and the offset of READ and UPDATE BINARY (ETSI TS 102 221, 11.1.3 and 11.1.4).
func (s *session) binary(c apdu) (ef *node, offset int, sw sat.Status) {
	offset = int(binary.BigEndian.Uint16([]byte{c.p1, c.p2}))
	sfi := byte(0)
	if c.p1&0x80 != 0 {
		sfi, offset = c.p1&0x1F, int(c.p2)
		if c.p1&0x60 != 0 || sfi == 0 {
			return nil, 0, swParameters
		}
	}
	ef, sw = s.current(sfi)
	switch {
	case sw != swOK:
	case ef.content.recLen != 0:
		sw = swStructure
	case offset >= len(ef.content.data):
		sw = swOffset
	}
	return ef, offset, sw
}

func (s *session) readBinary(c apdu) ([]byte, sat.Status) {
	if len(c.data) > 0 || c.le < 1 {
		return nil, swLength
	}
	ef, offset, sw := s.binary(c)
	if sw != swOK {
		return nil, sw
	}
	return upTo(ef.content.data[offset:], c.le)
}

func (s *session) updateBinary(c apdu) sat.Status {
	if len(c.data) == 0 || c.le >= 0 {
		return swLength
	}
	ef, offset, sw := s.binary(c)
	switch {
	case sw != swOK:
		return sw
	case !s.mayUpdate(ef):
		return swAccess
	case offset+len(c.data) > len(ef.content.data):
		return swLength
	}
	copy(ef.content.data[offset:], c.data)
	s.writes++
	return swOK
}

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
	switch {
	case sw != swOK:
		return sw
	case !s.mayUpdate(ef):
		return swAccess
	case len(c.data) != len(rec):
		return swLength
	}
	copy(rec, c.data)
	s.writes++
	return swOK
}

// mayUpdate is the access domain of the application (ETSI TS 102 226, 8.2.1.3.2.3).
func (s *session) mayUpdate(ef *node) bool {
	if ef.readOnly {
		return false
	}
	if s.app.Updatable == nil {
		return true
	}
	for _, name := range s.app.Updatable {
		if s.tree.find(name) == ef {
			return true
		}
	}
	return false
}
