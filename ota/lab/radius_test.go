package lab

import (
	"bytes"
	"crypto/md5" //nolint:gosec // RADIUS knows no other
	"encoding/binary"
	"encoding/hex"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// aaa is an accounting server of few words, made from RFC 2866 alone.
type aaa struct {
	*net.UDPConn
	requests *stream[[]byte]
}

const aaaSecret = "shared"

func listenAAA(t *testing.T) *aaa {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	a := &aaa{conn, newStream[[]byte]()}
	go a.serve()
	return a
}

func (a *aaa) serve() {
	b := make([]byte, 4096)
	for {
		n, from, err := a.ReadFrom(b)
		if err != nil {
			return
		}
		request := bytes.Clone(b[:n])
		a.requests.add(request)
		answer := []byte{5, request[1], 0, 20}
		sum := md5.Sum([]byte(string(answer) + string(request[4:20]) + aaaSecret))
		_, _ = a.WriteTo(append(answer, sum[:]...), from)
	}
}

// authentic says whether the authenticator of an Accounting-Request is right (RFC 2866, 3).
func authentic(request []byte) bool {
	sum := md5.Sum([]byte(string(request[:4]) + string(make([]byte, 16)) + string(request[20:]) + aaaSecret))
	return bytes.Equal(request[4:20], sum[:])
}

// attributes reads a request into values by type, those of 3GPP by "3gpp/" and type.
func attributes(request []byte) map[string]string {
	all := map[string]string{}
	for b := request[20:]; len(b) > 2; b = b[b[1]:] {
		kind, value := hex.EncodeToString(b[:1]), b[2:b[1]]
		if b[0] == 26 && binary.BigEndian.Uint32(value) == 10415 && len(value) == 4+int(value[5]) {
			kind, value = "3gpp/"+hex.EncodeToString(value[4:5]), value[6:]
		}
		all[kind] = string(value)
	}
	delete(all, "37") // the time of the event
	return all
}

func TestDataConnectionsAreReportedByAccounting(t *testing.T) {
	t.Parallel()
	server := listenAAA(t)
	b := run(t, knownAPNs("meter"), func(c *Config) { c.RADIUS = RADIUS{Address: server.LocalAddr().String(), Secret: aaaSecret} })
	c := b.cards[0]
	to := c.subscriptions[1]
	b.command("nordvik", c.subscriptions[0].msisdn, b.seal(c, 1, true, switching(c)...))
	b.rejected(c)
	b.submit("aurora", to.msisdn, 0, 0xF5, b.document(to.imsi))
	request := server.requests.wait(t, "accounting", func([]byte) bool { return true })
	if request[0] != 4 || int(binary.BigEndian.Uint16(request[2:])) != len(request) || !authentic(request) {
		t.Errorf("request %X", request)
	}
	want := map[string]string{
		"28": "\x00\x00\x00\x01", "2c": "00000001", "20": "aurora", "1f": strings.TrimPrefix(to.msisdn, "+"), "1e": "m2m.aurora.example",
		"3gpp/01": to.imsi, "3gpp/14": c.imei[:14] + "00", "3gpp/12": "99970", "3gpp/15": "\x06",
	}
	if diff := cmp.Diff(want, attributes(request)); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if e := b.event(EventAccounted, c); e.APN != "m2m.aurora.example" {
		t.Errorf("event %+v", e)
	}
	server.requests.none(t, "accounting of what was rejected", func([]byte) bool { return true })
}

func TestRADIUSIsChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{address: "127.0.0.1", secret: hidden}`: "want host:port",
		`{address: "127.0.0.1:1813"}`:            "secret is missing",
	} {
		_, err := ParseConfig(append(Sample(1, 1).YAML, "radius: "+text+"\n"...))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
