package httpapi

import (
	"strings"
	"testing"

	"github.com/simota/simota/ota/swap"
)

func TestAdviceFitsStateAndCause(t *testing.T) {
	t.Parallel()
	const retry = "simota campaign retry c1 --card 8947"
	for _, c := range []struct {
		state       swap.State
		cause, want string
	}{
		{swap.Failed, "PoR 0A: insufficient security for TAR B00011 (unauthenticated)", "set msl of card type sja2 to what the card asks, and spi to cover it, then: " + retry},
		{swap.Failed, "proof 09: TAR unknown", "the card does not know this TAR: correct tars of card type sja2, then: " + retry},
		{swap.Failed, "proof 01: check failed", "check this card's keys, and keys and key_version of card type sja2, then: " + retry},
		{swap.Failed, "proof 07: memory", "the card has no room: lower max_parts of card type sja2, then: " + retry},
		{swap.Failed, "no SMSC accepted it: refused", "check the card's number, and source_address and links of its operator, then: " + retry},
		{swap.Failed, "IMSI alone needs 90 octets, one packet takes 80: raise max_parts of card type sja2", "raise max_parts of card type sja2, then: " + retry},
		{swap.Failed, "something new", "see what the card answered: simota card show 8947 --raw, then: " + retry},
		{swap.Skipped, "already at aurora", "nothing to do"},
		{swap.Skipped, "of operator aurora it would be told nothing that is called mms", "a campaign is never edited: name in a new one what simota cp plan --card 8947 shows"},
		{swap.Skipped, `operator "aurora" is not known: apply it`, "apply it, then: " + retry},
		{swap.Skipped, "no such subscription in the catalog (to aurora)", "import the subscription that is missing (IMSI2, MSISDN2, OPERATOR2), then: " + retry},
		{swap.Held, "no whole snapshot in 6 h: no answer from +47 for 4 min, asked to read IMSI", "see how well the device is reached: longer deadlines (snapshot) help a slow one; what answered is read again, then: " + retry},
		{swap.Held, "no snapshot: no answer from +47 for 6 h", "see that the device is on and that the number is this card's, then: " + retry},
		{swap.Held, "counter behind", "decide by what is known: simota card show 8947, then: " + retry},
		{swap.Dark, "no sign on +47 nor +55 for 20 min", "visit it; any sign of life reopens it"},
		{swap.WaitingForRestart, "", "restart the device: its modem ignored REFRESH"},
		{swap.SettingsFailed, "moved; device takes no provisioning (TAC 35693803)", "device needs hands: set it by what simota cp plan --card 8947 says"},
		{swap.SettingsFailed, "settings went to another device: the card is in the one with IMEI 1 now", "simota campaign retry c1 --card 8947 configures the device that it is in now"},
		{swap.SettingsFailed, "moved; settings delivered, never used", "see whether the device took them, else device needs hands: set it by what simota cp plan --card 8947 says"},
		{swap.SettingsFailed, "the internet document cannot be delivered: undeliverable, err 27 (GSM): absent subscriber", "see that the device is on and in coverage, else device needs hands: set it by what simota cp plan --card 8947 says"},
		{swap.Selected, "busy in c0", "campaign c0 has the card: let it finish, resume it if it is paused, or cancel it"},
		{swap.Cancelled, "", "to take it up again: " + retry},
		{swap.Verified, "", ""},
		{swap.Switching, "waiting: max_unproven reached", ""},
	} {
		got := advise(situation{campaign: "c1", iccid: "8947", cardType: "sja2", state: c.state, cause: c.cause})
		if got != c.want {
			t.Errorf("%s, %q:\n got %q\nwant %q", c.state, c.cause, got, c.want)
		}
	}
}

func TestEveryStateThatNeedsHandsHasAdvice(t *testing.T) {
	t.Parallel()
	quiet := []swap.State{
		swap.Selected, swap.Snapshot, swap.Switching, swap.Switched, swap.NotSwitched, swap.Moved, swap.Configuring, swap.SettingsDelivered,
		swap.Verified, swap.Writing, swap.Written,
	}
	for _, s := range swap.States() {
		got := advise(situation{campaign: "c1", iccid: "8947", state: s})
		needs := true
		for _, q := range quiet {
			needs = needs && s != q
		}
		if needs != (got != "") {
			t.Errorf("%s: %q", s, got)
		}
		if strings.Contains(got, "  ") {
			t.Errorf("%s: a name is missing in %q", s, got)
		}
	}
}
