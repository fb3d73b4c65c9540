package ram

import (
	"fmt"

	"github.com/simota/simota/sat"
)

// P1 of INSTALL: what is asked for (GlobalPlatform Card Specification,
// 11.5.2.1). Install and make selectable go together as 0C.
const (
	forLoad            = 0x02
	forInstall         = 0x04
	forMakeSelectable  = 0x08
	forExtradition     = 0x10
	forPersonalization = 0x20
	forRegistryUpdate  = 0x40
)

// InstallForLoad announces a load file; the LOAD commands follow
// (GlobalPlatform Card Specification, 11.5.2.3.1).
type InstallForLoad struct {
	LoadFile sat.AID // package AID, 5 to 16 octets
	Domain   sat.AID // security domain that will own it; empty for the one addressed
	// Hash of the load file, over exactly what LOAD sends without its C4
	// header: 20 (SHA-1) or 32 to 64 octets (SHA-256 and longer). A must with
	// a token or a DAP block, else may be empty.
	Hash       []byte
	Parameters []byte // LoadParameters as octets, or empty
	Token      []byte // load token, or empty
}

// Command returns INSTALL [for load].
func (i InstallForLoad) Command() (sat.Command, error) {
	if err := i.check(); err != nil {
		return sat.Command{}, err
	}
	return installCommand("INSTALL [for load]", forLoad, i.LoadFile, i.Domain, i.Hash, i.Parameters, i.Token)
}

func (i InstallForLoad) check() error {
	if err := checkAID("load file", i.LoadFile); err != nil {
		return err
	}
	if err := checkOptionalAID("security domain", i.Domain); err != nil {
		return err
	}
	switch len(i.Hash) {
	case 0, 20, 32, 48, 64:
	default:
		return fmt.Errorf("ram: load file hash has %d octets, want 20 (SHA-1) or 32 (SHA-256)", len(i.Hash))
	}
	if len(i.Token) > 0 && len(i.Hash) == 0 {
		return fmt.Errorf("ram: a load token needs the hash of the load file")
	}
	return nil
}

// ParseInstallForLoad reads INSTALL [for load].
func ParseInstallForLoad(c sat.Command) (InstallForLoad, error) {
	r, err := installReader("INSTALL [for load]", c, forLoad)
	if err != nil {
		return InstallForLoad{}, err
	}
	i := InstallForLoad{
		LoadFile: r.aid("load file"), Domain: r.optionalAID("security domain"), Hash: r.lv("hash"),
		Parameters: r.lv("load parameters"), Token: r.lv("load token"),
	}
	if err := r.end(); err != nil {
		return InstallForLoad{}, err
	}
	return i, i.check()
}

// Install makes an instance of an applet (GlobalPlatform Card Specification,
// 11.5.2.3.2).
type Install struct {
	LoadFile   sat.AID // package AID
	Module     sat.AID // applet class, as in the CAP file
	Instance   sat.AID // AID of the instance, often that of the module
	Privileges Privileges
	// Parameters are InstallParameters as octets. Empty is sent as C900: a
	// card that finds no C9 answers 6A80.
	Parameters []byte
	Token      []byte // install token, or empty
	// Selectable also makes the instance selectable, in the same command.
	Selectable bool
}

// noParameters is an empty C9, the one parameter that must be there.
var noParameters = []byte{tagApplication, 0x00}

// Command returns INSTALL [for install] or [for install and make selectable].
func (i Install) Command() (sat.Command, error) {
	for _, a := range []struct {
		name string
		aid  sat.AID
	}{{"load file", i.LoadFile}, {"module", i.Module}, {"instance", i.Instance}} {
		if err := checkAID(a.name, a.aid); err != nil {
			return sat.Command{}, err
		}
	}
	p, err := i.Privileges.AppendBinary(nil)
	if err != nil {
		return sat.Command{}, err
	}
	parameters := i.Parameters
	if len(parameters) == 0 {
		parameters = noParameters
	}
	p1 := byte(forInstall)
	if i.Selectable {
		p1 |= forMakeSelectable
	}
	return installCommand("INSTALL [for install]", p1, i.LoadFile, i.Module, i.Instance, p, parameters, i.Token)
}

// ParseInstall reads INSTALL [for install] and [for install and make
// selectable].
func ParseInstall(c sat.Command) (Install, error) {
	r, err := installReader("INSTALL [for install]", c, forInstall, forInstall|forMakeSelectable)
	if err != nil {
		return Install{}, err
	}
	i := Install{
		LoadFile: r.aid("load file"), Module: r.aid("module"), Instance: r.aid("instance"),
		Privileges: r.privileges(), Parameters: r.lv("install parameters"), Token: r.lv("install token"),
		Selectable: c.P1&forMakeSelectable != 0,
	}
	return i, r.end()
}

// MakeSelectable lets an installed instance be selected and triggered
// (GlobalPlatform Card Specification, 11.5.2.3.3).
type MakeSelectable struct {
	Instance   sat.AID
	Privileges Privileges
}

// Command returns INSTALL [for make selectable].
func (m MakeSelectable) Command() (sat.Command, error) {
	if err := checkAID("instance", m.Instance); err != nil {
		return sat.Command{}, err
	}
	p, err := m.Privileges.AppendBinary(nil)
	if err != nil {
		return sat.Command{}, err
	}
	return installCommand("INSTALL [for make selectable]", forMakeSelectable, nil, nil, m.Instance, p, nil, nil)
}

