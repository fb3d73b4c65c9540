package config

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

const goodConfig = `
database: simota.db
key_file: simota.key
socket: simota.sock
feed: {listen: "127.0.0.1:8470", token_file: feed.token}
timing: lab:10
links:
  - {name: aurora-1, address: "127.0.0.1:2776", system_id: ota1, password_file: aurora.pw, bind: transceiver, binds: 1, window: 20, rate: 100/s, id_scope: aurora, message_id: {response: hex, receipt: decimal}}
  - {name: nordvik-1, address: "127.0.0.1:2775", system_id: ota1, password_file: nordvik.pw, bind: transmitter+receiver, response_timeout: 20s}
`

// folder is a folder with the files that goodConfig names.
func folder(t *testing.T, text string) (path string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"simota.yaml": text, "simota.key": "0", "feed.token": "0123456789abcdef\n", "aurora.pw": "pw1\n", "nordvik.pw": "pw2",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "simota.yaml")
}

func TestLoadReadsTheSampleAndMakesPathsWhole(t *testing.T) {
	t.Parallel()
	path := folder(t, goodConfig)
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	if c.Database != filepath.Join(dir, "simota.db") || c.Socket != filepath.Join(dir, "simota.sock") || c.Speed() != 10 || c.LogLevel != "info" || c.Node == "" {
		t.Errorf("got %+v", c)
	}
	if l := c.Links[1]; l.IDScope != "nordvik-1" || l.MessageID != (MessageID{"auto", "auto"}) || l.Binds != 1 {
		t.Errorf("defaults of a link: %+v", l)
	}
	got, err := c.Links[1].SMPP()
	if err != nil {
		t.Fatal(err)
	}
	want := smpp.Config{
		Name: "nordvik-1", Address: "127.0.0.1:2775", SystemID: "ota1", Password: "pw2", Bind: smpp.TransmitterReceiver, Binds: 1,
		ResponseTimeout: 20 * time.Second,
	}
	if string(got.Password) != string(want.Password) || got.Bind != want.Bind || got.ResponseTimeout != want.ResponseTimeout || got.Name != want.Name {
		t.Errorf("SMPP() of nordvik-1 differs (password not shown): %+v", got)
	}
	if first, err := c.Links[0].SMPP(); err != nil || string(first.Password) != "pw1" || first.Window != 20 {
		t.Errorf("SMPP() of aurora-1: window %v err %v", first.Window, err)
	}
}

func TestSmallestConfigurationWorks(t *testing.T) {
	t.Parallel()
	c, err := Load(folder(t, "timing: lab\n"))
	if err != nil || c.Speed() != 60 {
		t.Errorf("speed %v, error %v", c.Speed(), err)
	}
}

func TestLoadListsEveryProblem(t *testing.T) {
	t.Parallel()
	bad := strings.NewReplacer("timing: lab:10", "timing: soon", "rate: 100/s", "rate: 100", "name: nordvik-1", "name: aurora-1", "receipt: decimal", "receipt: octal").Replace(goodConfig)
	_, err := Load(folder(t, bad))
	contains(t, err, `timing: "soon" is not known`, `links[0].rate: "100": write messages per second, as 100/s`,
		`links[1].name: "aurora-1" is the name of two links`, `links[0].message_id.receipt: "octal"`)
}

func TestZerosOfALinkThatMeantADefaultAreRefused(t *testing.T) {
	t.Parallel()
	_, err := Load(folder(t, strings.NewReplacer("binds: 1", "binds: 0", "window: 20", "window: 0, burst: 0, response_timeout: 0s, enquire_interval: 0").Replace(goodConfig)))
	contains(t, err, "binds: 0 is out of range: leave it out", "window: 0 is out of range", "burst: 0 is out of range",
		"response_timeout: 0 is out of range", "enquire_interval: 0 is out of range")
}

