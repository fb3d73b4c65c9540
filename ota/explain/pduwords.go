package explain

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// tlvNames are the optional parameters of SMPP 3.4, 5.3.2.
var tlvNames = map[uint16]string{
	0x0005: "dest_addr_subunit", 0x0006: "dest_network_type", 0x0007: "dest_bearer_type", 0x0008: "dest_telematics_id", 0x000D: "source_addr_subunit",
	0x000E: "source_network_type", 0x000F: "source_bearer_type", 0x0010: "source_telematics_id", 0x0017: "qos_time_to_live", 0x0019: "payload_type",
	0x001D: "additional_status_info_text", 0x001E: "receipted_message_id", 0x0030: "ms_msg_wait_facilities", 0x0201: "privacy_indicator",
	0x0202: "source_subaddress", 0x0203: "dest_subaddress", 0x0204: "user_message_reference", 0x0205: "user_response_code", 0x020A: "source_port",
	0x020B: "destination_port", 0x020C: "sar_msg_ref_num", 0x020D: "language_indicator", 0x020E: "sar_total_segments", 0x020F: "sar_segment_seqnum",
	0x0210: "sc_interface_version", 0x0302: "callback_num_pres_ind", 0x0303: "callback_num_atag", 0x0304: "number_of_messages", 0x0381: "callback_num",
	0x0420: "dpf_result", 0x0421: "set_dpf", 0x0422: "ms_availability_status", 0x0423: "network_error_code", 0x0424: "message_payload",
	0x0425: "delivery_failure_reason", 0x0426: "more_messages_to_send", 0x0427: "message_state", 0x0501: "ussd_service_op", 0x1201: "display_time",
	0x1203: "sms_signal", 0x1204: "ms_validity", 0x130C: "alert_on_message_delivery", 0x1380: "its_reply_type", 0x1383: "its_session_info",
}

var networkTypes = map[byte]string{1: "ANSI-136", 2: "IS-95", 3: "GSM"}

func tlvWords(tag uint16, v []byte) string {
	switch {
	case tag == smpp.TagReceiptedMessageID || tag == 0x001D:
		return printable(strings.TrimRight(string(v), "\x00"))
	case tag == smpp.TagMessageState && len(v) == 1:
		return receipt.OnWire(v[0]).String()
	case tag == smpp.TagNetworkErrorCode && len(v) == 3:
		return fmt.Sprintf("%s error %d", orNumber(networkTypes[v[0]], v[0]), binary.BigEndian.Uint16(v[1:]))
	case tag == 0x0210 && len(v) == 1:
		return version(v[0])
	case len(v) == 1:
		return fmt.Sprint(v[0])
	case len(v) == 2:
		return fmt.Sprint(binary.BigEndian.Uint16(v))
	case len(v) == 4:
		return fmt.Sprint(binary.BigEndian.Uint32(v))
	}
	return octets(len(v))
}

func orNumber(word string, v byte) string {
	if word != "" {
		return word
	}
	return fmt.Sprintf("type %d", v)
}

func version(v byte) string { return fmt.Sprintf("SMPP %d.%d", v>>4, v&0x0F) }

var tonWords = map[byte]string{0: "unknown", 1: "international", 2: "national", 3: "network specific", 4: "subscriber", 5: "alphanumeric", 6: "abbreviated"}

var npiWords = map[byte]string{0: "unknown", 1: "ISDN (E.164)", 3: "data (X.121)", 4: "telex", 6: "land mobile (E.212)", 8: "national", 9: "private", 10: "ERMES", 14: "internet (IP)", 18: "WAP client id"}

// octetWords says what a field of one octet means.
func octetWords(name string, v byte, c smpp.Command) string {
	switch {
	case strings.HasSuffix(name, "_ton"):
		return orNumber(tonWords[v], v)
	case strings.HasSuffix(name, "_npi"):
		return orNumber(npiWords[v], v)
	}
	switch name {
	case "esm_class":
		return esmClassWords(v, c == smpp.SubmitSM)
	case "registered_delivery":
		return registeredWords(v)
	case "data_coding":
		return dataCodingWords(v)
	case "protocol_id":
		return pidWords(v)
	case "interface_version":
		return version(v)
	case "message_state":
		return receipt.OnWire(v).String()
	}
	return fmt.Sprint(v)
}

