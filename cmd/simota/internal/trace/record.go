package trace

import (
	"fmt"
	"strings"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// record tells of a frame.
func record(f smpp.Frame, l layout, o receipt.Options) api.PDU {
	p := api.PDU{
		At: f.At, Link: f.Link, Session: f.Session, Direction: "out", Command: l.header.Command.String(),
		Sequence: l.header.Sequence, Status: l.header.Status, Source: l.source, Destination: l.destination,
	}
	if f.Inbound {
		p.Direction = "in"
	}
	switch l.header.Command {
	case smpp.BindReceiver, smpp.BindTransmitter, smpp.BindTransceiver, smpp.Outbind:
		p.Words = "as " + l.text
		if l.version != 0 {
			p.Words += fmt.Sprintf(", SMPP %d.%d", l.version>>4, l.version&0x0F)
		}
	case smpp.SubmitSM, smpp.DeliverSM, smpp.DataSM, smpp.ReplaceSM:
		p.MessageID, p.Words = carried(f, l, o)
	default:
		p.MessageID, p.Words = other(l)
	}
	if l.header.Command == smpp.ReplaceSM {
		p.MessageID = l.text
	}
	if l.fault != "" {
		p.Words = strings.TrimPrefix(p.Words+"; "+l.fault, "; ")
	}
	return p
}

// other tells of PDUs that carry no message.
func other(l layout) (messageID, words string) {
	c, status := l.header.Command, l.header.Status
	switch {
	case !c.IsResponse():
		return l.text, ""
	case status != smpp.StatusOK && c == smpp.SubmitSMResp && smpp.OutcomeOf(status) == smpp.Temporary:
		return "", "not taken now, " + smpp.StatusName(status)
	case status != smpp.StatusOK:
		return "", "refused, " + smpp.StatusName(status)
	case c == smpp.BindTransceiverResp || c == smpp.BindReceiver.Response() || c == smpp.BindTransmitter.Response():
		return "", "bound to " + l.text
	case c == smpp.SubmitSMResp:
		return l.text, "accepted"
	case c == smpp.DeliverSMResp || c == smpp.DataSMResp:
		return l.text, "taken"
	}
	return l.text, ""
}

// carried tells of what a message is, and of which message a receipt is.
func carried(f smpp.Frame, l layout, o receipt.Options) (messageID, words string) {
	if f.Inbound {
		if r, is := receiptOf(f.Raw, l, o); is {
			words = receiptWords(r, o)
			if secured(f.Raw, l) {
				words += ", with the card's answer"
			}
			return r.MessageID, words
		}
	}
	n := octets(l.message.to - l.message.from)
	u, ok := userData(f.Raw, l)
	what := "message"
	if dst, _, ports := u.Ports(); ports && dst == cp.Port {
		what = "client provisioning"
	}
	part := ""
	if c, several := u.Concat(); several {
		part = fmt.Sprintf(", part %d of %d", c.Seq, c.Total)
	}
	switch {
	case ok && u.Has(sms.CommandPacket):
		return "", "command packet" + part + ", " + n
	case ok && u.Has(sms.ResponsePacket):
		return "", "response packet" + part + ", " + n
	case l.message.empty():
		return "", what + " without text"
	case part != "" && what == "message": // only the first part says of what
		return "", strings.TrimPrefix(part, ", ") + ", " + n + " not shown"
	}
	return "", what + part + ", " + n + " not shown"
}

func receiptWords(r receipt.Receipt, o receipt.Options) string {
	words := "receipt"
	if r.Intermediate {
		words = "receipt of one try"
	}
	switch r.State {
	case 0:
		return words + " without a state"
	case receipt.Enroute, receipt.Accepted, receipt.Delivered, receipt.Scheduled:
		return words + ": " + r.State.String()
	}
	return words + ": " + r.Describe(o.Causes)
}
