package smpp_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
	"github.com/simota/simota/smpp/smscsim"
)

// kannel is a bearerbox and a smsbox, bound to a simulator.
type kannel struct {
	sendSMS string          // URL of smsbox, to be completed by a message
	calls   <-chan *url.URL // what smsbox reports: messages and receipts
}

// smscGroup is what Kannel's sessions have in common.
const smscGroup = `
group = smsc
smsc = smpp
smsc-id = sim
host = 127.0.0.1
smsc-username = ota1
smsc-password = pw
system-type = ""
address-range = ""
`

// newKannel starts both boxes. Each of lines makes a session with the SMSC.
func newKannel(ctx context.Context, t *testing.T, lines []string) *kannel {
	t.Helper()
	bearerbox, smsbox := find(t, "bearerbox", "kannel"), find(t, "smsbox", "kannel")
	calls := make(chan *url.URL, 16)
	us := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { calls <- r.URL }))
	t.Cleanup(us.Close)
	dir, host := t.TempDir(), ownAddress(t)
	var sessions strings.Builder
	for _, line := range lines {
		sessions.WriteString(smscGroup + line + "\n")
	}
	config := fmt.Sprintf(`group = core
admin-port = 13000
admin-interface = %[1]s
admin-password = unused
smsbox-port = 13001
smsbox-interface = %[1]s
dlr-storage = internal
%[2]s

group = smsbox
bearerbox-host = %[1]s
bearerbox-port = 13001
sendsms-port = 13013
sendsms-interface = %[1]s

group = sendsms-user
username = tester
password = foobar

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "%[3]s/mo?from=%%p&to=%%P&udh=%%u&data=%%b&coding=%%c"
`, host, sessions.String(), us.URL)
	if err := os.WriteFile(filepath.Join(dir, "kannel.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	launch(t, dir, nil, bearerbox, "-v", "0", "kannel.conf").says(ctx, t, "MAIN: Start-up done")
	// At "Connected to" smsbox still panics when asked to send; with this thread it is ready.
	launch(t, dir, nil, smsbox, "-v", "0", "kannel.conf").says(ctx, t, "heartbeat_thread")
	account := url.Values{"username": {"tester"}, "password": {"foobar"}, "dlr-mask": {"31"}, "dlr-url": {us.URL + "/dlr?state=%d&id=%F"}}
	return &kannel{"http://" + host + ":13013/cgi-bin/sendsms?" + account.Encode() + "&", calls}
}

// send submits an OTA command of class 2, 8-bit, to be downloaded to the card.
func (k *kannel) send(ctx context.Context, t *testing.T, m smpp.Message) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.sendSMS+url.Values{
		"from": {m.Source.Number}, "to": {m.Destination.Number}, "udh": {string(m.UserData[:3])}, "text": {string(m.UserData[3:])},
		"coding": {"1"}, "mclass": {"2"}, "alt-dcs": {"1"}, "pid": {"127"}, "validity": {"15"},
	}.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("sendsms answered %s", resp.Status)
	}
}

