package httpapi

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/smpp/receipt"
)

// situation is what advice is given on.
type situation struct {
	campaign, iccid string
	cardType        string // empty before preflight
	state           swap.State
	cause           string
	closed          bool
}

// advise says what a person can do; "" when there is nothing to do but wait.
func advise(s situation) string {
	if s.cardType == "" {
		s.cardType = "of this card"
	}
	retry := fmt.Sprintf("simota campaign retry %s --card %s", s.campaign, s.iccid)
	switch s.state {
	case swap.Failed:
		return s.failed() + ", then: " + retry
	case swap.Skipped:
		return s.skipped(retry)
	case swap.Held:
		return s.held() + ", then: " + retry
	case swap.Dark:
		return "visit it; any sign of life reopens it"
	case swap.WaitingForRestart:
		return "restart the device: its modem ignored REFRESH"
	case swap.RolledBack:
		return "find out why (no service at the new operator, an applet that goes back by itself, or an eUICC whose notice was not confirmed), then: " + retry
	case swap.SettingsFailed:
		return s.settings()
	case swap.Cancelled:
		return "to take it up again: " + retry
	case swap.Selected:
		if busy, ok := strings.CutPrefix(s.cause, "busy in "); ok {
			return "campaign " + busy + " has the card: let it finish, resume it if it is paused, or cancel it"
		}
	}
	return ""
}

var statusInCause = regexp.MustCompile(`(?:PoR|proof) ([0-9A-F]{2})\b`)

func (s situation) failed() string {
	has := func(part string) bool { return strings.Contains(s.cause, part) }
	if m := statusInCause.FindStringSubmatch(s.cause); m != nil {
		if a := s.refused(m[1]); a != "" {
			return a
		}
	}
	switch {
	case has("no SMSC accepted"):
		return "check the card's number, and source_address and links of its operator"
	case has("raise max_parts"):
		return "raise max_parts of card type " + s.cardType
	case has("6982"), has("6983"):
		return "see which access the file wants and which TAR of card type " + s.cardType + " has it"
	case has("6A82"):
		return "take the file that the card does not have out of files of card type " + s.cardType
	}
	return "see what the card answered: simota card show " + s.iccid + " --raw"
}

// refused is what a response status asks for (ETSI TS 102 225, 5.2).
func (s situation) refused(status string) string {
	switch status {
	case "01", "05":
		return "check this card's keys, and keys and key_version of card type " + s.cardType
	case "03", "04":
		return "the card takes no counter any more: only its issuer can reset that"
	case "07":
		return "the card has no room: lower max_parts of card type " + s.cardType
	case "09":
		return "the card does not know this TAR: correct tars of card type " + s.cardType
	case "0A":
		return "set msl of card type " + s.cardType + " to what the card asks, and spi to cover it"
	}
	return ""
}

func (s situation) skipped(retry string) string {
	has := func(part string) bool { return strings.Contains(s.cause, part) }
	switch {
	case has("already at"):
		return "nothing to do"
	case has("nothing that is called"):
		return "a campaign is never edited: name in a new one what simota cp plan --card " + s.iccid + " shows"
	case has("is not known: apply it"):
		return "apply it, then: " + retry
	case has("no such subscription"):
		return "import the subscription that is missing (IMSI2, MSISDN2, OPERATOR2), then: " + retry
	case has("no MSISDN"):
		return "import its MSISDN, then: " + retry
	case has("no keys of version"):
		return "import its keys, or correct key_version of the card type, then: " + retry
	case has("has no link"):
		return "add the link to simota.yaml, or correct links of the operator, then: " + retry
	}
	return "remove the reason, then: " + retry
}

func (s situation) held() string {
	has := func(part string) bool { return strings.Contains(s.cause, part) }
	switch {
	case has("no whole snapshot"):
		return "see how well the device is reached: longer deadlines (snapshot) help a slow one; what answered is read again"
	case has("no snapshot"):
		return "see that the device is on and that the number is this card's"
	case has("the catalog says"):
		return "find out which IMSI the card should have and import it"
	case has("packets, "), has("takes "):
		return "raise max_parts of card type " + s.cardType
	}
	return "decide by what is known: simota card show " + s.iccid
}

func (s situation) settings() string {
	byHand := "device needs hands: set it by what simota cp plan --card " + s.iccid + " says"
	switch {
	case strings.Contains(s.cause, "another device"):
		return "simota campaign retry " + s.campaign + " --card " + s.iccid + " configures the device that it is in now"
	case strings.Contains(s.cause, "no PIN"):
		return "name a pin in the device's client (simota client show), then: simota campaign retry " + s.campaign + " --card " + s.iccid
	case strings.Contains(s.cause, "never used"):
		return "see whether the device took them, else " + byHand
	}
	if c, told := receipt.CauseIn(s.cause); told {
		return c.Advice() + ", else " + byHand
	}
	return byHand
}
