package catalog

// Operator is one network and how it is reached: the file operators/NAME.yaml.
type Operator struct {
	Name          string        `yaml:"operator" json:"operator"`
	PLMNs         []string      `yaml:"plmns" json:"plmns"` // MCC and MNC, 5 or 6 digits; the first is home
	Country       string        `yaml:"country" json:"country,omitempty"`
	Links         []string      `yaml:"links" json:"links"` // names of SMPP links; the first that the server has is used
	SourceAddress SourceAddress `yaml:"source_address" json:"source_address"`
	SMSC          string        `yaml:"smsc" json:"smsc"` // service centre address for EF_SMSP, with a plus
	APNs          []APN         `yaml:"apns" json:"apns,omitempty"`
	ShortCodes    ShortCodes    `yaml:"short_codes" json:"short_codes,omitzero"`
	POL2          POL2          `yaml:"pol2" json:"pol2,omitzero"`
}

// POL2 are an operator's rules over its profiles on eUICCs, which the server
// has to obey (GSMA SGP.02, 3.6). The zero value allows everything.
type POL2 struct {
	DisableNotAllowed bool `yaml:"disable_not_allowed" json:"disable_not_allowed,omitempty"`
	DeleteNotAllowed  bool `yaml:"delete_not_allowed" json:"delete_not_allowed,omitempty"`
	DeleteOnDisable   bool `yaml:"delete_on_disable" json:"delete_on_disable,omitempty"` // once another profile took over and was confirmed
}

// SourceAddress is where cards answer to: numeric and routable in the
// operator's network, or no proof ever comes back.
type SourceAddress struct {
	Number string `yaml:"number" json:"number"`
	TON    byte   `yaml:"ton" json:"ton"`
	NPI    byte   `yaml:"npi" json:"npi"`
}

// APN is one access point a device is to use (OMA ProvCont 1.1, NAPDEF).
type APN struct {
	Purpose string `yaml:"purpose" json:"purpose"` // "internet" or "mms"
	Name    string `yaml:"name" json:"name"`       // the access point name itself
	Auth    string `yaml:"auth" json:"auth,omitempty"`
	User    string `yaml:"user" json:"user,omitempty"`
	Secret  string `yaml:"secret" json:"secret,omitempty"` // an APN password: shared by a fleet, sent in clear to devices
	PDP     string `yaml:"pdp" json:"pdp,omitempty"`       // "ipv4", "ipv6", "ipv4v6"; told to no device (OMA CP has no parameter)
	MMSC    string `yaml:"mmsc" json:"mmsc,omitempty"`
	Proxy   string `yaml:"proxy" json:"proxy,omitempty"` // host:port
}

// ShortCodes are an operator's service numbers.
type ShortCodes struct {
	SMS   []ShortCode `yaml:"sms" json:"sms,omitempty"`
	Voice []ShortCode `yaml:"voice" json:"voice,omitempty"`
}

// ShortCode is one service number and its name.
type ShortCode struct {
	Name   string `yaml:"name" json:"name"`
	Number string `yaml:"number" json:"number"`
}
