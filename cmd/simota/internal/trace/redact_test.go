package trace

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/smscsim"
)

const (
	apnSecret    = "Zu3kQ9xW7vTb2m"
	linkPassword = "Vb9pLw4Ry6Ns"
)

// settings are the parts of a message that gives a device its access point.
func settings(t *testing.T) [][]byte {
	t.Helper()
	d, err := cp.ParseXML([]byte(`<wap-provisioningdoc version="1.1">
		<characteristic type="BOOTSTRAP"><parm name="NAME" value="aurora"/></characteristic><characteristic type="NAPDEF">
		<parm name="NAPID" value="aurora-web"/><parm name="BEARER" value="GSM-GPRS"/><parm name="NAME" value="aurora"/>
		<parm name="NAP-ADDRESS" value="m2m.aurora.example"/><parm name="NAP-ADDRTYPE" value="APN"/>
		<characteristic type="NAPAUTHINFO"><parm name="AUTHTYPE" value="PAP"/><parm name="AUTHNAME" value="meter"/>
		<parm name="AUTHSECRET" value="` + apnSecret + `"/></characteristic></characteristic></wap-provisioningdoc>`))
	if err != nil {
		t.Fatal(err)
	}
	wbxml, err := d.AppendWBXML(nil)
	if err != nil {
		t.Fatal(err)
	}
	push, err := cp.PushPlain(wbxml)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := cp.Split(push, 7)
	if err != nil || len(parts) < 2 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	return parts
}

// handler takes what comes.
type handler struct{}

func (handler) Results([]smpp.Result)                                 {}
func (handler) Deliver(_ context.Context, d []smpp.Delivery) []uint32 { return make([]uint32, len(d)) }
func (handler) Alert(smpp.Alert)                                      {}
func (handler) State(smpp.LinkState)                                  {}

// shown is everything that people and programs are shown.
func shown(t *testing.T, pdus []api.PDU) string {
	t.Helper()
	b, err := json.Marshal(pdus)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, p := range pdus {
		fmt.Fprintln(&text, p.Words)
		if p.Report != nil {
			if err := p.Report.Text(&text, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	return string(b) + text.String()
}

// keeps fails if any form of a secret, or four octets of it in a row, can be read.
func keeps(t *testing.T, text, secret string) {
	t.Helper()
	octets := strings.ToUpper(hex.EncodeToString([]byte(secret)))
	spaced := fmt.Sprintf("% X", secret)
	for i := 0; i+4 <= len(secret); i++ {
		for _, form := range []string{secret[i : i+4], octets[2*i : 2*i+8], spaced[3*i : 3*i+11]} {
			if at := strings.Index(text, form); at >= 0 {
				t.Fatalf("%q of a secret can be read: %q", form, text[max(0, at-200):min(len(text), at+100)])
			}
		}
	}
}

func TestNoTraceShowsAnAccessPointPasswordOrALinkPassword(t *testing.T) {
	t.Parallel()
	for name, profile := range map[string]smpp.Profile{"short_message": {}, "message_payload": {Payload: true}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			s := smscsim.New(smscsim.Config{Accounts: map[string]smpp.Secret{"ota1": linkPassword}})
			defer s.Close()
			link, err := smpp.NewLink(smpp.Config{
				Name: "aurora-1", Address: "smsc:1", SystemID: "ota1", Password: linkPassword, Submit: profile,
				Dial: func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go s.ServeConn(theirs)
					return ours, nil
				},
			}, handler{})
			if err != nil {
				t.Fatal(err)
			}
			tracer := New(map[string]Link{"aurora-1": {Trace: link.Trace}})
			tap, err := tracer.Open(Query{Octets: true})
			if err != nil {
				t.Fatal(err)
			}
			defer tap.Close()
			ended := make(chan struct{})
			go func() { defer close(ended); _ = link.Run(ctx) }()
			synctest.Wait()
			parts := settings(t)
			for i, ud := range parts {
				if _, err := link.Submit(ctx, []smpp.Message{{ID: int64(i), Destination: smpp.Address{TON: 1, NPI: 1, Number: "5511900000017"}, UserData: ud, UDHI: true, DataCoding: 4}}); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			pdus, err := tap.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			text := shown(t, pdus)
			keeps(t, text, apnSecret)
			keeps(t, text, linkPassword)
			if want := fmt.Sprintf("client provisioning, part 1 of %d, %d octets not shown", len(parts), len(parts[0])); !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in %s", name, want, text)
			}
			if !strings.Contains(text, "ota1") || !strings.Contains(text, "bind_transceiver") {
				t.Errorf("the bind is not in %s", text)
			}
			cancel()
			<-ended
		})
	}
}

