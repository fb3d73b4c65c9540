package rfm

import (
	"fmt"
	"strings"

	"github.com/simota/simota/sat/tlv"
)

// Describe says in plain words what a file holds: "IMSI 999700000000017". What
// cannot be read is shown in hex, except for files of key material, whose
// octets are never shown.
func Describe(f File, value []byte) string {
	switch {
	case f.Secret:
		return f.Title + " " + describeKeys(f, value)
	case len(value) > 0 && allFF(value):
		return f.Title + " empty"
	}
	words, err := describe(f.Name, value)
	if err != nil {
		return fmt.Sprintf("%s %X, not readable", f.Title, value)
	}
	return f.Title + " " + words
}

func describe(name string, b []byte) (string, error) {
	switch name {
	case "imsi":
		return DecodeIMSI(b)
	case "iccid":
		return DecodeICCID(b)
	case "msisdn":
		return DecodeMSISDN(b)
	case "loci":
		return describeLocation("LAC", b, DecodeLOCI)
	case "psloci":
		return describeLocation("LAC", b, DecodePSLOCI)
	case "epsloci":
		return describeLocation("TAC", b, DecodeEPSLOCI)
	case "ehplmn", "fplmn":
		list, err := DecodePLMNs(b)
		return join(list), err
	case "plmnwact", "oplmnwact", "hplmnwact":
		list, err := DecodePLMNwAcT(b)
		return join(list), err
	case "acc":
		classes, err := DecodeACC(b)
		return "class " + join(classes), err
	case "ad":
		return describeAD(b)
	case "spn":
		return describeSPN(b)
	case "smsp":
		return describeSMSP(b)
	case "sdn", "mbdn":
		alpha, number, err := DecodeADN(b)
		return strings.TrimSpace(number + " " + alpha), err
	case "ecc":
		e, err := DecodeECC(b)
		return strings.TrimSpace(e.Number+" "+e.Alpha) + fmt.Sprintf(", category %02X", e.Category), err
	case "hpplmn":
		return describePeriod(b)
	}
	return fmt.Sprintf("%X", b), nil
}

// String shows the network and its access technologies.
func (a Access) String() string { return a.PLMN.String() + " " + a.AcT.String() }

// join lists values; none is "none".
func join[T any](list []T) string {
	if len(list) == 0 {
		return "none"
	}
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

func describeLocation(area string, b []byte, decode func([]byte) (Location, error)) (string, error) {
	l, err := decode(b)
	if err != nil {
		return "", err
	}
	plmn := l.PLMN.String()
	if plmn == "" {
		plmn = "no network"
	}
	status := fmt.Sprintf("status %02X", l.Status)
	switch l.Status {
	case 0:
		status = "updated"
	case 1:
		status = "not updated"
	}
	return fmt.Sprintf("%s, %s %04X, %s", plmn, area, l.Area, status), nil
}

func describeAD(b []byte) (string, error) {
	a, err := DecodeAD(b)
	if err != nil {
		return "", err
	}
	mode := "normal"
	if a.Mode != 0 {
		mode = fmt.Sprintf("mode %02X", a.Mode)
	}
	return fmt.Sprintf("%s, MNC of %d digits", mode, a.MNCLength), nil
}

func describeSPN(b []byte) (string, error) {
	s, err := DecodeSPN(b)
	if err != nil {
		return "", err
	}
	words := fmt.Sprintf("%q", s.Name)
	if s.ShowPLMN {
		words += ", network shown at home"
	}
	if s.HideAbroad {
		words += ", hidden abroad"
	}
	return words, nil
}

func describeSMSP(b []byte) (string, error) {
	s, err := DecodeSMSP(b)
	if err != nil {
		return "", err
	}
	if s.SMSC == "" {
		return "no SMSC", nil
	}
	return "SMSC " + s.SMSC, nil
}

// describePeriod reads the search period of HPPLMN, in steps of 6 minutes.
func describePeriod(b []byte) (string, error) {
	if len(b) != 1 {
		return "", fmt.Errorf("rfm: HPPLMN of %d octets: want 1", len(b))
	}
	if b[0] == 0 {
		return "off", nil
	}
	return fmt.Sprintf("every %d minutes", 6*int(b[0])), nil
}

// describeKeys says whether a file of key material holds keys.
func describeKeys(f File, b []byte) string {
	ksi, ok := keySet(f, b)
	switch {
	case !ok:
		return fmt.Sprintf("%d octets, not shown", len(b))
	case ksi == noKey || ksi == 0xFF:
		return "no key"
	}
	return fmt.Sprintf("key set %d, not shown", ksi&0x07)
}

// keySet finds the key set identifier: the first octet of Keys and KeysPS, the
// object 80 inside A0 of EPSNSC.
func keySet(f File, b []byte) (byte, bool) {
	if len(b) == 0 {
		return 0, false
	}
	if f.Structure == Transparent || allFF(b) {
		return b[0], true
	}
	context, rest, err := tlv.First(b)
	if err != nil || context.Tag != 0xA0 || !allFF(rest) {
		return 0, false
	}
	id, _, err := tlv.First(context.Value)
	if err != nil || id.Tag != 0x80 || len(id.Value) != 1 {
		return 0, false
	}
	return id.Value[0], true
}
