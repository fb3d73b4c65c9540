package ram

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/simota/simota/sat"
)

// Toolkit is what a toolkit applet asks of the card, on SIM and UICC alike
// (ETSI TS 102 226, 8.2.1.3.2.1 and 8.2.1.3.2.2).
type Toolkit struct {
	Priority byte // 00 lets the card choose, 01 is the highest, FF the lowest
	Timers   byte // how many it may use at once, 0 to 8
	// MenuText is the longest text of one of its menu entries, in octets.
	MenuText byte
	Menu     []MenuEntry
	Channels byte // how many it may open at once, 0 to 7
	// MinimumSPI1 is the least security of packets for it, coded as the first
	// octet of the SPI; 0 asks for none.
	MinimumSPI1 byte
	// TARs it answers to. None: octets 13 to 15 of its AID if that has 16.
	TARs [][3]byte
}

// MenuEntry is an entry of the toolkit menu. Position comes first, as in TS
// 102 226; at least one tool has the two the other way round.
type MenuEntry struct {
	Position byte // 00 for the end of the menu
	ID       byte // 00 lets the card choose, or 01 to 7F
}

// minimumSPI1 is the kind of minimum security level that Toolkit knows (ETSI
// TS 102 226, 8.2.1.3.2.4).
const minimumSPI1 = 0x01

func (t Toolkit) check() error {
	if t.Timers > 8 || t.Channels > 7 {
		return fmt.Errorf("ram: toolkit parameters want %d timers and %d channels, a card has 8 and 7", t.Timers, t.Channels)
	}
	if len(t.Menu) > 127 || len(t.TARs) > 85 {
		return fmt.Errorf("ram: toolkit parameters have %d menu entries and %d TARs, at most 127 and 85 fit", len(t.Menu), len(t.TARs))
	}
	for i, e := range t.Menu {
		if e.ID > 0x7F {
			return fmt.Errorf("ram: menu entry %d has identifier %02X, want 01 to 7F; position comes first", i+1, e.ID)
		}
		if e.ID != 0 && slices.ContainsFunc(t.Menu[:i], func(o MenuEntry) bool { return o.ID == e.ID }) {
			return fmt.Errorf("ram: menu identifier %02X is there twice", e.ID)
		}
	}
	for i, tar := range t.TARs {
		if slices.Contains(t.TARs[:i], tar) {
			return fmt.Errorf("ram: TAR %X is there twice", tar)
		}
		if tar == [3]byte{} || tar[0] == 0xB0 && tar[1] == 0x00 {
			return fmt.Errorf("ram: TAR %X is the card's own (000000 issuer domain, B000xx remote file management)", tar)
		}
	}
	return nil
}

// appendFields appends everything up to the TARs.
func (t Toolkit) appendFields(b []byte) ([]byte, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	b = append(b, t.Priority, t.Timers, t.MenuText, byte(len(t.Menu)))
	for _, e := range t.Menu {
		b = append(b, e.Position, e.ID)
	}
	b = append(b, t.Channels)
	if t.MinimumSPI1 == 0 {
		b = append(b, 0)
	} else {
		b = append(b, 2, minimumSPI1, t.MinimumSPI1)
	}
	var tars []byte
	for _, tar := range t.TARs {
		tars = append(tars, tar[:]...)
	}
	return appendLV(b, tars), nil
}

// toolkit reads everything up to the minimum security level.
func (r *reader) toolkit() Toolkit {
	t := Toolkit{Priority: r.octet("priority"), Timers: r.octet("timers"), MenuText: r.octet("menu text length")}
	n := int(r.octet("number of menu entries"))
	for pairs := r.take("menu entries", 2*n); len(pairs) > 0; pairs = pairs[2:] {
		t.Menu = append(t.Menu, MenuEntry{Position: pairs[0], ID: pairs[1]})
	}
	t.Channels = r.octet("channels")
	switch msl := r.lv("minimum security level"); {
	case len(msl) == 0:
	case len(msl) == 2 && msl[0] == minimumSPI1:
		t.MinimumSPI1 = msl[1]
	default:
		r.fail("minimum security level %X: %w, want 01 and an SPI octet", msl, ErrUnsupported)
	}
	return t
}

func (r *reader) tars() (tars [][3]byte) {
	b := r.lv("TARs")
	if len(b)%3 != 0 {
		r.fail("TARs have %d octets, want 3 each", len(b))
		return nil
	}
	for tar := range slices.Chunk(b, 3) {
		tars = append(tars, [3]byte(tar))
	}
	return tars
}

// checkedToolkit finishes reading toolkit parameters.
func (r *reader) checkedToolkit(t Toolkit) error {
	if err := r.end(); err != nil {
		return err
	}
	return t.check()
}

// SIMToolkit are the parameters of a toolkit applet on a SIM, tag CA in EF
// (ETSI TS 102 226, 8.2.1.3.2.1).
type SIMToolkit struct {
	Access AccessDomain // to the files
	Toolkit
}

// AppendBinary appends the value of CA.
func (t SIMToolkit) AppendBinary(b []byte) ([]byte, error) {
	if err := t.Access.check(); err != nil {
		return nil, err
	}
	return t.appendFields(appendLV(b, t.Access))
}

