package content

import "github.com/simota/simota/ota/cp"

// Identifiers of applications (OMNA registry). Numbers are ports of IANA.
const (
	AppBrowser  = "w2"
	AppMMS      = "w4"
	AppDataSync = "w5"
	AppDM       = "w7"
	AppSMTP     = "25"
	AppPOP3     = "110"
	AppIMAP4    = "143"
)

// Application is the settings of one application (APPLICATION). What parms mean
// beyond the common ones says the registration of its APPID; those of w4 and w7
// have fields, all others are in Other.
type Application struct {
	AppID      string
	ProviderID string // joins applications of one provider
	Name       string // shown to the user
	Accept     string // AACCEPT: media types
	Protocol   string // APROTOCOL
	// To is how to reach the servers, the preferred way first.
	To    []Route
	Addrs []string // ADDR, the short form of APPADDR; of w4 the MMSC

	CM, RM, MS, PCAddr, Ma string // of w4, as its registration has them
	Init                   bool   // of w7: begin a session at once

	Addresses []AppAddr
	Auth      []AppAuth
	Resources []Resource
	Rest
}

// Route is one way of an application: by a proxy or by an access point alone.
type Route struct {
	Proxy bool   // TO-PROXY instead of TO-NAPID
	ID    string // PROXY-ID or NAPID; as NAPID also the word INTERNET, for any access point with that flag
}

func (a *Application) parms() []parm {
	return []parm{
		{name: "APPID", to: &a.AppID}, {name: "PROVIDER-ID", to: &a.ProviderID}, {name: "NAME", to: &a.Name},
		{name: "AACCEPT", to: &a.Accept}, {name: "APROTOCOL", to: &a.Protocol},
		{name: "TO-PROXY", to: &a.To, or: "TO-NAPID"}, {name: "ADDR", to: &a.Addrs},
		{name: "CM", to: &a.CM}, {name: "RM", to: &a.RM}, {name: "MS", to: &a.MS}, {name: "PC-ADDR", to: &a.PCAddr}, {name: "Ma", to: &a.Ma},
		{name: "INIT", to: &a.Init},
	}
}

func (a *Application) children() []child {
	return []child{list("APPADDR", &a.Addresses), list("APPAUTH", &a.Auth), list("RESOURCE", &a.Resources)}
}

// AppAddr is where a server of an application is (APPADDR).
type AppAddr struct {
	Addr     string
	AddrType string
	Ports    []Port
	Rest
}

func (a *AppAddr) parms() []parm {
	return []parm{{name: "ADDR", to: &a.Addr}, {name: "ADDRTYPE", to: &a.AddrType}}
}

func (a *AppAddr) children() []child { return []child{list("PORT", &a.Ports)} }

// AppAuth is how one side of an application proves itself (APPAUTH).
type AppAuth struct {
	Level  string // AAUTHLEVEL, of w7: "APPSRV" to the device, "CLIENT" to the server
	Type   string // AAUTHTYPE, as "DIGEST" or "HTTP-BASIC"
	Name   string
	Secret cp.Secret
	Data   cp.Secret // AAUTHDATA, as the nonce of DIGEST
	Rest
}

func (a *AppAuth) parms() []parm {
	return []parm{
		{name: "AAUTHLEVEL", to: &a.Level}, {name: "AAUTHTYPE", to: &a.Type}, {name: "AAUTHNAME", to: &a.Name},
		{name: "AAUTHSECRET", to: &a.Secret}, {name: "AAUTHDATA", to: &a.Data},
	}
}

// Resource is one thing of an application, as a bookmark of the browser or a
// database to be synchronised (RESOURCE).
type Resource struct {
	URI       string
	Name      string // shown to the user
	Accept    string // AACCEPT: media types
	AuthType  string
	AuthName  string
	Secret    cp.Secret
	AuthData  cp.Secret
	StartPage bool // of w2: the page to begin with
	Rest
}

func (r *Resource) parms() []parm {
	return []parm{
		{name: "URI", to: &r.URI}, {name: "NAME", to: &r.Name}, {name: "AACCEPT", to: &r.Accept},
		{name: "AAUTHTYPE", to: &r.AuthType}, {name: "AAUTHNAME", to: &r.AuthName},
		{name: "AAUTHSECRET", to: &r.Secret}, {name: "AAUTHDATA", to: &r.AuthData}, {name: "STARTPAGE", to: &r.StartPage},
	}
}
