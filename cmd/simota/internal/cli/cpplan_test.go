package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/simota/simota/cmd/simota/internal/api"
)

const (
	firstCard = "8999970000000000019"
	ownXML    = "<wap-provisioningdoc version=\"1.1\">\r\n\t<characteristic type=\"NAPDEF\">\r\n\t\t<parm name=\"NAPID\" value=\"N1\"/>\r\n\t</characteristic>\r\n</wap-provisioningdoc>\r\n"
)

func TestDeviceOfACardIsSentSettings(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	own := b.file("own.xml", ownXML)
	for name, args := range map[string][]string{
		"planned":   nil,
		"some":      {"--only", "internet,mms"},
		"own":       {"--file", own},
		"pinned":    {"--file", own, "--sec", "userpin", "--pin", "0042"},
		"text":      {"--text", "\tAPN=a: b # c\r\nUSER=\"é\""},
		"bracketed": {"--text", "{["},
	} {
		out := b.simota(append([]string{"cp", "send", firstCard, "--name", name}, args...)...)
		b.has(out, name+` is on its way: simota card show `+firstCard)
	}
	var c api.Campaign
	if err := json.Unmarshal([]byte(b.simota("cp", "send", firstCard, "--json")), &c); err != nil || c.Kind != "provision" || c.State != "running" ||
		!strings.HasPrefix(c.Name, "cp-"+firstCard+"-") {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestWhatCannotBeSentIsRefusedByTheNameOfItsFlag(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	own, bad := b.file("own.xml", ownXML), b.file("bad.xml", "<wap-provisioningdoc/>")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--text", ""}, `simota: --text is empty: .*`},
		{[]string{"--file", ""}, `simota: --file is empty: .*`},
		{[]string{"--only", ""}, `simota: --only is empty: .*`},
		{[]string{"--only", "internet,"}, `simota: --only is empty: .*`},
		{[]string{"--pin", "0042"}, `simota: --sec and --pin are for a document of your own: name it with --file`},
		{[]string{"--text", "x", "--pin", "0042"}, `simota: --sec and --pin are for a document of your own: .*`},
		{[]string{"--file", own, "--pin", "0042"}, `simota: \S*own.xml: security netwpin uses no pin: userpin and usernetwpin do`},
		{[]string{"--file", own, "--sec", "userpin", "--pin", "004x"}, `simota: \S*own.xml: security userpin: .*4 to 10 digits`},
		{[]string{"--file", bad}, `simota: \S*bad.xml: document has no characteristic: malformed`},
		{[]string{"--name", "Mine"}, `simota: --name: "Mine" is no name: .*`},
	} {
		complaint := b.refused(append([]string{"cp", "send", firstCard}, c.args...)...)
		b.has(complaint, c.want)
		if strings.Contains(complaint, "0042") || strings.Contains(complaint, "004x") {
			t.Errorf("the PIN is shown: %s", complaint)
		}
	}
	b.has(b.refused("cp", "send", "8999970000000000001"), `.*card 8999970000000000001 is not known.*`)
	if list := b.simota("campaign", "list", "--json"); list != "[]\n" {
		t.Errorf("something was stored: %s", list)
	}
}
