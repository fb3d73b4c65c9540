package swap

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/applet"
	"github.com/simota/simota/sat/euicc"
	"github.com/simota/simota/sat/rfm"
)

// Channel is an application of the card and how it is spoken to.
type Channel struct {
	KeysetID int64   `json:"keyset"`
	SPI      ota.SPI `json:"spi"`
	TAR      ota.TAR `json:"tar"`
	Format   string  `json:"format"`
	MaxParts int     `json:"max_parts"`
}

// Main is the channel of the saga's own packets: file management, the ISD-R or
// the vendor's applet.
func (f Facts) Main() Channel {
	return Channel{KeysetID: f.KeysetID, SPI: f.SPI, TAR: f.TAR, Format: f.Format, MaxParts: f.MaxParts}
}

// A question asks the card which identity it has. How, differs by technique.
type question struct {
	commands []sat.Command
	via      Channel
	what     string // plain words: "read IMSI"
}

// identity is the question of this saga. n is the length of EF_IMSI, 0 where it
// is not known yet.
func (f Facts) question() (question, error) {
	switch f.Technique {
	case ByEUICC:
		q, err := f.audit(f.To.ISDP)
		q.what = "audit the new profile"
		return q, err
	case ByApplet:
		a, err := f.compiled()
		if err != nil {
			return question{}, err
		}
		via := f.Main()
		via.TAR, via.Format = a.ReadBackTAR, a.ReadBackFormat
		commands, err := a.ReadBack(f.Applet.New)
		return question{commands, via, "ask which identity is in use"}, err
	}
	file, _ := rfm.Lookup("imsi")
	return question{rfm.ReadCommands(file, file.Size), f.Main(), "read IMSI"}, nil
}

// audit asks for the state of one profile, or of all.
func (f Facts) audit(isdp string) (question, error) {
	var aid sat.AID
	if isdp != "" {
		var err error
		if aid, err = parseAID(isdp); err != nil {
			return question{}, err
		}
	}
	c, err := euicc.Audit(aid).Command()
	return question{[]sat.Command{c}, f.Main(), "audit profiles"}, err
}

func parseAID(s string) (sat.AID, error) {
	b, err := hex.DecodeString(s)
	if err != nil || !euicc.IsISDP(b) {
		return nil, fmt.Errorf("swap: %q is not the AID of a profile", s)
	}
	return b, nil
}

func (f Facts) compiled() (*applet.Applet, error) {
	if f.Applet == nil {
		return nil, errors.New("swap: the facts name no applet")
	}
	return applet.Template(f.Applet.Template).Compile()
}

// script makes the secured data of a question or a packet for its application.
func (f Facts) scriptVia(via Channel, commands []sat.Command, immediate []byte) ([]byte, error) {
	if via.TAR == f.TAR && (f.Technique == "" || f.Technique == ByRFM) {
		commands = append(f.prefix(), commands...)
	}
	return script.Script{Format: script.Format(via.Format), Commands: commands, Immediate: immediate}.AppendBinary(nil)
}

// Tells is the identity that an answer to the question says is in use.
func (f Facts) Tells(data []byte) (imsi string, ok bool) {
	switch f.Technique {
	case ByEUICC:
		profiles, err := euicc.ParseProfiles(data)
		if err != nil {
			return "", false
		}
		from, to := find(profiles, f.From.ISDP), find(profiles, f.To.ISDP)
		switch {
		case to != nil && to.State == euicc.Enabled:
			return f.To.IMSI, true
		case from != nil && from.State == euicc.Enabled, from == nil && to != nil:
			return f.From.IMSI, true
		}
		return "", false
	case ByApplet:
		a, err := f.compiled()
		if err != nil {
			return "", false
		}
		switch a.Decide(data, f.Applet.New, f.Applet.Old) {
		case applet.Switched:
			return f.To.IMSI, true
		case applet.Before:
			return f.From.IMSI, true
		}
		return "", false
	}
	imsi, err := rfm.DecodeIMSI(data)
	return imsi, err == nil
}

func find(profiles []euicc.Profile, isdp string) *euicc.Profile {
	for i := range profiles {
		if fmt.Sprintf("%X", []byte(profiles[i].ISDP)) == isdp {
			return &profiles[i]
		}
	}
	return nil
}

