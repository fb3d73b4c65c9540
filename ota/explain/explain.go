package explain

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/ota"
)

// Kind is what octets are taken for.
type Kind string

// The kinds, as Options.As and the command line name them.
const (
	PDU              Kind = "pdu"               // SMPP PDUs, header included
	TPDU             Kind = "tpdu"              // short message of 3GPP TS 23.040, with or without SMSC address in front
	UserData         Kind = "userdata"          // TP-UD with header; several parts of one message in a row
	Command          Kind = "command"           // secured command packet, from CPL on
	Response         Kind = "response"          // secured response packet (PoR), from RPL on
	Script           Kind = "script"            // remote command script, compact or expanded
	ScriptResponse   Kind = "script-response"   // answer to a script
	APDU             Kind = "apdu"              // one command APDU
	APDUResponse     Kind = "apdu-response"     // data and status word
	Notice           Kind = "notice"            // of an eUICC (GSMA SGP.02)
	Push             Kind = "push"              // WSP push of OMA client provisioning
	WBXML            Kind = "wbxml"             // provisioning document
	BERTLV           Kind = "ber-tlv"           // BER-TLV objects
	ComprehensionTLV Kind = "comprehension-tlv" // COMPREHENSION-TLV objects
	Text             Kind = "text"              // printable text, such as a delivery receipt
	Unknown          Kind = "octets"            // none of these
)

// Kinds are all kinds that Options.As takes, in the order in which equal fits
// are preferred.
func Kinds() []Kind {
	kinds := make([]Kind, 0, len(forms()))
	for _, f := range forms() {
		kinds = append(kinds, f.kind)
	}
	return kinds
}

// MaxOctets is how much Decode takes: the longest SMPP frame there is.
const MaxOctets = 65 << 10

// Errors of Decode.
var (
	ErrLength = errors.New("explain: wrong number of octets")
	ErrKind   = errors.New("explain: unknown kind")
)

// Options change what Decode can see. The zero value is good.
type Options struct {
	// Keysets are tried on secured packets. One whose Version is 0 fits
	// packets of any key set; CCLength and CRC are taken from the packet.
	Keysets []ota.Keyset
	// SPI is that of the command which a response answers. Without it every
	// way of securing an answer is tried that fits the response.
	SPI *ota.SPI
	// As forces a kind; empty leaves it to the octets.
	As Kind
}

// Report is what Decode found. Its JSON form is stable: fields may be added, and
// version is raised if one goes or changes its meaning.
type Report struct {
	Version    int    `json:"version"` // 1
	Kind       Kind   `json:"kind"`
	Confidence string `json:"confidence"`       // certain, likely, possible, forced
	Why        string `json:"why"`              // one sentence
	Others     []Kind `json:"others,omitempty"` // what it might be as well, best first
	Wrong      int    `json:"wrong"`            // findings of that level
	Suspicious int    `json:"suspicious"`
	Root       *Node  `json:"root"`
}

const reportVersion = 1

// Node is a layer or a field.
type Node struct {
	Name     string    `json:"name"`
	Offset   int       `json:"offset"`          // octets from the start of the layer
	Length   int       `json:"length"`          // octets; 0 if it has none of its own
	Layer    bool      `json:"layer,omitempty"` // offsets below count from the start of this one
	Raw      Hex       `json:"raw,omitempty"`   // octets of a field that has no fields in it
	Value    string    `json:"value,omitempty"` // in plain words
	Findings []Finding `json:"findings,omitempty"`
	Children []*Node   `json:"children,omitempty"`
}

// Level says how bad a finding is.
type Level string

// The levels.
const (
	Wrong      Level = "wrong"      // a receiver will refuse it, or it cannot be what it says
	Suspicious Level = "suspicious" // legal, and hardly what is wanted
	Info       Level = "info"       // worth knowing
)

// Finding is a remark on a node.
type Finding struct {
	Level Level  `json:"level"`
	Text  string `json:"text"`
}

// Hex are octets whose text form is upper-case hexadecimal.
type Hex []byte

// MarshalText returns upper-case hex digits.
func (h Hex) MarshalText() ([]byte, error) {
	return []byte(strings.ToUpper(hex.EncodeToString(h))), nil
}

// UnmarshalText reads what MarshalText returns.
func (h *Hex) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil {
		return fmt.Errorf("explain: octets: %w", err)
	}
	*h = b
	return nil
}

// Decode explains octets. It fails with ErrLength for none or for more than
// MaxOctets, and with ErrKind for a kind that is not one of Kinds: octets that
// make no sense are a report too.
func Decode(b []byte, o Options) (Report, error) {
	if len(b) == 0 || len(b) > MaxOctets {
		return Report{}, fmt.Errorf("%w: %d, want 1 to %d", ErrLength, len(b), MaxOctets)
	}
	b = slices.Clone(b)
	fits := judge(b)
	best := fits[0]
	r := Report{Version: reportVersion, Kind: best.kind, Why: best.why, Confidence: best.confidence()}
	if o.As != "" {
		i := slices.IndexFunc(forms(), func(f form) bool { return f.kind == o.As })
		if i < 0 {
			return Report{}, fmt.Errorf("%w %q: want one of %s", ErrKind, o.As, join(Kinds(), ", "))
		}
		r.Kind, r.Confidence, r.Why = o.As, "forced", "it was asked for"
	}
	for _, f := range fits {
		if f.kind != r.Kind && f.score >= possible && (best.score < certain || f.score > best.score-margin) {
			r.Others = append(r.Others, f.kind)
		}
	}
	r.Root = draw(r.Kind, b, o)
	r.count(r.Root)
	return r, nil
}

func draw(k Kind, b []byte, o Options) *Node {
	d := &decoder{o: o}
	root := &Node{Length: len(b), Layer: true}
	l := &layer{d: d, node: root, b: b}
	formOf(k).draw(l)
	if rest := l.rest(); len(rest) > 0 && l.node.Children != nil {
		n := l.field("left over", len(rest))
		n.say(Wrong, "%s behind the end", octets(len(rest)))
	}
	if d.full {
		root.say(Info, "the tree is cut: more than %d nodes", maxNodes)
	}
	return root
}

// count adds up findings.
func (r *Report) count(n *Node) {
	for _, f := range n.Findings {
		switch f.Level {
		case Wrong:
			r.Wrong++
		case Suspicious:
			r.Suspicious++
		}
	}
	for _, c := range n.Children {
		r.count(c)
	}
}

func join[T ~string](list []T, sep string) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = string(v)
	}
	return strings.Join(words, sep)
}
