package uicc

import (
	"encoding/binary"

	"github.com/simota/simota/sat"
)

// Classes of commands.
const (
	classUICC = 0x00
	classGP   = 0x80 // GlobalPlatform, and some commands of ETSI TS 102 221 and 102 222
	classGSM  = 0xA0
)

// Instructions of remote file management (ETSI TS 102 226, 8; 102 221, 10.1.2; 102 222, 6).
const (
	insDeactivate   = 0x04
	insIncrease     = 0x32
	insActivate     = 0x44
	insSearchRecord = 0xA2
	insSelect       = 0xA4
	insReadBinary   = 0xB0
	insReadRecord   = 0xB2
	insGetResponse  = 0xC0
	insResizeFile   = 0xD4
	insUpdateBinary = 0xD6
	insUpdateRecord = 0xDC
	insCreateFile   = 0xE0
	insDeleteFile   = 0xE4
)

// Status words of ETSI TS 102 221, 10.2.1, 102 222, 7.2, and GlobalPlatform 2.3, 11.1.3.
const (
	swOK           sat.Status = 0x9000
	swNotFound     sat.Status = 0x6282 // of SEARCH RECORD
	swDeactivated  sat.Status = 0x6283
	swTruncated    sat.Status = 0x62F1
	swMore         sat.Status = 0x6310
	swWaiting      sat.Status = 0x6100 // the low octet tells how much
	swLength       sat.Status = 0x6700
	swStructure    sat.Status = 0x6981
	swAccess       sat.Status = 0x6982
	swInvalidated  sat.Status = 0x6984
	swConditions   sat.Status = 0x6985
	swNoEF         sat.Status = 0x6986
	swPolicy       sat.Status = 0x69E1 // POL1 forbids it
	swWrongData    sat.Status = 0x6A80
	swNoFile       sat.Status = 0x6A82
	swNoRecord     sat.Status = 0x6A83
	swNoMemory     sat.Status = 0x6A84
	swParameters   sat.Status = 0x6A86
	swNoReference  sat.Status = 0x6A88
	swFileExists   sat.Status = 0x6A89
	swOffset       sat.Status = 0x6B00
	swAvailable    sat.Status = 0x6C00 // the low octet tells how much
	swInstruction  sat.Status = 0x6D00
	swClass        sat.Status = 0x6E00
	swNoAlgorithm  sat.Status = 0x9484
	swCheckValue   sat.Status = 0x9485
	swMaximum      sat.Status = 0x9850
	swWaitingGSM   sat.Status = 0x9F00
	swNoEFGSM      sat.Status = 0x9400
	swOffsetGSM    sat.Status = 0x9402
	swNoFileGSM    sat.Status = 0x9404
	swStructureGSM sat.Status = 0x9408
	swAccessGSM    sat.Status = 0x9804
	swInvalidGSM   sat.Status = 0x9810
)

// apdu is a command as the script has it: le is -1 without Le and 256 for 00.
type apdu struct {
	cla, ins, p1, p2 byte
	data             []byte
	le               int
}

// selection is what a script has selected.
type selection struct {
	adf *node // nil if the application has none
	dir *node
	ef  *node
	rec int // current record, 0 for none
}

// session is a script that works on files. It ends with the packet, unless the script is chained.
type session struct {
	*job
	selection
	tree    *tree
	waiting []byte // for GET RESPONSE, until the next command
	chain   *chain // that keeps the selection
}

func newSession(j *job) *session {
	t := j.realm.files
	s := &session{job: j, tree: t, selection: selection{dir: t.mf}}
	if j.app.Start == sat.ADFUSIM {
		s.adf = t.usim
		if j.app.ISIM {
			s.adf = t.isim
		}
		s.dir = s.adf
	}
	return s
}

func (s *session) outgoing(header apdu) bool {
	return header.ins == insReadBinary || header.ins == insReadRecord || header.ins == insGetResponse
}

// class says whether an instruction comes in the right class (ETSI TS 102 221, 10.1.1).
func (s *session) class(c apdu) bool {
	if s.app.Class == classGSM {
		return c.cla == classGSM
	}
	if c.ins == insIncrease || c.ins == insResizeFile {
		return c.cla == classGP
	}
	return c.cla == classUICC
}

func (s *session) run(c apdu) ([]byte, sat.Status) {
	waiting := s.waiting
	s.waiting = nil
	if !s.class(c) {
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
	case insIncrease:
		data, sw = s.increase(c)
	case insActivate, insDeactivate:
		sw = s.activate(c)
	case insGetResponse:
		data, sw = getResponse(c, waiting)
	default:
		data, sw = s.runUICC(c)
	}
	if s.app.Class == classGSM {
		sw = statusGSM(sw)
	}
	return data, sw
}

// runUICC executes what only a UICC application has.
func (s *session) runUICC(c apdu) ([]byte, sat.Status) {
	if s.app.Class == classGSM {
		return nil, swInstruction
	}
	switch c.ins {
	case insSearchRecord:
		return s.searchRecord(c)
	case insCreateFile:
		return nil, s.createFile(c)
	case insDeleteFile:
		return nil, s.deleteFile(c)
	case insResizeFile:
		return nil, s.resizeFile(c)
	}
	return nil, swInstruction
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
	case swInvalidated:
		return swInvalidGSM
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
	switch {
	case s.ef == nil:
		return nil, swNoEF
	case s.ef.content.deactivated:
		return nil, swInvalidated
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
