package httpapi

import (
	"fmt"
	"strconv"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/sat"
)

const shownOctets = 12 // of raw octets beside the words

// proof tells of one answer of the card.
func (t *teller) proof(e ledger.Evidence, out *api.Entry) {
	b := e.Body
	status := ota.Status(b.Status)
	out.Raw = t.raw(e)
	if len(out.Raw) > 0 {
		out.Hex = short(e.Raw)
	}
	switch {
	case !b.Authenticated:
		out.Text = fmt.Sprintf("status %02X in clear: %s; anybody could have sent that", b.Status, status)
		return
	case status == ota.StatusCounterLow, status == ota.StatusSecurityError:
		out.Text = fmt.Sprintf("status %02X: a copy of a packet the card has seen, ignored", b.Status)
		return
	case status != ota.StatusOK:
		out.Text = fmt.Sprintf("status %02X: %s", b.Status, status)
		return
	}
	if b.Complete {
		out.Rung = rungExecuted
	}
	if imsi, ok := t.readIdentity(b); ok {
		out.Text, out.Hex = t.identityWords()+imsi, fmt.Sprintf("% X", b.Data)
		if imsi == t.facts.To.IMSI && b.Number == t.facts.To.MSISDN && t.facts.Technique != swap.ByEUICC {
			out.Rung = rungMoved
		}
	} else {
		out.Text = commands(b)
	}
	if b.Attempt == ledger.Confirm && b.Complete {
		out.Text, out.Rung = "the card took the confirmation", rungMoved
	}
	out.Text += t.settled(b) + t.side(b)
}

// readIdentity is what a question for the card's identity told.
func (t *teller) readIdentity(b ledger.Body) (string, bool) {
	if b.Attempt != ledger.Read || !b.Complete || b.Label == "read" && (t.facts.Technique == "" || t.facts.Technique == swap.ByRFM) {
		return "", false
	}
	return t.facts.Tells(b.Data)
}

// identityWords lead to the IMSI that an answer told.
func (t *teller) identityWords() string {
	switch t.facts.Technique {
	case swap.ByEUICC:
		return "the enabled profile has IMSI "
	case swap.ByApplet:
		return "the applet uses IMSI "
	}
	return "IMSI reads "
}

// commands says how far a script ran.
func commands(b ledger.Body) string {
	if b.Text != "" && b.SW == "" {
		return b.Text
	}
	ran := count(b.Executed, "command")
	sw, err := strconv.ParseUint(b.SW, 16, 16)
	switch {
	case err != nil:
		return ran
	case b.Complete:
		return ran + ", " + b.SW
	}
	return fmt.Sprintf("stopped after %s: %s", ran, sat.Status(sw))
}

// settled says which write a read has settled.
func (t *teller) settled(b ledger.Body) string {
	if b.Settles == 0 {
		return ""
	}
	what := "an earlier write"
	for _, a := range t.d.Attempts {
		if a.ID == b.Settles {
			what = fmt.Sprintf("the write of counter %d", a.Counter)
		}
	}
	if b.Ran {
		return "; " + what + " ran"
	}
	return "; " + what + " did not run and cannot any more"
}

// side says which of the two numbers answered.
func (t *teller) side(b ledger.Body) string {
	from, to := t.facts.From.MSISDN, t.facts.To.MSISDN
	switch {
	case from == to || to == "" || b.Number == "":
		return ""
	case b.Number == from:
		return " (from the old number)"
	case b.Number == to:
		return " (from the new number)"
	}
	return ""
}

func short(b []byte) string {
	if len(b) <= shownOctets {
		return fmt.Sprintf("%X", b)
	}
	return fmt.Sprintf("%X...", b[:shownOctets])
}
