package uicc

import (
	"bytes"
	"encoding/binary"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// loading is a load file that comes block by block.
type loading struct {
	aid    sat.AID
	domain sat.AID
	next   int // block
	data   []byte
}

func (d *domain) abortLoad() {
	if d.loading != nil {
		d.memory.used -= len(d.loading.data)
		d.loading = nil
	}
}

// installForLoad announces a load file: AID, security domain, hash, parameters, token.
func (s domainSession) installForLoad(data []byte) sat.Status {
	f, ok := fields(data, 5)
	if !ok || !validAID(f[0]) || s.file(f[0]) != nil || s.instance(f[0]) != nil || bytes.Equal(f[0], issuerAID) {
		return swWrongData
	}
	if !s.owner(f[1]) {
		return swNoReference
	}
	size, ok := codeSize(f[3])
	switch {
	case !ok:
		return swWrongData
	case size > s.memory.free():
		return swNoMemory
	}
	s.domain.loading = &loading{aid: bytes.Clone(f[0]), domain: orIssuer(f[1])}
	return swOK
}

// codeSize is the memory that load parameters ask for (EF: C6 code, C8 non-volatile data); 0 if they name none.
func codeSize(b []byte) (int, bool) {
	outer, err := tlv.ParseBER(b)
	if err != nil || len(outer) > 1 || len(outer) == 1 && outer[0].Tag != 0xEF {
		return 0, false
	}
	if len(outer) == 0 {
		return 0, true
	}
	inner, err := tlv.ParseBER(outer[0].Value)
	if err != nil {
		return 0, false
	}
	total := 0
	for _, o := range inner {
		n, ok := quota(o.Value)
		if !ok {
			return 0, false
		}
		if o.Tag == 0xC6 || o.Tag == 0xC8 {
			total += n
		}
	}
	return total, true
}

// load is LOAD (GlobalPlatform 2.3, 11.6). A block out of order ends the load: it begins again with INSTALL.
func (s domainSession) load(c apdu) sat.Status {
	l := s.loading
	switch {
	case l == nil:
		return swConditions
	case c.p1&0x7F != 0 || int(c.p2) != l.next&0xFF:
		s.abortLoad()
		return swParameters
	case len(c.data) == 0:
		s.abortLoad()
		return swLength
	case !s.memory.take(len(c.data)):
		s.abortLoad()
		return swNoMemory
	}
	l.next++
	l.data = append(l.data, c.data...)
	if c.p1&0x80 == 0 {
		return swOK
	}
	f, ok := parseLoadFile(l.data)
	if !ok || !bytes.Equal(f.aid, l.aid) {
		s.abortLoad()
		return swWrongData
	}
	f.domain, f.size = l.domain, len(l.data)
	s.domain.files = append(s.files, f)
	s.domain.loading = nil
	return swOK
}

// Components of a load file (Java Card VM specification 6.1).
const (
	componentHeader     = 1
	componentDirectory  = 2
	componentApplet     = 3
	componentImport     = 4
	componentPool       = 5
	componentClass      = 6
	componentMethod     = 7
	componentStatic     = 8
	componentRefs       = 9
	componentExport     = 10
	componentDescriptor = 11
	componentResources  = 13
	capMagic            = 0xDECAFFED
	flagApplet          = 0x04
	headerBeforeAID     = 10
	appletBeforeInstall = 2
)

// loadOrder is that of the components; those in optional may be missing.
var loadOrder = []byte{
	componentHeader, componentDirectory, componentImport, componentApplet, componentClass, componentMethod, componentStatic,
	componentExport, componentPool, componentRefs, componentDescriptor, componentResources,
}

var optional = []byte{componentApplet, componentExport, componentDescriptor, componentResources}

// parseLoadFile checks what came: DAP blocks (E2), then C4 with the components, in their order, each with its size.
func parseLoadFile(b []byte) (*loadFile, bool) {
	objects, err := tlv.ParseBER(b)
	if err != nil || len(objects) == 0 {
		return nil, false
	}
	for _, o := range objects[:len(objects)-1] {
		if o.Tag != 0xE2 {
			return nil, false
		}
	}
	code := objects[len(objects)-1]
	if code.Tag != 0xC4 {
		return nil, false
	}
	parts, ok := components(code.Value)
	if !ok {
		return nil, false
	}
	return describe(parts)
}

// components splits the code by tag and size, in load order.
func components(b []byte) (map[byte][]byte, bool) {
	parts := map[byte][]byte{}
	for _, tag := range loadOrder {
		if len(b) > 0 && b[0] == tag {
			if len(b) < 3 {
				return nil, false
			}
			n := int(binary.BigEndian.Uint16(b[1:]))
			if len(b)-3 < n {
				return nil, false
			}
			parts[tag], b = b[3:3+n], b[3+n:]
		} else if bytes.IndexByte(optional, tag) < 0 {
			return nil, false
		}
	}
	return parts, len(b) == 0
}

// describe reads Header (magic, versions, AID of the package) and Applet (AIDs of the modules).
func describe(parts map[byte][]byte) (*loadFile, bool) {
	h := parts[componentHeader]
	if len(h) < headerBeforeAID || binary.BigEndian.Uint32(h) != capMagic {
		return nil, false
	}
	n := int(h[9])
	if len(h) < headerBeforeAID+n || !validAID(h[10:10+n]) {
		return nil, false
	}
	f := &loadFile{aid: bytes.Clone(h[10 : 10+n]), version: [2]byte{h[8], h[7]}}
	a := parts[componentApplet]
	if (h[6]&flagApplet != 0) != (a != nil) {
		return nil, false
	}
	if a == nil {
		return f, true
	}
	if len(a) == 0 {
		return nil, false
	}
	count := int(a[0])
	for a = a[1:]; count > 0; count-- {
		if len(a) < 1 || len(a) < 1+int(a[0])+appletBeforeInstall || !validAID(a[1:1+a[0]]) {
			return nil, false
		}
		f.modules = append(f.modules, bytes.Clone(a[1:1+a[0]]))
		a = a[1+int(a[0])+appletBeforeInstall:]
	}
	return f, len(a) == 0
}
