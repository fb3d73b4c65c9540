package smpp

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutlv"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func messages() *rapid.Generator[Message] {
	return rapid.Custom(func(t *rapid.T) Message {
		address := func(name string, least int) Address {
			return Address{
				TON: rapid.ByteRange(0, 6).Draw(t, name+" TON"), NPI: rapid.ByteRange(0, 18).Draw(t, name+" NPI"),
				Number: rapid.StringOfN(rapid.RuneFrom([]rune("0123456789abcXYZ*# ")), least, 20, 20).Draw(t, name),
			}
		}
		m := Message{
			Source: address("source", 0), Destination: address("destination", 1),
			UserData:   rapid.SliceOfN(rapid.Byte(), 0, 254).Draw(t, "user data"),
			ProtocolID: rapid.Byte().Draw(t, "PID"), DataCoding: rapid.Byte().Draw(t, "DCS"),
			RegisteredDelivery: rapid.Byte().Draw(t, "registered delivery"),
			Validity:           time.Duration(rapid.Int64Range(0, int64(40*24*time.Hour)).Draw(t, "validity")),
		}
		if m.SAR.Total = rapid.ByteRange(0, 3).Draw(t, "parts"); m.SAR.Total > 0 {
			m.SAR.Reference, m.SAR.Segment = rapid.Uint16().Draw(t, "SAR reference"), rapid.ByteRange(1, m.SAR.Total).Draw(t, "segment")
		}
		m.ID = rapid.Int64().Draw(t, "ID")
		m.UDHI = len(m.UserData) > 0 && int(m.UserData[0]) < len(m.UserData)
		return m
	})
}

var (
	epoch = time.Date(2026, 12, 31, 23, 59, 30, 1, time.FixedZone("", -3*3600))
	plain = newTemplate(Profile{}, version34)
)

func profiles() *rapid.Generator[Profile] {
	return rapid.Custom(func(t *rapid.T) Profile {
		p := Profile{
			ServiceType: rapid.StringOfN(rapid.RuneFrom([]rune("CMTVP")), 0, 5, 5).Draw(t, "service type"),
			MessageMode: rapid.ByteRange(0, 3).Draw(t, "mode"), Priority: rapid.ByteRange(0, 3).Draw(t, "priority"),
			Payload: rapid.Bool().Draw(t, "payload"), AbsoluteValidity: rapid.Bool().Draw(t, "absolute"),
			NoValidity: rapid.Bool().Draw(t, "no validity"), UserMessageReference: rapid.Bool().Draw(t, "reference"),
		}
		if rapid.Bool().Draw(t, "TLV") {
			p.TLVs = []TLV{{rapid.Uint16Range(0x1400, 0x3FFF).Draw(t, "tag"), rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(t, "value")}}
		}
		return p
	})
}

// optional are the optional parameters m should have, as go-smpp takes them.
func optional(p Profile, m Message) pdutlv.Fields {
	tlvs := pdutlv.Fields{}
	if p.UserMessageReference {
		tlvs[0x0204] = []byte{byte(m.ID >> 8), byte(m.ID)}
	}
	if m.SAR.Total > 0 {
		tlvs[0x020C] = []byte{byte(m.SAR.Reference >> 8), byte(m.SAR.Reference)}
		tlvs[0x020E], tlvs[0x020F] = []byte{m.SAR.Total}, []byte{m.SAR.Segment}
	}
	if p.Payload {
		tlvs[0x0424] = m.UserData
	}
	for _, v := range p.TLVs {
		tlvs[pdutlv.Tag(v.Tag)] = v.Value
	}
	return tlvs
}

func validity(p Profile, d time.Duration) string {
	const month = 30 * 24 * time.Hour
	d = min(d, month)
	switch s := int(math.Ceil(d.Seconds())); {
	case s == 0 || p.NoValidity:
		return ""
	case p.AbsoluteValidity:
		return epoch.Add(d+time.Second-1).UTC().Format("060102150405") + "000+"
	default:
		return fmt.Sprintf("0000%02d%02d%02d%02d000R", s/86400, s/3600%24, s/60%60, s%60)
	}
}