func TestValuesOfALinkThatNoSMSCTakesAreRefused(t *testing.T) {
	t.Parallel()
	path := folder(t, strings.Replace(goodConfig, "message_id: {response: hex",
		`proof_tlv: "0424", address_range: {ton: 7, npi: 19}, submit: {destination: {ton: 7, prefix: "0"}}, message_id: {response: hex`, 1))
	_, err := Load(path)
	contains(t, err, `links[0].proof_tlv: "0424" is a parameter in which receipts carry something else`, "links[0].address_range.ton: 7 is out of range: 0 to 6",
		"links[0].address_range.npi: 19 is out of range: 0 to 18", "links[0].submit.destination.ton: 7 is out of range", `destination.prefix: "0" is not known: + or 00;`)
	path = folder(t, goodConfig)
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "aurora.pw"), []byte(strings.Repeat("x", 65)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Load(path)
	contains(t, err, "password_file: the password has 65 octets, at most 64 fit")
}

func TestReceiptsOfALink(t *testing.T) {
	t.Parallel()
	with := func(receipts string) string {
		return strings.Replace(goodConfig, "message_id: {response: hex", "receipts: "+receipts+", message_id: {response: hex", 1)
	}
	c, err := Load(folder(t, with(`{format: text, charset: ucs2, causes: {"001": unknown-subscriber, "3:27": memory-full, SPAM: blocked}}`)))
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.Links[0].Receipts.Options()
	want := receipt.Table{"001": receipt.CauseUnknownSubscriber, "3:27": receipt.CauseMemoryFull, "spam": receipt.CauseBlocked}
	if err != nil || o.Format != receipt.FormatText || o.Charset != receipt.CharsetUCS2 || !maps.Equal(o.Causes, want) {
		t.Errorf("options %+v, %v", o, err)
	}
	if o, err := c.Links[1].Receipts.Options(); err != nil || o.Format != receipt.FormatAuto || o.Charset != receipt.CharsetAuto || len(o.Causes) != 0 {
		t.Errorf("default %+v, %v", o, err)
	}
	_, err = Load(folder(t, with(`{format: xml, charset: utf8, causes: {"001": gone, "3:x": blocked}}`)))
	contains(t, err, `links[0].receipts.format: "xml" is not known: auto, tlv or text`, `links[0].receipts.charset: "utf8" is not known`,
		`links[0].receipts.causes: receipt: error code "001": "gone" is no cause: unknown, absent-subscriber`, `error code "3:x": want type and code`)
	c, err = Load(folder(t, with(`{causes: {001: blocked, 0x1F: blocked, 010: congestion, 1e3: blocked}}`)))
	if got := c.Links[0].Receipts.Causes; err != nil || !maps.Equal(got, Codes{"001": "blocked", "0x1F": "blocked", "010": "congestion", "1e3": "blocked"}) {
		t.Errorf("codes without quotes: %v, %v", got, err)
	}
	for _, wrong := range []string{"[1]", "7", "{1: 2}", "{1: [a]}"} {
		if _, err := Load(folder(t, with(`{causes: `+wrong+`}`))); err == nil || !strings.Contains(err.Error(), "want ") {
			t.Errorf("causes: %s: %v", wrong, err)
		}
	}
	_, err = Load(folder(t, with(`{causes: {ab: blocked, AB: blocked}}`)))
	contains(t, err, "is there twice")
}

