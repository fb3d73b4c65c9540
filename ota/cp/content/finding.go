package content

import (
	"fmt"
	"strings"

	"github.com/simota/simota/ota/cp"
)

// Effect is how much of a document is lost.
type Effect byte

// Effects, from harmless to fatal.
const (
	Note    Effect = iota // nothing is lost, but somebody should know
	Ignored               // that parm or value has no effect
	Dropped               // that element is deleted or of no use
	Refused               // the whole document is
)

var effects = [...]string{"note", "ignored", "dropped", "refused"}

// String gives the effect as a word.
func (e Effect) String() string {
	if int(e) >= len(effects) {
		return fmt.Sprintf("Effect(%d)", byte(e))
	}
	return effects[e]
}

// MarshalText writes the word.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Parties of findings beside the clients of [Clients].
const (
	Standard = "standard" // ProvCont 1.1, and what it builds on
	Sender   = "simota"   // this program, which has to encode and send it
)

// Finding is one thing that is wrong with a document, or worth knowing. It
// holds no password.
type Finding struct {
	By   string `json:"by"`   // Standard, Sender, or the name of a client
	Rule string `json:"rule"` // as "napdef-bearer", unique with By
	// Path is where, as "NAPDEF[2]/NAPAUTHINFO/AUTHTYPE", counted from 1 where
	// the type is there more than once; empty for the whole document.
	Path   string `json:"path"`
	Effect Effect `json:"effect"`
	Text   string `json:"text"` // what happens, and what to do
}

// maxFindings bounds what [Check] returns; the last one says that there are
// more.
const maxFindings = 500

// Check finds what is wrong with a document: first by the standard, then what
// hinders sending it, then what clients make of it, in the order of [Clients].
// It looks at the tree alone. Whether a MAC or a push is right cannot be known
// from it.
func Check(d cp.Document) []Finding {
	var all []Finding
	root := tree(d)
	for _, rules := range [][]rule{standardRules, senderRules(d), clientRules} {
		for _, r := range rules {
			for _, h := range r.find(root) {
				if len(all) == maxFindings {
					return append(all, Finding{By: r.by, Rule: "more", Effect: Note, Text: "There are more findings than are listed here. Correct these first."})
				}
				all = append(all, r.finding(h))
			}
		}
	}
	return all
}

// rule is one fact: what somebody makes of a document, and what to do about it.
type rule struct {
	by, id string
	effect Effect
	what   string // goes on from the name of a client: "drops a NAPDEF without NAME"
	do     string
	find   func(root *element) []hit
}

// hit is a place that a rule is about. The detail is never a password.
type hit struct{ path, detail string }

func (r rule) finding(h hit) Finding {
	text := r.what
	if r.by != Standard && r.by != Sender {
		text = r.by + " " + text
	}
	if h.detail != "" {
		text += ": " + h.detail
	}
	return Finding{By: r.by, Rule: r.id, Path: h.path, Effect: r.effect, Text: text + ". " + r.do + "."}
}

// quoted shows an identifier or a word of a list, cut where it is too long to
// be one. Other values are never shown: somebody may have put a password there.
func quoted(s string) string {
	const most = 40
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "..."
	}
	return fmt.Sprintf("%q", s)
}
