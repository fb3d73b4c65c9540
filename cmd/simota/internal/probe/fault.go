package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/smpp"
)

const usualTimeout = 10 * time.Second // what package smpp waits for anything, unless it is told

// connectFault says why there is no connection, and what to do; shaking tells
// that TLS had begun.
func connectFault(l config.Link, err error, shaking bool) (words, next string) {
	host, _, _ := net.SplitHostPort(l.Address)
	dns := (*net.DNSError)(nil)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no name server knows " + host, "check address of the link; names in a VPN need the VPN's name server"
	case errors.As(err, &dns):
		return "the name server gave no address for " + host, "see whether this machine's name server answers, or write the address as digits"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused: nothing listens at " + l.Address, "check host and port; ask the operator whether the SMSC is up and lets this machine in"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to " + host, "see that the VPN or tunnel to the operator is up, and that the route goes through it"
	case isTimeout(err) && shaking:
		return fmt.Sprintf("no TLS handshake within %v", usualTimeout), "it may be the port for plain SMPP: take the port for TLS, or leave tls out"
	case isTimeout(err):
		return fmt.Sprintf("%s does not answer within %v", l.Address, usualTimeout),
			"a firewall drops it, or the tunnel is down: ask the operator to let this machine's address in"
	}
	return shakeFault(l, err)
}

// shakeFault says why TLS failed, and what to do.
func shakeFault(l config.Link, err error) (words, next string) {
	var (
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		issuer  x509.UnknownAuthorityError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case errors.As(err, &name):
		return fmt.Sprintf("the certificate is for %s, not for %s", namesOf(name.Certificate), name.Host),
			"if that is the operator's name, set tls.server_name to it; else this is somebody else"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return validity(invalid.Cert), "the operator has to renew it; first look at this machine's clock, which says " + time.Now().UTC().Format("2006-01-02 15:04 MST")
	case errors.As(err, &issuer):
		return "nobody we trust vouches for the certificate: " + err.Error(), "ask the operator for the certificate of its authority, and name the file in tls.ca"
	case errors.As(err, &record):
		return "what answers speaks no TLS", "it may be the port for plain SMPP: take the port for TLS, or leave tls out"
	case errors.As(err, &alert):
		return "the SMSC refused the handshake: " + alert.Error(), "it may want a certificate of ours (tls.cert and tls.key), or knows it no more"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the SMSC closed the connection", "it may not know this machine's address: ask the operator to let it in"
	}
	return err.Error(), "check address and tls of the link"
}

func namesOf(c *x509.Certificate) string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return c.Subject.String() + " without any name"
	}
	return strings.Join(names, ", ")
}

func validity(c *x509.Certificate) string {
	if time.Now().Before(c.NotBefore) {
		return "the certificate of " + c.Subject.String() + " begins only on " + c.NotBefore.UTC().Format(time.DateOnly)
	}
	return "the certificate of " + c.Subject.String() + " expired on " + c.NotAfter.UTC().Format(time.DateOnly)
}

// broken says why a session did not begin, or ended. The caller holds mu.
func (a *attempt) broken(err error) Step {
	refused := (*smpp.BindError)(nil)
	alert := tls.AlertError(0)
	began := len(a.bound) > 0
	s := Step{}
	switch {
	case errors.Is(err, context.Canceled):
		s.Words = "interrupted"
	case errors.As(err, &refused):
		s.Words, s.Next = "refused, "+smpp.StatusName(refused.Status), a.bindAdvice(refused.Status)
	case a.unbound:
		s.Words = "the SMSC unbound the session at once"
		s.Next = "it may allow one session per account, and another one is bound: the server's? Else ask the operator why"
	case errors.Is(err, smpp.ErrFraming):
		s.Words, s.Next = "what answers speaks no SMPP", "check the port; with TLS on it, set tls"
	case errors.As(err, &alert):
		s.Words, s.Next = shakeFault(a.cfg, err)
	case isTimeout(err) && !began:
		s.Words = fmt.Sprintf("no answer to the bind within %v", usualTimeout)
		s.Next = "somebody took the connection and says nothing: a proxy without its SMSC, or a port that wants TLS"
	case (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)) && !began:
		s.Words = "the SMSC closed the connection without an answer to the bind"
		s.Next = "most often it does not know this machine's address; or the port wants TLS"
	default:
		s.Words, s.Next = "the session ended: "+err.Error(), "the SMSC ended it, or the way to it did: try again, then ask the operator"
	}
	return s
}

func isTimeout(err error) bool {
	e := net.Error(nil)
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &e) && e.Timeout()
}

// bindAdvice says what to do when a bind is refused (SMPP 3.4, 5.1.3).
func (a *attempt) bindAdvice(status uint32) string {
	switch status {
	case smpp.StatusInvalidPassword:
		return fmt.Sprintf("check the password in %s for system_id %q; do not try often: three failures lock accounts at many operators", a.cfg.PasswordFile, a.cfg.SystemID)
	case smpp.StatusInvalidSystemID:
		return fmt.Sprintf("check system_id %q, also upper and lower case; the account may belong to another SMSC of the operator", a.cfg.SystemID)
	case smpp.StatusBindFailed, smpp.StatusAlreadyBound, smpp.StatusInvalidBindState:
		return fmt.Sprintf("ask which kind of bind (now %s) and how many sessions the account may have; a server that runs has some already", a.cfg.Bind)
	case smpp.StatusInvalidSystemType:
		return fmt.Sprintf("ask for the system_type of the account; it is %q now", a.cfg.SystemType)
	case smpp.StatusSystemError, smpp.StatusThrottled:
		return "the SMSC has trouble of its own or wants fewer binds: wait a minute before the next try"
	case smpp.StatusInvalidCommand:
		return "it may not know this kind of bind: try bind: transmitter+receiver"
	}
	return "ask the operator what it means by this status"
}