// esmClassWords says what esm_class asks or tells (SMPP 3.4, 5.2.12).
func esmClassWords(v byte, submit bool) string {
	var words []string
	if submit {
		words = append(words, [...]string{"default mode", "datagram mode", "transaction mode", "store and forward mode"}[v&0x03])
	}
	switch v & 0x3C {
	case 0x00:
		words = append(words, "ordinary message")
	case 0x04:
		words = append(words, "delivery receipt")
	case 0x08:
		words = append(words, "delivery acknowledgement of the SME")
	case 0x10:
		words = append(words, "manual acknowledgement of the SME")
	case 0x18:
		words = append(words, "conversation abort")
	case 0x20:
		words = append(words, "intermediate notification")
	default:
		words = append(words, fmt.Sprintf("message type %02X", v&0x3C))
	}
	if v&0x40 != 0 {
		words = append(words, "with user data header (UDHI)")
	}
	if v&0x80 != 0 {
		words = append(words, "reply path")
	}
	return strings.Join(words, ", ")
}

// registeredWords says which receipts are asked for (SMPP 3.4, 5.2.17).
func registeredWords(v byte) string {
	words := [...]string{"no receipt", "receipt of success and failure", "receipt of failure only", "receipt of success only"}[v&0x03]
	if v&0x0C != 0 {
		words += [...]string{"", ", acknowledgement of the SME", ", manual acknowledgement", ", both acknowledgements"}[v>>2&0x03]
	}
	if v&0x10 != 0 {
		words += ", intermediate notifications"
	}
	return words
}

// dataCodingWords says what SMPP reads in data_coding (SMPP 3.4, 5.2.19); from
// F0 on it is the DCS of 3GPP TS 23.038.
func dataCodingWords(v byte) string {
	switch v {
	case 0x00:
		return "default alphabet of the SMSC"
	case 0x01:
		return "ASCII"
	case 0x02, 0x04:
		return "8 bit, no class"
	case 0x03:
		return "Latin 1"
	case 0x06:
		return "ISO 8859-5"
	case 0x08:
		return "UCS2"
	}
	if v < 0x10 {
		return fmt.Sprintf("alphabet %d", v)
	}
	return dcsWords(v)
}

// readMessage draws what a PDU carries, once all its fields are known.
func (l *layer) readMessage(p *pdu) {
	source, hasSource := p.nodes["source_addr"]
	class, isMessage := p.octet["esm_class"]
	if !isMessage {
		return
	}
	l.node.Value = fmt.Sprintf("%s from %s to %s", p.header.Command, number(p, "source_addr"), number(p, "destination_addr"))
	if p.message == nil || len(p.message.b) == 0 || p.message.node.Raw != nil {
		p.receipt(l, class, nil)
		return
	}
	m := p.message
	text := m.b
	c, drawn := p.drawContent(m, class)
	if !drawn {
		p.drawPlain(m)
		p.receipt(l, class, text)
	} else if class&0x3C != 0 || p.tlvs[smpp.TagReceiptedMessageID] != nil {
		p.receipt(l, class, nil)
	}
	t := transport{pid: p.nodes["protocol_id"], dcs: p.nodes["data_coding"], smpp: true, toCard: p.header.Command == smpp.SubmitSM || p.header.Command == smpp.DataSM}
	t.check(c)
	if c.secured() {
		if _, sar := p.tlvs[0x020C]; sar {
			p.nodes[tlvNames[0x020C]].say(Wrong, "SAR parameters do not reach a card: concatenation belongs into the user data header")
		}
		if p.octet["source_addr_ton"] == 5 && hasSource && c.command && c.header.SPI.PoR() != 0 && c.header.SPI.PoRBySubmit() {
			source.say(Suspicious, "the card is to answer by SMS, and cannot to an alphanumeric address")
		}
	}
}

// number is one address in words.
func number(p *pdu, name string) string {
	n := p.text[name]
	switch {
	case n == "":
		return "(none)"
	case p.octet[name+"_ton"] == 1:
		return printable("+" + n)
	}
	return printable(n)
}

// drawContent draws user data with a header, whether or not esm_class tells of
// it.
func (p *pdu) drawContent(m *layer, class byte) (c carried, drawn bool) {
	score, _ := fitsUserData(m.b)
	udhi := class&0x40 != 0
	if !udhi && score < certain {
		return carried{}, false
	}
	name := m.node.Name
	c = m.drawMessage()
	m.node.Name, m.node.Value = name, fmt.Sprintf("%s: %s", octets(len(m.b)), c.words())
	m.trailing("the message")
	if !udhi {
		p.nodes["esm_class"].say(Wrong, "the message has a user data header, but esm_class has no UDHI (40): the header would arrive as text")
	}
	return c, true
}

