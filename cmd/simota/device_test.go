package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/sample"
)

// meterPIN is that of the trackers in these worlds: no other number looks like it.
const meterPIN = "9182736450"

// newDevices is a world whose devices are of several kinds, with its network
// and server, which knows the devices.
func newDevices(t *testing.T) (w *world, server *process) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds of real processes")
	}
	w = writeWorld(t, sample.Options{Cards: 18, Seed: 1, Devices: true})
	w.change("lab.yaml", `"4711"`, `"`+meterPIN+`"`)
	w.change("devices.csv", ",4711", ","+meterPIN)
	w.startLab()
	server = w.startServer()
	w.ready()
	w.furnish()
	w.simota("client", "apply", "clients/dovre.yaml")
	w.simota("device", "import", "devices.csv")
	return w, server
}

// simota runs a command that has to succeed in the folder of the world, and
// gives what it printed.
func (w *world) simota(args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), binary, args...)
	var complaint strings.Builder
	cmd.Dir, cmd.Stderr = w.dir, &complaint
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("simota %s: %v\n%s", strings.Join(args, " "), err, complaint.String())
	}
	return string(out)
}

// control asks the lab by its control socket.
func (w *world) control(path string, form url.Values) []byte {
	w.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(w.dir, "lab.sock"))
	}}}
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://lab"+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		w.t.Fatalf("%s: %s %s %v", path, resp.Status, b, err)
	}
	return b
}

// fitted is a card in the lab, and what its device has stored.
type fitted struct {
	ICCID, IMEI, APN string
	Settings         struct {
		APNs []struct {
			Address string `json:"address"`
		} `json:"apns"`
	} `json:"settings"`
}

func (w *world) fitted(iccid string) fitted {
	w.t.Helper()
	var all []fitted
	if err := json.Unmarshal(w.control("/cards", nil), &all); err != nil {
		w.t.Fatal(err)
	}
	for _, c := range all {
		if c.ICCID == iccid {
			return c
		}
	}
	w.t.Fatalf("the lab has no card %s", iccid)
	return fitted{}
}

// configured waits until the device of a card has stored an access point.
func (w *world) configured(iccid, imei, apn string) {
	w.t.Helper()
	var last fitted
	defer func() { w.t.Logf("%+v", last) }()
	w.eventually(iccid+" in "+imei+" uses "+apn, func(context.Context) bool {
		last = w.fitted(iccid)
		return last.IMEI == imei && last.APN == apn && len(last.Settings.APNs) > 0 && last.Settings.APNs[0].Address == apn
	})
}

