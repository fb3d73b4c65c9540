package uicc

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// What INSTALL is for (P1, GlobalPlatform 2.3, 11.5).
const (
	forLoad            = 0x02
	forInstall         = 0x04
	forSelectable      = 0x08
	forExtradition     = 0x10
	forPersonalization = 0x20
)

func (s domainSession) install(c apdu) sat.Status {
	if c.p2 != 0 {
		return swParameters
	}
	switch c.p1 {
	case forLoad:
		return s.installForLoad(c.data)
	case forInstall, forInstall | forSelectable:
		return s.installForInstall(c.data, c.p1&forSelectable != 0)
	case forSelectable, forExtradition, forPersonalization:
	default:
		return swParameters
	}
	f, ok := fields(c.data, 6)
	if !ok {
		return swWrongData
	}
	i := s.instance(f[2])
	switch {
	case i == nil:
		return swNoReference
	case i.state&stateLocked != 0:
		return swConditions
	}
	switch c.p1 {
	case forSelectable:
		return i.makeSelectable(f)
	case forExtradition:
		if !s.owner(f[0]) {
			return swNoReference
		}
		i.domain = orIssuer(f[0])
	case forPersonalization:
		s.domain.personal = i
	}
	return swOK
}

func (i *instance) makeSelectable(f [][]byte) sat.Status {
	if i.state != stateInstalled {
		return swConditions
	}
	if p, ok := privileges(f[3]); ok {
		i.privileges = p
	}
	i.state = stateSelectable
	return swOK
}

// privileges has one octet or three.
func privileges(b []byte) (p [3]byte, ok bool) {
	copy(p[:], b)
	return p, len(b) == 1 || len(b) == 3
}

// installForInstall makes an instance: load file, module, instance, privileges, parameters, token.
func (s domainSession) installForInstall(data []byte, selectable bool) sat.Status {
	f, ok := fields(data, 6)
	if !ok || !validAID(f[2]) {
		return swWrongData
	}
	pkg := s.file(f[0])
	if pkg == nil || !slices.ContainsFunc(pkg.modules, func(m sat.AID) bool { return bytes.Equal(m, f[1]) }) {
		return swNoReference
	}
	rights, ok := privileges(f[3])
	p, valid := parseParameters(f[4])
	switch {
	case !ok || !valid || s.instance(f[2]) != nil || s.file(f[2]) != nil || bytes.Equal(f[2], issuerAID):
		return swWrongData
	}
	i := &instance{
		aid: bytes.Clone(f[2]), module: bytes.Clone(f[1]), file: bytes.Clone(f[0]), domain: issuerAID,
		state: stateInstalled, privileges: rights, tars: p.tars, msl: p.msl, quota: p.nonVolatile,
	}
	if selectable {
		i.state = stateSelectable
	}
	if p.toolkit && p.tars == nil && len(i.aid) == 16 {
		i.tars = []ota.TAR{i.aid.TAR()}
	}
	if slices.ContainsFunc(i.tars, s.taken) {
		return swWrongData
	}
	if !s.memory.take(i.quota) {
		return swNoMemory
	}
	s.domain.instances = append(s.instances, i)
	return swOK
}

// taken says whether a TAR belongs to another application, locked ones included.
func (d *domain) taken(tar ota.TAR) bool {
	return slices.ContainsFunc(d.realm.apps, func(a Application) bool { return a.TAR == tar }) ||
		slices.ContainsFunc(d.instances, func(i *instance) bool { return slices.Contains(i.tars, tar) })
}

// parameters are what INSTALL [for install] says about an applet (ETSI TS 102 226, 8.2.1.3.2).
type parameters struct {
	nonVolatile int
	toolkit     bool // it has toolkit parameters, so it has a TAR
	msl         byte
	tars        []ota.TAR
}

// parseParameters wants C9, the applet's own, in front, then EF (system) and EA (UICC), either of which may be
// missing. Of two EF the first counts. SIM toolkit (CA, in EF) and UICC toolkit parameters exclude each other.
func parseParameters(b []byte) (p parameters, ok bool) {
	objects, err := tlv.ParseBER(b)
	if err != nil || len(objects) == 0 || objects[0].Tag != 0xC9 {
		return p, false
	}
	system := false
	for _, o := range objects[1:] {
		switch {
		case o.Tag == 0xEF && !system:
			system = true
			if !p.system(o.Value) {
				return p, false
			}
		case o.Tag == 0xEA:
			if p.toolkit || !p.uicc(o.Value) {
				return p, false
			}
		case o.Tag != 0xEF:
			return p, false
		}
	}
	return p, true
}

func (p *parameters) system(b []byte) bool {
	objects, err := tlv.ParseBER(b)
	if err != nil {
		return false
	}
	for _, o := range objects {
		switch o.Tag {
		case 0xC7:
			if _, ok := quota(o.Value); !ok {
				return false
			}
		case 0xC8:
			n, ok := quota(o.Value)
			if !ok {
				return false
			}
			p.nonVolatile = n
		case 0xCA:
			if p.toolkit || !p.sim(o.Value) {
				return false
			}
		}
	}
	return true
}

func quota(b []byte) (int, bool) {
	switch len(b) {
	case 2:
		return int(binary.BigEndian.Uint16(b)), true
	case 4:
		return int(binary.BigEndian.Uint32(b)), true
	}
	return 0, false
}

// sim reads SIM toolkit parameters: access domain, priority, timers, menu text length, menu entries, channels, MSL,
// TARs; the last ones may be left out.
func (p *parameters) sim(b []byte) bool {
	if len(b) < 1 || len(b) < 1+int(b[0]) {
		return false
	}
	return p.common(b[1+b[0]:], false)
}

// uicc reads UICC toolkit parameters, in 80: priority to TARs, then services. 81 and 82 are access to files.
func (p *parameters) uicc(b []byte) bool {
	objects, err := tlv.ParseBER(b)
	if err != nil {
		return false
	}
	for _, o := range objects {
		switch o.Tag {
		case 0x80:
			if p.toolkit || !p.common(o.Value, true) {
				return false
			}
		case 0x81:
		default: // 82, administrative access, is refused as live cards do
			return false
		}
	}
	return true
}

func (p *parameters) common(b []byte, services bool) bool {
	p.toolkit = true
	if len(b) < 4 {
		return false
	}
	entries := 2 * int(b[3])
	if b = b[4:]; len(b) < entries+1 {
		return false
	}
	if b = b[entries+1:]; len(b) == 0 { // channels
		return !services
	}
	level := int(b[0])
	if b = b[1:]; len(b) < level {
		return false
	}
	if level == 2 && b[0] == 0x01 {
		p.msl = b[1]
	} else if level != 0 {
		return false
	}
	if b = b[level:]; len(b) == 0 {
		return !services
	}
	n := int(b[0])
	if b = b[1:]; n%3 != 0 || len(b) < n {
		return false
	}
	for i := 0; i < n; i += 3 {
		p.tars = append(p.tars, ota.TAR(b[i:i+3]))
	}
	if !services {
		return len(b) == n
	}
	return len(b) == n || len(b) == n+1
}
