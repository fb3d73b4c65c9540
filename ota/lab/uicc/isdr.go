package uicc

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// Data groups of STORE DATA to the ISD-R (GSMA SGP.02, 4.1.1).
const (
	dgiEnable      = 0x3A03
	dgiDisable     = 0x3A04
	dgiSetFallBack = 0x3A05
	dgiAddressing  = 0x3A07
	dgiConfirm     = 0x3A08
)

// States of an ISD-P (GSMA SGP.02, 2.2.1.3).
const (
	stateISDPSelectable = 0x07
	stateISDPDisabled   = 0x1F
	stateISDPEnabled    = 0x3F
)

// isdrSession is a script that speaks to the ISD-R.
type isdrSession struct {
	*job
	*euicc
}

func (s isdrSession) outgoing(header apdu) bool { return header.ins == insGetData }

func (s isdrSession) run(c apdu) ([]byte, sat.Status) {
	if c.cla != classGP {
		return nil, swClass
	}
	switch c.ins {
	case insGetStatus:
		return status(c, &s.euicc.listing, s.entries)
	case insGetData:
		switch {
		case c.p1 != 0xFF || c.p2 != 0x21:
			return nil, swNoReference
		case len(c.data) > 0 || c.le < 1:
			return nil, swLength
		}
		return upTo(resources(len(s.profiles), s.memory.free()), c.le)
	}
	var data []byte
	var sw sat.Status
	switch c.ins {
	case insStoreData:
		data, sw = s.storeData(c)
	case insDelete:
		sw = s.delete(c)
	case insInstall:
		data, sw = s.create(c)
	default:
		return nil, swInstruction
	}
	if sw == swOK {
		s.writes++
	}
	return data, sw
}

func (s isdrSession) entries(p1 byte) []entry {
	if p1 != listApplications {
		return nil
	}
	rows := []entry{}
	for _, p := range s.profiles {
		state, fallBack := byte(stateISDPDisabled), byte(0)
		switch {
		case p.realm == nil:
			state = stateISDPSelectable
		case p == s.enabled:
			state = stateISDPEnabled
		}
		if p.fallBack {
			fallBack = 1
		}
		rows = append(rows, entry{p.aid, map[uint32][][]byte{0x4F: {p.aid}, 0x9F70: {{state}}, 0x53: {{fallBack}}}})
	}
	return rows
}

// storeData is STORE DATA with one data group: tag, length, value. P1 says last block, BER-TLV, and in its lowest bit
// that an answer is expected, which only the confirmation has.
func (s isdrSession) storeData(c apdu) ([]byte, sat.Status) {
	if len(c.data) < 3 || int(c.data[2]) != len(c.data)-3 {
		return nil, swWrongData
	}
	group, value := binary.BigEndian.Uint16(c.data), c.data[3:]
	want := byte(0x88)
	if group == dgiConfirm {
		want = 0x89
	}
	if c.p1 != want || c.p2 != 0 {
		return nil, swParameters
	}
	switch group {
	case dgiConfirm:
		return s.confirmation(value)
	case dgiAddressing:
		return nil, s.address(value)
	case dgiEnable, dgiDisable, dgiSetFallBack:
	default:
		return nil, swWrongData
	}
	tag, aid, rest, err := cutObject(value)
	if err != nil || tag != 0x4F || len(aid) != 16 || len(rest) > 0 {
		return nil, swWrongData
	}
	p := s.profile(aid)
	switch {
	case p == nil:
		return nil, swNoReference
	case p.realm == nil || s.unsettled():
		return nil, swConditions
	case group == dgiEnable:
		return nil, s.enable(p)
	case group == dgiDisable:
		return nil, s.disable(p)
	}
	for _, other := range s.profiles {
		other.fallBack = other == p
	}
	return nil, swOK
}

// enable is EnableProfile (GSMA SGP.02, 4.1.1.2).
func (s isdrSession) enable(p *profile) sat.Status {
	switch {
	case p == s.enabled:
		return swConditions
	case s.enabled.pol1.DisableNotAllowed:
		return swPolicy
	}
	s.job.refresh = s.order(p, noticeChanged)
	return swOK
}

// disable is DisableProfile (GSMA SGP.02, 4.1.1.3): the fall-back profile comes in its place.
func (s isdrSession) disable(p *profile) sat.Status {
	to := s.fallBack()
	switch {
	case p != s.enabled || p.fallBack || to == nil:
		return swConditions
	case p.pol1.DisableNotAllowed:
		return swPolicy
	}
	s.job.refresh = s.order(to, noticeChanged)
	return swOK
}

