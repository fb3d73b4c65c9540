package cp

import (
	"fmt"

	"github.com/simota/simota/ota/sms"
)

// Split cuts a push into the user data of its short messages, user data header
// included, at most 133 octets of push in one and 128 in each of several. The
// reference must differ from that of any other message on its way to the same
// card, and every part needs the same source address. More than about eight
// parts are a risk: send several documents instead.
func Split(push []byte, ref byte) ([][]byte, error) {
	return splitError(sms.SplitPorts(Port, SourcePort, push, ref))
}

// Split16 is Split with a 16-bit reference, 127 octets of push in each of
// several messages. It is for a sender with more than 256 messages on their way
// to one card.
func Split16(push []byte, ref uint16) ([][]byte, error) {
	return splitError(sms.SplitPorts16(Port, SourcePort, push, ref))
}

func splitError(parts [][]byte, err error) ([][]byte, error) {
	if err != nil {
		return nil, fmt.Errorf("cp: split push: %w", err)
	}
	return parts, nil
}

// Join puts a push together again from the user data of its short messages, in
// any order, each there once or more often. All must name port 2948. Its errors
// are those of package sms, or ErrMalformed for another port.
func Join(parts [][]byte) ([]byte, error) {
	uds := make([]sms.UserData, len(parts))
	for i, p := range parts {
		ud, err := sms.ParseUserData(p)
		if err != nil {
			return nil, fmt.Errorf("cp: part %d of %d: %w", i+1, len(parts), err)
		}
		if dst, _, ok := ud.Ports(); !ok || dst != Port {
			return nil, fmt.Errorf("cp: part %d of %d is not for port %d: %w", i+1, len(parts), Port, ErrMalformed)
		}
		uds[i] = ud
	}
	push, _, err := sms.Join(uds)
	if err != nil {
		return nil, fmt.Errorf("cp: join push: %w", err)
	}
	return push, nil
}
