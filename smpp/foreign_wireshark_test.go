package smpp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
	"github.com/simota/simota/smpp/smscsim"
)

// smppPort is the port of the SMSC in the capture; it is none that is open.
const smppPort = 2775

// capture writes the recording as a pcap file of TCP segments between made-up hosts.
func (r *recording) capture() []byte {
	const linkTypeIPv4, maxSegment = 228, 1400
	b := binary.LittleEndian.AppendUint32(nil, 0xA1B2C3D4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, linkTypeIPv4, 0, 0, 0)
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := map[bool]uint32{} // octets so far, by direction
	for i, c := range r.chunks {
		for rest := c.octets; len(rest) > 0; {
			part := rest[:min(len(rest), maxSegment)]
			rest = rest[len(part):]
			b = binary.LittleEndian.AppendUint32(b, uint32(i)) // seconds
			b = binary.LittleEndian.AppendUint32(b, 0)
			b = binary.LittleEndian.AppendUint32(b, uint32(40+len(part)))
			b = binary.LittleEndian.AppendUint32(b, uint32(40+len(part)))
			b = appendSegment(b, c.inbound, sent[c.inbound], sent[!c.inbound], part)
			sent[c.inbound] += uint32(len(part))
		}
	}
	return b
}

// appendSegment appends an IPv4 packet with a TCP segment, checksums left zero (RFC 791, 3.1, and RFC 9293, 3.1).
func appendSegment(b []byte, inbound bool, sequence, acknowledged uint32, data []byte) []byte {
	from, to := []byte{192, 0, 2, 1}, []byte{192, 0, 2, 2}
	fromPort, toPort := uint16(50000), uint16(smppPort)
	if inbound {
		from, to, fromPort, toPort = to, from, toPort, fromPort
	}
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(40+len(data)))
	b = append(b, 0, 0, 0x40, 0, 64, 6, 0, 0)
	b = append(append(b, from...), to...)
	b = binary.BigEndian.AppendUint16(b, fromPort)
	b = binary.BigEndian.AppendUint16(b, toPort)
	b = binary.BigEndian.AppendUint32(b, sequence+1)
	b = binary.BigEndian.AppendUint32(b, acknowledged+1)
	b = append(b, 0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0) // PSH and ACK
	return append(b, data...)
}

// dissected is a PDU as Wireshark shows it: the octets of each field in hexadecimal, by name, those of a
// field that is there several times with blanks between.
type dissected map[string]string

// field is an element of Wireshark's PDML.
type field struct {
	Name   string  `xml:"name,attr"`
	Value  string  `xml:"value,attr"`
	Fields []field `xml:"field"`
}

func (d dissected) add(fs []field) {
	for _, f := range fs {
		if strings.HasPrefix(f.Name, "smpp.") {
			d[f.Name] = strings.TrimSpace(d[f.Name] + " " + f.Value)
		}
		d.add(f.Fields)
	}
}

// tshark runs the dissector over a capture file.
func tshark(ctx context.Context, t *testing.T, path, file string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(ctx, path, append([]string{"-n", "-r", file, "-d", fmt.Sprintf("tcp.port==%d,smpp", smppPort)}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(file)) // no preferences but its own
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark %v: %v\n%s", args, err, complaints.Bytes())
	}
	return out
}

// dissect gives the PDUs of a capture file as Wireshark reads them.
func dissect(ctx context.Context, t *testing.T, path, file string) []dissected {
	t.Helper()
	var pdml struct {
		Packets []struct {
			Protocols []field `xml:"proto"`
		} `xml:"packet"`
	}
	printable := func(r rune) rune { // what tshark shows of binary text is not always XML; the octets are in another attribute
		if r == utf8.RuneError || r < ' ' && r != '\n' {
			return '?'
		}
		return r
	}
	if err := xml.Unmarshal(bytes.Map(printable, tshark(ctx, t, path, file, "-T", "pdml")), &pdml); err != nil {
		t.Fatal(err)
	}
	var pdus []dissected
	for _, packet := range pdml.Packets {
		for _, p := range packet.Protocols {
			if p.Name == "smpp" {
				d := dissected{}
				d.add(p.Fields)
				pdus = append(pdus, d)
			}
		}
	}
	return pdus
}

