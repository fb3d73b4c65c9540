package settings

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/cp"
)

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// values are what the placeholders of a client's templates stand for.
func values(op catalog.Operator) map[string]string {
	v := map[string]string{"operator": op.Name, "smsc": op.SMSC}
	for _, a := range op.APNs {
		prefix := ""
		switch a.Purpose {
		case Internet:
		case MMS:
			prefix = "mms_"
		default:
			continue
		}
		if _, second := v[prefix+"apn"]; second {
			continue
		}
		host, port, _ := net.SplitHostPort(a.Proxy)
		for name, value := range map[string]string{
			"apn": a.Name, "user": a.User, "secret": a.Secret, "auth": a.Auth, "pdp": a.PDP, "proxy": a.Proxy, "proxy_host": host, "proxy_port": port,
		} {
			v[prefix+name] = value
		}
		if a.Purpose == MMS {
			v["mmsc"] = a.MMSC
		}
		for i, d := range a.DNS {
			v[fmt.Sprintf("%sdns%d", prefix, i+1)] = d
		}
	}
	return v
}

// Placeholders lists the names that templates may use.
func Placeholders() []string {
	names := []string{"operator", "smsc", "mmsc"}
	for _, prefix := range []string{"", "mms_"} {
		for _, n := range []string{"apn", "user", "secret", "auth", "pdp", "proxy", "proxy_host", "proxy_port", "dns1", "dns2"} {
			names = append(names, prefix+n)
		}
	}
	slices.Sort(names)
	return names
}

// example is an operator that says everything, to try templates.
var example = catalog.Operator{Name: "example", SMSC: "+15550100", APNs: []catalog.APN{
	{Purpose: Internet, Name: "internet.example", DNS: []string{"192.0.2.1", "192.0.2.2"}, Proxy: "192.0.2.3:8080", Auth: "pap", User: "user", Secret: "secret", PDP: "ipv4"},
	{Purpose: MMS, Name: "mms.example", DNS: []string{"192.0.2.1", "192.0.2.2"}, Proxy: "192.0.2.4:8080", Auth: "pap", User: "user", Secret: "secret", PDP: "ipv4", MMSC: "http://mms.example/"},
}}

// CheckTemplate says whether a template of a client can be sent: its
// placeholders are known, and one of a document makes a document.
func CheckTemplate(t catalog.Text, document bool) error {
	for _, m := range placeholder.FindAllStringSubmatch(t.Text, -1) {
		if !slices.Contains(Placeholders(), m[1]) {
			return fmt.Errorf("settings: ${%s} is not known: known are %s", m[1], strings.Join(Placeholders(), ", "))
		}
	}
	if !document {
		return nil
	}
	text, err := fill(t.Text, example, xmlEscape)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	doc, err := cp.ParseXML([]byte(text))
	if err == nil {
		_, err = doc.AppendWBXML(nil)
	}
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}

// errNothing says that an operator does not have what a template is about.
var errNothing = errors.New("the operator has nothing")

// fill puts an operator's values into a template. What the operator does not
// say is empty, but without an access point there is nothing to say at all.
func fill(text string, op catalog.Operator, escape func(string) string) (string, error) {
	v := values(op)
	var missing error
	out := placeholder.ReplaceAllStringFunc(text, func(p string) string {
		name := p[2 : len(p)-1]
		value, known := v[name]
		switch {
		case !slices.Contains(Placeholders(), name):
			missing = fmt.Errorf("%s is not known", p)
		case !known && (name == "apn" || name == "mms_apn" || name == "mmsc"):
			missing = fmt.Errorf("%w for %s", errNothing, p)
		}
		return escape(value)
	})
	return out, missing
}

func plain(s string) string { return s }

func xmlEscape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
