package swap

// State is where a target stands.
type State string

// States of a target. docs/saga.md describes them; a test holds both together.
const (
	Selected          State = "selected"
	Skipped           State = "skipped"
	Snapshot          State = "snapshot"
	Switching         State = "switching"
	Switched          State = "switched"
	Moved             State = "moved"
	Configuring       State = "configuring"
	SettingsDelivered State = "settings delivered"
	Verified          State = "verified"
	NotSwitched       State = "not switched"
	WaitingForRestart State = "waiting for restart"
	Failed            State = "failed"
	Dark              State = "dark"
	SettingsFailed    State = "settings failed"
	Held              State = "held"
	Cancelled         State = "cancelled"
	RolledBack        State = "rolled back" // of techniques euicc and applet

	// Of kind rfm.
	Writing State = "writing"
	Written State = "written"
)

// States lists every state, in the order in which a person expects them.
func States() []State {
	return []State{
		Selected, Skipped, Snapshot, Switching, Switched, NotSwitched, WaitingForRestart, RolledBack, Moved, Configuring,
		SettingsDelivered, Verified, Writing, Written, Failed, Dark, SettingsFailed, Held, Cancelled,
	}
}

// Describe says what a state means, in plain words.
func (s State) Describe() string {
	switch s {
	case Selected:
		return "chosen by the campaign, nothing sent"
	case Skipped:
		return "preflight found a reason not to touch it"
	case Snapshot:
		return "what will be overwritten is being read"
	case Switching:
		return "the new identity is on its way to the card"
	case Switched:
		return "the card has the new identity, the device was not seen with it yet"
	case Moved:
		return "the new identity is alive in the device"
	case Configuring:
		return "settings are on their way to the device"
	case SettingsDelivered:
		return "every gating document reached the device"
	case Verified:
		return "the network saw the new identity use a new APN"
	case NotSwitched:
		return "the old number answered, and the card has the old identity"
	case WaitingForRestart:
		return "the card has the new identity, the modem still uses the old one"
	case Failed:
		return "the card refused it"
	case Dark:
		return "neither number answers"
	case SettingsFailed:
		return "moved, but the device was not configured"
	case Held:
		return "only a person can decide"
	case Cancelled:
		return "a person stopped it"
	case RolledBack:
		return "the card went back to another identity by itself"
	case Writing:
		return "files are being written"
	case Written:
		return "every file has its new content"
	}
	return "unknown state"
}

// Unproven reports whether a target in this state counts against
// max_unproven: it was or may be switched, and was not seen since.
func (s State) Unproven() bool {
	switch s {
	case Switching, Switched, WaitingForRestart, Dark, Writing:
		return true
	}
	return false
}

// Raisable reports whether late evidence can lift a target that closed in this
// state.
func (s State) Raisable() bool {
	switch s {
	case Failed, Dark, SettingsFailed, Held, RolledBack:
		return true
	}
	return false
}
