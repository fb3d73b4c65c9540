package catalog

// Operator is one network and how it is reached: the file operators/NAME.yaml.
type Operator struct {
	Name          string        `yaml:"operator" json:"operator"`
	PLMNs         []string      `yaml:"plmns" json:"plmns"` // MCC and MNC, 5 or 6 digits; the first is home
	Country       string        `yaml:"country" json:"country,omitempty"`
	Links         []string      `yaml:"links" json:"links"` // names of SMPP links; the first that the server has is used
	SourceAddress SourceAddress `yaml:"source_address" json:"source_address"`
	SMSC          string        `yaml:"smsc" json:"smsc"`                   // service centre address for EF_SMSP, with a plus
	SMSCURI       string        `yaml:"smsc_uri" json:"smsc_uri,omitempty"` // of the service centre for SMS over IP, for EF_PSISMSC
	APNs          []APN         `yaml:"apns" json:"apns,omitempty"`
	ShortCodes    ShortCodes    `yaml:"short_codes" json:"short_codes,omitzero"`
	DM            *DMServer     `yaml:"dm" json:"dm,omitempty"`
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
	Purpose string   `yaml:"purpose" json:"purpose"` // "internet", "mms", or another word for an access point of its own
	Name    string   `yaml:"name" json:"name"`       // the access point name itself
	Auth    string   `yaml:"auth" json:"auth,omitempty"`
	User    string   `yaml:"user" json:"user,omitempty"`
	Secret  string   `yaml:"secret" json:"secret,omitempty"` // an APN password: shared by a fleet, sent in clear to devices
	PDP     string   `yaml:"pdp" json:"pdp,omitempty"`       // "ipv4", "ipv6" or "ipv4v6"; a device can be told of ipv6 only
	DNS     []string `yaml:"dns" json:"dns,omitempty"`       // addresses, at most two
	MMSC    string   `yaml:"mmsc" json:"mmsc,omitempty"`
	Proxy   string   `yaml:"proxy" json:"proxy,omitempty"` // host:port
}

// ShortCodes are an operator's service numbers.
type ShortCodes struct {
	SMS   []ShortCode `yaml:"sms" json:"sms,omitempty"`
	Voice []ShortCode `yaml:"voice" json:"voice,omitempty"`
}

// Meanings of short codes that a card has files for.
const (
	MeansVoicemail = "voicemail" // EF_MBDN
	MeansEmergency = "emergency" // EF_ECC
)

// ShortCode is one service number and its name.
type ShortCode struct {
	Name    string `yaml:"name" json:"name"`
	Number  string `yaml:"number" json:"number"`
	Meaning string `yaml:"meaning" json:"meaning,omitempty"` // "voicemail" or "emergency"; empty is any other
}

// DMServer is an operator's OMA DM server, which devices are told of
// (APPLICATION w7, OMA DM Bootstrap 1.2).
type DMServer struct {
	ID           string `yaml:"id" json:"id"`     // PROVIDER-ID, the server's identifier
	Name         string `yaml:"name" json:"name"` // shown to the user
	Address      string `yaml:"address" json:"address"`
	Auth         string `yaml:"auth" json:"auth,omitempty"` // "basic" or "digest"; empty is digest
	User         string `yaml:"user" json:"user,omitempty"` // with which the device logs in
	Secret       string `yaml:"secret" json:"secret,omitempty"`
	ServerSecret string `yaml:"server_secret" json:"server_secret,omitempty"` // with which the server proves itself to the device
	Nonce        string `yaml:"nonce" json:"nonce,omitempty"`                 // of the server's first message, for digest
}
