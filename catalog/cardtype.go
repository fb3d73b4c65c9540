package catalog

// CardType is what all cards of one make and profile have in common: the file
// card-types/NAME.yaml. TARs, formats and security levels differ from profile
// to profile, so they are data.
type CardType struct {
	Name           string            `yaml:"card_type" json:"card_type"`
	Technique      string            `yaml:"technique" json:"technique"` // how it is switched: "rfm", "euicc" or "applet"
	Keys           KeyAlgorithms     `yaml:"keys" json:"keys"`
	KeyVersion     byte              `yaml:"key_version" json:"key_version,omitempty"` // KVN to use; 0 means 1
	SPI            string            `yaml:"spi" json:"spi"`                           // four hex digits, "1639"
	TARs           map[string]Target `yaml:"tars" json:"tars"`                         // by name; see [CardType.RFM]
	CounterScope   string            `yaml:"counter_scope" json:"counter_scope,omitempty"`
	InitialCounter uint64            `yaml:"initial_counter" json:"initial_counter,omitempty"` // for cards whose file names none
	MaxParts       int               `yaml:"max_parts" json:"max_parts"`                       // short messages per packet; 0 means 3
	Refresh        string            `yaml:"refresh" json:"refresh"`                           // "card", "immediate" or "none"
	Files          []string          `yaml:"files" json:"files,omitempty"`                     // what a swap writes; empty means the usual ones
	Tracking       *Tracking         `yaml:"tracking" json:"tracking,omitempty"`
	ISDR           *ISDR             `yaml:"isdr" json:"isdr,omitempty"`             // technique euicc
	Applet         *Applet           `yaml:"applet" json:"applet,omitempty"`         // technique applet
	AllowWeak      bool              `yaml:"allow_weak" json:"allow_weak,omitempty"` // lets a weak SPI through, audited
}

// KeyAlgorithms says what the keys of a card file are: the file does not.
type KeyAlgorithms struct {
	KIc      string `yaml:"kic" json:"kic"` // "3des-2", "3des-3", "aes-128", "aes-192", "aes-256"
	KID      string `yaml:"kid" json:"kid"`
	CCLength int    `yaml:"cc_length" json:"cc_length"`
}

// Target is one application of the card that takes secured packets
// (Toolkit Application Reference, ETSI TS 101 220, annex D).
type Target struct {
	TAR    string `yaml:"tar" json:"tar"`       // six hex digits
	Format string `yaml:"format" json:"format"` // "compact" or "expanded"
	MSL    string `yaml:"msl" json:"msl"`       // minimum security level: an SPI1 value, two hex digits
	Start  string `yaml:"start" json:"start"`   // where a script begins: "adf-usim" or "mf"
}

// ISDR is the root security domain of an eUICC, which switches profiles
// (GSMA SGP.02, 4.1). Its keys are not those of any profile.
type ISDR struct {
	TAR        string        `yaml:"tar" json:"tar"` // empty means 000001
	Keys       KeyAlgorithms `yaml:"keys" json:"keys"`
	KeyVersion byte          `yaml:"key_version" json:"key_version,omitempty"` // KVN to use; 0 means 1
	SPI        string        `yaml:"spi" json:"spi"`                           // empty means that of the card type
	MaxParts   int           `yaml:"max_parts" json:"max_parts,omitempty"`     // 0 means that of the card type
}

// KVN is the key version to use.
func (d ISDR) KVN() byte { return max(d.KeyVersion, 1) }

// Applet describes the multi-IMSI applet of a card type: commands as templates,
// which package sat/applet checks and fills in. Its keyset is the card's own.
type Applet struct {
	FirstSlot int `yaml:"first_slot" json:"first_slot,omitempty"` // how the vendor numbers the first subscription: 0 or 1
	Template  `yaml:",inline"`
}

// Template has the fields of applet.Template, and converts to it.
type Template struct {
	TAR            string   `yaml:"tar" json:"tar"`
	Format         string   `yaml:"format" json:"format"`
	APDU           []string `yaml:"apdu" json:"apdu"`
	Expect         []string `yaml:"expect" json:"expect,omitempty"`
	Refresh        string   `yaml:"refresh" json:"refresh"`
	ReadBack       []string `yaml:"read_back" json:"read_back"`
	ReadBackTAR    string   `yaml:"read_back_tar" json:"read_back_tar,omitempty"`
	ReadBackFormat string   `yaml:"read_back_format" json:"read_back_format,omitempty"`
	ReadBackExpect string   `yaml:"read_back_expect" json:"read_back_expect"`
}

// Tracking describes the short message of an IMEI-tracking applet: an unsecured
// packet with fields, or a text that a pattern reads, or both.
type Tracking struct {
	TAR  string `yaml:"tar" json:"tar,omitempty"` // empty without a packet
	IMEI Field  `yaml:"imei" json:"imei,omitzero"`
	IMSI Field  `yaml:"imsi" json:"imsi,omitzero"`

	// Pattern is a regular expression (RE2) with a group imei, and perhaps imsi
	// and iccid, for a message that is plain text or unsecured 8-bit data.
	Pattern     string `yaml:"pattern" json:"pattern,omitempty"`
	Destination string `yaml:"destination" json:"destination,omitempty"` // the number that such a text comes to; empty means any
}

// Field is where a value stands in an applet's message.
type Field struct {
	Offset int    `yaml:"offset" json:"offset"` // octets from the start of the secured data
	Length int    `yaml:"length" json:"length"`
	Coding string `yaml:"coding" json:"coding"` // "bcd" (swapped nibbles, F fill), "ef-imsi" or "ascii"
}

// DefaultFiles are the files that a swap writes when a card type names none,
// as sat/rfm names them: the identity, and what ties a phone to the old network.
var DefaultFiles = []string{"ehplmn", "ad", "acc", "loci", "psloci", "epsloci", "fplmn", "smsp", "imsi"}

// SwapFiles are the files a swap of this card type writes.
func (t CardType) SwapFiles() []string {
	if len(t.Files) > 0 {
		return t.Files
	}
	return DefaultFiles
}

// RFM is the target for file management: "usim-rfm-expanded" where the card
// type has it, since expanded format reads several files in one packet, else
// "usim-rfm".
func (t CardType) RFM() (Target, bool) {
	if e, ok := t.TARs["usim-rfm-expanded"]; ok {
		return e, true
	}
	c, ok := t.TARs["usim-rfm"]
	return c, ok
}

// KVN is the key version to use.
func (t CardType) KVN() byte {
	if t.KeyVersion == 0 {
		return 1
	}
	return t.KeyVersion
}

// PartsLimit is how many short messages one packet may take.
func (t CardType) PartsLimit() int {
	if t.MaxParts == 0 {
		return 3
	}
	return t.MaxParts
}
