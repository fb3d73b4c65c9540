package content

import (
	"fmt"
	"strings"

	"github.com/simota/simota/ota/cp"
)

// manyMessages is how many short messages a document should not exceed: what
// phones join beyond that is not documented.
const manyMessages = 8

// Size is what a document takes: octets of WBXML, and short messages with a
// MAC. The error is that of the encoder, with cp.ErrMalformed in its chain.
func Size(d cp.Document) (octets, messages int, err error) {
	body, err := d.AppendWBXML(nil)
	if err != nil {
		return 0, 0, err
	}
	return len(body), cp.Parts(len(body), true), nil
}

// senderRules are about what this program does with the document.
func senderRules(d cp.Document) []rule {
	octets, messages, err := Size(d)
	return []rule{
		{
			Sender, "encoding", Refused, "the document cannot be sent", "Correct what it names", func(*element) []hit {
				if err == nil {
					return nil
				}
				return []hit{{"", strings.TrimPrefix(err.Error(), "cp: ")}}
			},
		},
		{
			Sender, "size", Note, "the document is long",
			"Send several, internet and MMS apart: beyond 8 messages many devices are not known to join them", func(*element) []hit {
				if messages <= manyMessages {
					return nil
				}
				return []hit{{"", fmt.Sprintf("%d octets of WBXML, %d short messages", octets, messages)}}
			},
		},
	}
}
