package rfm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
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
	for _, name := range id.named() {
		f, rec, err := LookupRecord(name)
		if err != nil {
			return fmt.Errorf("rfm: value for unknown file %q", name)
		}
		if free := table[position(f.Name)].free || rec > 1 && !f.Secret; !free && id.IMSI != "" {
			return fmt.Errorf("rfm: value for %s: not taken, a swap determines this file itself", f.Title)
		}
		if id.Values[name] != nil && id.Content[name] != nil {
			return fmt.Errorf("rfm: %s has both octets in Values and a value in Content: give one", name)
		}
	}
	for _, item := range id.Items {
		if err := item.Check(); err != nil {
			return err
		}
	}
	return nil
}

// named are the files whose content the identity gives.
func (id Identity) named() []string {
	return append(slices.Sorted(maps.Keys(id.Values)), slices.Sorted(maps.Keys(id.Content))...)
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

// wantShortAD is wantAD, for a SIM whose file may end before the MNC length.
func wantShortAD(old []byte, id Identity) ([]byte, error) {
	if len(old) == 3 {
		return old, nil
	}
	return wantAD(old, id)
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

func wantNoKeys([]byte, Identity) ([]byte, error) {
	return append([]byte{noKey}, blank(32)...), nil
}

// wantSTARTHFN is a START above the threshold for both domains: the next
// connection makes new keys.
func wantSTARTHFN([]byte, Identity) ([]byte, error) {
	return []byte{0xF0, 0x00, 0x00, 0xF0, 0x00, 0x00}, nil
}

func wantNoKc([]byte, Identity) ([]byte, error) { return append(blank(8), noKey), nil }

func wantNoUAC([]byte, Identity) ([]byte, error) { return make([]byte, 4), nil }

func wantSPDI(_ []byte, id Identity) ([]byte, error) {
	if _, err := id.home(); err != nil {
		return nil, err
	}
	return spdiCoding.to(id.PLMNs, nil)
}

// imsDomain is the home domain that a phone would make of the IMSI itself (3GPP
// TS 23.003, 13.2); the MNC always has three digits there.
func (id Identity) imsDomain() (string, error) {
	home, err := id.home()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("ims.mnc%03s.mcc%s.3gppnetwork.org", home[3:], home[:3]), nil
}

func wantDomain(_ []byte, id Identity) ([]byte, error) { return id.ims("%s", false) }
func wantIMPI(_ []byte, id Identity) ([]byte, error)   { return id.ims("%s", true) }
func wantIMPU(_ []byte, id Identity) ([]byte, error)   { return id.ims("sip:%s", true) }

func (id Identity) ims(format string, user bool) ([]byte, error) {
	name, err := id.imsDomain()
	if err != nil {
		return nil, err
	}
	if user {
		if err := checkIMSI(id.IMSI); err != nil {
			return nil, err
		}
		name = id.IMSI + "@" + name
	}
	return uriCoding.to(fmt.Sprintf(format, name), nil)
}

func wantBlank(old []byte, _ Identity) ([]byte, error) { return blank(len(old)), nil }
