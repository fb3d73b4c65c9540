package uicc

import (
	"bytes"
	"encoding/binary"

	"github.com/simota/simota/sat"
)

// selectFile is SELECT (ETSI TS 102 221, 11.1.1). By name (P1 04) only some applications for remote file management
// have it. A failed SELECT leaves the selection as it was.
func (s *session) selectFile(c apdu) ([]byte, sat.Status) {
	if sw := s.selectParameters(c); sw != swOK {
		return nil, sw
	}
	n := s.target(c)
	if n == nil {
		return nil, swNoFile
	}
	s.enter(n)
	if s.app.Class == classGSM {
		s.waiting = n.responseGSM()
	} else if c.p2 == 0x04 {
		s.waiting = n.fcp()
	}
	if len(s.waiting) > 0 && c.le < 0 {
		return nil, swWaiting | sat.Status(len(s.waiting))
	}
	var data []byte
	sw := swOK
	if len(s.waiting) > 0 {
		data, sw = upTo(s.waiting, c.le)
		s.waiting = nil
	}
	if sw == swOK && s.ef != nil && s.ef.content.deactivated && s.app.Class != classGSM {
		sw = swDeactivated
	}
	return data, sw
}

// enter makes a file the current one. An ADF becomes the application's.
func (s *session) enter(n *node) {
	s.rec = 0
	if !n.directory() {
		s.dir, s.ef = n.parent, n
		return
	}
	s.dir, s.ef = n, nil
	if n.aid != nil {
		s.adf = n
	}
}

func (s *session) selectParameters(c apdu) sat.Status {
	parent, gsm := c.p1 == 0x03, s.app.Class == classGSM
	switch {
	case gsm && (c.p1 != 0 || c.p2 != 0):
		return swParameters
	case !gsm && c.p2 != 0x04 && c.p2 != 0x0C:
		return swParameters
	}
	switch c.p1 {
	case 0x00, 0x01:
		if len(c.data) != 2 {
			return swLength
		}
	case 0x03:
	case 0x04:
		if !s.app.SelectByAID || gsm {
			return swParameters
		}
		if len(c.data) < 5 || len(c.data) > 16 {
			return swLength
		}
	case 0x08, 0x09:
		if len(c.data) == 0 || len(c.data)%2 != 0 {
			return swLength
		}
	default:
		return swParameters
	}
	if parent && len(c.data) != 0 {
		return swLength
	}
	return swOK
}

func (s *session) target(c apdu) *node {
	switch c.p1 {
	case 0x00:
		return s.reach(sat.FID(binary.BigEndian.Uint16(c.data)))
	case 0x01:
		if n := s.dir.child(sat.FID(binary.BigEndian.Uint16(c.data))); n != nil && n.directory() {
			return n
		}
		return nil
	case 0x03:
		return s.dir.parent
	case 0x04:
		return s.tree.named(c.data)
	case 0x09:
		return descend(s.dir, c.data)
	}
	if sat.FID(binary.BigEndian.Uint16(c.data)) == sat.ADFUSIM {
		return descend(s.adf, c.data[2:])
	}
	return descend(s.tree.mf, c.data)
}

// named finds an ADF by its AID, the first octets of which may do (ETSI TS 102 221, 8.5).
func (t *tree) named(aid []byte) *node {
	for _, adf := range t.adfs() {
		if bytes.HasPrefix(adf.aid, aid) {
			return adf
		}
	}
	return nil
}

// reach finds a file by its identifier alone, as far as that is allowed (ETSI TS 102 221, 8.4.1).
func (s *session) reach(fid sat.FID) *node {
	switch fid {
	case sat.MF:
		return s.tree.mf
	case sat.ADFUSIM:
		return s.adf
	case s.dir.fid:
		return s.dir
	}
	if n := s.dir.child(fid); n != nil {
		return n
	}
	parent := s.dir.parent
	if parent == nil {
		return nil
	}
	if parent.fid == fid {
		return parent
	}
	if n := parent.child(fid); n != nil && n.directory() {
		return n
	}
	return nil
}

func descend(n *node, path []byte) *node {
	for ; n != nil && len(path) > 0; path = path[2:] {
		n = n.child(sat.FID(binary.BigEndian.Uint16(path)))
	}
	return n
}

// fcp is the file control parameters: descriptor, identifier or AID, life cycle, size (ETSI TS 102 221, 11.1.1.3).
func (n *node) fcp() []byte {
	if n.directory() {
		b := object(nil, 0x82, 0x78, 0x21)
		b = object(b, 0x83, byte(n.fid>>8), byte(n.fid))
		if n.aid != nil {
			b = object(b, 0x84, n.aid...)
		}
		return object(nil, 0x62, object(b, 0x8A, 0x05)...)
	}
	c := n.content
	b := object(nil, 0x82, 0x41, 0x21)
	if c.recLen > 0 {
		structure := byte(0x42)
		if c.cyclic {
			structure = 0x46
		}
		b = object(nil, 0x82, structure, 0x21, 0x00, byte(c.recLen), byte(c.records()))
	}
	b = object(b, 0x83, byte(n.fid>>8), byte(n.fid))
	state := byte(0x05)
	if c.deactivated {
		state = 0x04
	}
	b = object(b, 0x8A, state)
	b = object(b, 0x80, byte(len(c.data)>>8), byte(len(c.data)))
	if n.sfi != 0 {
		b = object(b, 0x88, n.sfi<<3)
	}
	return object(nil, 0x62, b...)
}

// responseGSM is the answer to SELECT of TS 51.011, 9.2.1.
func (n *node) responseGSM() []byte {
	if n.directory() {
		kind := byte(0x02)
		if n.fid == sat.MF {
			kind = 0x01
		}
		b := make([]byte, 22)
		b[4], b[5], b[6], b[12] = byte(n.fid>>8), byte(n.fid), kind, 9
		for _, c := range n.children {
			if c.directory() {
				b[14]++
			} else {
				b[15]++
			}
		}
		return b
	}
	size := len(n.content.data)
	b := []byte{0, 0, byte(size >> 8), byte(size), byte(n.fid >> 8), byte(n.fid), 0x04, 0, 0, 0, 0, 0x01, 2, 0, 0}
	if rec := n.content.recLen; rec > 0 {
		b[13], b[14] = 0x01, byte(rec)
		if n.content.cyclic {
			b[13] = 0x03
		}
	}
	if n.content.deactivated {
		b[11] = 0x00
	}
	return b
}
