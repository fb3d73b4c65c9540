package explain

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/simota/simota/smpp"
)

// spec is one mandatory field of a PDU. limit is 0 for one octet, else the most
// octets of a C-octet string, NUL included.
type spec struct {
	name  string
	limit int
}

// address is type, plan and number of one SME.
func address(name string, limit int) []spec {
	return []spec{{name + "_ton", 0}, {name + "_npi", 0}, {name, limit}}
}

func all(parts ...[]spec) (list []spec) {
	for _, p := range parts {
		list = append(list, p...)
	}
	return list
}

const (
	shortMessage = "short_message"
	optional     = "" // from here on fields may be missing
)

// layouts are the mandatory fields of PDUs (SMPP 3.4, 4). An empty list is a
// header alone.
var layouts = func() map[smpp.Command][]spec {
	bind := all([]spec{{"system_id", 16}, {"password", 65}, {"system_type", 13}, {"interface_version", 0}}, address("addr", 41))
	bound := []spec{{optional, 0}, {"system_id", 16}}
	message := all([]spec{{"service_type", 6}}, address("source_addr", 65), address("destination_addr", 65),
		[]spec{{"esm_class", 0}, {"protocol_id", 0}, {"priority_flag", 0}, {"schedule_delivery_time", 17}, {"validity_period", 17},
			{"registered_delivery", 0}, {"replace_if_present_flag", 0}, {"data_coding", 0}, {"sm_default_msg_id", 0}, {shortMessage, 0}})
	taken := []spec{{optional, 0}, {"message_id", 65}}
	return map[smpp.Command][]spec{
		smpp.BindReceiver: bind, smpp.BindTransmitter: bind, smpp.BindTransceiver: bind,
		smpp.BindReceiver.Response(): bound, smpp.BindTransmitter.Response(): bound, smpp.BindTransceiverResp: bound,
		smpp.Outbind:  {{"system_id", 16}, {"password", 65}},
		smpp.SubmitSM: message, smpp.DeliverSM: message, smpp.SubmitSMResp: taken, smpp.DeliverSMResp: taken, smpp.DataSMResp: taken,
		smpp.DataSM: all([]spec{{"service_type", 6}}, address("source_addr", 65), address("destination_addr", 65),
			[]spec{{"esm_class", 0}, {"registered_delivery", 0}, {"data_coding", 0}}),
		smpp.QuerySM:              all([]spec{{"message_id", 65}}, address("source_addr", 21)),
		smpp.QuerySM.Response():   {{optional, 0}, {"message_id", 65}, {"final_date", 17}, {"message_state", 0}, {"error_code", 0}},
		smpp.CancelSM:             all([]spec{{"service_type", 6}, {"message_id", 65}}, address("source_addr", 21), address("destination_addr", 21)),
		smpp.CancelSM.Response():  {},
		smpp.ReplaceSM:            all([]spec{{"message_id", 65}}, address("source_addr", 21), []spec{{"schedule_delivery_time", 17}, {"validity_period", 17}, {"registered_delivery", 0}, {"sm_default_msg_id", 0}, {shortMessage, 0}}),
		smpp.ReplaceSM.Response(): {},
		smpp.AlertNotification:    all(address("source_addr", 65), address("esme_addr", 65)),
		smpp.Unbind:               {}, smpp.UnbindResp: {}, smpp.EnquireLink: {}, smpp.EnquireLinkResp: {}, smpp.GenericNack: {},
	}
}()

// pduLayout is nil for an unknown command.
func pduLayout(c smpp.Command) []spec { return layouts[c] }

// drawPDUs draws one PDU, or several in a row.
func drawPDUs(l *layer) {
	h, err := smpp.ParseHeader(l.b)
	if err != nil || int64(h.Length) >= int64(len(l.b)) || h.Length < smpp.HeaderLen {
		l.drawPDU()
		return
	}
	n := 0
	for l.left() > 0 {
		h, err := smpp.ParseHeader(l.rest())
		if err != nil || pduLayout(h.Command) == nil && n > 0 || h.Length < smpp.HeaderLen {
			break
		}
		n++
		l.sub("PDU", int(min(h.Length, uint32(l.left())))).drawPDU()
	}
	l.node.Name = "SMPP"
	l.node.set("%d PDUs", n)
	if n == 1 {
		l.node.Value = "1 PDU and other octets"
	}
	l.trailing("the last PDU")
}

// pdu collects the fields that belong together.
type pdu struct {
	header  smpp.Header
	nodes   map[string]*Node
	octet   map[string]byte
	text    map[string]string
	tlvs    map[uint16][]byte
	message *layer // of short_message or message_payload
}

func (l *layer) drawPDU() {
	h, err := smpp.ParseHeader(l.b)
	p := &pdu{header: h, nodes: map[string]*Node{}, octet: map[string]byte{}, text: map[string]string{}, tlvs: map[uint16][]byte{}}
	l.node.Name = "SMPP PDU"
	if err != nil {
		l.field("header", l.left()).say(Wrong, "%s: a header has 16", octets(len(l.b)))
		return
	}
	l.node.Value = h.Command.String()
	l.drawPDUHeader(h)
	specs, missing := pduLayout(h.Command), false
	for _, s := range specs {
		switch {
		case s.name == optional:
			missing = l.left() == 0
		case missing:
		default:
			l.drawSpec(p, s)
		}
	}
	for l.left() > 0 && specs != nil {
		if !l.drawTLV(p) {
			break
		}
	}
	if l.left() > 0 {
		l.field("body", l.left()).say(Wrong, "command_id is not known: the body is not read")
	}
	l.readMessage(p)
}

