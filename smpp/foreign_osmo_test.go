package smpp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/simota/simota/smpp"
)

// osmoMSC starts the SMSC of Osmocom's osmo-msc for the account bench, and returns its address once it listens.
func osmoMSC(ctx context.Context, t *testing.T) string {
	t.Helper()
	path, env, dir, host := find(t, "osmo-msc", "osmo-msc"), confined(t), t.TempDir(), ownAddress(t)
	config := fmt.Sprintf(`log stderr
 logging color 0
 logging level smpp debug
line vty
 no login
 bind %[1]s
ctrl
 bind %[1]s
network
 network country code 1
 mobile network code 1
smsc
 database sms.db
smpp
 local-tcp-ip %[1]s 2775
 system-id osmo-msc
 policy closed
 esme bench
  password pw
  default-route
sgs
 local-ip %[1]s
`, host)
	if err := os.WriteFile(filepath.Join(dir, "msc.cfg"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	launch(t, dir, env, path, "-s", "-c", "msc.cfg").says(ctx, t, "SGs socket bound")
	return net.JoinHostPort(host, "2775")
}

func osmoAccount(address string) smpp.Config {
	return smpp.Config{Address: address, SystemID: "bench", Password: "pw", EnquireInterval: 100 * time.Millisecond}
}

func TestOsmoMSC(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	address := osmoMSC(ctx, t)
	t.Run("takes messages from the link", func(t *testing.T) { osmoTakesMessages(ctx, t, address) })
	t.Run("refuses accounts", func(t *testing.T) { osmoRefusesAccounts(ctx, t, address) })
	t.Run("refuses an unknown subscriber without a body", func(t *testing.T) { osmoRefusesSubscriber(ctx, t, address) })
	t.Run("leaves a query unanswered", func(t *testing.T) { osmoIgnoresQuery(ctx, t, address) })
}

func osmoTakesMessages(ctx context.Context, t *testing.T, address string) {
	t.Helper()
	r := newRecording()
	cfg := osmoAccount(address)
	cfg.Dial = r.dial
	x := start(t, cfg, newRecorder())
	x.rises(ctx, t, 1)
	r.sees(ctx, t, smpp.EnquireLinkResp)
	x.submit(t, 1, 2)
	for id := range int64(2) { // ids need not be unique
		if m := x.result(ctx, t); m.ID != id+1 || m.Outcome != smpp.Accepted || m.MessageID != "msg_id_not_implemented" {
			t.Errorf("result %+v", m)
		}
	}
	x.stop()
	if err := next(ctx, t, "end of the link", x.done); err != nil {
		t.Error(err)
	}
	r.sees(ctx, t, smpp.UnbindResp)
}

func osmoRefusesAccounts(ctx context.Context, t *testing.T, address string) {
	t.Helper()
	for name, c := range map[string]struct {
		system, password string
		status           uint32
	}{
		"wrong password": {"bench", "wp", smpp.StatusInvalidPassword},
		"unknown system": {"nobody", "pw", smpp.StatusInvalidSystemID},
	} {
		cfg := osmoAccount(address)
		cfg.SystemID, cfg.Password = c.system, smpp.Secret(c.password)
		x := start(t, cfg, newRecorder())
		var refused *smpp.BindError
		if err := next(ctx, t, "refusal", x.done); !errors.As(err, &refused) || refused.Status != c.status || !refused.Permanent {
			t.Errorf("%s: Run returned %v", name, err)
		}
	}
}

// osmoRefusesSubscriber uses the transaction mode (SMPP 3.4, 5.2.12), in which the SMSC answers for the
// network. Its refusal is 16 octets, without the message_id a response has.
func osmoRefusesSubscriber(ctx context.Context, t *testing.T, address string) {
	t.Helper()
	r := newRecording()
	destination := message(1).Destination.Number + "\x00"
	r.rewrite = func(b []byte) []byte {
		return bytes.ReplaceAll(b, []byte(destination+"\x40"), []byte(destination+"\x42"))
	}
	cfg := osmoAccount(address)
	cfg.Dial = r.dial
	x := start(t, cfg, newRecorder())
	x.rises(ctx, t, 1)
	x.submit(t, 1)
	if m := x.result(ctx, t); m.Outcome != smpp.Refused || m.Status != smpp.StatusInvalidDestination || m.MessageID != "" {
		t.Errorf("result %+v", m)
	}
	if h := r.sees(ctx, t, smpp.SubmitSMResp); h.Length != smpp.HeaderLen {
		t.Errorf("the refusal has %d octets", h.Length)
	}
}

// osmoIgnoresQuery shows that requests may stay unanswered while the session lives on.
func osmoIgnoresQuery(ctx context.Context, t *testing.T, address string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	p := &peer{t, conn, smpp.NewFrameReader(conn)}
	p.send(smpp.BindTransceiver, 0, 1, "bench\x00pw\x00\x00\x34\x00\x00\x00")
	p.next(smpp.BindTransceiver.Response())
	p.send(smpp.QuerySM, 0, 2, "msg_id_not_implemented\x00\x00\x00\x00")
	p.send(smpp.EnquireLink, 0, 3, "")
	if h := p.next(smpp.EnquireLinkResp); h.Sequence != 3 {
		t.Errorf("enquire_link_resp %+v", h)
	}
}