func TestKannelTalksToTheSimulator(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ids      smscsim.IDFormat // of receipts; those of responses are hexadecimal
		id       string           // as Kannel then knows it
		sessions []string         // lines of Kannel's configuration, before the port
	}{
		"transceiver":              {smscsim.HexID, "7f3a09", []string{"transceiver-mode = true\nport = "}},
		"transmitter and receiver": {smscsim.DecimalID, "8337929", []string{"msg-id-type = 1\nport = ", "msg-id-type = 1\nreceive-port = "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			srv, sent := simulator(t, smscsim.Config{FirstID: 0x7F3A09, ReceiptIDs: c.ids})
			_, port, err := net.SplitHostPort(srv.Addr())
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.sessions {
				c.sessions[i] += port
			}
			k := newKannel(ctx, t, c.sessions)
			want := message(0)
			for i := range want.UserData[3:] {
				want.UserData[3+i] = byte(i * 7)
			}
			k.send(ctx, t, want)
			m := next(ctx, t, "submit_sm", sent)
			if !bytes.Equal(m.UserData, want.UserData) || m.ESMClass&0x40 == 0 || m.DCS != want.DataCoding || m.PID != want.ProtocolID ||
				m.Source.Number != want.Source.Number || m.Destination.Number != want.Destination.Number || m.RegisteredDelivery&3 != 1 ||
				m.Validity.Round(time.Minute) != 15*time.Minute {
				t.Errorf("the simulator took %+v", m)
			}
			if u := next(ctx, t, "report of the submit_sm_resp", k.calls); u.Path != "/dlr" || u.Query().Get("state") != "8" || u.Query().Get("id") != c.id {
				t.Errorf("smsbox called %v", u)
			}
			status, err := srv.SendReceipt(ctx, "ota1", smscsim.ReceiptOut{MessageID: m.MessageID, Source: m.Source, Destination: m.Destination, State: receipt.Delivered, SubmittedAt: m.ReceivedAt, DoneAt: m.ReceivedAt})
			if status != smpp.StatusOK || err != nil {
				t.Fatalf("receipt: %#x, %v", status, err)
			}
			if u := next(ctx, t, "report of the receipt", k.calls); u.Path != "/dlr" || u.Query().Get("state") != "1" {
				t.Errorf("smsbox called %v", u)
			}
			mo := smscsim.MO{Source: m.Destination, Destination: m.Source, ESMClass: 0x40, ProtocolID: 0x7F, DataCoding: 0xF6,
				UserData: append([]byte{2, 0x71, 0}, want.UserData[3:20]...)}
			if status, err = srv.Deliver(ctx, "ota1", mo); status != smpp.StatusOK || err != nil {
				t.Fatalf("proof of receipt: %#x, %v", status, err)
			}
			u := next(ctx, t, "proof of receipt", k.calls)
			if q := u.Query(); u.Path != "/mo" || q.Get("from") != mo.Source.Number || q.Get("to") != mo.Destination.Number ||
				q.Get("udh")+q.Get("data") != string(mo.UserData) || q.Get("coding") != "1" {
				t.Errorf("smsbox called %v", u)
			}
		})
	}
}

func TestLinkTalksToDriveSMPPOfKannel(t *testing.T) {
	t.Parallel()
	const messages = 20
	path, env := find(t, "drive_smpp", "kannel-extras", "/usr/lib/kannel/test"), confined(t)
	// Next to the SMSC it plays a box that talks to a bearerbox on this port, and gives up without one.
	bearerbox, err := net.Listen("tcp", "127.0.0.1:13001")
	if err != nil {
		t.Skipf("drive_smpp cannot do without a port of its own choice: %v", err)
	}
	t.Cleanup(func() { _ = bearerbox.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dir, port := t.TempDir(), freePort(t)
	if err := os.WriteFile(filepath.Join(dir, "drive.conf"), []byte("group = core\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	launch(t, dir, env, path, "-v", "0", "-c", "drive.conf", "-p", port, "-m", fmt.Sprint(messages)).says(ctx, t, "Starting drive_smpp")
	x := start(t, smpp.Config{Address: "127.0.0.1:" + port, SystemID: "foo", Password: "bar", Bind: smpp.TransmitterReceiver, ReconnectMin: 50 * time.Millisecond}, newRecorder())
	x.rises(ctx, t, 2)
	for id := range int64(messages) {
		x.submit(t, id)
		if r := x.result(ctx, t); r.ID != id || r.Outcome != smpp.Accepted || r.MessageID != "" {
			t.Errorf("result %+v", r)
		}
		d := next(ctx, t, "deliver_sm", x.deliveries)
		if d.Err != nil || string(d.UserData) != fmt.Sprint(id+1) || d.Source.Number != "456" || d.Destination.Number != "123" {
			t.Errorf("delivery %+v", d)
		}
	}
	x.stop()
	if err := next(ctx, t, "end of the link", x.done); err != nil {
		t.Error(err)
	}
}