// reference builds the same submit_sm with go-smpp.
func reference(t *rapid.T, p Profile, m Message, sequence uint32, tlvs pdutlv.Fields) []byte {
	body := pdu.NewSubmitSM(tlvs)
	body.Header().Seq = sequence
	esmClass := p.MessageMode
	if m.UDHI {
		esmClass |= 0x40
	}
	text := m.UserData
	if p.Payload {
		text = nil
	}
	for name, v := range map[pdufield.Name]any{
		pdufield.SourceAddrTON: m.Source.TON, pdufield.SourceAddrNPI: m.Source.NPI, pdufield.SourceAddr: m.Source.Number,
		pdufield.DestAddrTON: m.Destination.TON, pdufield.DestAddrNPI: m.Destination.NPI, pdufield.DestinationAddr: m.Destination.Number,
		pdufield.ESMClass: esmClass, pdufield.ProtocolID: m.ProtocolID, pdufield.RegisteredDelivery: m.RegisteredDelivery,
		pdufield.ServiceType: p.ServiceType, pdufield.PriorityFlag: p.Priority, pdufield.ValidityPeriod: validity(p, m.Validity),
		pdufield.ShortMessage: text, pdufield.DataCoding: m.DataCoding,
	} {
		if err := body.Fields().Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := body.SerializeTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSubmitIsWhatGoSMPPEncodesAndDecodes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, m := profiles().Draw(t, "profile"), messages().Draw(t, "message")
		sequence := rapid.Uint32Range(1, maxSequence).Draw(t, "sequence")
		got, err := newTemplate(p, version34).append([]byte("before"), sequence, &m, epoch)
		if err != nil {
			t.Fatal(err)
		}
		got = got[len("before"):]
		tlvs := optional(p, m)
		if len(tlvs) <= 1 { // go-smpp writes more of them in random order
			if diff := cmp.Diff(reference(t, p, m, sequence, tlvs), got); diff != "" {
				t.Fatalf("octets differ from go-smpp's: %s", diff)
			}
		}
		body, err := pdu.Decode(bytes.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		read := map[pdutlv.Tag]any{}
		for tag, v := range body.TLVFields() {
			read[tag] = v.Bytes()
		}
		if diff := cmp.Diff(map[pdutlv.Tag]any(tlvs), read); diff != "" {
			t.Fatalf("go-smpp reads other optional parameters: %s", diff)
		}
		f := body.Fields()
		if text := f[pdufield.ShortMessage].Bytes(); !bytes.Equal(text, m.UserData) && !p.Payload || p.Payload && len(text) > 0 {
			t.Fatalf("go-smpp reads short_message %x", text)
		}
		if body.Header().ID != pdu.SubmitSMID || body.Header().Seq != sequence ||
			f[pdufield.DestinationAddr].String() != m.Destination.Number || f[pdufield.SourceAddr].String() != m.Source.Number ||
			f[pdufield.DataCoding].Bytes()[0] != m.DataCoding || f[pdufield.PriorityFlag].Bytes()[0] != p.Priority ||
			f[pdufield.ProtocolID].Bytes()[0] != m.ProtocolID || (f[pdufield.ESMClass].Bytes()[0]&0x40 != 0) != m.UDHI {
			t.Fatalf("go-smpp reads %v", f)
		}
	})
}

func TestSubmitRefusesWhatHasNoFrame(t *testing.T) {
	t.Parallel()
	ok := Message{Destination: Address{1, 1, "5511900000017"}, UserData: []byte{2, 0x71, 0, 1}, UDHI: true}
	for name, change := range map[string]func(*Message){
		"no destination":      func(m *Message) { m.Destination.Number = "" },
		"long destination":    func(m *Message) { m.Destination.Number = strings.Repeat("5", 21) },
		"NUL in source":       func(m *Message) { m.Source.Number = "1\x002" },
		"255 octets":          func(m *Message) { m.UserData = make([]byte, 255) },
		"segment 0":           func(m *Message) { m.SAR = SAR{Total: 2} },
		"segment 3 of 2":      func(m *Message) { m.SAR = SAR{Total: 2, Segment: 3} },
		"header without data": func(m *Message) { m.UserData = nil },
		"header over the end": func(m *Message) { m.UserData = []byte{4, 0x71, 0, 1} },
		"validity over":       func(m *Message) { m.Validity = -time.Second },
	} {
		m := ok
		change(&m)
		if b, err := plain.append([]byte{7}, 1, &m, epoch); err == nil || len(b) != 1 {
			t.Errorf("%s: %d octets, error %v", name, len(b), err)
		}
	}
	if _, err := plain.append(nil, 1, &ok, epoch); err != nil {
		t.Error(err)
	}
	payload := newTemplate(Profile{Payload: true}, version34)
	for n, fits := range map[int]bool{255: true, 65535: true, 65536: false} {
		ok.UserData = append([]byte{2, 0x71, 0}, make([]byte, n-3)...)
		if _, err := payload.append(nil, 1, &ok, epoch); (err == nil) != fits {
			t.Errorf("message_payload of %d octets: %v", n, err)
		}
	}
}

