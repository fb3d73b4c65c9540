package uicc

import (
	"bytes"
	"slices"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/sat"
)

// kindApplet is an installed toolkit applet: a dummy that answers 9000 to everything.
const kindApplet Kind = "applet"

// Instructions of remote application management (GlobalPlatform 2.3, 11; ETSI TS 102 226, 8.2.1).
const (
	insGetData   = 0xCA
	insPutKey    = 0xD8
	insStoreData = 0xE2
	insDelete    = 0xE4
	insInstall   = 0xE6
	insLoad      = 0xE8
	insSetStatus = 0xF0
	insGetStatus = 0xF2
)

// Life cycle states (GlobalPlatform 2.3, 11.1.1).
const (
	stateLoaded       = 0x01
	stateInstalled    = 0x03
	stateSelectable   = 0x07
	statePersonalised = 0x0F
	stateLocked       = 0x80 // added to the others
)

const privilegeDomain = 0x80 // octet 1: security domain

// issuerAID is the issuer's security domain (GlobalPlatform 2.3, 5.1.3.1).
var issuerAID = sat.AID{0xA0, 0, 0, 0x01, 0x51, 0, 0, 0}

// loadFile is a package on the card.
type loadFile struct {
	aid     sat.AID
	version [2]byte // major, minor
	modules []sat.AID
	domain  sat.AID
	size    int
}

// instance is an installed application.
type instance struct {
	aid, module, file sat.AID
	domain            sat.AID
	state             byte
	privileges        [3]byte
	tars              []ota.TAR
	msl               byte
	quota             int // octets of memory
	stored            []byte
}

// domain is the issuer's security domain of a realm: registry, load in progress and keys.
type domain struct {
	profile   Profile
	realm     *realm
	memory    *memory
	files     []*loadFile
	instances []*instance
	loading   *loading
	personal  *instance // STORE DATA goes to
	listing   [][]byte  // of GET STATUS, what is still to come
}

func newDomain(p Profile, r *realm, m *memory) *domain {
	d := &domain{profile: p, realm: r, memory: m}
	for _, pkg := range p.Packages {
		d.files = append(d.files, &loadFile{aid: pkg.AID, modules: pkg.Modules, domain: issuerAID, version: [2]byte{1, 0}})
	}
	return d
}

func (d *domain) reset() {
	d.abortLoad()
	d.personal, d.listing = nil, nil
}

// applet is the installed application with this TAR, as far as it runs.
func (d *domain) applet(tar ota.TAR) *Application {
	for _, i := range d.instances {
		if slices.Contains(i.tars, tar) && i.state >= stateSelectable && i.state&stateLocked == 0 {
			return &Application{TAR: tar, Kind: kindApplet, MSL: i.msl}
		}
	}
	return nil
}

func (d *domain) file(aid sat.AID) *loadFile {
	for _, f := range d.files {
		if bytes.Equal(f.aid, aid) {
			return f
		}
	}
	return nil
}

func (d *domain) instance(aid sat.AID) *instance {
	for _, i := range d.instances {
		if bytes.Equal(i.aid, aid) {
			return i
		}
	}
	return nil
}

// owner says whether the AID is that of a security domain.
func (d *domain) owner(aid sat.AID) bool {
	if len(aid) == 0 || bytes.Equal(aid, issuerAID) {
		return true
	}
	i := d.instance(aid)
	return i != nil && i.privileges[0]&privilegeDomain != 0
}

// orIssuer is the security domain an empty AID stands for.
func orIssuer(aid sat.AID) sat.AID {
	if len(aid) == 0 {
		return issuerAID
	}
	return bytes.Clone(aid)
}

// domainSession is a script that speaks to a security domain.
type domainSession struct {
	*job
	*domain
}

func (s domainSession) outgoing(header apdu) bool { return header.ins == insGetData }

func (s domainSession) run(c apdu) ([]byte, sat.Status) {
	if c.cla != classGP {
		return nil, swClass
	}
	if c.ins != insLoad && s.loading != nil {
		s.abortLoad() // nothing may come between the blocks
	}
	if c.ins != insStoreData {
		s.personal = nil
	}
	switch c.ins {
	case insGetData:
		return s.getData(c)
	case insGetStatus:
		return s.getStatus(c)
	}
	data, sw := s.change(c)
	if sw == swOK {
		s.writes++
	}
	return data, sw
}

// change executes what changes the card. Success is answered with 00, no receipt, where GlobalPlatform wants it.
func (s domainSession) change(c apdu) ([]byte, sat.Status) {
	confirmed := func(sw sat.Status) ([]byte, sat.Status) {
		if sw == swOK {
			return []byte{0x00}, sw
		}
		return nil, sw
	}
	switch c.ins {
	case insInstall:
		return confirmed(s.install(c))
	case insLoad:
		return confirmed(s.load(c))
	case insDelete:
		return confirmed(s.remove(c))
	case insStoreData:
		return nil, s.storeData(c)
	case insSetStatus:
		return nil, s.setStatus(c)
	case insPutKey:
		return s.putKey(c)
	}
	return nil, swInstruction
}

