package device

import (
	"slices"

	"github.com/simota/simota/ota/cp"
)

// Settings is what the client has stored.
type Settings struct {
	APNs       []APN     `json:"apns,omitempty"`
	Proxies    []Proxy   `json:"proxies,omitempty"`
	Accounts   []Account `json:"accounts,omitempty"`
	SMSC       string    `json:"smsc,omitempty"` // as "+12025550100"
	SMSCodes   []Code    `json:"sms_codes,omitempty"`
	VoiceCodes []Code    `json:"voice_codes,omitempty"`
}

// APN is an access point as a client stores it.
type APN struct {
	Name     string    `json:"name,omitempty"`
	Address  string    `json:"address"`
	Auth     string    `json:"auth,omitempty"` // "pap" or "chap", or what else the document said
	User     string    `json:"user,omitempty"`
	Secret   cp.Secret `json:"secret,omitempty"`
	DNS      string    `json:"dns,omitempty"`      // addresses, with blanks between
	PDP      string    `json:"pdp,omitempty"`      // LOCAL-ADDRTYPE, as "IPV6"
	Internet bool      `json:"internet,omitempty"` // by the INTERNET parm, or used by the browser
	MMS      bool      `json:"mms,omitempty"`      // used by the MMS client
	MMSC     string    `json:"mmsc,omitempty"`
	Proxy    string    `json:"proxy,omitempty"` // host:port of the proxy that its application uses
}

// Proxy is a proxy, whether an application uses it or not.
type Proxy struct {
	ID      string `json:"id"`
	Address string `json:"address"` // host:port, or host
}

// Account is an application other than browser and MMS, such as OMA DM (w7) or mail (25, 110, 143).
type Account struct {
	AppID    string `json:"app_id"`
	Provider string `json:"provider,omitempty"` // PROVIDER-ID
	Name     string `json:"name,omitempty"`
	Address  string `json:"address,omitempty"`
}

// Code is a number with a name that the user knows it by.
type Code struct {
	Name   string `json:"name"`
	Number string `json:"number"` // as it is dialled: "*100#"
}

func (s Settings) clone() Settings {
	s.APNs, s.Proxies, s.Accounts = slices.Clone(s.APNs), slices.Clone(s.Proxies), slices.Clone(s.Accounts)
	s.SMSCodes, s.VoiceCodes = slices.Clone(s.SMSCodes), slices.Clone(s.VoiceCodes)
	return s
}

// usable says whether there is anything in s that a device acts on.
func (s Settings) usable() bool {
	return len(s.APNs)+len(s.Accounts)+len(s.SMSCodes)+len(s.VoiceCodes) > 0 || s.SMSC != ""
}

// merge stores what a document brought beside what is there. replaces may be nil, see [content].
func (s *Settings) merge(more Settings, replaces func(old, new APN) bool) {
	if replaces == nil {
		replaces = func(old, new APN) bool { return old.Address == new.Address && old.MMS == new.MMS }
	}
	s.APNs = overlay(s.APNs, more.APNs, replaces)
	s.Proxies = overlay(s.Proxies, more.Proxies, func(old, new Proxy) bool { return old.ID == new.ID })
	s.Accounts = overlay(s.Accounts, more.Accounts, func(old, new Account) bool {
		return old.AppID == new.AppID && old.Provider == new.Provider
	})
	if more.SMSC != "" {
		s.SMSC = more.SMSC
	}
	if len(more.SMSCodes) > 0 {
		s.SMSCodes = more.SMSCodes
	}
	if len(more.VoiceCodes) > 0 {
		s.VoiceCodes = more.VoiceCodes
	}
}

// overlay takes away what is replaced and appends what is new.
func overlay[T any](old, more []T, replaces func(old, new T) bool) []T {
	old = slices.DeleteFunc(slices.Clone(old), func(o T) bool {
		return slices.ContainsFunc(more, func(n T) bool { return replaces(o, n) })
	})
	return append(old, more...)
}
