package content

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/simota/simota/ota/cp"
)

// ch makes a characteristic of parms, as "NAME=value" or "FLAG", and of
// characteristics.
func ch(kind string, inside ...any) cp.Characteristic {
	c := cp.Characteristic{Type: kind}
	for _, in := range inside {
		switch in := in.(type) {
		case string:
			p := cp.Parm{Name: in}
			if name, value, ok := strings.Cut(in, "="); ok {
				p = cp.Parm{Name: name, Value: &value}
			}
			c.Parms = append(c.Parms, p)
		case cp.Characteristic:
			c.Children = append(c.Children, in)
		}
	}
	return c
}

func doc(cs ...cp.Characteristic) cp.Document { return cp.Document{Version: "1.1", Children: cs} }

// nap is a complete NAPDEF N1 with more in it.
func nap(more ...any) cp.Characteristic {
	return ch("NAPDEF", append([]any{"NAPID=N1", "BEARER=GSM-GPRS", "NAME=Web", "NAP-ADDRESS=web", "NAP-ADDRTYPE=APN", "INTERNET"}, more...)...)
}

// without takes parms out of a characteristic.
func without(c cp.Characteristic, names ...string) cp.Characteristic {
	c.Parms = slices.DeleteFunc(slices.Clone(c.Parms), func(p cp.Parm) bool { return slices.Contains(names, p.Name) })
	return c
}

// machine is a complete PXPHYSICAL, px a complete PXLOGICAL P1 with it.
func machine(more ...any) cp.Characteristic {
	return ch("PXPHYSICAL", append([]any{"PHYSICAL-PROXY-ID=M1", "PXADDR=10.0.0.1", "PXADDRTYPE=IPV4", "TO-NAPID=N1"}, more...)...)
}

func px(more ...any) cp.Characteristic {
	return ch("PXLOGICAL", append([]any{"PROXY-ID=P1", "NAME=Proxy", machine()}, more...)...)
}

func app(id string, more ...any) cp.Characteristic {
	return ch("APPLICATION", append([]any{"APPID=" + id}, more...)...)
}

func vectors(t testing.TB) map[string]cp.Document {
	t.Helper()
	text, err := os.ReadFile("../../../testdata/cp/oma-cp.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Documents []struct{ ID, XML string }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	docs := map[string]cp.Document{}
	for _, v := range file.Documents {
		if docs[v.ID], err = cp.ParseXML([]byte(v.XML)); err != nil {
			t.Fatal(err)
		}
	}
	if len(docs) != 5 {
		t.Fatalf("%d vectors, want 5", len(docs))
	}
	return docs
}