func (l *layer) drawPDUHeader(h smpp.Header) {
	_, f := l.number("command_length", 4)
	f.set("%s", octets(int(h.Length)))
	if int64(h.Length) != int64(len(l.b)) {
		f.say(Wrong, "command_length is %d, the PDU has %s", h.Length, octets(len(l.b)))
	}
	l.field("command_id", 4).Value = h.Command.String()
	f = l.field("command_status", 4)
	f.Value = smpp.StatusName(h.Status)
	switch {
	case h.Command.IsResponse() && h.Status != 0:
		f.say(Suspicious, "%s", outcomeWords(h))
	case !h.Command.IsResponse() && h.Status != 0:
		f.say(Suspicious, "a request has status 0")
	}
	_, f = l.number("sequence_number", 4)
	if h.Sequence == 0 || h.Sequence > 0x7FFFFFFF {
		f.say(Suspicious, "sequence numbers are 1 to 7FFFFFFF")
	}
}

func outcomeWords(h smpp.Header) string {
	if h.Command != smpp.SubmitSMResp && h.Command != smpp.DataSMResp {
		return "the request was refused"
	}
	if smpp.OutcomeOf(h.Status) == smpp.Temporary {
		return "not taken now; the same message may be sent again later"
	}
	return "refused: the same message will be refused again"
}

func (l *layer) drawSpec(p *pdu, s spec) {
	var f *Node
	switch {
	case s.name == shortMessage:
		n, f := l.number("sm_length", 1)
		f.set("%s", octets(n))
		if n > 0 {
			p.message = l.sub(shortMessage, n)
			p.nodes[shortMessage] = p.message.node
			if p.message.node.Length < n {
				p.message.asField()
			}
		}
		return
	case s.limit == 0:
		f = l.field(s.name, 1)
		if f.Length == 1 {
			p.octet[s.name] = f.Raw[0]
			f.Value = octetWords(s.name, f.Raw[0], p.header.Command)
		}
	default:
		f = l.drawString(s)
		p.text[s.name] = strings.TrimRight(string(f.Raw), "\x00")
		if s.name == "password" {
			f.Raw = nil
			f.Value = "not shown"
		}
	}
	p.nodes[s.name] = f
}

// drawString draws a C-octet string.
func (l *layer) drawString(s spec) *Node {
	b := l.rest()
	end := bytes.IndexByte(b[:min(len(b), s.limit)], 0)
	if end < 0 {
		f := l.field(s.name, min(len(b), s.limit))
		f.say(Wrong, "no NUL within %d octets", s.limit)
		return f
	}
	f := l.field(s.name, end+1)
	text := string(f.Raw[:end])
	switch {
	case text == "":
		f.Value = "empty"
	case s.name == "validity_period" || s.name == "schedule_delivery_time" || s.name == "final_date":
		f.Value = timeWords(text)
	default:
		f.Value = printable(text)
	}
	return f
}

// printable quotes what could steer a terminal.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) || !utf8.ValidString(s) {
		return strconv.Quote(s)
	}
	return s
}

// timeWords reads SMPP time (SMPP 3.4, 7.1.1): YYMMDDhhmmsstnnp.
func timeWords(s string) string {
	if len(s) != 16 || strings.Trim(s[:15], "0123456789") != "" {
		return printable(s) + ", not an SMPP time"
	}
	switch s[15] {
	case 'R':
		words := ""
		for i, unit := range []string{"year", "month", "day", "hour", "minute", "second"} {
			if v := strings.TrimLeft(s[2*i:2*i+2], "0"); v == "1" {
				words += " 1 " + unit
			} else if v != "" {
				words += " " + v + " " + unit + "s"
			}
		}
		return "from now:" + words
	case '+', '-':
		quarters := int(s[13]-'0')*10 + int(s[14]-'0')
		return fmt.Sprintf("20%s-%s-%s %s:%s:%s UTC%c%d:%02d", s[:2], s[2:4], s[4:6], s[6:8], s[8:10], s[10:12], s[15], quarters/4, quarters%4*15)
	}
	return printable(s) + ", not an SMPP time"
}

// drawTLV draws one optional parameter.
func (l *layer) drawTLV(p *pdu) bool {
	b := l.rest()
	if len(b) < 4 {
		l.field("TLV", len(b)).say(Wrong, "%s left, tag and length need 4", octets(len(b)))
		return true
	}
	tag, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
	name := tlvNames[tag]
	if name == "" {
		name = "TLV"
		if tag >= 0x1400 && tag <= 0x3FFF {
			name = "vendor TLV"
		}
	}
	t := l.sub(fmt.Sprintf("%s %04X", name, tag), 4+n)
	have := t.b[4:]
	if len(have) < n {
		t.asField()
		return true
	}
	if tag == smpp.TagMessagePayload {
		t.node.Children = nil
		t.pos, t.base, t.b = 0, t.base+4, have
		p.message, p.nodes[shortMessage] = t, t.node
		if n == 0 {
			t.node.Value = "empty"
		}
		return true
	}
	p.tlvs[tag] = have
	f := t.asField()
	f.Value = tlvWords(tag, have)
	if _, twice := p.nodes[name]; twice && name != "TLV" {
		f.say(Suspicious, "given twice")
	}
	p.nodes[name] = f
	if tag == smpp.TagMessageState && n != 1 {
		f.say(Wrong, "message_state has 1 octet")
	}
	return true
}
