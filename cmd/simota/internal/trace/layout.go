package trace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/simota/simota/smpp"
)

// layout is where in a frame the fields are that a trace tells of. Reading
// stops at the first octet that does not fit; what is before it counts.
type layout struct {
	header              smpp.Header
	source, destination string
	text                string // message_id, or the system_id of a bind
	version             byte   // of a bind
	esmClass            byte
	message             span // user data in short_message or message_payload
	spare               span // short_message where message_payload is there too
	payload             bool // message is in message_payload
	rest                span // what could not be read
	fault               string
}

// span is a range of octets of a frame.
type span struct{ from, to int }

func (s span) empty() bool { return s.from >= s.to }

// layouts are the bodies of PDUs (SMPP 3.4, 4), one letter for each field:
//
//	s  C-octet string         n  the same, told: message_id or system_id
//	S  source address         D  destination address: type, plan and number
//	o  octet                  c  esm_class        v  interface_version
//	m  sm_length and message  t  optional parameters
//	?  the body may end here
var layouts = func() map[smpp.Command]string {
	const (
		sm       = "sSDcoossoooomt"
		bind     = "nssvoos"
		response = "?nt"
	)
	return map[smpp.Command]string{
		smpp.BindReceiver: bind, smpp.BindTransmitter: bind, smpp.BindTransceiver: bind, smpp.Outbind: "ns",
		smpp.BindReceiver.Response(): response, smpp.BindTransmitter.Response(): response, smpp.BindTransceiverResp: response,
		smpp.SubmitSM: sm, smpp.DeliverSM: sm, smpp.DataSM: "sSDcoot",
		smpp.SubmitSMResp: response, smpp.DeliverSMResp: response, smpp.DataSMResp: response,
		smpp.QuerySM: "nS", smpp.QuerySMResp: "?nsoo", smpp.CancelSM: "snSD", smpp.CancelSMResp: "",
		smpp.ReplaceSM: "nSssoom", smpp.ReplaceSMResp: "", smpp.AlertNotification: "SDt",
		smpp.Unbind: "", smpp.UnbindResp: "", smpp.EnquireLink: "", smpp.EnquireLinkResp: "", smpp.GenericNack: "",
	}
}()

// reader takes the fields of a frame.
type reader struct {
	b  []byte
	at int
	l  *layout
}

// read finds the fields of a frame, which may be cut off or be none.
func read(frame []byte) (l layout) {
	h, err := smpp.ParseHeader(frame)
	if err != nil {
		return layout{rest: span{0, len(frame)}, fault: "header cut off"}
	}
	l.header = h
	r := reader{b: frame, at: smpp.HeaderLen, l: &l}
	fields, known := layouts[h.Command]
	switch {
	case !known:
		r.fail("body not read: the command is not known")
		return l
	case h.Command.IsResponse() && h.Status != smpp.StatusOK && r.over():
		return l // a refusal may come without its body
	}
	for _, field := range fields {
		if field == '?' && r.over() {
			return l
		}
		if r.field(field); l.fault != "" {
			return l
		}
	}
	if !r.over() {
		r.fail("octets left over")
	}
	return l
}

func (r *reader) over() bool { return r.at == len(r.b) }

// fail says that from here on nothing is known.
func (r *reader) fail(format string, args ...any) {
	r.l.fault = fmt.Sprintf(format, args...)
	r.l.rest = span{r.at, len(r.b)}
}

func (r *reader) field(kind rune) {
	switch kind {
	case 's':
		r.text()
	case 'n':
		r.l.text = r.text()
	case 'S':
		r.l.source = r.address()
	case 'D':
		r.l.destination = r.address()
	case 'o':
		r.octet()
	case 'c':
		r.l.esmClass = r.octet()
	case 'v':
		r.l.version = r.octet()
	case 'm':
		r.message()
	case 't':
		for !r.over() && r.l.fault == "" {
			r.parameter()
		}
	}
}

func (r *reader) octet() byte {
	if r.l.fault != "" {
		return 0
	}
	if r.over() {
		r.fail("cut off")
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

// text takes a C-octet string; none is longer than 65 octets (SMPP 3.4, 5.2).
func (r *reader) text() string {
	const longest = 65
	if r.l.fault != "" {
		return ""
	}
	end := bytes.IndexByte(r.b[r.at:min(len(r.b), r.at+longest)], 0)
	if end < 0 {
		r.fail("a text does not end")
		return ""
	}
	s := string(r.b[r.at : r.at+end])
	r.at += end + 1
	return s
}

// address takes an address and writes it as people do (SMPP 3.4, 5.2.5 to 5.2.9).
func (r *reader) address() string {
	a := smpp.Address{TON: r.octet(), NPI: r.octet()}
	if a.Number = r.text(); strings.HasPrefix(a.Number, "+") {
		return a.Number // some write the plus, of which TON 1 speaks, as well
	}
	return a.String()
}

func (r *reader) message() {
	n := int(r.octet())
	if n > len(r.b)-r.at {
		r.fail("short_message cut off")
		return
	}
	r.l.message = span{r.at, r.at + n}
	r.at += n
}

// parameter takes one optional parameter (SMPP 3.4, 5.3.1).
func (r *reader) parameter() {
	const head = 4
	if len(r.b)-r.at < head {
		r.fail("an optional parameter is cut off")
		return
	}
	tag, n := binary.BigEndian.Uint16(r.b[r.at:]), int(binary.BigEndian.Uint16(r.b[r.at+2:]))
	if n > len(r.b)-r.at-head {
		r.fail("optional parameter %04X is cut off", tag)
		return
	}
	if tag == smpp.TagMessagePayload {
		if r.l.payload {
			r.fail("message_payload is given twice")
			return
		}
		r.l.spare, r.l.message, r.l.payload = r.l.message, span{r.at + head, r.at + head + n}, true
	}
	r.at += head + n
}
