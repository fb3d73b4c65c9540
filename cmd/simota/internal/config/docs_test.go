package config

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

const linksPage = "../../../../docs/links.md"

// blocks are the YAML examples of a page.
func blocks(page string) (out []string) {
	for _, part := range strings.Split(page, "```yaml\n")[1:] {
		text, _, _ := strings.Cut(part, "```")
		out = append(out, text)
	}
	return out
}

// linkOf is a simota.yaml with a link that has the keys of an example.
func linkOf(keys string) string {
	text := "links:\n  - name: example\n    address: smsc.example:2775\n    system_id: ota1\n    password_file: example.pw\n"
	for line := range strings.Lines(keys) {
		text += "    " + line
	}
	return text
}

func TestExamplesOfTheLinksPageLoad(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(linksPage)
	if err != nil {
		t.Fatal(err)
	}
	all := blocks(string(page))
	if len(all) < 8 {
		t.Fatalf("%d examples", len(all))
	}
	for _, text := range all {
		key, _, _ := strings.Cut(text, ":")
		var err error
		switch key {
		case "operator":
			_, err = DecodeOperator("links.md", []byte(text))
		case "campaign":
			_, err = DecodeCampaign("links.md", []byte(text))
		default:
			if key != "links" {
				text = linkOf(text)
			}
			var c Config
			if c, err = Decode("links.md", []byte(text)); err == nil {
				err = usable(c)
			}
		}
		if err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
}

// usable makes of links what the server makes of them, but for files.
func usable(c Config) error {
	for _, l := range c.Links {
		if _, err := l.Submit.profile(); err != nil {
			return err
		}
		if _, err := l.Submit.Form(); err != nil {
			return err
		}
		if _, err := l.Lane(); err != nil {
			return err
		}
		if _, err := l.Receipts.Options(); err != nil {
			return err
		}
	}
	return nil
}

func TestLinksPageNamesEveryKeyOfALink(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(linksPage)
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range []any{Link{}, MessageID{}, TLS{}, Submit{}, Octets{}, Destination{}, AddressRange{}, Receipts{}, Outbind{}} {
		for f := range reflect.TypeOf(record).Fields() {
			if key := f.Tag.Get("yaml"); !strings.Contains(string(page), key+"`") {
				t.Errorf("%T: %s is not on the page", record, key)
			}
		}
	}
}
