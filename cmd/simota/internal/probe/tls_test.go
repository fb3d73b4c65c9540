package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simota/simota/smpp/smscsim"
)

// certificate is one for smsc.example that vouches for itself, and its file.
func certificate(t *testing.T, from, until time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "smsc"}, DNSNames: []string{"smsc.example"},
		NotBefore: from, NotAfter: until, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

const day = 24 * time.Hour

func TestTLSThatHoldsTellsWithWhom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		until time.Duration
		texts []string
	}{
		{100 * day, []string{"TLS 1.3", "CN=smsc", "until 2000-04-10", "name smsc.example verified"}},
		{10*day + time.Hour, []string{"it ends in 10 days"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			own, file := certificate(t, time.Now(), time.Now().Add(c.until))
			s := sim(t, smscsim.Config{}, nil)
			defer s.Close()
			steps, err := told(t, link(t, `, tls: {ca: "`+file+`"}`), Options{}, func(conn net.Conn) {
				s.ServeConn(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{own}}))
			})
			if says(t, steps, "tls", true, c.texts...); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTLSThatFailsIsExplained(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	for name, c := range map[string]struct {
		from, until time.Duration
		more        string // of the tls of the link
		distrusted  bool
		plain       bool
		texts       []string
	}{
		"expired":       {-9 * day, -day, "", false, false, []string{"expired on " + now.Add(-day).Format(time.DateOnly), "this machine's clock"}},
		"not yet valid": {day, 9 * day, "", false, false, []string{"begins only on " + now.Add(day).Format(time.DateOnly)}},
		"other name":    {-day, 9 * day, ", server_name: other.example", false, false, []string{"is for smsc.example, not for other.example", "tls.server_name"}},
		"unknown":       {-day, 9 * day, "", true, false, []string{"nobody we trust", "tls.ca"}},
		"plain":         {-day, 9 * day, "", false, true, []string{"speaks no TLS"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own, file := certificate(t, now.Add(c.from), now.Add(c.until))
			if c.distrusted {
				_, file = certificate(t, now.Add(c.from), now.Add(c.until))
			}
			steps, err := told(t, link(t, `, tls: {ca: "`+file+`"`+c.more+"}"), Options{Dial: loopback(t, own, c.plain)}, nil)
			failedAt(t, err, "tls")
			says(t, steps, "tls", false, c.texts...)
		})
	}
}

// loopback dials a peer that shakes hands with a certificate, or greets in plain text, and hangs up.
func loopback(t *testing.T, own tls.Certificate, plain bool) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-ended })
	go func() {
		defer close(ended)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if plain {
			_, _ = conn.Read(make([]byte, 4096)) // else closing resets, and the greeting is lost
			_, _ = conn.Write([]byte("this is no TLS at all"))
			return
		}
		_ = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{own}}).Handshake()
	}()
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, l.Addr().String())
	}
}

func TestPeerThatShakesNoHandsIsExplained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		steps, err := told(t, link(t, ", tls: {}"), Options{}, func(net.Conn) {})
		failedAt(t, err, "tls")
		says(t, steps, "tls", false, "no TLS handshake within 10s", "plain SMPP")
	})
}
