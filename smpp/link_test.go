package smpp_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	"github.com/fiorix/go-smpp/smpp/smpptest"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
	"github.com/simota/simota/smpp/smscsim"
)

// network remembers what the simulator took.
type network chan smscsim.Submitted

func (n network) Submit(_ context.Context, m smscsim.Submitted) { n <- m }

func simulator(t testing.TB, cfg smscsim.Config) (*smscsim.Server, network) {
	t.Helper()
	n := make(network, 1<<16)
	cfg.Accounts, cfg.Network = map[string]smpp.Secret{"ota1": "pw"}, n
	s := smscsim.New(cfg)
	if err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, n
}

func TestMessagesAndReceiptsOverTCP(t *testing.T) {
	t.Parallel()
	for name, bind := range map[string]smpp.Bind{"transceiver": smpp.Transceiver, "transmitter and receiver": smpp.TransmitterReceiver} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, sent := simulator(t, smscsim.Config{ReceiptIDs: smscsim.PaddedDecimalID})
			x := start(t, smpp.Config{Address: srv.Addr(), Bind: bind, Binds: 2, Window: 20}, newRecorder())
			sessions := 2
			if bind == smpp.TransmitterReceiver {
				sessions = 4
			}
			for range sessions {
				x.up(t)
			}
			if st := x.Status(); !st.Bound || st.Sessions != sessions || st.WindowSize != 40 || st.SMSC != "smscsim" || x.Free() != 40 {
				t.Errorf("status %+v, free %d", st, x.Free())
			}
			want := message(1)
			want.Validity = 15 * time.Minute
			if n, err := x.Submit(t.Context(), []smpp.Message{want}); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			r, m := x.want(t, 1, smpp.Accepted), <-sent
			if m.MessageID != r.MessageID || m.Source != want.Source || m.Destination != want.Destination || !bytes.Equal(m.UserData, want.UserData) ||
				m.ESMClass != 0x40 || m.PID != 0x7F || m.DCS != 0xF6 || m.RegisteredDelivery != 1 || m.Validity != want.Validity || m.System != "ota1" {
				t.Errorf("the SMSC took %+v", m)
			}
			status, err := srv.SendReceipt(t.Context(), "ota1", smscsim.ReceiptOut{MessageID: m.MessageID, Source: m.Source, Destination: m.Destination, State: receipt.Delivered})
			if status != 0 || err != nil {
				t.Fatal(status, err)
			}
			d := <-x.deliveries
			rc, is, err := receipt.Parse(receipt.Fields{ESMClass: d.ESMClass, Text: d.UserData, ReceiptedID: d.ReceiptedMessageID, MessageState: d.MessageState}, receipt.Options{})
			if !is || err != nil || rc.State != receipt.Delivered || d.Source != m.Destination ||
				receipt.Normalize(rc.MessageID, receipt.Decimal) != receipt.Normalize(r.MessageID, receipt.Hex) {
				t.Errorf("receipt %+v, %v, %v for id %s", rc, is, err, r.MessageID)
			}
			x.stop()
			if err := <-x.done; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRefusedPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	binds := make(chan smscsim.Event, 16)
	srv, _ := simulator(t, smscsim.Config{Log: func(e smscsim.Event) {
		if e.Inbound {
			e.Raw = bytes.Clone(e.Raw)
			binds <- e
		}
	}})
	x := start(t, smpp.Config{Address: srv.Addr(), SystemID: "ota1", Password: "wrongpw", Binds: 3}, newRecorder())
	err := <-x.done
	var refused *smpp.BindError
	want := `smpp: link test: bind refused, ESME_RINVPASWD (0x0E): the SMSC does not accept system_id "ota1" with this password; ` +
		`not trying again until the configuration changes: three failures lock accounts at many operators`
	if !errors.As(err, &refused) || err.Error() != want || !x.Status().RefusedForGood {
		t.Errorf("Run returned %v", err)
	}
	if s := <-x.states; !s.RefusedForGood || s.Up {
		t.Errorf("state %+v", s)
	}
	if e := <-binds; len(binds) != 0 || bytes.Contains(e.Raw, []byte("wrongpw")) || !bytes.Contains(e.Raw, []byte("*******")) {
		t.Errorf("%d further binds for one link; the log holds %q", len(binds), e.Raw)
	}
}

func TestFaultsOfTheSMSC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault    smscsim.Fault
		outcome  smpp.Outcome
		status   uint32
		accepted int
	}{
		{smscsim.NoFault, smpp.Accepted, 0, 1}, {smscsim.Throttle, smpp.Temporary, smpp.StatusThrottled, 0},
		{smscsim.QueueFull, smpp.Temporary, smpp.StatusQueueFull, 0}, {smscsim.Duplicate, smpp.Accepted, 0, 2},
		{smscsim.NoResponse, smpp.Ambiguous, 0, 1}, {smscsim.Disconnect, smpp.Ambiguous, 0, 1}, {smscsim.Stall, smpp.Ambiguous, 0, 1},
	} {
		t.Run(fmt.Sprint(c.fault), func(t *testing.T) {
			t.Parallel()
			srv, sent := simulator(t, smscsim.Config{Fault: func(smscsim.Submitted) smscsim.Fault { return c.fault }})
			x := start(t, smpp.Config{Address: srv.Addr(), ResponseTimeout: 50 * time.Millisecond}, newRecorder())
			x.up(t)
			x.submit(t, 1)
			if r := x.want(t, 1, c.outcome); r.Status != c.status {
				t.Errorf("result %+v", r)
			}
			for range c.accepted { // on a busy machine the time-out may come before the simulator has read the frame
				<-sent
			}
			x.stop()
			<-x.done
			if err := srv.Close(); err != nil {
				t.Error(err)
			}
			if len(sent) != 0 {
				t.Errorf("the network got it %d times more than the %d wanted", len(sent), c.accepted)
			}
		})
	}
}

