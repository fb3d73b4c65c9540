package config

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/sat/applet"
)

// Techniques: how an identity is switched.
const (
	rfmTechnique    = "rfm"    // its files are written
	euiccTechnique  = "euicc"  // the ISD-R enables another profile
	appletTechnique = "applet" // a vendor's applet is told
)

const (
	tarISDR = "000001" // GSMA SGP.02, annex H
	mslISDR = "16"     // GSMA SGP.02, 2.4.3: checksum, ciphered, counter higher
)

// fillTechnique puts in what a section leaves to the card type, or to the
// standard.
func fillTechnique(t *catalog.CardType) {
	if t.Technique != rfmTechnique && t.Refresh == "" {
		t.Refresh = "card"
	}
	if d := t.ISDR; d != nil {
		d.TAR = cmp.Or(d.TAR, tarISDR)
		d.SPI = cmp.Or(d.SPI, t.SPI)
		d.MaxParts = cmp.Or(d.MaxParts, t.MaxParts)
		fillKeys(&d.Keys)
	}
}

// checkTechnique checks the sections that belong to a technique: they are
// there with it, and only with it.
func checkTechnique(t catalog.CardType) (out []error) {
	switch t.Technique {
	case rfmTechnique, euiccTechnique, appletTechnique:
	default:
		out = append(out, bad("technique", "%q is not known: rfm, euicc or applet", t.Technique))
	}
	switch {
	case t.ISDR != nil && t.Technique != euiccTechnique:
		out = append(out, bad("isdr", "is there, but the technique is %q: only an eUICC has an ISD-R", t.Technique))
	case t.ISDR == nil && t.Technique == euiccTechnique:
		out = append(out, bad("technique", "euicc needs a section on the ISD-R, as isdr: {keys: {kic: aes-128, kid: aes-128}}"))
	case t.ISDR != nil:
		out = append(out, checkISDR(*t.ISDR, t.SPI)...)
	}
	switch {
	case t.Applet != nil && t.Technique != appletTechnique:
		out = append(out, bad("applet", "is there, but the technique is %q", t.Technique))
	case t.Applet == nil && t.Technique == appletTechnique:
		out = append(out, bad("technique", "applet needs a section applet with its commands"))
	case t.Applet != nil:
		out = append(out, checkApplet(*t.Applet)...)
	}
	return out
}

// checkISDR does not repeat what is wrong with the SPI of the card type.
func checkISDR(d catalog.ISDR, spi string) (out []error) {
	add := func(field, format string, args ...any) { out = append(out, bad("isdr."+field, format, args...)) }
	if _, err := ota.ParseTAR(d.TAR); err != nil {
		add("tar", "%q is no TAR: six hex digits, as %s", d.TAR, tarISDR)
	}
	if d.KeyVersion > highestKVN {
		add("key_version", "%d is no key version: 1 to %d", d.KeyVersion, highestKVN)
	}
	if d.MaxParts < 0 || d.MaxParts > mostParts {
		add("max_parts", "%d is out of range: 1 to %d", d.MaxParts, mostParts)
	}
	if d.SPI != spi {
		out = append(out, checkSPI("isdr.spi", d.SPI)...)
	}
	return append(out, checkKeys("isdr.keys", d.Keys)...)
}

// weakISDR lists what is below what an ISD-R asks for: to such packets it
// answers nothing at all (GSMA SGP.02, 2.4.3).
func weakISDR(t catalog.CardType) (out []FieldError) {
	if t.ISDR == nil {
		return nil
	}
	d := t.ISDR
	if d.SPI != t.SPI {
		out = weakSPI("isdr.spi", d.SPI)
	}
	if spi, err := ota.ParseSPI(d.SPI); err == nil {
		if msl, _ := level(mslISDR); !spi.Covers(msl) {
			out = append(out, tooLow("isdr.spi", spi, mslISDR, d.TAR))
		}
	}
	for _, f := range []struct{ field, value string }{{"isdr.keys.kic", d.Keys.KIc}, {"isdr.keys.kid", d.Keys.KID}} {
		if f.value != "" && !strings.HasPrefix(f.value, "aes-") {
			out = append(out, FieldError{f.field, fmt.Sprintf("%s: an ISD-R takes AES only", f.value)})
		}
	}
	if d.Keys.CCLength != 8 {
		out = append(out, FieldError{"isdr.keys.cc_length", fmt.Sprintf("%d octets: an ISD-R takes 8", d.Keys.CCLength)})
	}
	return out
}

// sample are values of every placeholder, to try a template.
var sample = applet.Values{"slot": "1", "imsi": "001010000000001", "iccid": "8900000000000000001", "mcc": "001", "timer": "1"}

func checkApplet(a catalog.Applet) (out []error) {
	if a.FirstSlot != 0 && a.FirstSlot != 1 {
		out = append(out, bad("applet.first_slot", "%d: the vendor numbers the first subscription 0 or 1", a.FirstSlot))
	}
	compiled, err := applet.Template(a.Template).Compile()
	if err != nil {
		for _, e := range flatten(err) {
			var f *applet.FieldError
			if errors.As(e, &f) {
				out = append(out, bad("applet."+f.Field, "%v", f.Err))
			}
		}
		return out
	}
	if _, ok := compiled.Answer(sample); !ok {
		out = append(out, bad("applet.read_back_expect",
			"%q leaves octets open, so no fence could settle a switch: write every octet in hex or as a placeholder", a.ReadBackExpect))
	}
	return out
}