// submit is a frame of a message to a device or a card.
func submit(c smpp.Command, esmClass byte, ud []byte) []byte {
	body := append([]byte("\x00\x01\x014790000001\x00\x01\x015511900000017\x00"), esmClass, 0x7F, 0, 0, 0, 1, 0, 0xF6, 0, byte(len(ud)))
	return smpp.AppendFrame(nil, c, 0, 5, append(body, ud...))
}

func TestSecuredPacketsAreShownAndTheRestOfTheUserDataIsNot(t *testing.T) {
	t.Parallel()
	packet, err := sms.SplitPacket(sms.CommandPacket, bytes.Repeat([]byte{0xA5}, 20), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		inbound bool
		frame   []byte
		want    string // is shown
		secret  string // is not
	}{
		{"command packet", false, submit(smpp.SubmitSM, 0x40, packet[0]), "A5 A5", linkPassword},
		{"message to a device", false, submit(smpp.SubmitSM, 0, []byte(apnSecret)), "14 octets, not shown", apnSecret},
		{"message from a device", true, submit(smpp.DeliverSM, 0, []byte(apnSecret)), "14 octets, not shown", apnSecret},
		{"receipt", true, submit(smpp.DeliverSM, 4, []byte("id:7f3a09 stat:DELIVRD err:000 Text:"+apnSecret)), "7f3a09", apnSecret},
		{"receipt without labels", true, submit(smpp.DeliverSM, 4, []byte(apnSecret)), "2A 2A 2A", apnSecret},
		{"receipt with the card's answer", true, submit(smpp.DeliverSM, 0x44, append([]byte{2, 0x71, 0}, 0, 11, 10, 0xB0, 0, 0x11, 0, 0, 0, 0, 9, 0, 0)), "with the card's answer", apnSecret},
		{"receipt to the SMSC is none", false, submit(smpp.SubmitSM, 4, []byte("id:1 stat:DELIVRD "+apnSecret)), "32 octets, not shown", apnSecret},
		{"short_message beside message_payload", false, func() []byte {
			f := submit(smpp.SubmitSM, 0x40, []byte(apnSecret))
			return smpp.AppendFrame(nil, smpp.SubmitSM, 0, 5, append(f[smpp.HeaderLen:], append([]byte{4, 0x24, 0, byte(len(packet[0]))}, packet[0]...)...))
		}(), "14 octets, not shown", apnSecret},
		{"unknown command", true, smpp.AppendFrame(nil, 0x00010200, 0, 5, []byte(apnSecret)), "14 octets, not shown", apnSecret},
		{"cut off", true, submit(smpp.DeliverSM, 0, []byte(apnSecret+"more"))[:70], "octets, not shown", apnSecret},
		{"no header", true, []byte(apnSecret), "14 octets, not shown", apnSecret},
	} {
		r := Explain(c.frame, c.inbound)
		l := read(c.frame)
		text := shown(t, []api.PDU{{Report: r, Words: record(smpp.Frame{Raw: c.frame, Inbound: c.inbound}, l, Link{}.Receipts).Words}})
		keeps(t, text, c.secret)
		if !strings.Contains(text, c.want) {
			t.Errorf("%s: %q is not in\n%s", c.name, c.want, text)
		}
	}
}

// FuzzExplain holds that octets of messages to devices never come out, whatever the frame.
func FuzzExplain(f *testing.F) {
	f.Add([]byte(submit(smpp.SubmitSM, 0, []byte("hello"))), true)
	f.Add([]byte(submit(smpp.DeliverSM, 4, []byte("id:7f3a09 stat:DELIVRD text:x"))), true)
	f.Add([]byte(smpp.AppendFrame(nil, smpp.DataSM, 0, 1, []byte("\x00\x01\x011\x00\x01\x012\x00\x00\x00\x00\x04\x24\x00\x02ab"))), true)
	f.Add([]byte(smpp.AppendFrame(nil, smpp.QuerySMResp, 0, 1, []byte("7\x00\x00\x02\x00"))), true)
	f.Add([]byte(smpp.AppendFrame(nil, smpp.SubmitSMResp, 0, 1, nil)), false)
	f.Fuzz(func(t *testing.T, frame []byte, inbound bool) {
		before := bytes.Clone(frame)
		l := read(frame)
		vs := veils(frame, inbound, l)
		got := covered(frame, vs)
		if !bytes.Equal(frame, before) {
			t.Fatal("the frame was changed")
		}
		if !secured(frame, l) && !(inbound && isReceipt(frame, l)) {
			for i := l.message.from; i < l.message.to; i++ {
				if got[i] != '*' {
					t.Fatalf("octet %d of the message is left", i)
				}
			}
		}
		for i := l.rest.from; i < l.rest.to; i++ {
			if got[i] != '*' {
				t.Fatalf("octet %d of the rest is left", i)
			}
		}
		record(smpp.Frame{Raw: frame, Inbound: inbound}, l, Link{}.Receipts)
		if r := Explain(frame, inbound); r == nil && len(frame) > 0 {
			t.Fatal("no report")
		}
	})
}
