package euicc

import (
	"fmt"

	"github.com/simota/simota/sat"
)

// Explain says what a status word means as the answer to this function.
func Explain(f Function, s sat.Status) string {
	if words, ok := f.refusals()[s]; ok {
		return fmt.Sprintf("%s: %04X %s", f.Name(), uint16(s), words)
	}
	return fmt.Sprintf("%s: %s", f.Name(), s)
}

const (
	noProfile = "the card has no such profile: audit it"
	badData   = "the card does not take these parameters"
)

// Status words and what they mean for each function (GSMA SGP.02, 4.1.1).
var (
	enableRefusals = map[sat.Status]string{
		0x6985: "the profile is not disabled: it may be enabled already, or not be loaded; audit the card",
		0x69E1: "the policy (POL1) of the profile that is enabled forbids to disable it",
		0x6A80: badData, 0x6A82: noProfile, 0x6A88: noProfile,
	}
	disableRefusals = map[sat.Status]string{
		0x6985: "the profile is not enabled, or it is the one that the card falls back on",
		0x69E1: "the policy (POL1) of the profile forbids to disable it",
		0x6A80: badData, 0x6A82: noProfile, 0x6A88: noProfile,
	}
	deleteRefusals = map[sat.Status]string{
		0x6985: "the profile is enabled, or it is the one that the card falls back on",
		0x69E1: "the policy (POL1) of the profile forbids to delete it",
		0x6A80: badData, 0x6A82: noProfile, 0x6A88: noProfile,
	}
	fallBackRefusals = map[sat.Status]string{0x6A80: badData, 0x6A82: noProfile, 0x6A88: noProfile}
	statusRefusals   = map[sat.Status]string{
		0x6310: "more profiles follow: read on with Next",
		0x6A80: badData, 0x6A82: noProfile, 0x6A88: noProfile,
	}
	createRefusals = map[sat.Status]string{
		0x6A80: badData,
		0x6A84: "the card has not enough memory for the profile",
	}
	addressRefusals = map[sat.Status]string{
		0x6581: "memory problem on the card: it may have kept the old address or none; do not switch before it is known",
		0x6A80: "the card does not take this form of address: try another type of number, or raw octets",
	}
)

// Name returns "EnableProfile".
func (EnableProfile) Name() string { return "EnableProfile" }

// Name returns "DisableProfile".
func (DisableProfile) Name() string { return "DisableProfile" }

// Name returns "SetFallBackAttribute".
func (SetFallBackAttribute) Name() string { return "SetFallBackAttribute" }

// Name returns "DeleteProfile".
func (DeleteProfile) Name() string { return "DeleteProfile" }

// Name returns "CreateISDP".
func (CreateISDP) Name() string { return "CreateISDP" }

// Name returns "GetStatus".
func (GetStatus) Name() string { return "GetStatus" }

// Name returns "GetMemory".
func (GetMemory) Name() string { return "GetMemory" }

// Name returns "UpdateSMSRAddressingParameters".
func (UpdateSMSRAddressingParameters) Name() string { return "UpdateSMSRAddressingParameters" }

// Name returns "HandleNotificationConfirmation".
func (HandleNotificationConfirmation) Name() string { return "HandleNotificationConfirmation" }

func (EnableProfile) refusals() map[sat.Status]string                  { return enableRefusals }
func (DisableProfile) refusals() map[sat.Status]string                 { return disableRefusals }
func (SetFallBackAttribute) refusals() map[sat.Status]string           { return fallBackRefusals }
func (DeleteProfile) refusals() map[sat.Status]string                  { return deleteRefusals }
func (CreateISDP) refusals() map[sat.Status]string                     { return createRefusals }
func (GetStatus) refusals() map[sat.Status]string                      { return statusRefusals }
func (GetMemory) refusals() map[sat.Status]string                      { return nil }
func (UpdateSMSRAddressingParameters) refusals() map[sat.Status]string { return addressRefusals }
func (HandleNotificationConfirmation) refusals() map[sat.Status]string { return nil }