// drawPlain draws a message without header.
func (p *pdu) drawPlain(m *layer) {
	f := m.asField()
	dc := p.octet["data_coding"]
	if words, ok := textOf(m.b, dc); ok {
		f.Value = words
		return
	}
	f.Value = octets(len(m.b))
}

// receipt draws what a delivery receipt says.
func (p *pdu) receipt(l *layer, class byte, text []byte) {
	f := receipt.Fields{
		ESMClass: class, DataCoding: p.octet["data_coding"], Text: text, ReceiptedID: string(p.tlvs[smpp.TagReceiptedMessageID]),
		NetworkError: p.tlvs[smpp.TagNetworkErrorCode],
	}
	if v := p.tlvs[smpp.TagMessageState]; len(v) == 1 {
		f.MessageState, f.HasState = v[0], true
	}
	r, is, err := receipt.Parse(f, receipt.Options{})
	if !is || p.header.Command == smpp.SubmitSM {
		return
	}
	drawReceipt(l, r, err)
	l.node.Value = strings.Replace(l.node.Value, p.header.Command.String(), p.header.Command.String()+", delivery receipt", 1)
}

var stateWords = map[receipt.State]string{
	receipt.Enroute: "on its way", receipt.Delivered: "the phone took it; that says nothing about the card", receipt.Expired: "its validity ended first; an earlier copy may have arrived",
	receipt.Deleted: "deleted at the SMSC", receipt.Undeliverable: "could not be delivered", receipt.Accepted: "read by hand on behalf of the user",
	receipt.Unknown: "the SMSC does not know", receipt.Rejected: "the SMSC or the network refused it",
	receipt.Scheduled: "waits for its time", receipt.Skipped: "the SMSC took it and never sent it",
}

// drawReceipt draws the fields of a receipt, which come from text and TLVs.
func drawReceipt(l *layer, r receipt.Receipt, err error) {
	in := &Node{Name: "receipt", Offset: l.base}
	l.d.attach(l.node, in)
	line := func(name, value string) {
		if value != "" {
			l.d.attach(in, &Node{Name: name, Offset: l.base, Value: value})
		}
	}
	in.Value = r.State.String()
	if words := stateWords[r.State]; words != "" {
		in.Value += ": " + words
	}
	line("message id", printable(r.MessageID))
	line("error", errorWords(r))
	if !r.SubmittedAt.IsZero() {
		line("submitted", r.SubmittedAt.Format("2006-01-02 15:04:05")+", zone not told")
	}
	if !r.DoneAt.IsZero() {
		line("done", r.DoneAt.Format("2006-01-02 15:04:05")+", zone not told")
	}
	switch {
	case err != nil:
		in.say(Wrong, "%s", trim(err))
	case r.Intermediate:
		in.say(Info, "one try of the SMSC; the receipt proper follows")
	case !r.Final():
		in.say(Info, "not the last word: another receipt may follow")
	}
}

// errorWords says what an error code means, where a standard does.
func errorWords(r receipt.Receipt) string {
	kind, code, network := strings.Cut(r.Err, ":")
	switch {
	case r.Err == "":
		return ""
	case !network:
		return printable(r.ErrText) + ", as this SMSC numbers errors"
	case len(kind) == 1:
		code = orNumber(networkTypes[kind[0]-'0'], kind[0]-'0') + " " + code
	default:
		code = printable(r.Err)
	}
	if c := r.Cause(nil); c != receipt.CauseUnknown {
		code += ": " + c.String()
	}
	return code
}

// receiptText says whether octets are the text of a receipt.
func receiptText(b []byte) bool {
	_, _, err := receipt.Parse(receipt.Fields{ESMClass: 0x04, Text: b}, receipt.Options{})
	return err == nil
}

// drawText draws printable text.
func drawText(l *layer) {
	l.node.Name = "text"
	l.field("text", l.left()).Value = printable(string(l.b))
	if r, _, err := receipt.Parse(receipt.Fields{ESMClass: 0x04, Text: l.b}, receipt.Options{}); err == nil {
		l.node.Name = "text of a delivery receipt"
		drawReceipt(l, r, nil)
	}
}

func drawUnknown(l *layer) {
	l.node.Name = "octets"
	l.node.set("%s, not recognised", octets(len(l.b)))
	l.asField()
}