func TestReceiptBeforeTheResponse(t *testing.T) {
	t.Parallel()
	srv, sent := simulator(t, smscsim.Config{Faults: smscsim.Faults{EarlyReceipt: 1}})
	x := start(t, smpp.Config{Address: srv.Addr()}, newRecorder())
	x.up(t)
	x.submit(t, 1)
	m := <-sent
	if _, err := srv.SendReceipt(t.Context(), "ota1", smscsim.ReceiptOut{MessageID: m.MessageID, Source: m.Source, Destination: m.Destination, State: receipt.Delivered}); err != nil {
		t.Fatal(err)
	}
	d, r := <-x.deliveries, x.want(t, 1, smpp.Accepted)
	if d.ReceiptedMessageID != r.MessageID || d.ReceivedAt.After(r.DoneAt) {
		t.Errorf("receipt of %s at %v, response %s at %v", d.ReceiptedMessageID, d.ReceivedAt, r.MessageID, r.DoneAt)
	}
	if srv.Respond(m.MessageID) {
		t.Error("the response could be sent twice")
	}
}

func TestTemporaryRefusalOfADeliveryIsRepeated(t *testing.T) {
	t.Parallel()
	srv, _ := simulator(t, smscsim.Config{RetryMin: time.Millisecond})
	r := newRecorder()
	statuses := []uint32{smpp.StatusReceiverTemporary, smpp.StatusQueueFull, smpp.StatusReceiverReject}
	r.store = func(context.Context, []smpp.Delivery) []uint32 {
		s := statuses[:1]
		statuses = statuses[1:]
		return s
	}
	x := start(t, smpp.Config{Address: srv.Addr()}, r)
	x.up(t)
	mo := smscsim.MO{Source: smpp.Address{TON: 1, NPI: 1, Number: "5511900000017"}, Destination: smpp.Address{NPI: 1, Number: "7000"}, ESMClass: 0x40, UserData: bytes.Repeat([]byte{1}, 300)}
	status, err := srv.Deliver(t.Context(), "ota1", mo)
	if status != smpp.StatusReceiverReject || err != nil || len(x.deliveries) != 3 {
		t.Errorf("Deliver = %#x, %v after %d tries", status, err, len(x.deliveries))
	}
	if d := <-x.deliveries; !bytes.Equal(d.UserData, mo.UserData) || d.Source != mo.Source {
		t.Errorf("delivery %+v", d)
	}
}

func TestLinkTalksToTheServerOfGoSMPP(t *testing.T) {
	t.Parallel()
	srv := smpptest.NewUnstartedServer()
	got := make(chan pdu.Body, 1)
	srv.Handler = func(c smpptest.Conn, p pdu.Body) {
		switch p.Header().ID {
		case pdu.SubmitSMID:
			got <- p
			r := pdu.NewSubmitSMResp()
			r.Header().Seq = p.Header().Seq
			_ = r.Fields().Set(pdufield.MessageID, "foreign")
			_ = c.Write(r)
		case pdu.UnbindID:
			r := pdu.NewUnbindResp()
			r.Header().Seq = p.Header().Seq
			_ = c.Write(r)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	x := start(t, smpp.Config{Address: srv.Addr(), SystemID: smpptest.DefaultUser, Password: smpp.Secret(smpptest.DefaultPasswd)}, newRecorder())
	x.up(t)
	x.submit(t, 1)
	if r := x.want(t, 1, smpp.Accepted); r.MessageID != "foreign" {
		t.Errorf("result %+v", r)
	}
	f := (<-got).Fields()
	if !bytes.Equal(f[pdufield.ShortMessage].Bytes(), message(1).UserData) || f[pdufield.DestinationAddr].String() != message(1).Destination.Number {
		t.Errorf("go-smpp read %v", f)
	}
	if name := x.Status().SMSC; name != smpptest.DefaultSystemID {
		t.Errorf("system_id of the SMSC is %q", name)
	}
	x.stop()
	if err := <-x.done; err != nil {
		t.Error(err)
	}
}

func TestTLSIsVerified(t *testing.T) {
	t.Parallel()
	https := httptest.NewTLSServer(nil) // for its certificate, which names example.com
	t.Cleanup(https.Close)
	trust := x509.NewCertPool()
	trust.AddCert(https.Certificate())
	srv, _ := simulator(t, smscsim.Config{})
	dial := func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		srv.ServeConn(tls.Server(server, &tls.Config{Certificates: https.TLS.Certificates, ClientAuth: tls.RequireAnyClientCert}))
		return client, nil
	}
	x := start(t, smpp.Config{Address: "example.com:3550", Dial: dial, TLS: &tls.Config{RootCAs: trust, Certificates: https.TLS.Certificates}}, newRecorder())
	x.up(t)
	x.submit(t, 1)
	x.want(t, 1, smpp.Accepted)
	y := start(t, smpp.Config{Address: "smsc.invalid:3550", Dial: dial, TLS: &tls.Config{RootCAs: trust}}, newRecorder())
	var wrong x509.HostnameError
	if s := <-y.states; s.Up || !errors.As(s.Reason, &wrong) {
		t.Errorf("certificate of another host: %+v", s)
	}
}

func TestUnreachableAddressSaysSo(t *testing.T) {
	t.Parallel()
	srv, _ := simulator(t, smscsim.Config{})
	addr := srv.Addr()
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	x := start(t, smpp.Config{Address: addr}, newRecorder())
	if s := <-x.states; s.Up || s.RefusedForGood || !strings.Contains(s.Reason.Error(), "connect to "+addr) {
		t.Errorf("state %+v", s)
	}
}
