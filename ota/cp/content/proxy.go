package content

import "github.com/simota/simota/ota/cp"

// PXLogical is a proxy as applications know it (PXLOGICAL).
type PXLogical struct {
	ProxyID         string // what others refer to
	Password        cp.Secret
	PPGAuthType     string // of the push gateway: "HTTP-BASIC" or "HTTP-DIGEST"
	ProxyProviderID string
	Name            string   // shown to the user
	Domains         []string // what it is used for; none means everything
	Trust           bool     // the device may trust what comes from it
	Master          bool     // it may write provisioning data
	StartPage       string
	BasAuthID       string // for the start page
	BasAuthPassword cp.Secret
	WSPVersion      string // empty means "1.2"
	PushEnabled     string // "0" or "1"; empty means "0"
	PullEnabled     string // likewise
	Auth            []PXAuthInfo
	Ports           []Port // of all physical proxies that have none
	Physical        []PXPhysical
	Rest
}

func (p *PXLogical) parms() []parm {
	return []parm{
		{name: "PROXY-ID", to: &p.ProxyID}, {name: "NAME", to: &p.Name}, {name: "PROXY-PW", to: &p.Password},
		{name: "PPGAUTH-TYPE", to: &p.PPGAuthType}, {name: "PROXY-PROVIDER-ID", to: &p.ProxyProviderID},
		{name: "DOMAIN", to: &p.Domains}, {name: "TRUST", to: &p.Trust}, {name: "MASTER", to: &p.Master},
		{name: "STARTPAGE", to: &p.StartPage}, {name: "BASAUTH-ID", to: &p.BasAuthID}, {name: "BASAUTH-PW", to: &p.BasAuthPassword},
		{name: "WSP-VERSION", to: &p.WSPVersion}, {name: "PUSHENABLED", to: &p.PushEnabled}, {name: "PULLENABLED", to: &p.PullEnabled},
	}
}

func (p *PXLogical) children() []child {
	return []child{list("PXAUTHINFO", &p.Auth), list("PORT", &p.Ports), list("PXPHYSICAL", &p.Physical)}
}

// PXAuthInfo is how a device proves itself to a proxy (PXAUTHINFO).
type PXAuthInfo struct {
	Type     string // PXAUTH-TYPE: "HTTP-BASIC", "HTTP-DIGEST" or "WTLS-SS"
	ID       string
	Password cp.Secret
	Rest
}

func (a *PXAuthInfo) parms() []parm {
	return []parm{{name: "PXAUTH-TYPE", to: &a.Type}, {name: "PXAUTH-ID", to: &a.ID}, {name: "PXAUTH-PW", to: &a.Password}}
}

// PXPhysical is one machine of a proxy (PXPHYSICAL). The first is preferred.
type PXPhysical struct {
	ProxyID     string // PHYSICAL-PROXY-ID, its own within the PXLOGICAL
	Domains     []string
	Address     string // PXADDR
	AddrType    string // PXADDRTYPE; empty means "IPV4"
	FQDN        string // PXADDR-FQDN: its name in the DNS
	WSPVersion  string
	PushEnabled string
	PullEnabled string
	NAPIDs      []string // TO-NAPID: what leads to it, or the word INTERNET
	Ports       []Port
	Rest
}

func (p *PXPhysical) parms() []parm {
	return []parm{
		{name: "PHYSICAL-PROXY-ID", to: &p.ProxyID}, {name: "DOMAIN", to: &p.Domains},
		{name: "PXADDR", to: &p.Address}, {name: "PXADDRTYPE", to: &p.AddrType}, {name: "PXADDR-FQDN", to: &p.FQDN},
		{name: "WSP-VERSION", to: &p.WSPVersion}, {name: "PUSHENABLED", to: &p.PushEnabled}, {name: "PULLENABLED", to: &p.PullEnabled},
		{name: "TO-NAPID", to: &p.NAPIDs},
	}
}

func (p *PXPhysical) children() []child { return []child{list("PORT", &p.Ports)} }

// Port is a port of a proxy or of an application's server, and what speaks
// there (PORT).
type Port struct {
	Number   uint16   // PORTNBR, 1 to 65535; 0 means that there is none in Number
	Services []string // SERVICE, as "CO-WSP" or a name of IANA's
	Rest
}

func (p *Port) parms() []parm {
	return []parm{{name: "PORTNBR", to: &p.Number}, {name: "SERVICE", to: &p.Services}}
}
