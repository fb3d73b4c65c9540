package uicc

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/simota/simota/sat"
)

// Refresh is the proactive command REFRESH, waiting for the phone (ETSI TS 102 223, 6.4.7).
type Refresh struct {
	// Qualifier: 00 initialisation and full file change, 01 file change, 02 initialisation and file change, 03
	// initialisation, 04 UICC reset, 05 application reset, 06 session reset, 07 steering of roaming.
	Qualifier byte
	// Files are the paths of the changed files, such as "3F00/7FFF/6F07"; nil if the command has no file list.
	Files []string
	// After is how long after the packet the card sends it.
	After time.Duration
}

const imsiPath = "3F00/7FFF/6F07"

// uiccReset is the qualifier of a REFRESH that resets the card.
const uiccReset = 0x04

// identityRefresh is a REFRESH after the identity changed.
func identityRefresh(qualifier byte, after time.Duration) *Refresh {
	r := &Refresh{Qualifier: qualifier, After: after}
	if qualifier == 0x01 || qualifier == 0x02 {
		r.Files = []string{imsiPath}
	}
	return r
}

// Types of proactive commands that a script may ask for (ETSI TS 102 226, 5.2.1.1 and 5.2.1.2; 102 223, 9.4).
const (
	typeRefresh     = 0x01
	typePlayTone    = 0x20
	typeDisplayText = 0x21
)

// Immediate actions of one octet. 01 to 7F name a record of EF_RMA.
const (
	proactiveSession = 0x81
	earlyResponse    = 0x82
)

// immediate obeys an immediate action: an indicator or a proactive command.
func (e *expanded) immediate(value []byte) bool {
	if len(value) == 1 && (value[0] == proactiveSession || value[0] == earlyResponse) {
		return true
	}
	if !e.act(value) {
		return e.fail(tagImmediate, actionSuspended)
	}
	return true
}

// act lets a proactive command follow the script: the one in value, or the one in a record of EF_RMA that value
// names. An empty value is no action.
func (e *expanded) act(value []byte) bool {
	if len(value) == 1 && value[0] <= 0x7F {
		value = e.storedAction(value[0])
	}
	refresh, kind, ok := parseAction(value)
	switch {
	case !ok || kind == typeRefresh && e.card.cfg.Refresh == RefreshNone:
		return false
	case kind == typeRefresh:
		e.refresh = refresh
	default:
		e.actions = append(e.actions, append([]byte(nil), value...))
	}
	return true
}

// storedAction is a record of EF_RMA without its filling (3GPP TS 31.102, 4.4.2: remote management actions).
func (e *expanded) storedAction(n byte) []byte {
	if e.realm.files == nil {
		return nil
	}
	ef := e.realm.files.find("RMA")
	if ef == nil || ef.directory() {
		return nil
	}
	rec := ef.content.record(int(n))
	for len(rec) > 0 && rec[len(rec)-1] == 0xFF {
		rec = rec[:len(rec)-1]
	}
	return rec
}

// parseAction reads the objects of a proactive command: command details, device identities, and for REFRESH
// optionally a file list.
func parseAction(b []byte) (r *Refresh, kind byte, ok bool) {
	r = &Refresh{}
	for len(b) > 0 {
		tag, value, rest, err := cutObject(b)
		if err != nil {
			return nil, 0, false
		}
		b = rest
		switch tag & 0x7F {
		case 0x01:
			if kind != 0 || len(value) != 3 {
				return nil, 0, false
			}
			kind, r.Qualifier = value[1], value[2]
		case 0x02:
			if len(value) != 2 {
				return nil, 0, false
			}
		case 0x12:
			if kind != typeRefresh || len(value) < 1 {
				return nil, 0, false
			}
			r.Files = filePaths(value[1:])
			if len(r.Files) != int(value[0]) {
				return nil, 0, false
			}
		}
	}
	return r, kind, kind == typeRefresh || kind == typePlayTone || kind == typeDisplayText
}

// filePaths splits a file list; each path in it starts at the MF.
func filePaths(b []byte) []string {
	var paths []string
	for len(b) >= 2 {
		fid := strings.ToUpper(hex.EncodeToString(b[:2]))
		switch {
		case fid == sat.MF.String():
			paths = append(paths, fid)
		case len(paths) == 0:
			return nil
		default:
			paths[len(paths)-1] += "/" + fid
		}
		b = b[2:]
	}
	return paths
}
