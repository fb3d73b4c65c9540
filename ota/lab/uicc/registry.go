package uicc

import (
	"bytes"
	"slices"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// pageSize is how many octets of GET STATUS come at once.
const pageSize = 200

// What GET STATUS lists (P1).
const (
	listIssuer       = 0x80
	listApplications = 0x40
	listFiles        = 0x20
	listModules      = 0x10
)

// entry is one row of the registry, by tag.
type entry struct {
	aid     sat.AID
	objects map[uint32][][]byte
}

// order is that of the tags in an answer.
var order = []uint32{0x4F, 0x9F70, 0xC5, 0xC4, 0xCE, 0x84, 0xCC, 0x53}

// getStatus is GET STATUS (GlobalPlatform 2.3, 11.4): P2 02 begins, 03 goes on where 6310 stopped, in a later packet
// if need be.
func (s domainSession) getStatus(c apdu) ([]byte, sat.Status) {
	return status(c, &s.domain.listing, s.entries)
}

// status answers GET STATUS out of the entries that P1 asks for; nil means a P1 that is not supported.
func status(c apdu, listing *[][]byte, entries func(p1 byte) []entry) ([]byte, sat.Status) {
	switch c.p2 {
	case 0x02:
		aid, tags, ok := parseCriteria(c.data)
		if !ok {
			return nil, swWrongData
		}
		rows := entries(c.p1)
		if rows == nil {
			return nil, swParameters
		}
		*listing = nil
		for _, r := range rows {
			if bytes.HasPrefix(r.aid, aid) {
				*listing = append(*listing, r.coded(tags))
			}
		}
		if *listing == nil {
			return nil, swNoReference
		}
	case 0x03:
		if *listing == nil {
			return nil, swConditions
		}
	default:
		return nil, swParameters
	}
	var page []byte
	for len(*listing) > 0 && (page == nil || len(page)+len((*listing)[0]) <= pageSize) {
		page = append(page, (*listing)[0]...)
		*listing = (*listing)[1:]
	}
	if len(*listing) > 0 {
		return page, swMore
	}
	*listing = nil
	return page, swOK
}

// parseCriteria reads the search criteria: the beginning of an AID, and the tags to return (nil for the usual ones).
func parseCriteria(b []byte) (aid []byte, tags []uint32, ok bool) {
	objects, err := tlv.ParseBER(b)
	if err != nil || len(objects) == 0 || objects[0].Tag != 0x4F || len(objects) > 2 {
		return nil, nil, false
	}
	if len(objects) == 2 {
		if objects[1].Tag != 0x5C {
			return nil, nil, false
		}
		if tags, ok = tagList(objects[1].Value); !ok {
			return nil, nil, false
		}
	}
	return objects[0].Value, tags, true
}

func tagList(b []byte) ([]uint32, bool) {
	var tags []uint32
	for len(b) > 0 {
		tag, n := uint32(b[0]), 1
		if b[0]&0x1F == 0x1F {
			if len(b) < 2 {
				return nil, false
			}
			tag, n = tag<<8|uint32(b[1]), 2
		}
		tags, b = append(tags, tag), b[n:]
	}
	return tags, true
}

// coded is E3 with the objects asked for; without a list all but those of the eUICC.
func (e entry) coded(tags []uint32) []byte {
	var b []byte
	for _, tag := range order {
		if tags == nil && tag == 0x53 || tags != nil && !slices.Contains(tags, tag) {
			continue
		}
		for _, value := range e.objects[tag] {
			if tag > 0xFF {
				b = append(b, byte(tag>>8))
			}
			b = object(b, byte(tag), value...)
		}
	}
	return object(nil, 0xE3, b...)
}

func (s domainSession) entries(p1 byte) []entry {
	rows := []entry{}
	switch p1 {
	case listIssuer:
		rows = append(rows, entry{issuerAID, map[uint32][][]byte{
			0x4F: {issuerAID}, 0x9F70: {{statePersonalised}}, 0xC5: {{0x9E, 0xFE, 0x80}},
		}})
	case listApplications:
		for _, i := range s.instances {
			rows = append(rows, entry{i.aid, map[uint32][][]byte{
				0x4F: {i.aid}, 0x9F70: {{i.state}}, 0xC5: {i.privileges[:]}, 0xC4: {i.file}, 0xCC: {i.domain},
			}})
		}
	case listFiles, listModules:
		for _, f := range s.files {
			row := entry{f.aid, map[uint32][][]byte{0x4F: {f.aid}, 0x9F70: {{stateLoaded}}, 0xCE: {f.version[:]}, 0xCC: {f.domain}}}
			if p1 == listModules {
				for _, m := range f.modules {
					row.objects[0x84] = append(row.objects[0x84], m)
				}
			}
			rows = append(rows, row)
		}
	default:
		return nil
	}
	return rows
}