// address is UpdateSMSRAddressingParameters (GSMA SGP.02, 4.1.1.10), of which the part for SMS counts: A3 with 81,
// the number of BCD octets, type of number and digits.
func (s isdrSession) address(value []byte) sat.Status {
	outer, err := tlv.ParseBER(value)
	if err != nil || len(outer) != 1 || outer[0].Tag != 0xA3 {
		return swWrongData
	}
	inner, err := tlv.ParseBER(outer[0].Value)
	if err != nil || len(inner) != 1 || inner[0].Tag != 0x81 {
		return swWrongData
	}
	a := inner[0].Value
	if len(a) < 3 || int(a[0]) != len(a)-2 || a[1]&0x80 == 0 {
		return swWrongData
	}
	number := "+" + unBCD(a[2:])
	if !phoneNumber(number) || (len(number)-1+1)/2 != len(a)-2 {
		return swWrongData
	}
	s.euicc.smsr = number
	return swOK
}

func (s isdrSession) confirmation(value []byte) ([]byte, sat.Status) {
	tag, sequence, rest, err := cutObject(value)
	if err != nil || tag != 0x4E || len(sequence) != 2 || len(rest) > 0 {
		return nil, swWrongData
	}
	done, ok := s.confirm(binary.BigEndian.Uint16(sequence))
	switch {
	case !ok:
		return nil, swNoReference
	case done.deleted == nil:
		return nil, swOK
	}
	var list []byte
	for _, aid := range done.deleted {
		list = object(list, 0x4F, aid...)
	}
	return object(nil, 0x80, list...), swOK
}

// delete is DeleteISDP (GSMA SGP.02, 4.1.1.4).
func (s isdrSession) delete(c apdu) sat.Status {
	if c.p1 != 0x00 || c.p2 != 0x40 {
		return swParameters
	}
	tag, aid, rest, err := cutObject(c.data)
	if err != nil || tag != 0x4F || len(aid) != 16 || len(rest) > 0 {
		return swWrongData
	}
	p := s.profile(aid)
	switch {
	case p == nil:
		return swNoReference
	case p == s.enabled || p.fallBack || s.unsettled():
		return swConditions
	case p.pol1.DeleteNotAllowed:
		return swPolicy
	}
	s.drop(p)
	return swOK
}

func (e *euicc) drop(p *profile) {
	e.memory.used -= p.quota
	if p.realm != nil {
		e.memory.used -= p.realm.paid()
	}
	e.profiles = slices.DeleteFunc(e.profiles, func(q *profile) bool { return p == q })
}

// create is CreateISDP (GSMA SGP.02, 4.1.1.1): INSTALL [for install and make selectable] of the ISD-P's load file and
// module with the new AID. What it may take of the memory is in EF, 83.
func (s isdrSession) create(c apdu) ([]byte, sat.Status) {
	if c.p1 != forInstall|forSelectable || c.p2 != 0 {
		return nil, swParameters
	}
	f, ok := fields(c.data, 6)
	if !ok || !bytes.Equal(f[0], isdpFile) || !bytes.Equal(f[1], isdpModule) || !isdpAID(f[2]) ||
		!bytes.Equal(f[3], []byte{0x80, 0xC0, 0x00}) || s.profile(f[2]) != nil {
		return nil, swWrongData
	}
	quota, ok := isdpMemory(f[4])
	switch {
	case !ok:
		return nil, swWrongData
	case !s.memory.take(quota):
		return nil, swNoMemory
	}
	s.euicc.profiles = append(s.profiles, &profile{aid: bytes.Clone(f[2]), quota: quota})
	return []byte{0x00}, swOK
}

// AIDs of the ISD-R, and of the load file and the module every ISD-P is made of.
var (
	isdrAID    = sat.AID(isdpPrefix + "\x00\x00\x01\x00")
	isdpFile   = sat.AID(isdpPrefix + "\x00\x00\x0D\x00")
	isdpModule = sat.AID(isdpPrefix + "\x00\x00\x0E\x00")
)

func isdpMemory(b []byte) (int, bool) {
	objects, err := tlv.ParseBER(b)
	if err != nil || len(objects) == 0 || objects[0].Tag != 0xC9 {
		return 0, false
	}
	total := 0
	for _, o := range objects[1:] {
		if o.Tag != 0xEF {
			return 0, false
		}
		inner, err := tlv.ParseBER(o.Value)
		if err != nil {
			return 0, false
		}
		for _, i := range inner {
			n, ok := quota(i.Value)
			if i.Tag != 0x83 || !ok {
				return 0, false
			}
			total += n
		}
	}
	return total, true
}
