package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// SecurityMethods lists the methods of Capability.Security (OMA ProvBoot 1.1, 5.2).
func SecurityMethods() []string {
	return []string{"netwpin", "userpin", "usernetwpin", "userpinmac", "none"}
}

// Flaw is what is wrong with one field.
type Flaw struct {
	Field   string // as in YAML: "security[0]"
	Message string // shows no PIN
}

// Flaws checks every field but the templates, whose placeholders package
// ota/settings knows.
func (c Capability) Flaws() (out []Flaw) {
	add := func(field, format string, args ...any) { out = append(out, Flaw{field, fmt.Sprintf(format, args...)}) }
	for _, f := range []struct{ name, value string }{{"cp", c.CP}, {"restart", c.Restart}} {
		if f.value != "" && f.value != "yes" && f.value != "no" {
			add(f.name, "%q is not known: yes or no", f.value)
		}
	}
	for _, l := range []struct {
		name   string
		values []string
		known  []string // nil is any
	}{{"security", c.Security, SecurityMethods()}, {"takes", c.Takes, Takes()}, {"chokes_on", c.ChokesOn, nil}} {
		for i, v := range l.values {
			field := fmt.Sprintf("%s[%d]", l.name, i)
			switch {
			case l.known != nil && !slices.Contains(l.known, v):
				add(field, "%q is not known: known are %s", v, strings.Join(l.known, ", "))
			case l.known == nil && !isParm(v):
				add(field, "%q is no characteristic and no parm: capital letters, digits and hyphens, as VENDORCONFIG", v)
			case slices.Index(l.values, v) < i:
				add(field, "%q stands here twice", v)
			}
		}
	}
	if m := c.pinFlaw(); m != "" {
		add("pin", "%s", m)
	}
	if c.MaxParts < 0 || c.MaxParts > 255 {
		add("max_parts", "%d is out of range: 1 to 255 short messages", c.MaxParts)
	}
	if c.MaxID != 0 && (c.MaxID < 4 || c.MaxID > 16) {
		add("max_id", "%d is out of range: 4 to 16 characters", c.MaxID)
	}
	return out
}

// pinFlaw says what is wrong with the PIN.
func (c Capability) pinFlaw() string {
	switch n := len(c.PIN); {
	case n == 0:
		return ""
	case strings.Trim(c.PIN, "0123456789") != "":
		return "has something else than digits"
	case n < 4 || n > 10:
		return fmt.Sprintf("has %d digits: want 4 to 10", n)
	}
	return ""
}

// isParm says that a text is built as the names of characteristics and parms are.
func isParm(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}