// ParseMakeSelectable reads INSTALL [for make selectable].
func ParseMakeSelectable(c sat.Command) (MakeSelectable, error) {
	r, err := installReader("INSTALL [for make selectable]", c, forMakeSelectable)
	if err != nil {
		return MakeSelectable{}, err
	}
	r.empty("load file", "module")
	m := MakeSelectable{Instance: r.aid("instance"), Privileges: r.privileges()}
	r.empty("parameters", "token")
	return m, r.end()
}

// Extradite gives an application to another security domain (GlobalPlatform
// Card Specification, 11.5.2.3.4).
type Extradite struct {
	Domain      sat.AID // the new owner
	Application sat.AID // application or load file
	Token       []byte  // extradition token, or empty
}

// Command returns INSTALL [for extradition].
func (e Extradite) Command() (sat.Command, error) {
	if err := checkAID("security domain", e.Domain); err != nil {
		return sat.Command{}, err
	}
	if err := checkAID("application", e.Application); err != nil {
		return sat.Command{}, err
	}
	return installCommand("INSTALL [for extradition]", forExtradition, e.Domain, nil, e.Application, nil, nil, e.Token)
}

// ParseExtradite reads INSTALL [for extradition].
func ParseExtradite(c sat.Command) (Extradite, error) {
	r, err := installReader("INSTALL [for extradition]", c, forExtradition)
	if err != nil {
		return Extradite{}, err
	}
	e := Extradite{Domain: r.aid("security domain")}
	r.empty("module")
	e.Application = r.aid("application")
	r.empty("privileges", "parameters")
	e.Token = r.lv("token")
	return e, r.end()
}

// Personalize names the application that the STORE DATA commands behind it,
// in the same packet, are for (GlobalPlatform Card Specification, 11.5.2.3.6).
type Personalize struct{ Application sat.AID }

// Command returns INSTALL [for personalization].
func (p Personalize) Command() (sat.Command, error) {
	if err := checkAID("application", p.Application); err != nil {
		return sat.Command{}, err
	}
	return installCommand("INSTALL [for personalization]", forPersonalization, nil, nil, p.Application, nil, nil, nil)
}

// ParsePersonalize reads INSTALL [for personalization].
func ParsePersonalize(c sat.Command) (Personalize, error) {
	r, err := installReader("INSTALL [for personalization]", c, forPersonalization)
	if err != nil {
		return Personalize{}, err
	}
	r.empty("security domain", "module")
	p := Personalize{Application: r.aid("application")}
	r.empty("privileges", "parameters", "token")
	return p, r.end()
}

// UpdateRegistry changes what the card knows about an application
// (GlobalPlatform Card Specification, 11.5.2.3.5).
type UpdateRegistry struct {
	Domain      sat.AID // new owner; empty to leave it
	Application sat.AID
	Privileges  *Privileges // nil to leave them
	Parameters  []byte      // or empty
	Token       []byte      // or empty
}

// Command returns INSTALL [for registry update].
func (u UpdateRegistry) Command() (sat.Command, error) {
	if err := checkOptionalAID("security domain", u.Domain); err != nil {
		return sat.Command{}, err
	}
	if err := checkAID("application", u.Application); err != nil {
		return sat.Command{}, err
	}
	var p []byte
	if u.Privileges != nil {
		var err error
		if p, err = u.Privileges.AppendBinary(nil); err != nil {
			return sat.Command{}, err
		}
	}
	return installCommand("INSTALL [for registry update]", forRegistryUpdate, u.Domain, nil, u.Application, p, u.Parameters, u.Token)
}

// ParseUpdateRegistry reads INSTALL [for registry update].
func ParseUpdateRegistry(c sat.Command) (UpdateRegistry, error) {
	r, err := installReader("INSTALL [for registry update]", c, forRegistryUpdate)
	if err != nil {
		return UpdateRegistry{}, err
	}
	u := UpdateRegistry{Domain: r.optionalAID("security domain")}
	r.empty("module")
	u.Application = r.aid("application")
	if len(r.b) > 0 && r.b[0] == 0 {
		r.empty("privileges")
	} else {
		p := r.privileges()
		u.Privileges = &p
	}
	u.Parameters, u.Token = r.lv("parameters"), r.lv("token")
	return u, r.end()
}

// installCommand joins the fields of an INSTALL command.
func installCommand(name string, p1 byte, fields ...[]byte) (sat.Command, error) {
	var data []byte
	for _, f := range fields {
		data = appendLV(data, f)
	}
	return command(name, insInstall, p1, 0x00, data, sat.NoLe)
}

func installReader(name string, c sat.Command, p1 ...byte) (*reader, error) {
	if err := expect(name, c, insInstall); err != nil {
		return nil, err
	}
	for _, p := range p1 {
		if c.P1 == p && c.P2 == 0 {
			return &reader{what: name, b: c.Data}, nil
		}
	}
	return nil, fmt.Errorf("ram: %s has P1 P2 %02X%02X, want %02X00", name, c.P1, c.P2, p1)
}

// empty reads fields that must be there without a value.
func (r *reader) empty(names ...string) {
	for _, name := range names {
		if v := r.lv(name); len(v) > 0 {
			r.fail("%s %X: %w here, want 00", name, v, ErrUnsupported)
		}
	}
}

func (r *reader) privileges() Privileges {
	b := r.lv("privileges")
	if r.err != nil {
		return 0
	}
	p, err := ParsePrivileges(b)
	r.err = err
	return p
}
