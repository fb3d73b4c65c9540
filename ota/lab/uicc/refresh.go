package uicc

import (
	"encoding/hex"
	"strings"
	"time"
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

// ownRefresh is what the card sends by itself after its IMSI changed.
func (p Profile) ownRefresh() *Refresh {
	r := &Refresh{Qualifier: p.RefreshQualifier, After: p.RefreshDelay}
	if r.Qualifier == 0x01 || r.Qualifier == 0x02 {
		r.Files = []string{imsiPath}
	}
	return r
}

// parseRefresh reads the objects of a REFRESH: command details, device identities, optionally a file list.
func parseRefresh(b []byte) (*Refresh, bool) {
	var r *Refresh
	for len(b) > 0 {
		tag, value, rest, err := cutObject(b)
		if err != nil {
			return nil, false
		}
		b = rest
		switch tag & 0x7F {
		case 0x01:
			if r != nil || len(value) != 3 || value[1] != 0x01 {
				return nil, false
			}
			r = &Refresh{Qualifier: value[2]}
		case 0x02:
			if len(value) != 2 {
				return nil, false
			}
		case 0x12:
			if r == nil || len(value) < 1 {
				return nil, false
			}
			r.Files = filePaths(value[1:])
			if len(r.Files) != int(value[0]) {
				return nil, false
			}
		}
	}
	return r, r != nil
}

// filePaths splits a file list; each path in it starts at the MF.
func filePaths(b []byte) []string {
	var paths []string
	for len(b) >= 2 {
		fid := strings.ToUpper(hex.EncodeToString(b[:2]))
		switch {
		case fid == "3F00":
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
