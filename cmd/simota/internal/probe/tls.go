package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// soon is how long before its end a certificate is worth a remark.
const soon = 30 * 24 * time.Hour

// shake puts TLS on top of a connection and says with whom.
func shake(ctx context.Context, conn net.Conn, cfg *tls.Config, address string) (secure net.Conn, words string, err error) {
	cfg = cfg.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName, _, _ = net.SplitHostPort(address)
	}
	c := tls.Client(conn, cfg)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, "", err
	}
	s := c.ConnectionState()
	leaf := s.PeerCertificates[0] // verified, so there is one
	words = fmt.Sprintf("%s, certificate of %s until %s, name %s verified",
		tls.VersionName(s.Version), leaf.Subject, leaf.NotAfter.UTC().Format(time.DateOnly), cfg.ServerName)
	if left := time.Until(leaf.NotAfter); left < soon {
		words += fmt.Sprintf("; it ends in %d days: tell the operator", int(left.Hours()/24))
	}
	return c, words, nil
}
