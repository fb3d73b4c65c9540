package ram

import (
	"fmt"
	"strings"
)

// Privileges of an application, three octets (GlobalPlatform Card
// Specification, 11.1.2, tables 11-7 to 11-9). Those of domains that do more
// contain SecurityDomain.
type Privileges uint32

// Privileges: first octet, second octet, third octet.
const (
	SecurityDomain        Privileges = 0x800000
	DAPVerification       Privileges = 0xC00000
	DelegatedManagement   Privileges = 0xA00000
	CardLock              Privileges = 0x100000
	CardTerminate         Privileges = 0x080000
	DefaultSelected       Privileges = 0x040000 // also called card reset
	CVMManagement         Privileges = 0x020000
	MandatedDAP           Privileges = 0xC10000
	TrustedPath           Privileges = 0x008000
	AuthorizedManagement  Privileges = 0x004000
	TokenVerification     Privileges = 0x002000
	GlobalDelete          Privileges = 0x001000
	GlobalLock            Privileges = 0x000800
	GlobalRegistry        Privileges = 0x000400
	FinalApplication      Privileges = 0x000200
	GlobalService         Privileges = 0x000100
	ReceiptGeneration     Privileges = 0x000080
	CipheredLoadFile      Privileges = 0x000040
	ContactlessActivation Privileges = 0x000020
	ContactlessSelf       Privileges = 0x000010
)

// privileges in the order they are told. The bits of the domain privileges
// alone, without SecurityDomain, mean nothing and stay unnamed.
var privileges = []struct {
	p    Privileges
	name string
}{
	{SecurityDomain, "security domain"}, {DAPVerification, "DAP verification"}, {DelegatedManagement, "delegated management"},
	{CardLock, "card lock"}, {CardTerminate, "card terminate"}, {DefaultSelected, "default selected"},
	{CVMManagement, "CVM management"}, {MandatedDAP, "mandated DAP verification"},
	{TrustedPath, "trusted path"}, {AuthorizedManagement, "authorised management"}, {TokenVerification, "token verification"},
	{GlobalDelete, "global delete"}, {GlobalLock, "global lock"}, {GlobalRegistry, "global registry"},
	{FinalApplication, "final application"}, {GlobalService, "global service"},
	{ReceiptGeneration, "receipt generation"}, {CipheredLoadFile, "ciphered load file"},
	{ContactlessActivation, "contactless activation"}, {ContactlessSelf, "contactless self-activation"},
}

// ParsePrivileges reads the one or three octets of a privileges field.
func ParsePrivileges(b []byte) (Privileges, error) {
	switch len(b) {
	case 1:
		return Privileges(b[0]) << 16, nil
	case 3:
		return Privileges(b[0])<<16 | Privileges(b[1])<<8 | Privileges(b[2]), nil
	}
	return 0, fmt.Errorf("ram: privileges %X have %d octets, want 1 or 3", b, len(b))
}

// AppendBinary appends one octet if only privileges of the first are set,
// three otherwise.
func (p Privileges) AppendBinary(b []byte) ([]byte, error) {
	if p > 0xFFFFFF {
		return nil, fmt.Errorf("ram: privileges %X have more than three octets", uint32(p))
	}
	if p&0xFFFF == 0 {
		return append(b, byte(p>>16)), nil
	}
	return append(b, byte(p>>16), byte(p>>8), byte(p)), nil
}

// Has says whether all of q are among p.
func (p Privileges) Has(q Privileges) bool { return p&q == q }

// String names the privileges: "security domain, DAP verification", or "none".
func (p Privileges) String() string {
	var names []string
	var told Privileges
	for _, known := range privileges {
		if p.Has(known.p) {
			names, told = append(names, known.name), told|known.p
		}
	}
	if rest := p &^ told; rest != 0 {
		names = append(names, fmt.Sprintf("unknown %06X", uint32(rest)))
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
