package trace

import (
	"bytes"
	"fmt"

	"github.com/simota/simota/ota/explain"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
)

// veil hides octets of a frame.
type veil struct {
	span
	name string // of the field that is drawn in their place; "" keeps the field's
	part bool   // of a field whose other octets are shown
}

// veils are the octets of a frame that nobody is shown.
func veils(frame []byte, inbound bool, l layout) (out []veil) {
	hide := func(s span, name string, part bool) {
		if !s.empty() {
			out = append(out, veil{s, name, part})
		}
	}
	hide(l.spare, "", false)
	switch m := l.message; {
	case secured(frame, l):
	case inbound && isReceipt(frame, l):
		if at := quoted(frame[m.from:m.to]); at >= 0 {
			hide(span{m.from + at, m.to}, "", true)
		}
	default:
		hide(m, "", false)
	}
	hide(l.rest, "rest", false)
	return out
}

// secured reports whether the user data are a packet for or of a card, or its
// first part (3GPP TS 31.115, 4).
func secured(frame []byte, l layout) bool {
	u, ok := userData(frame, l)
	return ok && (u.Has(sms.CommandPacket) || u.Has(sms.ResponsePacket))
}

// userData reads user data that have a header.
func userData(frame []byte, l layout) (sms.UserData, bool) {
	const udhi = 0x40 // of esm_class (SMPP 3.4, 5.2.12)
	if l.esmClass&udhi == 0 || l.message.empty() {
		return sms.UserData{}, false
	}
	u, err := sms.ParseUserData(frame[l.message.from:l.message.to])
	return u, err == nil
}

func isReceipt(frame []byte, l layout) bool {
	_, is := receiptOf(frame, l, receipt.Options{})
	return is
}

// receiptOf reads a receipt; is tells that it can be one, usable or not.
func receiptOf(frame []byte, l layout, o receipt.Options) (r receipt.Receipt, is bool) {
	if l.header.Command != smpp.DeliverSM && l.header.Command != smpp.DataSM {
		return r, false
	}
	d, err := smpp.ParseDelivery(frame)
	if err != nil {
		return r, false
	}
	_, hasState := d.TLV(smpp.TagMessageState)
	r, is, _ = receipt.Parse(receipt.Fields{
		ESMClass: d.ESMClass, DataCoding: d.DataCoding, Text: d.UserData, ReceiptedID: d.ReceiptedMessageID,
		MessageState: d.MessageState, HasState: hasState, NetworkError: d.NetworkErrorCode,
	}, o)
	return r, is
}

// quoted is where a receipt begins to quote the message (SMPP 3.4, appendix
// B), and -1 if it does not. A receipt without labels is all quotation.
func quoted(ud []byte) int {
	lower := bytes.ToLower(ud)
	if !bytes.Contains(lower, []byte("id:")) && !bytes.Contains(lower, []byte("stat")) {
		return 0
	}
	if at := bytes.Index(lower, []byte("text:")); at >= 0 {
		return at + len("text:")
	}
	return -1
}

// covered is a copy of the frame with stars for what is hidden.
func covered(frame []byte, vs []veil) []byte {
	out := bytes.Clone(frame)
	for _, v := range vs {
		for i := v.from; i < v.to; i++ {
			out[i] = '*'
		}
	}
	return out
}

// draw explains a covered frame; what is hidden is left out of the tree.
func draw(frame []byte, vs []veil) *explain.Report {
	r, err := explain.Decode(frame[:min(len(frame), explain.MaxOctets)], explain.Options{As: explain.PDU})
	if err != nil {
		return nil // no octets
	}
	r.Confidence, r.Why, r.Others = "certain", "it passed over an SMPP link", nil
	for _, v := range vs {
		if !v.part {
			leaveOut(r.Root, v)
		}
	}
	r.Wrong, r.Suspicious = count(r.Root, explain.Wrong), count(r.Root, explain.Suspicious)
	return &r
}

// Explain draws one frame, without what must stay secret. It is nil for no octets.
func Explain(frame []byte, inbound bool) *explain.Report {
	vs := veils(frame, inbound, read(frame))
	return draw(covered(frame, vs), vs)
}

// judged are fields whose remarks come from a comparison with the message.
var judged = map[string]bool{"esm_class": true, "protocol_id": true, "data_coding": true, "source_addr": true}

// leaveOut replaces the fields below root that stand for hidden octets by one that says how many there are.
func leaveOut(root *explain.Node, v veil) {
	kept, found := root.Children[:0], false
	for _, c := range root.Children {
		if judged[c.Name] {
			c.Findings = nil
		}
		switch hidden := c.Offset < v.to && v.from < c.Offset+c.Length; {
		case hidden && found:
			continue
		case hidden:
			found = true
			*c = explain.Node{Name: c.Name, Offset: c.Offset, Length: c.Length, Value: fmt.Sprintf("%s, not shown", octets(v.to-v.from))}
			if v.name != "" {
				c.Name, c.Offset, c.Length = v.name, v.from, v.to-v.from
			}
		}
		kept = append(kept, c)
	}
	root.Children = kept
	if root.Raw != nil && !found { // a frame that was not taken apart
		root.Raw, root.Value = nil, fmt.Sprintf("%s, not shown", octets(v.to-v.from))
	}
}

func count(n *explain.Node, level explain.Level) (sum int) {
	for _, f := range n.Findings {
		if f.Level == level {
			sum++
		}
	}
	for _, c := range n.Children {
		sum += count(c, level)
	}
	return sum
}

func octets(n int) string {
	if n == 1 {
		return "1 octet"
	}
	return fmt.Sprintf("%d octets", n)
}