func TestWiresharkReadsWhatWeWrite(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	path := find(t, "tshark", "tshark")
	r := newRecording()
	said := conversation(ctx, t, r)
	file := filepath.Join(t.TempDir(), "session.pcap")
	if err := os.WriteFile(file, r.capture(), 0o600); err != nil {
		t.Fatal(err)
	}
	if bad := tshark(ctx, t, path, file, "-Y", "_ws.malformed || _ws.expert.severity == error", "-V"); len(bad) > 0 {
		t.Errorf("tshark finds errors:\n%s", bad)
	}
	pdus, headers := dissect(ctx, t, path, file), r.frames(func(bool) bool { return true })
	if len(pdus) != len(headers) {
		t.Fatalf("tshark sees %d PDUs, %d were on the wire", len(pdus), len(headers))
	}
	for i, h := range headers {
		want := dissected{"smpp.command_length": octets(h.Length), "smpp.command_id": octets(uint32(h.Command)), "smpp.sequence_number": octets(h.Sequence)}
		if h.Command.IsResponse() {
			want["smpp.command_status"] = octets(h.Status)
		}
		want.check(t, pdus[i])
		if h.Command == smpp.SubmitSM || h.Command == smpp.DeliverSM || h.Command == smpp.DataSM {
			if len(said) == 0 {
				t.Fatalf("one %v more than was said", h.Command)
			}
			said[0].check(t, pdus[i])
			said = said[1:]
		}
	}
	if len(said) > 0 {
		t.Errorf("%d messages are missing", len(said))
	}
}

func octets(v uint32) string { return fmt.Sprintf("%08x", v) }

// check reports the fields of d that Wireshark read otherwise.
func (d dissected) check(t *testing.T, got dissected) {
	t.Helper()
	for name, want := range d {
		if got[name] != want {
			t.Errorf("Wireshark reads %s as %q, sent was %q, in %v", name, got[name], want, got)
		}
	}
}

// said is what a message looks like in a dissection, by the sender's intent.
func said(source, destination smpp.Address, esmClass, dcs byte, text []byte, tlvs ...smscsim.TLV) dissected {
	d := dissected{
		"smpp.source_addr_ton": fmt.Sprintf("%02x", source.TON), "smpp.source_addr_npi": fmt.Sprintf("%02x", source.NPI),
		"smpp.source_addr":   fmt.Sprintf("%x00", source.Number),
		"smpp.dest_addr_ton": fmt.Sprintf("%02x", destination.TON), "smpp.dest_addr_npi": fmt.Sprintf("%02x", destination.NPI),
		"smpp.destination_addr":    fmt.Sprintf("%x00", destination.Number),
		"smpp.esm.submit.msg_mode": fmt.Sprintf("%X", esmClass&3), "smpp.esm.submit.msg_type": fmt.Sprintf("%X", esmClass>>2&15),
		"smpp.esm.submit.features": fmt.Sprintf("%X", esmClass>>6),
		"smpp.data_coding":         fmt.Sprintf("%02x", dcs),
	}
	if text != nil {
		d["smpp.message"], d["smpp.sm_length"] = fmt.Sprintf("%x", text), fmt.Sprintf("%02x", len(text))
	}
	var tags, lengths []string
	for _, v := range tlvs {
		tags, lengths = append(tags, fmt.Sprintf("%04x", v.Tag)), append(lengths, fmt.Sprintf("%04x", len(v.Value)))
		if v.Tag == smpp.TagMessagePayload {
			d["smpp.message_payload"] = fmt.Sprintf("%x", v.Value)
		}
	}
	d["smpp.opt_param_tag"], d["smpp.opt_param_len"] = strings.Join(tags, " "), strings.Join(lengths, " ")
	return d
}

// pattern gives n octets, no two neighbours alike.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*37 + n)
	}
	return b
}

