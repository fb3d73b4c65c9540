package ram

import (
	"fmt"

	"github.com/simota/simota/sat"
)

// Parse reads any command of this package, as a card does that gets it. The
// KIK is needed for PUT KEY only.
func Parse(c sat.Command, kik Key) (Request, error) {
	switch c.INS {
	case insInstall:
		return parseAnyInstall(c)
	case insLoad:
		return request(ParseLoad(c))
	case insStoreData:
		return request(ParseStoreData(c))
	case insDelete:
		if len(c.Data) > 0 && c.Data[0] != tagAID {
			return request(ParseDeleteKey(c))
		}
		return request(ParseDelete(c))
	case insGetStatus:
		return request(ParseGetStatus(c))
	case insSetStatus:
		return request(ParseSetStatus(c))
	case insPutKey:
		return request(ParsePutKey(c, kik))
	case insGetData:
		return request(ParseGetData(c))
	}
	return nil, fmt.Errorf("ram: instruction %02X: %w", c.INS, ErrUnsupported)
}

func parseAnyInstall(c sat.Command) (Request, error) {
	switch c.P1 {
	case forLoad:
		return request(ParseInstallForLoad(c))
	case forInstall, forInstall | forMakeSelectable:
		return request(ParseInstall(c))
	case forMakeSelectable:
		return request(ParseMakeSelectable(c))
	case forExtradition:
		return request(ParseExtradite(c))
	case forPersonalization:
		return request(ParsePersonalize(c))
	case forRegistryUpdate:
		return request(ParseUpdateRegistry(c))
	}
	return nil, fmt.Errorf("ram: INSTALL has P1 %02X: %w", c.P1, ErrUnsupported)
}

// request keeps a failed parse from looking like a request.
func request[R Request](r R, err error) (Request, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Describe says in plain words what a command of this package asks; of others
// what sat knows. It never shows the data of LOAD, STORE DATA and PUT KEY.
func Describe(c sat.Command) string {
	if c.INS == insPutKey && c.CLA == class && len(c.Data) > 0 {
		return describePutKey(c)
	}
	r, err := Parse(c, Key{})
	if err != nil {
		return c.Describe()
	}
	return r.(interface{ describe() string }).describe()
}

func describePutKey(c sat.Command) string {
	if c.P1 == 0 {
		return "PUT KEY adds keys of version " + describeVersion(c.Data[0])
	}
	return fmt.Sprintf("PUT KEY replaces keys of version %s by version %s", describeVersion(c.P1), describeVersion(c.Data[0]))
}

func (i InstallForLoad) describe() string {
	s := fmt.Sprintf("INSTALL for load of %s", i.LoadFile)
	if len(i.Domain) > 0 {
		s += " into domain " + i.Domain.String()
	}
	return s
}

func (l Load) describe() string {
	s := fmt.Sprintf("LOAD block %d of %d octets", l.Number, len(l.Block))
	if l.Last {
		s += ", the last"
	}
	return s
}

func (i Install) describe() string {
	what := "INSTALL"
	if i.Selectable {
		what = "INSTALL and make selectable"
	}
	s := fmt.Sprintf("%s %s, module %s of load file %s", what, i.Instance, i.Module, i.LoadFile)
	if i.Privileges != 0 {
		s += ", privileges " + i.Privileges.String()
	}
	return s
}

func (m MakeSelectable) describe() string { return "make selectable " + m.Instance.String() }

func (e Extradite) describe() string {
	return fmt.Sprintf("extradite %s to domain %s", e.Application, e.Domain)
}

func (p Personalize) describe() string { return "personalise " + p.Application.String() }

func (u UpdateRegistry) describe() string { return "update registry entry " + u.Application.String() }

func (s StoreData) describe() string {
	return fmt.Sprintf("STORE DATA block %d of %d octets", s.Number, len(s.Data))
}

func (d Delete) describe() string {
	if d.Related {
		return fmt.Sprintf("DELETE %s with everything made of it", d.AID)
	}
	return "DELETE " + d.AID.String()
}

func (d DeleteKey) describe() string {
	switch {
	case d.ID == 0:
		return "DELETE all keys of version " + describeVersion(d.Version)
	case d.Version == 0:
		return fmt.Sprintf("DELETE key %d of all versions", d.ID)
	}
	return fmt.Sprintf("DELETE key %d of version %s", d.ID, describeVersion(d.Version))
}

func (g GetStatus) describe() string {
	s := "GET STATUS of " + map[Scope]string{
		IssuerDomain: "the issuer domain", Applications: "applications", LoadFiles: "load files", Modules: "load files and modules",
	}[g.Scope]
	if len(g.AID) > 0 {
		s += " beginning with " + g.AID.String()
	}
	if g.Next {
		s += ", following part"
	}
	return s
}

func (s SetStatus) describe() string {
	switch {
	case s.Scope == Applications && s.State == Lock:
		return "SET STATUS: lock " + s.AID.String()
	case s.Scope == Applications && s.State == Unlock:
		return "SET STATUS: unlock " + s.AID.String()
	}
	return fmt.Sprintf("SET STATUS: %s becomes %s", s.AID, s.State.In(s.Scope))
}

func (g GetData) describe() string {
	switch g.Tag {
	case DataKeys:
		return "GET DATA: which keys there are"
	case DataMemory:
		return "GET DATA: how much memory is free"
	case DataCard:
		return "GET DATA: what kind of card it is"
	}
	return fmt.Sprintf("GET DATA %04X", g.Tag)
}

func (p PutKey) describe() string { return "PUT KEY version " + describeVersion(p.Version) }