func TestValidityIsRelativeAndRoundedUp(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "", 1: "000000000001000R", 15 * time.Minute: "000000001500000R", time.Second + 1: "000000000002000R",
		26*time.Hour + 3*time.Minute + 4*time.Second: "000001020304000R", 90 * 24 * time.Hour: "000030000000000R",
	} {
		if got := string(new(template).appendValidity(nil, d, epoch)); got != want+"\x00" {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestEveryControlFrameDecodesWithGoSMPP(t *testing.T) {
	t.Parallel()
	for c, body := range map[Command][]byte{
		EnquireLink: nil, EnquireLinkResp: nil, Unbind: nil, UnbindResp: nil, GenericNack: nil, DeliverSMResp: {0},
	} {
		p, err := pdu.Decode(bytes.NewReader(AppendFrame(nil, c, 3, 77, body)))
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		if h := p.Header(); uint32(h.ID) != uint32(c) || h.Seq != 77 || h.Status != 3 {
			t.Errorf("%v: header %+v", c, h)
		}
	}
	for r, id := range map[role]pdu.ID{transceiver: pdu.BindTransceiverID, transmitter: pdu.BindTransmitterID, receiver: pdu.BindReceiverID} {
		l, err := NewLink(Config{Name: "n", Address: "h:1", SystemID: "ota1", Password: "pw", SystemType: "OTA"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		frame, err := l.bindRequest(r)
		if err != nil {
			t.Fatal(err)
		}
		want := append(AppendFrame(nil, Command(id), 0, 1, nil), "ota1\x00pw\x00OTA\x00\x34\x00\x00\x00"...)
		want[3] = byte(len(want))
		if !bytes.Equal(frame, want) {
			t.Errorf("%v: %x, want %x", id, frame, want)
		}
	}
}

func deliverFrame(t testing.TB, c Command, body string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(body), ""))
	if err != nil {
		t.Fatal(err)
	}
	return AppendFrame(nil, c, 0, 9, b)
}

const (
	headBody = "00 0101 3437353800 0101 3500 40 7F 00 00 00 00 00 F6 00" // deliver_sm up to sm_length
	dataBody = "00 0101 3437353800 0101 3500 40 00 F6"                   // data_sm up to its TLVs
)

func TestParseDeliveryReadsEveryShape(t *testing.T) {
	t.Parallel()
	base := Delivery{Sequence: 9, Source: Address{1, 1, "4758"}, Destination: Address{1, 1, "5"}, ESMClass: 0x40, ProtocolID: 0x7F, DataCoding: 0xF6}
	por := []byte{2, 0x71, 0, 0, 0x0E}
	for name, c := range map[string]struct {
		frame []byte
		want  func(*Delivery)
	}{
		"short_message keeps its header": {deliverFrame(t, DeliverSM, headBody+"05 027100000E"), func(d *Delivery) { d.UserData = por }},
		"message_payload":                {deliverFrame(t, DeliverSM, headBody+"00 0424 0005 027100000E"), func(d *Delivery) { d.UserData = por }},
		"data_sm":                        {deliverFrame(t, DataSM, dataBody+"0424 0005 027100000E"), func(d *Delivery) { d.UserData = por; d.ProtocolID = 0 }},
		"receipt TLVs and a vendor's": {deliverFrame(t, DeliverSM, headBody+"00 001E 0003 374600 0204 0002 0102 0427 0001 02 1400 0002 CAFE 0423 0003 030022"),
			func(d *Delivery) {
				d.UserData, d.ReceiptedMessageID, d.MessageState, d.NetworkErrorCode = []byte{}, "7F", 2, []byte{3, 0, 0x22}
				d.HasReference, d.UserMessageReference = true, 0x0102
			}},
	} {
		got, err := ParseDelivery(c.frame)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := base
		want.PDU = c.frame
		c.want(&want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	d, err := ParseDelivery(deliverFrame(t, DeliverSM, headBody+"00 0427 0001 02 1400 0002 CAFE"))
	if v, ok := d.TLV(0x1400); err != nil || !ok || !bytes.Equal(v, []byte{0xCA, 0xFE}) {
		t.Errorf("TLV 1400 = %x, %v, %v", v, ok, err)
	}
	if v, ok := d.TLV(0x1401); ok {
		t.Errorf("TLV 1401 = %x, there is none", v)
	}
}

func TestParseDeliveryIsStrict(t *testing.T) {
	t.Parallel()
	good := deliverFrame(t, DeliverSM, headBody+"02 0102")
	for n := range good {
		if _, err := ParseDelivery(good[:n]); err == nil {
			t.Errorf("first %d octets of %d: no error", n, len(good))
		}
		cut := bytes.Clone(good[:n])
		if n >= HeaderLen {
			cut[2], cut[3] = 0, byte(n)
			if _, err := ParseDelivery(cut); err == nil {
				t.Errorf("body cut to %d octets: no error", n-HeaderLen)
			}
		}
	}
	for name, frame := range map[string][]byte{
		"one octet over":   deliverFrame(t, DeliverSM, headBody+"02 0102 00"),
		"TLV over the end": deliverFrame(t, DeliverSM, headBody+"00 0424 0005 0271"),
		"two texts":        deliverFrame(t, DeliverSM, headBody+"01 05 0424 0001 06"),
		"long state":       deliverFrame(t, DeliverSM, headBody+"00 0427 0002 0202"),
		"long id":          deliverFrame(t, DeliverSM, headBody+"00 001E 0041"+strings.Repeat("37", 65)),
		"submit_sm":        deliverFrame(t, SubmitSM, headBody+"00"),
	} {
		if d, err := ParseDelivery(frame); err == nil {
			t.Errorf("%s: no error, %+v", name, d)
		}
	}
}

func TestFrameReaderSkipsWhatIsTooLong(t *testing.T) {
	t.Parallel()
	long := AppendFrame(nil, DataSM, 0, 5, make([]byte, MaxFrame))
	r := NewFrameReader(io.MultiReader(bytes.NewReader(long), bytes.NewReader(AppendFrame(nil, EnquireLink, 0, 6, nil))))
	if h, _, err := r.Next(); !errors.Is(err, ErrFrameTooLong) || h.Sequence != 5 {
		t.Errorf("long frame: %+v, %v", h, err)
	}
	if h, b, err := r.Next(); err != nil || h.Sequence != 6 || len(b) != HeaderLen {
		t.Errorf("frame behind it: %+v, %d octets, %v", h, len(b), err)
	}
	for _, n := range []byte{0, 15} {
		if _, _, err := NewFrameReader(bytes.NewReader(append([]byte{0, 0, 0, n}, make([]byte, 12)...))).Next(); !errors.Is(err, ErrFraming) {
			t.Errorf("command_length %d: %v", n, err)
		}
	}
}

func TestFrameReaderReadsTheLongestFrame(t *testing.T) {
	t.Parallel()
	long := AppendFrame(nil, DataSM, 0, 5, bytes.Repeat([]byte{7}, MaxFrame-HeaderLen))
	r := NewFrameReader(bytes.NewReader(append(AppendFrame(nil, EnquireLink, 0, 4, nil), long...)))
	if h, _, err := r.Next(); err != nil || h.Sequence != 4 {
		t.Errorf("%+v, %v", h, err)
	}
	if h, b, err := r.Next(); err != nil || h.Sequence != 5 || !bytes.Equal(b, long) {
		t.Errorf("%+v, %d octets, %v", h, len(b), err)
	}
	if _, _, err := r.Next(); err != io.EOF {
		t.Errorf("behind the end: %v", err)
	}
}

func TestRestIsWhatArrivedOfFurtherWholeFrames(t *testing.T) {
	t.Parallel()
	frames := AppendFrame(AppendFrame(AppendFrame(nil, EnquireLink, 0, 1, nil), EnquireLink, 0, 2, []byte{9}), Unbind, 0, 3, nil)
	r := NewFrameReader(bytes.NewReader(append(frames, 0, 0, 0, 17, 0)))
	_, first, err := r.Next()
	if rest := r.rest(); err != nil || !bytes.Equal(first, frames[:16]) || !bytes.Equal(rest, frames[16:]) {
		t.Errorf("%x and %x, %v", first, rest, err)
	}
	if _, _, err := r.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the cut frame: %v", err)
	}
}

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Address{
		"+5511900000017": {1, 1, "5511900000017"}, "7000": {0, 1, "7000"}, "*100#": {0, 1, "*100#"}, "Aurora": {5, 0, "Aurora"},
	} {
		got, err := ParseAddress(s)
		if err != nil || got != want || got.String() != s {
			t.Errorf("ParseAddress(%q) = %+v (%s), %v", s, got, got, err)
		}
	}
	for _, s := range []string{"", "+", "+12a", strings.Repeat("1", 21), "twelve chars", "näe"} {
		if a, err := ParseAddress(s); err == nil {
			t.Errorf("ParseAddress(%q) = %+v, want an error", s, a)
		}
	}
}

func TestSecretNeverShows(t *testing.T) {
	t.Parallel()
	cfg := Config{Name: "n", Address: "h:1", SystemID: "s", Password: "hunter2"}
	cfg.Outbind = &OutbindListener{Listen: "h:1", SystemID: "smsc", Password: "hunter2"}
	l, err := NewLink(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	j, err := json.Marshal(cfg.Password)
	if err != nil {
		t.Fatal(err)
	}
	out := string(j) + fmt.Sprintf("%+v %#v", cfg.Outbind, *cfg.Outbind) + fmt.Sprintf("%v %+v %#v %s %q %x %d", cfg, cfg, cfg, cfg.Password, cfg.Password, cfg.Password, cfg.Password) +
		fmt.Sprintf("%v %+v %#v", l, l, struct{ *Link }{l})
	if strings.Contains(out, "hunter2") || strings.Contains(out, hex.EncodeToString([]byte("hunter2"))) {
		t.Error("the password shows")
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	ok := Config{Name: "n", Address: "h:1", SystemID: "s"}
	for name, change := range map[string]func(*Config){
		"no name": func(c *Config) { c.Name = "" }, "no port": func(c *Config) { c.Address = "h" },
		"no system_id": func(c *Config) { c.SystemID = "" }, "long system_id": func(c *Config) { c.SystemID = strings.Repeat("s", 16) },
		"NUL": func(c *Config) { c.Password = "a\x00" }, "negative window": func(c *Config) { c.Window = -1 },
		"version": func(c *Config) { c.Version = 0x35 }, "long address range": func(c *Config) { c.AddressRange = strings.Repeat("5", 41) },
		"service_type": func(c *Config) { c.Submit.ServiceType = "SIXSIX" }, "mode": func(c *Config) { c.Submit.MessageMode = 4 },
		"priority": func(c *Config) { c.Submit.Priority = 4 }, "TLVs": func(c *Config) { c.Submit.TLVs = []TLV{{0x1400, make([]byte, 1021)}} },
		"payload in 3.3":    func(c *Config) { c.Version, c.Submit.Payload = 0x33, true },
		"reference in 3.3":  func(c *Config) { c.Version, c.Submit.UserMessageReference = 0x33, true },
		"outbind address":   func(c *Config) { c.Outbind = &OutbindListener{Listen: "h", SystemID: "s", Password: "p"} },
		"outbind system_id": func(c *Config) { c.Outbind = &OutbindListener{Listen: "h:1", Password: "p"} },
		"outbind password":  func(c *Config) { c.Outbind = &OutbindListener{Listen: "h:1", SystemID: "s"} },
		"outbind over TLS": func(c *Config) {
			c.TLS, c.Outbind = &tls.Config{}, &OutbindListener{Listen: "h:1", SystemID: "s", Password: "p"}
		},
		"negative timeout": func(c *Config) { c.IdleTimeout = -1 },
	} {
		c := ok
		change(&c)
		if _, err := NewLink(c, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSequencesStayLegalAndDifferFromUseToUse(t *testing.T) {
	t.Parallel()
	l, err := NewLink(Config{Name: "n", Address: "h:1", SystemID: "s", Window: 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(l, &wire{}, transceiver)
	for i := range s.slots {
		s.slots[i].generation = maxSequence/5 - 3
		last := uint32(0)
		for range 8 {
			n := s.next(i)
			if n == 0 || n > maxSequence || n == last || int(n-1)%5 != i {
				t.Fatalf("slot %d: sequence %#x after %#x", i, n, last)
			}
			last = n
		}
	}
}
