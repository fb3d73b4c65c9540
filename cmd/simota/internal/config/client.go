package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/settings"
)

// DecodeClient reads a client file; name is the file's, for messages. The error
// lists every problem, and shows no PIN.
func DecodeClient(name string, text []byte) (catalog.Client, error) {
	c, err := decode[catalog.Client](text)
	if err == nil {
		err = errors.Join(checkClient(c)...)
	}
	if err != nil {
		return catalog.Client{}, Explain(name, text, err)
	}
	return c, nil
}

func checkClient(c catalog.Client) (out []error) {
	add := func(field, format string, args ...any) { out = append(out, bad(field, format, args...)) }
	if err := checkName(c.Name); err != nil {
		add("client", "%v", err)
	}
	if c.BasedOn != "" {
		if err := checkName(c.BasedOn); err != nil {
			add("based_on", "%v", err)
		}
		if _, known := settings.Known(c.BasedOn); c.BasedOn == c.Name && !known {
			add("based_on", "%q is this client itself, and simota knows none of that name", c.BasedOn)
		}
	}
	for _, f := range c.Flaws() {
		add(f.Field, "%s", f.Message)
	}
	for _, l := range []struct {
		name string
		all  []catalog.Text
	}{{"vendor", c.Vendor}, {"texts", c.Texts}} {
		names := map[string]bool{}
		for i, t := range l.all {
			field := fmt.Sprintf("%s[%d]", l.name, i)
			if t.Name == "" {
				add(field+".name", "is missing: people see it in plans and histories")
			}
			if names[t.Name] {
				add(field+".name", "%q stands here twice", t.Name)
			}
			names[t.Name] = true
			if strings.TrimSpace(t.Text) == "" {
				add(field+".text", "is missing: there is nothing to send")
			} else if err := settings.CheckTemplate(t, l.name == "vendor"); t.Name != "" && err != nil {
				add(field+".text", "%s", strings.TrimPrefix(strings.TrimPrefix(err.Error(), "settings: "), "cp: "))
			}
		}
	}
	return out
}
