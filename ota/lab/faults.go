package lab

import (
	"fmt"
	"slices"
	"time"
)

// Faults is what goes wrong in a world. Plain numbers are probabilities, 0 to 1; the zero value is a perfect world.
type Faults struct {
	Absent    float64       `yaml:"absent"`     // share of devices that leave coverage once, at one of their first 8 messages
	AbsentFor time.Duration `yaml:"absent_for"` // for how long, give or take half; default 5 min

	Throttle      float64 `yaml:"throttle"`       // submit_sm refused with ESME_RTHROTTLED
	QueueFull     float64 `yaml:"queue_full"`     // submit_sm refused with ESME_RMSGQFUL
	LostResponses float64 `yaml:"lost_responses"` // submit_sm accepted and never answered; the three together at most 1
	EarlyReceipts float64 `yaml:"early_receipts"` // the receipt overtakes the response
	LostReceipts  float64 `yaml:"lost_receipts"`

	Duplicates        float64 `yaml:"duplicates"`          // messages, of all their parts, delivered a second time
	LateProof         float64 `yaml:"late_proof"`          // likewise, and the answer to the copy comes before the true one
	Reorder           float64 `yaml:"reorder"`             // a message overtakes the one before it
	ResetBetweenParts float64 `yaml:"reset_between_parts"` // the card is reset before a later part of a message
	LostMO            float64 `yaml:"lost_mo"`             // messages of a card lost
	LostProofShare    float64 `yaml:"lost_proof_share"`    // of those sent through another network's SMSC, lost
	LostNotices       float64 `yaml:"lost_notices"`        // notices of eUICCs lost; a card repeats them, and rolls back in the end

	// How many devices are of a kind, each of one at most.
	NeverReturn    int `yaml:"never_return"`    // vanish after their card got another identity
	IgnoredRefresh int `yaml:"ignored_refresh"` // have a modem that ignores REFRESH
	UnknownIMSI    int `yaml:"unknown_imsi"`    // are refused by the new network
	NoCP           int `yaml:"no_cp"`           // take no provisioning, though the card file does not say so
	Undo           int `yaml:"undo"`            // have a multi-IMSI card that goes back by itself 10 min after it has attached

	Script []ScriptedFault `yaml:"script"`
}

// ScriptedFault is one exact fault in the life of one card.
type ScriptedFault struct {
	ICCID string `yaml:"iccid"`
	// Event is what N counts, from 1: "mt" every submit_sm for the card, refused and repeated ones included; "message"
	// messages for the card, however many parts they have and however often they are submitted; "mo" short messages
	// from the card; "notice" those among them that are notices of an eUICC. "device" takes no N.
	Event string `yaml:"event"`
	N     int    `yaml:"n"`
	Part  int    `yaml:"part"` // of a message, each once; 0 is every part
	// What goes wrong. With mt and message: throttle, queue-full, lost-submit (it never arrives), lost-response (it
	// arrives), early-receipt, lost-receipt, duplicate, reset, lost-proof. With message, of part 0 only: late-proof; and
	// duplicate repeats the message when all its parts were delivered. With mo and notice: lost. With device: never-return,
	// ignored-refresh, unknown-imsi, no-cp, undo.
	What string `yaml:"what"`
}

// Words of a script.
const (
	eventMT      = "mt"
	eventMessage = "message"
	eventMO      = "mo"
	eventNotice  = "notice"
	eventDevice  = "device"
)

var inbound = []string{
	"throttle", "queue-full", "lost-submit", "lost-response", "early-receipt", "lost-receipt", "duplicate", "reset", "lost-proof",
}

var scripted = map[string][]string{
	eventMT:      inbound,
	eventMessage: append(slices.Clone(inbound), "late-proof"),
	eventMO:      {"lost"},
	eventNotice:  {"lost"},
	eventDevice:  {string(vanishes), string(ignoresRefresh), string(unknownIMSI), string(ignoresCP), string(undoes)},
}

// Preset returns the faults of a name: none, real or harsh. How many cards there are bounds how many devices have
// a lasting fault.
func Preset(name string, cards int) (Faults, error) {
	few := func(n int) int { return min(n, cards/10) }
	switch name {
	case "none":
		return Faults{}, nil
	case "real":
		return Faults{
			Absent: 0.10, AbsentFor: 3 * time.Minute,
			Throttle: 0.02, EarlyReceipts: 0.02, LostReceipts: 0.01, LostProofShare: 0.30, LostNotices: 0.05,
			NeverReturn: few(2), IgnoredRefresh: few(1), UnknownIMSI: few(1), NoCP: few(1),
		}, nil
	case "harsh":
		return Faults{
			Absent: 0.30, AbsentFor: 8 * time.Minute,
			Throttle: 0.08, QueueFull: 0.04, LostResponses: 0.03, EarlyReceipts: 0.10, LostReceipts: 0.05,
			Duplicates: 0.05, LateProof: 0.02, Reorder: 0.03, ResetBetweenParts: 0.03, LostMO: 0.04, LostProofShare: 0.60, LostNotices: 0.15,
			NeverReturn: few(2 + cards/50), IgnoredRefresh: few(1 + cards/100), UnknownIMSI: few(1 + cards/100), NoCP: few(1 + cards/100),
		}, nil
	}
	return Faults{}, fmt.Errorf("lab: faults %q: want none, real or harsh", name)
}

