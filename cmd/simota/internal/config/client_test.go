package config

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
)

func TestClientFilesAreRead(t *testing.T) {
	t.Parallel()
	got, err := DecodeClient("clients/meter.yaml", []byte(`client: meter
based_on: unknown
about: gateways of 2019
cp: "yes"
security: [userpin, netwpin]
pin: "0123"
max_parts: 3
max_id: 8
takes: [internet, mms]
chokes_on: [VENDORCONFIG]
vendor:
  - name: apn
    text: <wap-provisioningdoc><characteristic type='VENDORCONFIG'/></wap-provisioningdoc>
texts:
  - name: apn
    text: APN=${apn}
restart: "yes"
`))
	want := catalog.Client{Name: "meter", BasedOn: "unknown", About: "gateways of 2019", Capability: catalog.Capability{
		CP: "yes", Security: []string{"userpin", "netwpin"}, PIN: "0123", MaxParts: 3, MaxID: 8, Takes: []string{"internet", "mms"}, ChokesOn: []string{"VENDORCONFIG"},
		Vendor: []catalog.Text{{Name: "apn", Text: "<wap-provisioningdoc><characteristic type='VENDORCONFIG'/></wap-provisioningdoc>"}}, Texts: []catalog.Text{{Name: "apn", Text: "APN=${apn}"}}, Restart: "yes"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := DecodeClient("clients/plain.yaml", []byte("client: plain\n")); err != nil {
		t.Errorf("a client that says nothing: %v", err)
	}
}

func TestBadFieldsOfClientsAreNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"cp: maybe":                              `cp: "maybe" is not known: yes or no`,
		"restart: never":                         `restart: "never" is not known`,
		"security: [netpin]":                     `security[0]: "netpin" is not known: known are netwpin, userpin, usernetwpin, userpinmac, none`,
		"security: [none, none]":                 `security[1]: "none" stands here twice`,
		"takes: [internet, wap]":                 `takes[1]: "wap" is not known: known are internet, mms`,
		"chokes_on: [vendorconfig]":              `chokes_on[0]: "vendorconfig" is no characteristic`,
		"chokes_on: ['']":                        `chokes_on[0]: "" is no characteristic`,
		"pin: 12a4":                              "pin: has something else than digits",
		"pin: '123'":                             "pin: has 3 digits: want 4 to 10",
		"max_parts: 256":                         "max_parts: 256 is out of range: 1 to 255",
		"max_parts: -1":                          "max_parts: -1 is out of range",
		"max_parts: 0":                           "max_parts: 0 is out of range: leave it out",
		"max_id: 3":                              "max_id: 3 is out of range: 4 to 16",
		"max_id: 17":                             "max_id: 17 is out of range",
		"max_id: 0":                              "max_id: 0 is out of range: leave it out",
		"based_on: Some One":                     `based_on: "Some One" is no name`,
		"client: ''":                             `client: "" is no name`,
		"vendor: [{text: x}]":                    "vendor[0].name: is missing",
		"texts: [{name: a, text: x}, {name: a}]": `texts[1].name: "a" stands here twice`,
		"texts: [{name: a}]":                     "texts[0].text: is missing",
		"texts: [{name: a, text: '${apm}'}]":     `texts[0].text: ${apm} is not known: known are apn, auth`,
		"vendor: [{name: a, text: <x/>}]":        `vendor[0].text: <x>`,
		"security: userpin":                      "want a list, as [a, b], found text",
		"based_on: x":                            `based_on: "x" is this client itself`,
		"capabilities: {}":                       `unknown field "capabilities"`,
	} {
		whole := text + "\n"
		if after, flow := strings.CutPrefix(text, "{"); flow {
			whole = "{client: x, " + after
		} else if !strings.HasPrefix(text, "client:") {
			whole = "client: x\n" + text + "\n"
		}
		if _, err := DecodeClient("x.yaml", []byte(whole)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
}

func TestErrorsInClientsShowNoPIN(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"client: x\npin: 0471\n", "client: x\npin: '047'\n", "client: x\npin: 0471x\n", "client: x\npin: [0471]\n", "client: x\nPIN: '0471'\n", "client: x\npin: 04.71\n",
		"{client: x, security: [userpin], pin: '047'}\n",
	} {
		if _, err := DecodeClient("x.yaml", []byte(text)); err == nil || strings.Contains(err.Error(), "047") || strings.Contains(err.Error(), "04.7") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

const devicePage = "../../../../docs/device-configuration.md"

func TestDevicePageNamesEveryKeyOfAClientAndItsExamplesLoad(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(devicePage)
	if err != nil {
		t.Fatal(err)
	}
	for key := range fieldsOf(reflect.TypeFor[catalog.Client]()) {
		if !strings.Contains(string(page), "| `"+key+"` |") {
			t.Errorf("%s is not on the page", key)
		}
	}
	clients := 0
	for _, text := range blocks(string(page)) {
		if !strings.HasPrefix(text, "client:") {
			continue
		}
		clients++
		if _, err := DecodeClient("device-configuration.md", []byte(text)); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
	if clients == 0 {
		t.Error("no example of a client")
	}
}
