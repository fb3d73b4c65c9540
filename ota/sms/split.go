package sms

import (
	"fmt"
	"slices"
)

// maxParts is what the one octet of a concatenation element can count.
const maxParts = 255

// SplitPacket wraps a secured packet into the user data of as many SMS as it takes; element is CommandPacket or
// ResponsePacket. Alone, 137 octets fit. In several parts, all with this reference, the first takes 132 and says
// what the packet is; the others take 134 (3GPP TS 31.115, 4). A later message to the same card needs another ref.
func SplitPacket(element byte, packet []byte, ref byte) ([][]byte, error) {
	return split(Element{ID: element}, false, packet, concat8(ref))
}

// SplitPacket16 is SplitPacket with a 16-bit reference, for receivers that tell more messages apart than an 8-bit one
// can. In several parts the first takes 131 octets, the others 133; not every card knows the element.
func SplitPacket16(element byte, packet []byte, ref uint16) ([][]byte, error) {
	return split(Element{ID: element}, false, packet, concat16(ref))
}

// concat8 and concat16 are concatenation elements that lack the number of parts and that of the part.
func concat8(ref byte) Element { return Element{ID: Concat8, Data: []byte{ref}} }

func concat16(ref uint16) Element {
	return Element{ID: Concat16, Data: []byte{byte(ref >> 8), byte(ref)}}
}

// SplitPorts wraps a payload for an application port, such as a WAP push to 2948, into user data. Alone, 133 octets
// fit. In several parts every one names the ports and takes 128.
func SplitPorts(dst, src uint16, payload []byte, ref byte) ([][]byte, error) {
	return split(ports16(dst, src), true, payload, concat8(ref))
}

// SplitPorts16 is SplitPorts with a 16-bit reference. Every one of several parts takes 127 octets.
func SplitPorts16(dst, src uint16, payload []byte, ref uint16) ([][]byte, error) {
	return split(ports16(dst, src), true, payload, concat16(ref))
}

func ports16(dst, src uint16) Element {
	return Element{ID: Ports16, Data: []byte{byte(dst >> 8), byte(dst), byte(src >> 8), byte(src)}}
}

// split puts mark into the header of the first or of every part. Packets have their mark after the concatenation
// element as TS 31.115 shows it, ports before it as WAP senders do.
func split(mark Element, every bool, payload []byte, concat Element) ([][]byte, error) {
	if len(payload) == 0 {
		return nil, fmt.Errorf("%w: there is nothing to send", ErrLength)
	}
	concatSize := 2 + len(concat.Data) + 2
	markSize := 2 + len(mark.Data)
	if len(payload) <= MaxUserData-1-markSize {
		return build(nil, []Element{mark}, payload)
	}
	next := MaxUserData - 1 - concatSize
	if every {
		next -= markSize
	}
	first := MaxUserData - 1 - concatSize - markSize
	total := 1 + (len(payload)-first+next-1)/next
	if total > maxParts {
		return nil, fmt.Errorf("%w: %d octets need %d parts, at most %d", ErrLength, len(payload), total, maxParts)
	}
	parts := make([][]byte, 0, total)
	var err error
	for seq, room := 1, first; len(payload) > 0; seq, room = seq+1, next {
		elements := []Element{{ID: concat.ID, Data: append(slices.Clip(concat.Data), byte(total), byte(seq))}}
		switch {
		case every:
			elements = []Element{mark, elements[0]}
		case seq == 1:
			elements = append(elements, mark)
		}
		n := min(room, len(payload))
		if parts, err = build(parts, elements, payload[:n]); err != nil {
			return nil, err
		}
		payload = payload[n:]
	}
	return parts, nil
}

func build(parts [][]byte, elements []Element, payload []byte) ([][]byte, error) {
	ud, err := UserData{Elements: elements, Payload: payload}.AppendBinary(make([]byte, 0, MaxUserData))
	if err != nil {
		return nil, err
	}
	return append(parts, ud), nil
}