// ParseSIMToolkit reads the value of CA. Cards take it without the length of
// the TARs, and so does this.
func ParseSIMToolkit(b []byte) (SIMToolkit, error) {
	r := reader{what: "SIM toolkit parameters (CA)", b: b}
	t := SIMToolkit{Access: r.lv("access domain"), Toolkit: r.toolkit()}
	if len(r.b) > 0 {
		t.TARs = r.tars()
	}
	if err := r.checkedToolkit(t.Toolkit); err != nil {
		return SIMToolkit{}, err
	}
	return t, t.Access.check()
}

// UICCToolkit are the parameters of a toolkit applet on a UICC, tag 80 in EA
// (ETSI TS 102 226, 8.2.1.3.2.2.1).
type UICCToolkit struct {
	Toolkit
	Services byte // how many it may declare at once, 0 to 8
}

// AppendBinary appends the value of 80.
func (t UICCToolkit) AppendBinary(b []byte) ([]byte, error) {
	if t.Services > 8 {
		return nil, t.tooMany()
	}
	b, err := t.appendFields(b)
	if err != nil {
		return nil, err
	}
	return append(b, t.Services), nil
}

func (t UICCToolkit) tooMany() error {
	return fmt.Errorf("ram: toolkit parameters want %d services, a card has 8", t.Services)
}

// ParseUICCToolkit reads the value of 80.
func ParseUICCToolkit(b []byte) (UICCToolkit, error) {
	r := reader{what: "UICC toolkit parameters (80)", b: b}
	t := UICCToolkit{Toolkit: r.toolkit()}
	t.TARs, t.Services = r.tars(), r.octet("services")
	if err := r.checkedToolkit(t.Toolkit); err != nil {
		return UICCToolkit{}, err
	}
	if t.Services > 8 {
		return UICCToolkit{}, t.tooMany()
	}
	return t, nil
}

// AccessDomain says what an applet may do with files (ETSI TS 102 226,
// 8.2.1.3.2.5): its first octet is the mechanism, more may follow. Empty is
// no domain at all.
type AccessDomain []byte

// FullAccess lets an applet do everything, NoAccess nothing.
var (
	FullAccess = AccessDomain{0x00}
	NoAccess   = AccessDomain{0xFF}
)

// String names the access: "full access", "UICC access mechanism FFFDFF".
func (a AccessDomain) String() string {
	switch {
	case len(a) == 0:
		return "no access domain"
	case bytes.Equal(a, FullAccess):
		return "full access"
	case bytes.Equal(a, NoAccess):
		return "no access"
	case a[0] == 0x01:
		return fmt.Sprintf("APDU access mechanism %X", []byte(a[1:]))
	case a[0] == 0x02:
		return fmt.Sprintf("UICC access mechanism %X", []byte(a[1:]))
	}
	return fmt.Sprintf("access domain %X", []byte(a))
}

// maxAccessDomain bounds a field that has a few octets on every card, so that
// its length always takes one.
const maxAccessDomain = 0x7F

func (a AccessDomain) check() error {
	if len(a) > maxAccessDomain {
		return fmt.Errorf("ram: access domain has %d octets, at most %d fit", len(a), maxAccessDomain)
	}
	return nil
}

// FileAccess opens one file system to an applet, tags 81 and 82 in EA (ETSI
// TS 102 226, 8.2.1.3.2.2.2 and 8.2.1.3.2.2.3).
type FileAccess struct {
	// ADF is the application; empty for the files every application shares.
	// Some cards want the whole AID, as in EF_DIR, and answer 6A80 to a
	// shorter one.
	ADF    sat.AID
	Access AccessDomain
	DAP    []byte // signature over the access domain, or empty
}

type fileAccesses []FileAccess

func (f fileAccesses) AppendBinary(b []byte) ([]byte, error) { return AppendFileAccess(b, f) }

// AppendFileAccess appends the value of 81 or 82.
func AppendFileAccess(b []byte, files []FileAccess) ([]byte, error) {
	for _, f := range files {
		if err := checkOptionalAID("ADF", f.ADF); err != nil {
			return nil, err
		}
		if err := f.Access.check(); err != nil {
			return nil, err
		}
		if len(f.DAP) > 255 {
			return nil, fmt.Errorf("ram: signature of an access domain has %d octets, at most 255 fit", len(f.DAP))
		}
		b = appendLV(appendLV(appendLV(b, f.ADF), f.Access), f.DAP)
	}
	return b, nil
}

// ParseFileAccess reads the value of 81 or 82.
func ParseFileAccess(b []byte) ([]FileAccess, error) {
	r := reader{what: "file access parameters", b: b}
	var files []FileAccess
	for len(r.b) > 0 && r.err == nil {
		f := FileAccess{ADF: r.optionalAID("ADF"), Access: r.lv("access domain"), DAP: r.lv("access domain DAP")}
		if err := f.Access.check(); err != nil && r.err == nil {
			r.err = err
		}
		files = append(files, f)
	}
	if r.err != nil {
		return nil, r.err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("ram: file access parameters are empty")
	}
	return files, nil
}
