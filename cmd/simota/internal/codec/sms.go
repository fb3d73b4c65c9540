package codec

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/ota/sms"
)

// join puts the user data of one message together.
func join(parts list) (payload []byte, element byte, err error) {
	uds := make([]sms.UserData, len(parts))
	for i, p := range parts {
		if uds[i], err = parseUserData(p); err != nil {
			return nil, 0, fmt.Errorf("part %d of %d: %w", i+1, len(parts), err)
		}
	}
	return sms.Join(uds)
}

// maxUserData is what the length octet of user data can tell. No SMS is so long, but a card can hand a longer answer to
// the phone than the SMS-DELIVER-REPORT carries, and who taps that line has it whole.
const maxUserData = 255

func parseUserData(p []byte) (sms.UserData, error) {
	if len(p) <= sms.MaxUserData || len(p) > maxUserData {
		return sms.ParseUserData(p)
	}
	u, err := sms.ParseUserData(p[:sms.MaxUserData])
	if err == nil {
		u.Payload = p[sms.MaxUserData-len(u.Payload):]
	}
	return u, err
}

// smsSplit splits a secured packet.
type smsSplit struct {
	packet  octets
	element octet
	ref     reference
	wide    bool
}

func (h Host) smsSplit() *cobra.Command {
	cmd := h.command(&smsSplit{}, "split", "split a secured packet into the user data of short messages",
		`simota sms split --packet @packet.hex --concat-reference 5a
simota sms split --jsonl < packets.jsonl`)
	cmd.Long = `Wraps a secured packet into the user data of as many short messages as it takes,
with the headers of 3GPP TS 31.115.`
	return cmd
}

func (r *smsSplit) reset() { *r = smsSplit{element: sms.CommandPacket} }

func (r *smsSplit) fields() []field {
	return []field{
		{"packet", &r.packet, true, "the packet, from CPL or RPL on, or @FILE"},
		{"element", &r.element, false, "70 for a command packet, 71 for a response packet [70]"},
		{"concat_reference", &r.ref, false, "reference of the parts, one octet, with --wide two [00]"},
		{"wide", &r.wide, false, "16-bit reference"},
	}
}

func (r *smsSplit) run() (answer, error) {
	if r.element != sms.CommandPacket && r.element != sms.ResponsePacket {
		return nil, fmt.Errorf("element: %02x: want 70 or 71", byte(r.element))
	}
	parts, err := r.split()
	if err != nil {
		return nil, err
	}
	return &smsParts{Parts: octetsOf(parts)}, nil
}

func (r *smsSplit) split() ([][]byte, error) {
	if r.wide {
		return sms.SplitPacket16(byte(r.element), r.packet, r.ref.n)
	}
	ref, err := r.ref.octet()
	if err != nil {
		return nil, err
	}
	return sms.SplitPacket(byte(r.element), r.packet, ref)
}

type smsParts struct {
	tagged
	Parts []octets `json:"parts"`
}

func (a *smsParts) text(w io.Writer) error {
	rows := make([][]string, len(a.Parts))
	for i, p := range a.Parts {
		rows[i] = []string{fmt.Sprint(i + 1), count(len(p), "octet"), p.String()}
	}
	return show.Table(w, rows)
}

// smsJoin is smsSplit backwards.
type smsJoin struct{ parts list }

func (h Host) smsJoin() *cobra.Command {
	cmd := h.command(&smsJoin{}, "join", "put the user data of short messages together, in any order",
		`simota sms join 0500035A0202... 0700035A02017000...
simota sms join --jsonl < parts.jsonl`)
	cmd.Long = `Puts the payload of a concatenated message together. A part may be there twice if
it is the same each time.`
	return cmd
}

func (r *smsJoin) reset() { *r = smsJoin{} }

func (r *smsJoin) fields() []field { return []field{{"parts", &r.parts, true, "USER-DATA"}} }

func (r *smsJoin) run() (answer, error) {
	if len(r.parts) == 0 {
		return nil, errors.New("parts is empty")
	}
	payload, element, err := join(r.parts)
	if err != nil {
		return nil, err
	}
	a := &smsJoined{Packet: payload, Element: octets{}}
	if element != 0 {
		a.Element = octets{element}
	}
	return a, nil
}

type smsJoined struct {
	tagged
	// Element is 70 or 71, empty if the header has neither.
	Element octets `json:"element"`
	Packet  octets `json:"packet"`
}

func (a *smsJoined) text(w io.Writer) error {
	what := "payload without an element of secured packets"
	switch {
	case len(a.Element) == 0:
	case a.Element[0] == sms.CommandPacket:
		what = "command packet"
	default:
		what = "response packet"
	}
	_, err := fmt.Fprintf(w, "%s, %s\n%s\n", what, count(len(a.Packet), "octet"), a.Packet)
	return err
}
