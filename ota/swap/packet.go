package swap

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/rfm"
)

// packet is one writing packet.
type packet struct {
	label     string
	verb      string // plain words: "write"
	parts     []piece
	via       Channel
	fence     question // the read that settles it
	expect    []byte   // what that returns when the packet ran; see Ran
	immediate []byte
	last      bool
	explain   func(sat.Status) string                // nil: as everywhere
	accepts   func(sw sat.Status, data []byte) error // nil: a status word that says done
}

// piece is what a packet changes, and the commands for it.
type piece struct {
	title    string
	commands []sat.Command
}

func (p packet) commands() (out []sat.Command) {
	for _, c := range p.parts {
		out = append(out, c.commands...)
	}
	return out
}

func (p packet) titles() string {
	var out []string
	for _, c := range p.parts {
		out = append(out, c.title)
	}
	return strings.Join(slices.Compact(out), ", ")
}

// packets are the writing packets, in order.
func (f Facts) packets(snap snapshot) ([]packet, error) {
	if f.decidesItself() {
		if snap.already {
			return nil, nil
		}
		p, err := f.order()
		return []packet{p}, err
	}
	return f.filePackets(snap.files)
}

// filePackets packs what must change. The last packet is filled from its end,
// so that SMSP and IMSI, and the resets before them, go together.
func (f Facts) filePackets(snap rfm.Snapshot) ([]packet, error) {
	updates, err := rfm.Diff(f.Files, snap, f.Identity)
	if err != nil {
		return nil, err
	}
	var out []packet
	for len(updates) > 0 {
		last := len(out) == 0
		n := 1
		for n < len(updates) {
			b, err := f.body(f.pack(updates[len(updates)-n-1:], last))
			if err != nil || len(b) > f.Room {
				break
			}
			n++
		}
		cut := len(updates) - n
		p := f.pack(updates[cut:], last)
		b, err := f.body(p)
		if err != nil {
			return nil, err
		}
		if len(b) > f.Room {
			return nil, fmt.Errorf("swap: %s alone needs %d octets, one packet takes %d: raise max_parts of card type %s",
				updates[cut].File.Title, len(b), f.Room, f.CardType)
		}
		out = append(out, p)
		updates = updates[:cut]
	}
	slices.Reverse(out)
	if f.Kind == KindSwap && len(out) > 0 && slices.ContainsFunc(out[:len(out)-1], touchesIdentity) {
		return nil, fmt.Errorf("swap: SMSP and IMSI do not fit one packet of %d octets: raise max_parts of card type %s", f.Room, f.CardType)
	}
	return out, nil
}

// pack makes the packet of some updates; its fence reads back the last of them.
func (f Facts) pack(updates []rfm.Update, last bool) packet {
	final := updates[len(updates)-1]
	p := packet{
		label: labelWrite, verb: "write", via: f.Main(), last: last, expect: bytes.Clone(final.New),
		fence: question{commands: rfm.Fence(final), via: f.Main()},
	}
	done := 0
	for i, u := range updates { // a SELECT serves all that follows it
		commands := rfm.Commands(updates[:i+1])
		p.parts = append(p.parts, piece{u.File.Title, commands[done:]})
		done = len(commands)
	}
	if last && f.Kind == KindSwap && f.Refresh == "immediate" {
		p.immediate = script.Refresh(refreshUICCReset)
	}
	return p
}

func touchesIdentity(p packet) bool {
	return slices.ContainsFunc(p.parts, func(c piece) bool { return c.title == "IMSI" || c.title == "SMSP" })
}

func (f Facts) body(p packet) ([]byte, error) { return f.scriptVia(p.via, p.commands(), p.immediate) }

// refreshUICCReset is the REFRESH after which every phone reads the IMSI anew
// (ETSI TS 102 223, 8.6).
const refreshUICCReset = 0x04

// write makes the action of packet k.
func (s *saga) write(p packet, k int) (*Action, error) {
	body, err := s.f.body(p)
	if err != nil {
		return nil, err
	}
	fence, err := s.f.scriptVia(p.fence.via, p.fence.commands, nil)
	if err != nil {
		return nil, err
	}
	return &Action{
		Step: s.step(stepWrite + k), Kind: ledger.Write, Label: p.label, Purpose: p.verb + " " + p.titles(),
		Way: Old, Via: p.via, Script: body, Fence: fence, FenceVia: p.fence.via, Expect: p.expect, Deadline: s.now.Add(s.f.Deadlines.Switching),
		Begins: k == 0 && s.anyWrite() == nil, Unproven: true,
	}, nil
}

// ran reports whether the packet with the identity may have run to its end
// although its answer does not say so: all its commands ran and only REFRESH
// was refused, or the answer cannot be read. The next question then decides.
// An applet's answer that can be read has told whether it accepted.
func (s *saga) ran(p packet, w *attempt) bool {
	b := w.proof.Body
	if _, readable := statusWord(b.SW); readable && p.accepts != nil {
		return false
	}
	return b.SW == "" || b.Executed >= s.before(p)+len(p.commands()) && strings.HasPrefix(b.SW, "9")
}

// before is how many commands lead the packet's own.
func (s *saga) before(p packet) int {
	if p.via.TAR == s.f.TAR && (s.f.Technique == "" || s.f.Technique == ByRFM) {
		return len(s.f.prefix())
	}
	return 0
}

// complete reports whether every command of the packet did what it should.
func (s *saga) complete(p packet, w *attempt) bool {
	b := w.proof.Body
	if p.accepts == nil {
		return b.Complete
	}
	sw, ok := statusWord(b.SW)
	return ok && b.Executed >= len(p.commands()) && p.accepts(sw, b.Data) == nil
}

func statusWord(s string) (sw sat.Status, ok bool) {
	_, err := fmt.Sscanf(s, "%04X", &sw)
	return sw, err == nil
}

// partial says at which part a write stopped.
func (s *saga) partial(p packet, w *attempt) string {
	b := w.proof.Body
	at, n := "", s.before(p)
	for _, c := range p.parts {
		n += len(c.commands)
		if b.Executed <= n {
			at = " at " + c.title
			break
		}
	}
	sw, ok := statusWord(b.SW)
	switch {
	case ok && p.accepts != nil:
		if err := p.accepts(sw, b.Data); err != nil {
			return strings.TrimPrefix(err.Error(), "applet: ")
		}
		return fmt.Sprintf("the applet stopped after %d of %d commands", b.Executed, len(p.commands()))
	case !ok:
		return fmt.Sprintf("the card stopped after %d commands%s", b.Executed, at)
	case p.explain != nil:
		return p.explain(sw) + "; the old identity is still on it"
	}
	return fmt.Sprintf("the card stopped%s: %s; the old identity is still on it", at, sw)
}
