package rfm

import (
	"errors"
	"fmt"
	"strings"
)

// want computes the content of a file from what it holds now and from the
// identity the card shall have.
type want func(old []byte, id Identity) ([]byte, error)

var errNoHome = errors.New("rfm: no home network: give the operator's PLMN")

// home is the first network of the identity.
func (id Identity) home() (PLMN, error) {
	if len(id.PLMNs) == 0 {
		return "", errNoHome
	}
	return id.PLMNs[0], nil
}

// check finds contradictions that would leave a card without a network.
func (id Identity) check() error {
	for _, p := range id.PLMNs {
		if err := p.Check(); err != nil {
			return err
		}
	}
	if len(id.PLMNs) > 0 {
		home := id.PLMNs[0]
		if id.IMSI != "" && !strings.HasPrefix(id.IMSI, string(home)) {
			return fmt.Errorf("rfm: IMSI %q does not begin with the home network %s", id.IMSI, home)
		}
		if id.MNCLength != 0 && id.MNCLength != home.MNCLength() {
			return fmt.Errorf("rfm: MNC length %d, but the home network %s has %d digits", id.MNCLength, home, home.MNCLength())
		}
	}
	for name := range id.Values {
		i := position(name)
		if i < 0 {
			return fmt.Errorf("rfm: value for unknown file %q", name)
		}
		if !table[i].free {
			return fmt.Errorf("rfm: value for %s: not taken, a swap determines this file itself", table[i].Title)
		}
	}
	return nil
}

func wantIMSI(_ []byte, id Identity) ([]byte, error) { return EncodeIMSI(id.IMSI) }

func wantACC(_ []byte, id Identity) ([]byte, error) { return EncodeACC(id.IMSI) }

func wantMSISDN(old []byte, id Identity) ([]byte, error) {
	if err := international("MSISDN", id.MSISDN); err != nil {
		return nil, err
	}
	return EncodeMSISDN(id.MSISDN, len(old))
}

func wantSMSP(old []byte, id Identity) ([]byte, error) {
	if err := international("SMSC", id.SMSC); err != nil {
		return nil, err
	}
	return EncodeSMSP(id.SMSC, old)
}

// international refuses numbers that a card abroad could not use.
func international(field, number string) error {
	if !strings.HasPrefix(number, "+") {
		return fmt.Errorf("rfm: %s %q: want the international form, + and digits", field, number)
	}
	return nil
}

func wantAD(old []byte, id Identity) ([]byte, error) {
	n := id.MNCLength
	if n == 0 {
		home, err := id.home()
		if err != nil {
			return nil, err
		}
		n = home.MNCLength()
	}
	return EncodeAD(old, n)
}

func wantEHPLMN(old []byte, id Identity) ([]byte, error) {
	if _, err := id.home(); err != nil {
		return nil, err
	}
	return EncodeEHPLMN(id.PLMNs, len(old))
}

func wantPLMNwAcT(old []byte, id Identity) ([]byte, error) {
	if _, err := id.home(); err != nil {
		return nil, err
	}
	act := id.AcT
	if act == 0 {
		act = AllAccess
	}
	return EncodePLMNwAcT(id.PLMNs, act, len(old))
}

func wantNoPLMNwAcT(old []byte, _ Identity) ([]byte, error) {
	return EncodePLMNwAcT(nil, 0, len(old))
}

func wantFPLMN(old []byte, _ Identity) ([]byte, error) { return EncodeFPLMN(len(old)) }

func wantLocation(encode func(PLMN) ([]byte, error)) want {
	return func(_ []byte, id Identity) ([]byte, error) {
		home, err := id.home()
		if err != nil {
			return nil, err
		}
		return encode(home)
	}
}

// noKey is the key set identifier that says there is none (3GPP TS 24.008,
// 10.5.1.2).
const noKey = 0x07

func wantNoKeys([]byte, Identity) ([]byte, error) {
	return append([]byte{noKey}, blank(32)...), nil
}

// wantSTARTHFN is a START above the threshold for both domains: the next
// connection makes new keys.
func wantSTARTHFN([]byte, Identity) ([]byte, error) {
	return []byte{0xF0, 0x00, 0x00, 0xF0, 0x00, 0x00}, nil
}

func wantBlank(old []byte, _ Identity) ([]byte, error) { return blank(len(old)), nil }