func (f Faults) check() error {
	for name, p := range map[string]float64{
		"absent": f.Absent, "throttle": f.Throttle, "queue_full": f.QueueFull, "lost_responses": f.LostResponses,
		"early_receipts": f.EarlyReceipts, "lost_receipts": f.LostReceipts, "duplicates": f.Duplicates, "late_proof": f.LateProof,
		"reorder": f.Reorder, "reset_between_parts": f.ResetBetweenParts, "lost_mo": f.LostMO, "lost_proof_share": f.LostProofShare,
		"lost_notices": f.LostNotices,
		"throttle, queue_full and lost_responses together": f.Throttle + f.QueueFull + f.LostResponses,
	} {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("lab: faults: %s %v: want 0 to 1", name, p)
		}
	}
	if f.AbsentFor < 0 || f.NeverReturn < 0 || f.IgnoredRefresh < 0 || f.UnknownIMSI < 0 || f.NoCP < 0 || f.Undo < 0 {
		return fmt.Errorf("lab: faults: absent_for and the numbers of devices must not be negative")
	}
	for i, s := range f.Script {
		words, ok := scripted[s.Event]
		switch {
		case !ok:
			return fmt.Errorf("lab: faults: script %d: event %q: want mt, message, mo, notice or device", i+1, s.Event)
		case !slices.Contains(words, s.What):
			return fmt.Errorf("lab: faults: script %d: what %q: want one of %v", i+1, s.What, words)
		case s.N < 1 && s.Event != eventDevice || s.Part < 0 || s.Part > 255 || s.Part > 0 && (s.Event != eventMessage || s.What == "late-proof"):
			return fmt.Errorf("lab: faults: script %d: n %d, part %d: want n from 1, and a part of 1 to 255 with event message only", i+1, s.N, s.Part)
		}
	}
	return nil
}

// role is a lasting fault of a device.
type role string

const (
	ordinary       role = ""
	vanishes       role = "never-return"
	ignoresRefresh role = "ignored-refresh"
	unknownIMSI    role = "unknown-imsi"
	ignoresCP      role = "no-cp"
	undoes         role = "undo"
)

// undoAfter is how long a multi-IMSI card that undoes its changes leaves them, in time of the world.
const undoAfter = 10 * time.Minute

// cast gives the roles of devices to cards: those the hash puts first. multiIMSI are those that can undo.
func (f Faults) cast(seed int64, iccids []string, multiIMSI map[string]bool) (map[string]role, error) {
	roles := map[string]role{}
	for _, s := range f.Script {
		if !slices.Contains(iccids, s.ICCID) {
			return nil, fmt.Errorf("lab: faults: script: the card file has no card %s", s.ICCID)
		}
		if s.What == string(undoes) && !multiIMSI[s.ICCID] {
			return nil, fmt.Errorf("lab: faults: script: card %s has no applet that could undo a change", s.ICCID)
		}
		if s.Event == eventDevice {
			roles[s.ICCID] = role(s.What)
		}
	}
	free := slices.DeleteFunc(slices.Clone(iccids), func(id string) bool { return roles[id] != ordinary })
	slices.SortFunc(free, func(a, b string) int {
		if chance(seed, a, "role", 0) < chance(seed, b, "role", 0) {
			return -1
		}
		return 1
	})
	for _, r := range []struct {
		role role
		n    int
	}{{undoes, f.Undo}, {vanishes, f.NeverReturn}, {ignoresRefresh, f.IgnoredRefresh}, {unknownIMSI, f.UnknownIMSI}, {ignoresCP, f.NoCP}} {
		fit := free
		if r.role == undoes {
			fit = slices.DeleteFunc(slices.Clone(free), func(id string) bool { return !multiIMSI[id] })
		}
		if r.n > len(fit) {
			return nil, fmt.Errorf("lab: faults: %d devices to be %s, %d are left", r.n, r.role, len(fit))
		}
		for _, id := range fit[:r.n] {
			roles[id] = r.role
		}
		free = slices.DeleteFunc(free, func(id string) bool { return roles[id] != ordinary })
	}
	return roles, nil
}
