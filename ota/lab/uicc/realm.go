package uicc

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/simota/simota/ota"
)

// realm is a set of applications with keys and files of their own. A plain card is one realm; on an eUICC the ISD-R
// is one and every profile is.
type realm struct {
	keys     []ota.Keyset
	kiks     map[byte]Secret
	counters map[counterID]uint64
	apps     []Application
	files    *tree  // nil in the ISD-R
	slots    *slots // nil without a multi-IMSI applet
	domain   *domain
	chains   map[ota.TAR]*chain
}

// counterID names a counter: the one of a key version that applications share, or one's own for it.
type counterID struct {
	kvn byte
	own bool
	tar ota.TAR // only of an own counter
}

// subscription makes the realm of a plain card or of a profile.
func (c Config) subscription(p ISDP, memory *memory) (*realm, error) {
	files, err := standardTree(p.identity())
	if err != nil {
		return nil, err
	}
	for _, f := range slices.Concat(c.FileChanges, p.Files) {
		if err := files.apply(f); err != nil {
			return nil, err
		}
	}
	r := &realm{keys: slices.Clone(p.Keysets), kiks: maps.Clone(p.KIKs), files: files, chains: map[ota.TAR]*chain{}}
	for i, a := range c.Applications {
		if a.Kind == KindISDR {
			continue
		}
		for _, name := range a.Updatable {
			if n := files.find(name); n == nil || n.directory() {
				return nil, wrong(fmt.Sprintf("applications[%d].updatable", i), "TAR %s may update %q, which the card does not have", a.TAR, name)
			}
		}
		if a.Kind == KindMultiIMSI && r.slots == nil {
			r.slots = newSlots(p.identity(), c.Slots)
		}
		r.apps = append(r.apps, a)
	}
	r.counters = initialCounters(p.Counters, r.apps)
	r.domain = newDomain(c.Profile, r, memory)
	return r, nil
}

// isdr makes the realm of the ISD-R.
func (c Config) isdr() *realm {
	r := &realm{keys: slices.Clone(c.ISDRKeysets), chains: map[ota.TAR]*chain{}}
	for _, a := range c.Applications {
		if a.Kind == KindISDR {
			r.apps = append(r.apps, a)
		}
	}
	r.counters = initialCounters(c.ISDRCounters, r.apps)
	return r
}

func initialCounters(given map[byte]uint64, apps []Application) map[counterID]uint64 {
	counters := make(map[counterID]uint64)
	for kvn, n := range given {
		counters[counterID{kvn: kvn}] = n
		for _, a := range apps {
			if a.OwnCounter {
				counters[counterID{kvn, true, a.TAR}] = n
			}
		}
	}
	return counters
}

// shared are the counters by key version that applications do not have for themselves.
func (r *realm) shared() map[byte]uint64 {
	counters := make(map[byte]uint64)
	for id, n := range r.counters {
		if !id.own {
			counters[id.kvn] = n
		}
	}
	return counters
}

func (r *realm) keyset(kvn byte) (ota.Keyset, bool) {
	i := slices.IndexFunc(r.keys, func(ks ota.Keyset) bool { return ks.Version == kvn })
	if i < 0 {
		return ota.Keyset{}, false
	}
	return r.keys[i], true
}

// forget drops a key version with its counters.
func (r *realm) forget(kvn byte) {
	r.keys = slices.DeleteFunc(r.keys, func(ks ota.Keyset) bool { return ks.Version == kvn })
	delete(r.kiks, kvn)
	maps.DeleteFunc(r.counters, func(id counterID, _ uint64) bool { return id.kvn == kvn })
}

// application finds what answers to a TAR: an application of the personality, or an installed applet.
func (r *realm) application(tar ota.TAR) *Application {
	for i := range r.apps {
		if r.apps[i].TAR == tar {
			return &r.apps[i]
		}
	}
	if r.domain != nil {
		return r.domain.applet(tar)
	}
	return nil
}

// reset drops what a cold reset drops: chained scripts that did not ask to be kept, and half-done work of the
// security domain.
func (r *realm) reset() {
	maps.DeleteFunc(r.chains, func(_ ota.TAR, c *chain) bool { return !c.keep })
	if r.domain != nil {
		r.domain.reset()
	}
}

// imsi is the content of EF_IMSI, nil if there is none.
func (r *realm) imsi() []byte {
	if ef := r.files.find("IMSI"); ef != nil && ef.content != nil {
		return bytes.Clone(ef.content.data)
	}
	return nil
}

func (r *realm) iccid() string {
	if ef := r.files.find("ICCID"); ef != nil && ef.content != nil {
		return unBCD(ef.content.data)
	}
	return ""
}

// smsc is the service centre in record 1 of EF_SMSP.
func (r *realm) smsc() string {
	if ef := r.files.find("SMSP"); ef != nil && ef.content != nil {
		return serviceCentre(ef.content.record(1))
	}
	return ""
}

// paid is the memory that goes with the realm: created files, load files and what applets asked for.
func (r *realm) paid() int {
	total, seen := 0, map[*content]bool{}
	for _, root := range append(r.files.adfs(), r.files.mf) {
		total += root.paid(seen)
	}
	for _, f := range r.domain.files {
		total += f.size
	}
	for _, i := range r.domain.instances {
		total += i.quota
	}
	return total
}

// memory is the non-volatile memory for applets and created files.
type memory struct{ size, used int }

func (m *memory) free() int { return m.size - m.used }

// take reserves n octets, or none.
func (m *memory) take(n int) bool {
	if n < 0 || n > m.free() {
		return false
	}
	m.used += n
	return true
}
