package euicc

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/simota/simota/sat"
)

// Policy is a set of rules over one profile, as GSMA SGP.02 names them. The
// zero value allows everything.
type Policy struct {
	EnableNotAllowed  bool // POL2 only
	DisableNotAllowed bool
	DeleteNotAllowed  bool
	DeleteOnDisable   bool // once another profile took over, this one is to go
}

// Rules are both sets of rules over one profile: POL1 lies on the card, which
// enforces it; POL2 lies at the server, which has to.
type Rules struct{ POL1, POL2 Policy }

// Reasons why a profile may not be touched. They come wrapped, with the profile.
var (
	ErrState    = errors.New("its state forbids it")
	ErrFallBack = errors.New("the card falls back on it")
	ErrPOL1     = errors.New("the policy on the card (POL1) forbids it")
	ErrPOL2     = errors.New("the policy at the server (POL2) forbids it")
)

// MayEnable says whether a profile may be enabled in place of the one that is
// enabled now, and if not, why. current is that one, nil if there is none; a
// switch disables it, so its rules count too. That the card falls back on it
// does not matter: another takes over.
func MayEnable(target Profile, rules Rules, current *Profile, currentRules Rules) error {
	switch {
	case target.State != Disabled:
		return refuse("enable", target, ErrState)
	case rules.POL2.EnableNotAllowed:
		return refuse("enable", target, ErrPOL2)
	case current == nil:
		return nil
	case current.State != Enabled:
		return refuse("disable", *current, ErrState)
	}
	return currentRules.check("disable", *current, func(p Policy) bool { return p.DisableNotAllowed })
}

// MayDisable says whether DisableProfile may be called on a profile, and if
// not, why.
func MayDisable(p Profile, rules Rules) error {
	switch {
	case p.State != Enabled:
		return refuse("disable", p, ErrState)
	case p.isFallBack():
		return refuse("disable", p, ErrFallBack)
	}
	return rules.check("disable", p, func(p Policy) bool { return p.DisableNotAllowed })
}

// MayDelete says whether a profile may be deleted, and if not, why.
func MayDelete(p Profile, rules Rules) error {
	switch {
	case p.State == Enabled:
		return refuse("delete", p, ErrState)
	case p.isFallBack():
		return refuse("delete", p, ErrFallBack)
	}
	return rules.check("delete", p, func(p Policy) bool { return p.DeleteNotAllowed })
}

func (r Rules) check(verb string, p Profile, forbids func(Policy) bool) error {
	switch {
	case forbids(r.POL1):
		return refuse(verb, p, ErrPOL1)
	case forbids(r.POL2):
		return refuse(verb, p, ErrPOL2)
	}
	return nil
}

func refuse(verb string, p Profile, reason error) error {
	return fmt.Errorf("euicc: may not %s profile %s, which is %s: %w", verb, p.ISDP, p.State, reason)
}

// DueDelete says what POL2 makes a server do after a switch was confirmed:
// delete the profile that was disabled by it, if a rule asks for that, no rule
// forbids it and the card did not do it already (deleted comes from the
// [Confirmation]).
func DueDelete(old Profile, rules Rules, deleted []sat.AID) (f DeleteProfile, due bool) {
	old.State = Disabled
	gone := slices.ContainsFunc(deleted, func(a sat.AID) bool { return bytes.Equal(a, old.ISDP) })
	if !rules.POL2.DeleteOnDisable || gone || MayDelete(old, rules) != nil {
		return DeleteProfile{}, false
	}
	return DeleteProfile{old.ISDP}, true
}
