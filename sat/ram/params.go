package ram

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// Tags of install and load parameters (GlobalPlatform Card Specification,
// 11.5.2.3.7; ETSI TS 102 226, 8.2.1.3.2).
const (
	tagApplication = 0xC9 // the applet's own; must be there
	tagSystem      = 0xEF
	tagUICC        = 0xEA
	tagCode        = 0xC6 // in EF: non-volatile memory for code
	tagVolatile    = 0xC7
	tagNonVolatile = 0xC8
	tagSIM         = 0xCA
	tagToolkit     = 0x80 // in EA
	tagFiles       = 0x81
	tagAdminFiles  = 0x82
)

// InstallParameters are the parameters of Install:
//
//	C9 L own  EF L { C7 2 volatile, C8 2 non-volatile, CA L SIM toolkit }
//	          EA L { 80 L UICC toolkit, 81 L files, 82 L files for administration }
//
// C9 is always written, empty or not. There is one EF at most (cards ignore a
// second one), and never SIM together with UICC, Files or AdminFiles.
type InstallParameters struct {
	Application []byte // handed to the applet
	// Memory the instance may use, in octets; 0 for no quota.
	Volatile, NonVolatile uint32
	SIM                   *SIMToolkit  // toolkit of GSM 03.19 cards; nil for none
	UICC                  *UICCToolkit // toolkit of UICCs; nil for none
	// Files and AdminFiles are the file systems the applet may use, and may
	// use with administrative commands.
	Files, AdminFiles []FileAccess
	// System are further objects of EF and Other further ones beside it, in
	// their order.
	System, Other []tlv.Object
}

// AppendBinary appends the parameters as octets.
func (p InstallParameters) AppendBinary(b []byte) ([]byte, error) {
	if p.SIM != nil && (p.UICC != nil || len(p.Files)+len(p.AdminFiles) > 0) {
		return nil, errToolkits
	}
	w := writer{b: b}
	w.object(tagApplication, p.Application)
	if system, err := p.system(); err != nil {
		return nil, err
	} else if len(system) > 0 {
		w.object(tagSystem, system)
	}
	if uicc, err := p.uicc(); err != nil {
		return nil, err
	} else if len(uicc) > 0 {
		w.object(tagUICC, uicc)
	}
	w.others(p.Other, tagApplication, tagSystem, tagUICC)
	return w.b, w.err
}

var errToolkits = errors.New("ram: install parameters for a SIM (CA) and for a UICC (EA) exclude each other")

func (p InstallParameters) system() ([]byte, error) {
	var w writer
	w.quota(tagVolatile, p.Volatile)
	w.quota(tagNonVolatile, p.NonVolatile)
	if p.SIM != nil {
		w.coded(tagSIM, p.SIM)
	}
	w.others(p.System, tagVolatile, tagNonVolatile, tagSIM)
	return w.b, w.err
}

func (p InstallParameters) uicc() ([]byte, error) {
	var w writer
	if p.UICC != nil {
		w.coded(tagToolkit, p.UICC)
	}
	if len(p.Files) > 0 {
		w.coded(tagFiles, fileAccesses(p.Files))
	}
	if len(p.AdminFiles) > 0 {
		w.coded(tagAdminFiles, fileAccesses(p.AdminFiles))
	}
	return w.b, w.err
}

// ParseInstallParameters reads the parameters of Install. It refuses what a
// card refuses or silently ignores: no C9, an object twice, CA beside EA.
func ParseInstallParameters(b []byte) (InstallParameters, error) {
	var p InstallParameters
	objects, err := objectsOnce("install parameters", b)
	if err != nil {
		return p, err
	}
	own, uicc := false, false
	for _, o := range objects {
		switch o.Tag {
		case tagApplication:
			own, p.Application = true, octets(o.Value)
		case tagSystem:
			err = p.parseSystem(o.Value)
		case tagUICC:
			uicc, err = true, p.parseUICC(o.Value)
		default:
			p.Other = append(p.Other, keep(o))
		}
		if err != nil {
			return InstallParameters{}, err
		}
	}
	switch {
	case !own:
		return InstallParameters{}, errors.New("ram: install parameters have no C9: write C900 for none")
	case uicc && p.SIM != nil:
		return InstallParameters{}, errToolkits
	}
	return p, nil
}

func (p *InstallParameters) parseSystem(b []byte) error {
	objects, err := objectsOnce("system parameters (EF)", b)
	for _, o := range objects {
		switch o.Tag {
		case tagVolatile:
			p.Volatile, err = parseQuota(o)
		case tagNonVolatile:
			p.NonVolatile, err = parseQuota(o)
		case tagSIM:
			var t SIMToolkit
			t, err = ParseSIMToolkit(o.Value)
			p.SIM = &t
		default:
			p.System = append(p.System, keep(o))
		}
		if err != nil {
			return err
		}
	}
	return err
}

func (p *InstallParameters) parseUICC(b []byte) error {
	objects, err := objectsOnce("UICC parameters (EA)", b)
	for _, o := range objects {
		switch o.Tag {
		case tagToolkit:
			var t UICCToolkit
			t, err = ParseUICCToolkit(o.Value)
			p.UICC = &t
		case tagFiles:
			p.Files, err = ParseFileAccess(o.Value)
		case tagAdminFiles:
			p.AdminFiles, err = ParseFileAccess(o.Value)
		default:
			err = fmt.Errorf("ram: tag %02X in EA: %w", o.Tag, ErrUnsupported)
		}
		if err != nil {
			return err
		}
	}
	return err
}