// discreet looks for the PIN where people look.
func (w *world) discreet(shown ...string) {
	w.t.Helper()
	log, err := os.ReadFile(filepath.Join(w.dir, "serve.log"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, text := range append(shown, string(log)) {
		if i := strings.Index(text, meterPIN); i >= 0 {
			w.t.Errorf("the PIN is shown: %q", text[max(0, i-100):i+len(meterPIN)])
		}
	}
}

// TestStandingCampaignFollowsACardIntoItsDevices moves a card by hand: into a
// tracker with a PIN, then, while the server is dead, into a terminal that reads
// a text message. Nobody tells the server but the network.
func TestStandingCampaignFollowsACardIntoItsDevices(t *testing.T) {
	t.Parallel()
	const tracker, terminal, apn = "356938050000992", "356938070000990", "iot.nordvik.example"
	w, server := newDevices(t)
	card := sampleCards(t, 18, 1, "multi-imsi")[0]
	w.simota("campaign", "create", "campaigns/new-devices.yaml", "--start")
	move := func(imei string) { w.control("/move?iccid="+card.iccid, url.Values{"imei": {imei}}) }

	move(tracker)
	w.configured(card.iccid, tracker, apn)
	w.eventually("the tracker is verified", func(ctx context.Context) bool {
		c, err := w.client.Campaign(ctx, "new-devices")
		return err == nil && c.ByState["verified"] == 1 && c.State == "running"
	})
	server.kill()
	move(terminal)
	server = w.startServer()
	w.configured(card.iccid, terminal, apn)
	w.eventually("the terminal is verified", func(ctx context.Context) bool {
		c, err := w.client.Campaign(ctx, "new-devices")
		return err == nil && c.ByState["verified"] == 1 && c.State == "running" && w.told(ctx, card.iccid, "again", "it was seen in another device")
	})
	shown := w.simota("card", "show", card.iccid, "--raw")
	for _, line := range []string{
		"(Borealis T7 tracker) with IMSI " + card.imsi, "(Dovre V5 terminal) with IMSI " + card.imsi,
		"signed with the device's PIN", "configure access point, by a text message", "new-devices: verified",
	} {
		if !strings.Contains(shown, line) {
			t.Errorf("card show does not say %q:\n%s", line, shown)
		}
	}
	if moves := w.simota("device", "moves"); !strings.Contains(moves, card.iccid) || !strings.Contains(moves, "card moved") {
		t.Errorf("moves:\n%s", moves)
	}
	w.discreet(shown, w.simota("campaign", "report", "new-devices", "--json"), w.simota("card", "show", card.iccid, "--json"))
	w.simota("db", "check")
	server.stop()
}

// TestSwapConfiguresDevicesOfEveryKind moves three cards: in a tracker with a
// PIN, in a terminal that reads a text message, and in one that nobody described.
func TestSwapConfiguresDevicesOfEveryKind(t *testing.T) {
	t.Parallel()
	w, server := newDevices(t)
	all := sampleCards(t, 18, 1, "")
	how := map[string]string{
		all[1].iccid:  "configure internet, signed with the new IMSI",
		all[7].iccid:  "configure internet, signed with the device's PIN",
		all[13].iccid: "configure access point, by a text message",
	}
	var iccids []string
	for iccid := range how {
		iccids = append(iccids, fmt.Sprintf("%q", iccid))
	}
	w.start("campaign: kinds\nkind: swap\nselect: {iccids: [" + strings.Join(iccids, ", ") + "]}\nto: aurora\nattested: test\nmax_unproven: 50\ndone_when: verified\n")
	w.done("kinds", len(how), "verified")
	for iccid, want := range how {
		c := w.fitted(iccid)
		w.configured(iccid, c.IMEI, "m2m.aurora.example")
		shown := w.simota("card", "show", iccid, "--raw")
		if !strings.Contains(shown, want) {
			t.Errorf("card %s was not told by %q:\n%s", iccid, want, shown)
		}
		w.discreet(shown, w.simota("card", "show", iccid, "--json"))
	}
	server.stop()
	w.lawful()
}

// TestDeviceIsPlannedForAndSentSettingsByHand asks a server what a device would
// be told, sends it, and sends a document of its own that wants the PIN.
func TestDeviceIsPlannedForAndSentSettingsByHand(t *testing.T) {
	t.Parallel()
	w, _ := newDevices(t)
	tracker := sampleCards(t, 18, 1, "")[7]
	var plan api.Plan
	text := w.simota("cp", "plan", "--card", tracker.iccid, "--json")
	if err := json.Unmarshal([]byte(text), &plan); err != nil {
		t.Fatal(err)
	}
	if plan.Operator != "nordvik" || plan.Model != "Borealis T7 tracker" || plan.Client != "mediatek" || len(plan.Messages) != 1 ||
		plan.Messages[0].Name != "internet" || plan.Messages[0].Security != "userpin" || !plan.Messages[0].Gating {
		t.Errorf("plan: %s", text)
	}
	imei := w.fitted(tracker.iccid).IMEI
	sent := w.simota("cp", "send", tracker.iccid, "--name", "planned", "--watch")
	w.configured(tracker.iccid, imei, "iot.nordvik.example")

	own := `<wap-provisioningdoc version="1.1">
  <characteristic type="NAPDEF">
    <parm name="NAPID" value="N1"/><parm name="BEARER" value="GSM-GPRS"/><parm name="NAME" value="Own"/>
    <parm name="NAP-ADDRESS" value="own.example"/><parm name="NAP-ADDRTYPE" value="APN"/><parm name="INTERNET"/>
  </characteristic>
</wap-provisioningdoc>
`
	if err := os.WriteFile(filepath.Join(w.dir, "own.xml"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	sent += w.simota("cp", "send", tracker.iccid, "--file", "own.xml", "--sec", "userpin", "--pin", meterPIN, "--name", "own", "--watch")
	if !strings.Contains(sent, "planned done: 1 card, 0 open") || !strings.Contains(sent, "own done: 1 card, 0 open") {
		t.Errorf("sent:\n%s", sent)
	}
	w.eventually("the device has stored the document", func(context.Context) bool {
		return strings.Contains(fmt.Sprint(w.fitted(tracker.iccid).Settings), "own.example")
	})
	w.discreet(text, sent, w.simota("campaign", "show", "own", "--json"), w.simota("campaign", "report", "own", "--json"),
		w.simota("card", "show", tracker.iccid, "--raw"), w.simota("card", "show", tracker.iccid, "--json"))
}
