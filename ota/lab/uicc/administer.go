package uicc

import (
	"encoding/binary"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// activate is ACTIVATE FILE and DEACTIVATE FILE (ETSI TS 102 221, 11.1.14 and 11.1.15): of the current EF, or of one
// that the data name. In 2G they are REHABILITATE and INVALIDATE.
func (s *session) activate(c apdu) sat.Status {
	ef := s.ef
	switch {
	case c.p2 != 0 || s.app.Class == classGSM && (c.p1 != 0 || len(c.data) > 0):
		return swParameters
	case len(c.data) > 0:
		named := c
		named.p2 = 0x0C
		if c.p1 != 0x00 && c.p1 != 0x08 && c.p1 != 0x09 {
			return swParameters
		}
		if sw := s.selectParameters(named); sw != swOK {
			return sw
		}
		ef = s.target(named)
	case ef == nil:
		return swNoEF
	}
	switch {
	case ef == nil || ef.directory():
		return swNoFile
	case !s.mayUpdate(ef):
		return swAccess
	}
	ef.content.deactivated = c.ins == insDeactivate
	s.writes++
	return swOK
}

// Objects of a file control template (ETSI TS 102 222, 6.3.2.2; 102 221, 11.1.1.4).
const (
	tagFCP        = 0x62
	tagSize       = 0x80
	tagTotalSize  = 0x81
	tagDescriptor = 0x82
	tagFID        = 0x83
	tagSFI        = 0x88
	tagLifeCycle  = 0x8A
	tagReferenced = 0x8B // security attributes: reference to EF_ARR
	tagCompact    = 0x8C // security attributes
	tagRules      = 0xAB // security attributes
)

// controls are the objects of a file control template, by tag.
type controls map[uint32][]byte

func parseControls(b []byte) (controls, bool) {
	outer, err := tlv.ParseBER(b)
	if err != nil || len(outer) != 1 || outer[0].Tag != tagFCP {
		return nil, false
	}
	inner, err := tlv.ParseBER(outer[0].Value)
	if err != nil {
		return nil, false
	}
	found := controls{}
	for _, o := range inner {
		if _, twice := found[o.Tag]; twice {
			return nil, false
		}
		found[o.Tag] = o.Value
	}
	return found, true
}

// number reads an object of one or two octets; it is false if there is none.
func (c controls) number(tag uint32) (int, bool) {
	switch v := c[tag]; len(v) {
	case 1:
		return int(v[0]), true
	case 2:
		return int(binary.BigEndian.Uint16(v)), true
	}
	return 0, false
}

// createFile is CREATE FILE (ETSI TS 102 222, 6.3). The new file is the current one, and erased.
func (s *session) createFile(c apdu) sat.Status {
	given, ok := parseControls(c.data)
	switch {
	case c.p1 != 0 || c.p2 != 0:
		return swParameters
	case s.app.Updatable != nil:
		return swAccess
	case !ok:
		return swWrongData
	}
	fid, ok := given.number(tagFID)
	_, alive := given.number(tagLifeCycle)
	if !ok || len(given[tagFID]) != 2 || !alive || given[tagReferenced] == nil && given[tagCompact] == nil && given[tagRules] == nil {
		return swWrongData
	}
	n, paid, ok := given.file()
	switch {
	case !ok:
		return swWrongData
	case s.dir.child(sat.FID(fid)) != nil || s.dir.fid == sat.FID(fid):
		return swFileExists
	case n.sfi != 0 && s.dir.bySFI(n.sfi) != nil:
		return swWrongData
	case !s.card.memory.take(paid):
		return swNoMemory
	}
	n.fid, n.parent = sat.FID(fid), s.dir
	n.name = s.dir.name + "/" + n.fid.String()
	s.dir.children = append(s.dir.children, n)
	s.enter(n)
	s.writes++
	return swOK
}

// file makes the file that is described, and tells what memory it costs. A directory costs nothing: what it holds later
// is paid for on its own.
func (c controls) file() (n *node, paid int, ok bool) {
	descriptor := c[tagDescriptor]
	if len(descriptor) < 2 || descriptor[1] != 0x21 {
		return nil, 0, false
	}
	size, sized := c.number(tagSize)
	n = &node{}
	if descriptor[0]&0x38 == 0x38 {
		_, ok := c.number(tagTotalSize)
		return n, 0, ok && len(descriptor) == 2
	}
	if sfi, ok := c.number(tagSFI); ok {
		if sfi&0x07 != 0 || sfi > 0xF0 {
			return nil, 0, false
		}
		n.sfi = byte(sfi >> 3)
	}
	n.content = &content{data: filled(size), paid: size, deactivated: c[tagLifeCycle][0] == 0x04}
	if !sized || size == 0 {
		return nil, 0, false
	}
	switch descriptor[0] & 0x07 {
	case 0x01:
		return n, size, len(descriptor) == 2
	case 0x02, 0x06:
		n.content.cyclic = descriptor[0]&0x07 == 0x06
		if len(descriptor) != 4 && len(descriptor) != 5 {
			return nil, 0, false
		}
		n.content.recLen = int(binary.BigEndian.Uint16(descriptor[2:]))
		if l := n.content.recLen; l == 0 || l > 255 || size%l != 0 || size/l > 254 {
			return nil, 0, false
		}
		return n, size, len(descriptor) == 4 || int(descriptor[4]) == n.content.records()
	}
	return nil, 0, false
}

// deleteFile is DELETE FILE (ETSI TS 102 222, 6.4): a file in the current directory, that itself, or the current EF.
func (s *session) deleteFile(c apdu) sat.Status {
	switch {
	case c.p1 != 0 || c.p2 != 0:
		return swParameters
	case len(c.data) != 2:
		return swLength
	}
	n := s.reach(sat.FID(binary.BigEndian.Uint16(c.data)))
	switch {
	case n == nil:
		return swNoFile
	case s.app.Updatable != nil || n.parent == nil || n.holdsReadOnly():
		return swAccess
	}
	n.remove()
	s.card.memory.used -= n.paid(map[*content]bool{})
	s.enter(n.parent)
	s.writes++
	return swOK
}

func (n *node) holdsReadOnly() bool {
	for _, c := range n.children {
		if c.holdsReadOnly() {
			return true
		}
	}
	return n.readOnly
}

// paid is the memory that goes with a file, and with all below it; a content with two places counts once.
func (n *node) paid(seen map[*content]bool) int {
	total := 0
	if n.content != nil && !seen[n.content] {
		seen[n.content] = true
		total = n.content.paid
	}
	for _, c := range n.children {
		total += c.paid(seen)
	}
	return total
}

// resizeFile is RESIZE FILE (ETSI TS 102 222, 6.10) of an EF. New octets are erased; cyclic files keep their size.
func (s *session) resizeFile(c apdu) sat.Status {
	given, ok := parseControls(c.data)
	if !ok {
		return swWrongData
	}
	fid, named := given.number(tagFID)
	size, sized := given.number(tagSize)
	if c.p1 > 1 || c.p2 != 0 {
		return swParameters
	}
	if !named || !sized || size == 0 {
		return swWrongData
	}
	ef := s.reach(sat.FID(fid))
	switch {
	case ef == nil || ef.directory():
		return swNoFile
	case s.app.Updatable != nil || ef.readOnly:
		return swAccess
	case ef.content.cyclic:
		return swStructure
	case ef.content.recLen > 0 && (size%ef.content.recLen != 0 || size/ef.content.recLen > 254):
		return swWrongData
	}
	more := size - len(ef.content.data)
	if more > 0 && !s.card.memory.take(more) {
		return swNoMemory
	}
	if more < 0 { // only what was paid for here comes back
		more = max(more, -ef.content.paid)
		s.card.memory.used += more
	}
	ef.content.paid += more
	ef.content.data = padded(size, ef.content.data[:min(size, len(ef.content.data))])
	s.enter(ef)
	s.writes++
	return swOK
}