func TestLoadChecksTheFilesItNames(t *testing.T) {
	t.Parallel()
	path := folder(t, goodConfig)
	dir := filepath.Dir(path)
	for _, err := range []error{
		os.Chmod(filepath.Join(dir, "aurora.pw"), 0o644), os.Remove(filepath.Join(dir, "simota.key")),
		os.WriteFile(filepath.Join(dir, "feed.token"), []byte("short"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := Load(path)
	contains(t, err, "aurora.pw has mode 0644, group or others can reach it: chmod 600", "make one with: simota key create",
		"the token has 5 octets, want 16 or more", "simota.yaml:3:1: key_file:")
	if _, err := Read(path); err != nil {
		t.Errorf("Read looks at files: %v", err)
	}
	c, _ := Read(path)
	if _, err := c.Links[0].SMPP(); err == nil {
		t.Error("SMPP() takes a password file that others can read")
	}
}

func TestErrorsShowPlaceLineAndWhatWasMeant(t *testing.T) {
	t.Parallel()
	const text = `campaign: c1
kind: swap
select: {all: true}
scedule:
  cron: "0 2 * * *"
to: aurora
`
	_, err := DecodeCampaign("campaign.yaml", []byte(text))
	want := `campaign.yaml:4:1: unknown field "scedule", did you mean "schedule"?
    schedule is when batches of cards are let go:
         3 | select: {all: ****}
    >    4 | scedule:
             ^`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
	if Explain("other.yaml", []byte(text), err).Error() != err.Error() {
		t.Error("what was explained is explained again")
	}
}

func TestCampaignFieldErrorsGetTheirPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"nested", "campaign: c1\nkind: swap\nselect: {all: true}\nschedule:\n  cron: \"61 2 * * *\"\n", "f.yaml:5:3: schedule.cron: "},
		{"missing at the root", "campaign: c1\nkind: swap\nselect: {all: true}\nto: aurora\n", "f.yaml: max_unproven: a swap needs it"},
		{"wrong value", "campaign: c1\nkind: jump\nselect: {all: true}\n", "f.yaml:2:1: kind: \"jump\" is not known"},
		{"octal", "campaign: c1\nkind: rfm\nselect: {iccids: [8947, 0123]}\n", "f.yaml:3:25: 0123 without quotes is the number 83: write \"0123\""},
		{"float", "campaign: c1\nkind: swap\nselect: {all: true}\nmax_unproven: 1.5\n", "f.yaml:4:15: want a whole number, found 1.5"},
		{"duration", "campaign: c1\ndeadlines: {snapshot: soon}\n", "f.yaml:2:23: \"soon\" is no duration"},
		{"seconds without unit", "campaign: c1\ndeadlines: {snapshot: 90}\n", "f.yaml:2:23: 90 is no duration"},
		{"type", "campaign: c1\nmax_unproven: many\n", "f.yaml:2:15: want a whole number, found \"many\""},
		{"list for a map", "campaign: c1\nselect: [a]\n", "f.yaml:2:9: want fields, as {name: value}, found a list"},
		{"twice", "campaign: c1\ncampaign: c2\n", "already defined"},
		{"syntax", "campaign: [c1\n", "f.yaml:1:11: sequence end token"},
		{"empty", "# nothing\n", "f.yaml: file is empty"},
		{"two documents", "campaign: c1\n---\ncampaign: c2\n", "f.yaml:3:"},
		{"alias", "campaign: &a c1\nkind: *a\n", "anchors, aliases and tags are not read here"},
		{"item of record 0", "campaign: c1\nitems: [{path: 7F50/4F01, record: 0, data: '00'}]\n", "f.yaml:2:27: record: 0 is out of range: leave it out"},
		{"misspelt file", "campaign: c1\nwrite: {spnn: {name: a}}\n", `f.yaml:2:9: write.spnn: "spnn" is not known, did you mean "spn"?`},
		{"misspelt file with a record", "campaign: c1\nwrite: {sdm#2: {name: a}}\n", `write.sdm#2: "sdm" is not known, did you mean "sdn"?`},
		{"record of a file without", "campaign: c1\nwrite: {spn#2: {name: a}}\n", `write.spn#2: "spn#2": SPN has no records, it is transparent`},
		{"value in another form", "campaign: c1\nkind: rfm\nselect: {all: true}\nwrite: {spn: Acme}\n", `want {name: text, show_plmn: true or false, hide_abroad: true or false}, found text`},
		{"list of other things", "campaign: c1\nkind: rfm\nselect: {all: true}\nwrite: {fplmn: 99970}\n", `want a list of text, found a number`},
		{"value that says nothing", "campaign: c1\nkind: rfm\nselect: {all: true}\nwrite: {spn: {}}\n", `f.yaml:4:9: write.spn: {} says nothing`},
		{"file of the USIM without its application", "campaign: c1\nkind: rfm\nselect: {all: true}\nitems: [{path: 6F07, data: '00'}]\n",
			`f.yaml:4:10: items[0]: item 6F07: the path counts from the MF, whose files are 2FXX; the file of the USIM is 7FFF/6F07`},
		{"no typing error", "campaign: c1\nxylophone: 3\n", "unknown field \"xylophone\": known here are attested, campaign,"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := DecodeCampaign("f.yaml", []byte(c.text))
			contains(t, err, c.want)
		})
	}
}