// TARs are the toolkit application references an instance answers to: those
// of its parameters or else octets 13 to 15 of an AID of 16 octets. None means
// that secured packets do not reach it. A card refuses an instance whose TAR
// is taken.
func (p InstallParameters) TARs(instance sat.AID) [][3]byte {
	var tars [][3]byte
	switch {
	case p.SIM != nil:
		tars = p.SIM.TARs
	case p.UICC != nil:
		tars = p.UICC.TARs
	}
	if len(tars) == 0 && len(instance) == 16 {
		tars = [][3]byte{instance.TAR()}
	}
	return tars
}

// LoadParameters are the parameters of InstallForLoad: the memory the load
// file needs, in octets, 0 to leave it out. They are EF { C6 code, C7
// volatile, C8 non-volatile }, or nothing.
type LoadParameters struct{ Code, Volatile, NonVolatile uint32 }

// AppendBinary appends the parameters as octets, none if all are 0.
func (p LoadParameters) AppendBinary(b []byte) ([]byte, error) {
	var w writer
	w.quota(tagCode, p.Code)
	w.quota(tagVolatile, p.Volatile)
	w.quota(tagNonVolatile, p.NonVolatile)
	if len(w.b) == 0 {
		return b, w.err
	}
	whole := writer{b: b, err: w.err}
	whole.object(tagSystem, w.b)
	return whole.b, whole.err
}

// ParseLoadParameters reads the parameters of InstallForLoad.
func ParseLoadParameters(b []byte) (LoadParameters, error) {
	var p LoadParameters
	if len(b) == 0 {
		return p, nil
	}
	objects, err := objectsOnce("load parameters", b)
	if err != nil {
		return p, err
	}
	if len(objects) != 1 || objects[0].Tag != tagSystem {
		return p, fmt.Errorf("ram: load parameters %X: want one EF", b)
	}
	if objects, err = objectsOnce("system parameters (EF)", objects[0].Value); err != nil {
		return p, err
	}
	for _, o := range objects {
		switch o.Tag {
		case tagCode:
			p.Code, err = parseQuota(o)
		case tagVolatile:
			p.Volatile, err = parseQuota(o)
		case tagNonVolatile:
			p.NonVolatile, err = parseQuota(o)
		default:
			err = fmt.Errorf("ram: tag %02X in load parameters: %w", o.Tag, ErrUnsupported)
		}
		if err != nil {
			return LoadParameters{}, err
		}
	}
	return p, nil
}

// parseQuota reads a memory size of two or four octets.
func parseQuota(o tlv.Object) (uint32, error) {
	if len(o.Value) != 2 && len(o.Value) != 4 {
		return 0, fmt.Errorf("ram: memory size %02X has %d octets, want 2 or 4", o.Tag, len(o.Value))
	}
	r := reader{what: "memory size", b: o.Value}
	return r.number("memory size", len(o.Value)), r.end()
}

// objectsOnce reads one level in which no tag may come twice: a card takes
// the first object and ignores the second.
func objectsOnce(what string, b []byte) ([]tlv.Object, error) {
	objects, err := tlv.ParseBER(b)
	if err != nil {
		return nil, fmt.Errorf("ram: %s: %w", what, err)
	}
	for i, o := range objects {
		if slices.ContainsFunc(objects[:i], func(e tlv.Object) bool { return e.Tag == o.Tag }) {
			return nil, fmt.Errorf("ram: %s have tag %02X twice: cards ignore the second", what, o.Tag)
		}
	}
	return objects, nil
}

// octets copies, so that results do not alias their input; nil for none.
func octets(b []byte) []byte { return append([]byte(nil), b...) }

func keep(o tlv.Object) tlv.Object { return tlv.Object{Tag: o.Tag, Value: octets(o.Value)} }

// writer appends objects and keeps the first failure.
type writer struct {
	b   []byte
	err error
}

func (w *writer) object(tag uint32, value []byte) {
	if w.err != nil {
		return
	}
	b, err := tlv.AppendBER(w.b, tag, value)
	if err != nil {
		w.err = fmt.Errorf("ram: object %02X: %w", tag, err)
		return
	}
	w.b = b
}

func (w *writer) coded(tag uint32, v interface{ AppendBinary([]byte) ([]byte, error) }) {
	value, err := v.AppendBinary(nil)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.object(tag, value)
}

// quota writes a memory size in two octets, or four if it needs them.
func (w *writer) quota(tag, size uint32) {
	switch {
	case size == 0:
	case size <= math.MaxUint16:
		w.object(tag, []byte{byte(size >> 8), byte(size)})
	default:
		w.object(tag, []byte{byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)})
	}
}

// others writes further objects, none of them twice or with a tag that has a
// field of its own.
func (w *writer) others(objects []tlv.Object, own ...uint32) {
	for _, o := range objects {
		if slices.Contains(own, o.Tag) && w.err == nil {
			w.err = fmt.Errorf("ram: object %02X is there twice, or has a field of its own", o.Tag)
		}
		own = append(own, o.Tag)
		w.object(o.Tag, o.Value)
	}
}