// Ran says what the answer of its fence tells of a write: package delivery asks
// that of every technique. An eUICC does what it has accepted only when its
// terminal refreshes it, so an old profile that is still enabled tells nothing
// before a twelfth of the write's time is over.
func Ran(w ledger.Attempt, answer []byte, at time.Time) ledger.Told {
	told := func(ran bool) ledger.Told {
		if ran {
			return ledger.ToldRan
		}
		return ledger.ToldNotRun
	}
	switch w.Label {
	case labelEnable, labelDelete:
		profiles, err := euicc.ParseProfiles(answer)
		if err != nil {
			return ledger.ToldNothing
		}
		p := find(profiles, fmt.Sprintf("%X", w.Expect))
		switch {
		case w.Label == labelDelete:
			return told(p == nil)
		case p == nil:
			return ledger.ToldNothing
		case p.State != euicc.Enabled && at.Before(w.CreatedAt.Add(pending(w.Deadline.Sub(w.CreatedAt)))):
			return ledger.ToldNotYet
		}
		return told(p.State == euicc.Enabled)
	}
	return told(string(answer) == string(w.Expect))
}

// pending is how long an accepted EnableProfile may wait for the terminal.
func pending(switching time.Duration) time.Duration { return switching / 12 }

// readState is the snapshot of a card that is switched without writing files:
// one question, which also says whether the card may be switched at all.
func (s *saga) readState() snapshot {
	out := snapshot{step: stepRead}
	q, err := s.f.question()
	if s.f.Technique == ByEUICC {
		q, err = s.f.audit("")
	}
	if err != nil {
		out.failed = cause(err)
		return out
	}
	done := s.answered(stepRead)
	if done == nil {
		out.pending = &q
		return out
	}
	b := done.proof.Body
	out.at, out.counter = done.proof.SeenAt, done.counter
	if len(b.Data) == 0 {
		out.failed = fmt.Sprintf("the card does not say which identity it has: %s %s", b.SW, b.Text)
		return out
	}
	imsi, ok := s.f.Tells(b.Data)
	if s.f.Technique == ByEUICC {
		out.failed = s.f.examine(b.Data)
	} else if !ok {
		out.failed = "the answer of the applet fits neither the old nor the new identity"
	}
	if ok && out.failed == "" {
		s.tells(*done.proof, imsi)
		out.already = imsi == s.f.To.IMSI
	}
	return out
}

// examine says why an eUICC must not be switched; "" when it may.
func (f Facts) examine(data []byte) string {
	profiles, err := euicc.ParseProfiles(data)
	if err != nil {
		return "the card's list of profiles is not readable: " + err.Error()
	}
	from, to := find(profiles, f.From.ISDP), find(profiles, f.To.ISDP)
	fallBack := false
	for _, p := range profiles {
		fallBack = fallBack || p.FallBack != nil && *p.FallBack
	}
	switch {
	case to == nil:
		return fmt.Sprintf("the card has no profile %s: it has %d others", f.To.ISDP, len(profiles))
	case to.State == euicc.Enabled:
		return ""
	case from == nil || from.State != euicc.Enabled:
		return fmt.Sprintf("profile %s is not the enabled one, as the catalog says", f.From.ISDP)
	case to.State != euicc.Disabled:
		return fmt.Sprintf("profile %s is %s: it cannot be enabled", f.To.ISDP, to.State)
	case !fallBack:
		return "no profile of the card has the fall-back attribute: without service it could never come back. Set it first"
	}
	return ""
}

// order is the one packet that switches a card without writing files.
func (f Facts) order() (packet, error) {
	switch f.Technique {
	case ByEUICC:
		aid, err := parseAID(f.To.ISDP)
		if err != nil {
			return packet{}, err
		}
		enable := euicc.EnableProfile{ISDP: aid}
		c, err := enable.Command()
		if err != nil {
			return packet{}, err
		}
		fence, err := f.audit(f.To.ISDP)
		return packet{
			label: labelEnable, verb: "enable", parts: []piece{{"profile " + f.To.Operator, []sat.Command{c}}}, via: f.Main(), fence: fence, expect: aid, last: true,
			explain: func(sw sat.Status) string { return euicc.Explain(enable, sw) },
		}, err
	case ByApplet:
		a, err := f.compiled()
		if err != nil {
			return packet{}, err
		}
		commands, err := a.Switch(f.Applet.New)
		if err != nil {
			return packet{}, err
		}
		fence, err := f.question()
		if err != nil {
			return packet{}, err
		}
		expect, exact := a.Answer(f.Applet.New)
		if !exact {
			return packet{}, errors.New("swap: the read-back of the applet does not determine its answer: no fence could settle the switch")
		}
		p := packet{
			label: labelSelect, verb: "select", parts: []piece{{"identity " + f.To.Operator, commands}}, via: f.Main(), fence: fence, expect: expect, last: true,
			accepts: a.Accepted,
		}
		if f.Refresh == "immediate" {
			p.immediate = script.Refresh(refreshUICCReset)
		}
		return p, nil
	}
	return packet{}, fmt.Errorf("swap: technique %q", f.Technique)
}