func TestExplainFindsThePlaceOfPlainErrors(t *testing.T) {
	t.Parallel()
	_, err := campaign.ParseSpec([]byte("campaign: c1\nmax_unprovn: 3\n"))
	contains(t, Explain("f.yaml", []byte("campaign: c1\nmax_unprovn: 3\n"), err), `f.yaml:2:1: unknown field "max_unprovn", did you mean "max_unproven"?`)
	if Explain("f.yaml", nil, nil) != nil {
		t.Error("no error is explained")
	}
	contains(t, Explain("f.yaml", nil, os.ErrClosed), "f.yaml: file already closed")
}

func TestSecretsNeverStandInAnExcerpt(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		`apns: [{purpose: fax, name: a.b, auth: chap, user: u, secret: hunter2}]`, `apns: [{purpose: fax, secret: "hunter2, yes"}]`,
		`apns: [{purpose: fax, "secret": 'hunter2'}]`,
	} {
		_, err := DecodeOperator("o.yaml", []byte("operator: aurora\n"+line+"\n"))
		contains(t, err, "o.yaml:2:")
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "yes") {
			t.Errorf("secret shown:\n%v", err)
		}
	}
}

// A key, a password and what could follow from them stand nowhere in an error,
// whatever the mistake.
func TestSecretsInFieldsThatDoNotExistAreNotShown(t *testing.T) {
	t.Parallel()
	const key = "D1294041424344454647484950515253"
	for _, text := range []string{
		"kic_key: " + key, "keys: {kic: " + key + "}", "key: '" + key + "'", key, "{" + key + "}", key + ": 1", "spi: \"" + key + "\"",
		"password: hunter2", "secrett: hunter2", "feed: {token: hunter2, listn: 1}", "links: [{password: 'hunter2: {rate}', nam: 1}]",
		"items: [{data: hunter2, recrd: 1}]", "pasword: |\n  hunter2\n  rate: 1\nbnd: 2", "x: \"a\n  hunter2: b", "# hunter2\nbnd: 2", "bnd: 2 # hunter2",
		"apns: [{secret: [hunter2]}]", "apns: [{secret: {hunter2: 1}}]", "apns: [{secret: 0123456}]", "apns: [{secret: !!str hunter2}]", "apns: [{secret: 0x1234567}]",
		"password: h\u00fcnter2 hunter2, hunter2", "\tpassword: hunter2", "a: [b\npassword: hunter2",
	} {
		for what, err := range map[string]error{
			"operator": second(DecodeOperator("f", []byte(text))), "card type": second(DecodeCardType("f", []byte(text))),
			"campaign": second(DecodeCampaign("f", []byte(text))), "config": second(Decode("f", []byte(text))),
		} {
			if err == nil {
				t.Errorf("%q is no error as %s", text, what)
				continue
			}
			for _, secret := range []string{key, "hunter2", "123456", "1234567"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q as %s shows the secret:\n%v", text, what, err)
				}
			}
		}
	}
}

func TestExcerptShowsNamesStructureAndWhatTheMessageSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"links: [{name: \"a\", bind: both, binds: 3}]  # ours", "links: [{name: ***, bind: both, binds: *}]"},
		{"links:\n- name: a\n  \"bind\": 'both ways'", "  \"bind\": 'both ways'"},
		{"log_level: lo\u00fcd", "log_level: lo\u00fcd"},
	} {
		_, err := Decode("f", []byte(c.text))
		contains(t, err, " | "+c.want+"\n")
	}
}

func contains(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("missing %q in:\n%v", p, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{goodConfig, goodOperator, goodCardType, "a: [", "links: [{name: *x}]", "tars: {usim-rfm: {tar: 1}}", "? [a]: b", "<<: {a: b}", "\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for what, err := range map[string]error{
			"operator":  second(DecodeOperator("f", text)),
			"card type": second(DecodeCardType("f", text)),
			"campaign":  second(DecodeCampaign("f", text)),
			"config":    second(Decode("f", text)),
		} {
			if err != nil && !strings.HasPrefix(err.Error(), "f:") {
				t.Errorf("%s: error without the file's name: %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
