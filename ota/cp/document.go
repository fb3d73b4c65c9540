package cp

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"
)

// Limits of a document, for reading and writing alike.
const (
	// MaxBody is the largest WBXML body in octets; real documents have some
	// hundreds, and every 128 octets cost one more short message.
	MaxBody = 8192
	// MaxDepth is how deep characteristics may be nested below the root.
	MaxDepth = 16
	// maxText bounds the text of a decoded document, in octets: references to
	// a string table could otherwise make megabytes out of a small body.
	maxText = 65536
)

// ErrMalformed is in the chain of every error about a document, a WBXML body
// or a push that breaks its format.
var ErrMalformed = errors.New("malformed")

// Document is a wap-provisioningdoc.
type Document struct {
	// Version is the root's version attribute, "1.1" in documents made here;
	// empty when a document has none.
	Version string
	// Children are the characteristics of the root, in order, at least one.
	Children []Characteristic
}

// Characteristic is a typed group of settings. The order among its parms and
// among its children is kept, the order between the two kinds is not: clients
// give it no meaning.
type Characteristic struct {
	Type     string // as "NAPDEF"; not empty
	Parms    []Parm
	Children []Characteristic
}

// Parm is one setting.
type Parm struct {
	Name  string  // as "NAP-ADDRESS"; not empty
	Value *string // nil for a flag such as INTERNET, which is not the same as ""
}

// secretParms are the parms whose values are passwords or made from them.
var secretParms = []string{"AUTHSECRET", "PXAUTH-PW", "BASAUTH-PW", "PROXY-PW", "AAUTHSECRET", "AAUTHDATA"}

const redacted = "[redacted]"

// hide returns the parm with its value masked if it is a secret, or could be
// one because its name is unknown, or that of the element whose attribute it is.
func (p Parm) hide() Parm {
	if p.Value != nil && (slices.Contains(secretParms, p.Name) || unknownIn(p.Name) != "" || p.Name == attrValue) {
		mask := redacted
		p.Value = &mask
	}
	return p
}

// String writes the parm as NAME or NAME="value", passwords masked.
func (p Parm) String() string {
	if p.Value == nil {
		return p.Name
	}
	return fmt.Sprintf("%s=%q", p.Name, *p.hide().Value)
}

// GoString is [Parm.String]: no verb of fmt shows a password.
func (p Parm) GoString() string { return p.String() }

// MarshalJSON writes the parm with passwords masked.
func (p Parm) MarshalJSON() ([]byte, error) {
	type plain Parm
	return json.Marshal(plain(p.hide()))
}

// Redacted returns a copy of the document with passwords masked, to be shown.
func (d Document) Redacted() Document {
	d.Children = redactAll(d.Children)
	return d
}

func redactAll(cs []Characteristic) []Characteristic {
	cs = slices.Clone(cs)
	for i := range cs {
		cs[i].Parms = slices.Clone(cs[i].Parms)
		for j, p := range cs[i].Parms {
			cs[i].Parms[j] = p.hide()
		}
		cs[i].Children = redactAll(cs[i].Children)
	}
	return cs
}

// Check says whether the document can be sent: it has at least one
// characteristic, is nested at most [MaxDepth] deep, its text is UTF-8 without
// control characters and without unknown tokens (see [Document.Unknown]). What
// clients refuse is another question: see package content. AppendWBXML checks
// by itself.
func (d Document) Check() error {
	if len(d.Children) == 0 {
		return fmt.Errorf("cp: document has no characteristic: %w", ErrMalformed)
	}
	if err := checkText("version", d.Version); err != nil {
		return err
	}
	if err := checkKnown("version", d.Version); err != nil {
		return err
	}
	return checkAll(d.Children, 1)
}

func checkAll(cs []Characteristic, depth int) error {
	if depth > MaxDepth {
		return errDepth()
	}
	for _, c := range cs {
		if err := checkName("characteristic type", c.Type); err != nil {
			return err
		}
		if err := checkKnown("characteristic type", c.Type); err != nil {
			return err
		}
		for _, p := range c.Parms {
			if err := p.check(); err != nil {
				return fmt.Errorf("%w (in %.40s)", err, c.Type)
			}
		}
		if len(c.Children) == 0 {
			continue
		}
		if err := checkAll(c.Children, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (p Parm) check() error {
	if err := p.checkRead(); err != nil {
		return err
	}
	if err := checkKnown("parm name", p.Name); err != nil || p.Value == nil {
		return err
	}
	return checkKnown(p.Name, *p.Value)
}

func checkName(what, s string) error {
	if s == "" {
		return fmt.Errorf("cp: %s is empty: %w", what, ErrMalformed)
	}
	return checkText(what, s)
}

// checkText never quotes the text: it may be a password.
func checkText(what, s string) error {
	if isPlain(s) {
		return nil
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("cp: %.40s is not UTF-8: %w", what, ErrMalformed)
	}
	for i, r := range s {
		// FFFE and FFFF are no XML characters.
		if unicode.IsControl(r) || r == '\uFFFE' || r == '\uFFFF' {
			return fmt.Errorf("cp: %.40s has the control character %U at octet %d, remove it: %w", what, r, i, ErrMalformed)
		}
	}
	return nil
}

// isPlain is whether a text is printable ASCII, as nearly all is.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func errDepth() error {
	return fmt.Errorf("cp: characteristics nested deeper than %d: %w", MaxDepth, ErrMalformed)
}