// fields splits data into values with a length octet in front, exactly as many as wanted.
func fields(b []byte, n int) ([][]byte, bool) {
	var values [][]byte
	for range n {
		if len(b) == 0 || len(b)-1 < int(b[0]) {
			return nil, false
		}
		values = append(values, b[1:1+b[0]])
		b = b[1+b[0]:]
	}
	return values, len(b) == 0
}

// validAID is the length an AID may have.
func validAID(b []byte) bool { return len(b) >= 5 && len(b) <= 16 }

// remove is DELETE (GlobalPlatform 2.3, 11.2), of a key or of a load file, alone or with related, or an application.
func (s domainSession) remove(c apdu) sat.Status {
	if c.p1 != 0 || c.p2 != 0 && c.p2 != 0x80 {
		return swParameters
	}
	tag, aid, rest, err := cutObject(c.data)
	switch {
	case err != nil:
		return swWrongData
	case tag == tagKeyID || tag == tagKeyVersion:
		return s.deleteKeys(c)
	case tag != 0x4F || len(rest) > 0 || !validAID(aid):
		return swWrongData
	case bytes.Equal(aid, issuerAID):
		return swConditions
	}
	if i := s.instance(aid); i != nil {
		if !s.unused(i) {
			return swConditions
		}
		s.drop(i)
		return swOK
	}
	return s.removeFile(aid, c.p2 == 0x80)
}

// removeFile removes a load file; related are its instances.
func (s domainSession) removeFile(aid sat.AID, related bool) sat.Status {
	f := s.file(aid)
	if f == nil {
		return swNoReference
	}
	var instances []*instance
	for _, i := range s.instances {
		if bytes.Equal(i.file, aid) {
			instances = append(instances, i)
		}
	}
	if len(instances) > 0 && !related || slices.ContainsFunc(instances, func(i *instance) bool { return !s.unused(i) }) {
		return swConditions
	}
	for _, i := range instances {
		s.drop(i)
	}
	s.memory.used -= f.size
	s.domain.files = slices.DeleteFunc(s.files, func(g *loadFile) bool { return g == f })
	return swOK
}

// unused says that nothing belongs to the instance, if it is a security domain.
func (d *domain) unused(i *instance) bool {
	for _, j := range d.instances {
		if j != i && bytes.Equal(j.domain, i.aid) {
			return false
		}
	}
	return !slices.ContainsFunc(d.files, func(f *loadFile) bool { return bytes.Equal(f.domain, i.aid) })
}

func (d *domain) drop(i *instance) {
	d.memory.used -= i.quota
	d.instances = slices.DeleteFunc(d.instances, func(j *instance) bool { return i == j })
}

// setStatus is SET STATUS (GlobalPlatform 2.3, 11.10): b8 of P2 locks an application, its absence unlocks it.
func (s domainSession) setStatus(c apdu) sat.Status {
	i := s.instance(c.data)
	switch {
	case c.p1 != 0x40:
		return swParameters
	case bytes.Equal(c.data, issuerAID):
		return swConditions
	case i == nil:
		return swNoReference
	}
	i.state = i.state&^stateLocked | c.p2&stateLocked
	return swOK
}

// storeData is STORE DATA (GlobalPlatform 2.3, 11.11), after INSTALL [for personalization].
func (s domainSession) storeData(c apdu) sat.Status {
	i := s.personal
	if i == nil {
		return swConditions
	}
	if c.p2 == 0 {
		i.stored = nil
	}
	i.stored = append(i.stored, c.data...)
	if c.p1&0x80 != 0 { // last block
		s.domain.personal = nil
	}
	return swOK
}

// getData is GET DATA (GlobalPlatform 2.3, 11.3): the key information and the extended card resources (ETSI
// TS 102 226, 8.2.1.7).
func (s domainSession) getData(c apdu) ([]byte, sat.Status) {
	if len(c.data) > 0 || c.le < 1 {
		return nil, swLength
	}
	switch tag := int(c.p1)<<8 | int(c.p2); tag {
	case 0x00E0:
		return upTo(object(nil, 0xE0, s.keyInformation()...), c.le)
	case 0xFF21:
		return upTo(resources(len(s.instances), s.memory.free()), c.le)
	}
	return nil, swNoReference
}

// resources are the extended card resources: applications, free non-volatile and volatile memory.
func resources(applications, free int) []byte {
	b := object(nil, 0x81, byte(applications))
	b = object(b, 0x82, byte(free>>24), byte(free>>16), byte(free>>8), byte(free))
	b = object(b, 0x83, 0x08, 0x00)
	return append([]byte{0xFF, 0x21, byte(len(b))}, b...)
}