// conversation has a link and a simulator say all they can say to each other, and returns the messages in order.
func conversation(ctx context.Context, t *testing.T, r *recording) []dissected {
	t.Helper()
	srv, sent := simulator(t, smscsim.Config{})
	x := start(t, smpp.Config{Address: srv.Addr(), Dial: r.dial, EnquireInterval: 50 * time.Millisecond}, newRecorder())
	x.rises(ctx, t, 1)
	all := submissions(ctx, t, x)
	m := next(ctx, t, "submit_sm", sent)
	if _, err := srv.SendReceipt(ctx, "ota1", smscsim.ReceiptOut{MessageID: m.MessageID, Source: m.Source, Destination: m.Destination, State: receipt.Undeliverable, Err: 0x1B}); err != nil {
		t.Fatal(err)
	}
	id := append([]byte(m.MessageID), 0)
	d := said(m.Destination, m.Source, 0x04, 0, nil, smscsim.TLV{Tag: 0x001E, Value: id}, smscsim.TLV{Tag: 0x0427, Value: []byte{5}}, smscsim.TLV{Tag: 0x0423, Value: []byte{3, 0, 0x1B}})
	d["smpp.receipted_message_id"], d["smpp.message_state"] = fmt.Sprintf("%x", id), "05"
	all = append(append(all, d), deliveries(ctx, t, srv)...)
	r.sees(ctx, t, smpp.EnquireLinkResp)
	x.stop()
	if err := next(ctx, t, "end of the link", x.done); err != nil {
		t.Error(err)
	}
	return all
}

// submissions submits one message after the other.
func submissions(ctx context.Context, t *testing.T, x *running) (all []dissected) {
	t.Helper()
	command := message(1)
	copy(command.UserData[3:], pattern(137))
	command.Validity = 15 * time.Minute
	text := smpp.Message{Source: smpp.Address{TON: 5, Number: "SIMOTA"}, Destination: smpp.Address{TON: 2, NPI: 8, Number: "11900000017"}, UserData: []byte("hello"), DataCoding: 4}
	longest := smpp.Message{Destination: smpp.Address{NPI: 1, Number: "12345678901234567890"}, UserData: pattern(254), DataCoding: 8, RegisteredDelivery: 0x11}
	for _, m := range []smpp.Message{command, text, longest} {
		if n, err := x.Submit(ctx, []smpp.Message{m}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if r := x.result(ctx, t); r.Outcome != smpp.Accepted {
			t.Fatalf("result %+v", r)
		}
		var esmClass byte
		if m.UDHI {
			esmClass = 0x40
		}
		d := said(m.Source, m.Destination, esmClass, m.DataCoding, m.UserData)
		d["smpp.protocol_id"] = fmt.Sprintf("%02x", m.ProtocolID)
		d["smpp.regdel.receipt"], d["smpp.regdel.notif"] = fmt.Sprint(m.RegisteredDelivery&3), fmt.Sprint(m.RegisteredDelivery>>4)
		d["smpp.validity_period_r"] = "00"
		if m.Validity > 0 {
			d["smpp.validity_period_r"] = fmt.Sprintf("%x00", "000000001500000R")
		}
		all = append(all, d)
	}
	return all
}

// deliveries has the simulator deliver one message after the other, in every form it has.
func deliveries(ctx context.Context, t *testing.T, srv *smscsim.Server) (all []dissected) {
	t.Helper()
	card, us := smpp.Address{TON: 1, NPI: 1, Number: "5511900000017"}, smpp.Address{NPI: 1, Number: "7000"}
	proof := append([]byte{2, 0x71, 0}, pattern(20)...)
	payload := func(b []byte) []smscsim.TLV { return []smscsim.TLV{{Tag: smpp.TagMessagePayload, Value: b}} }
	vendor := []smscsim.TLV{{Tag: 0x1501, Value: pattern(7)}}
	for _, c := range []struct {
		mo   smscsim.MO
		text []byte        // in short_message
		tlvs []smscsim.TLV // beside or instead of it
	}{
		{smscsim.MO{UserData: proof, ESMClass: 0x40, ProtocolID: 0x7F, DataCoding: 0xF6}, proof, nil},
		{smscsim.MO{UserData: proof, ESMClass: 0x44, TLVs: vendor}, proof, vendor},
		{smscsim.MO{UserData: pattern(3000), DataCoding: 4}, nil, payload(pattern(3000))},
		{smscsim.MO{UserData: proof, ESMClass: 0x40, DataCoding: 0xF6, DataSM: true}, nil, payload(proof)},
	} {
		c.mo.Source, c.mo.Destination = card, us
		if status, err := srv.Deliver(ctx, "ota1", c.mo); status != smpp.StatusOK || err != nil {
			t.Fatal(status, err)
		}
		all = append(all, said(card, us, c.mo.ESMClass, c.mo.DataCoding, c.text, c.tlvs...))
	}
	return all
}
