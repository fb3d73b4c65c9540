package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat/rfm"
)

const (
	highestCounter = 1<<40 - 1 // ETSI TS 102 225, 5.1: five octets
	highestKVN     = 15        // ETSI TS 102 225, 5.1.2
	mostParts      = 255       // 3GPP TS 23.040, 9.2.3.24.1
)

// DecodeCardType reads a card type file; name is the file's, for messages. The
// error lists every problem. Weak security is one, unless the file says
// allow_weak; then [Weak] lists it.
func DecodeCardType(name string, text []byte) (catalog.CardType, error) {
	t, err := decode[catalog.CardType](text)
	if err == nil {
		fillCardType(&t)
		found := checkCardType(t)
		if !t.AllowWeak {
			for _, w := range weak(t) {
				found = append(found, FieldError{w.Field, w.Msg + "; refused unless the file says allow_weak: true"})
			}
		}
		err = errors.Join(found...)
	}
	if err != nil {
		return catalog.CardType{}, Explain(name, text, err)
	}
	return t, nil
}

// fillCardType puts defaults in, and names as the rest of the program has them.
func fillCardType(t *catalog.CardType) {
	fillKeys(&t.Keys)
	fillTechnique(t)
	if t.CounterScope == "" {
		t.CounterScope = "keyset"
	}
	for name, app := range t.TARs {
		if app.Start == "" {
			app.Start = "adf-usim"
			t.TARs[name] = app
		}
	}
}

func fillKeys(k *catalog.KeyAlgorithms) {
	if k.CCLength == 0 {
		k.CCLength = 8
	}
	k.KIc, k.KID = strings.ToLower(k.KIc), strings.ToLower(k.KID)
}

func checkCardType(t catalog.CardType) (out []error) {
	add := func(field, format string, args ...any) { out = append(out, bad(field, format, args...)) }
	if err := checkName(t.Name); err != nil {
		add("card_type", "%v", err)
	}
	if t.CounterScope != "keyset" {
		add("counter_scope", "%q is not in this version: every TAR of a keyset shares one counter, \"keyset\"", t.CounterScope)
	}
	if t.KeyVersion > highestKVN {
		add("key_version", "%d is no key version: 1 to %d", t.KeyVersion, highestKVN)
	}
	if t.InitialCounter > highestCounter {
		add("initial_counter", "%d does not fit five octets: at most %d", t.InitialCounter, highestCounter)
	}
	if t.MaxParts < 0 || t.MaxParts > mostParts {
		add("max_parts", "%d is out of range: 1 to %d", t.MaxParts, mostParts)
	}
	out = append(out, checkKeys("keys", t.Keys)...)
	out = append(out, checkSPI("spi", t.SPI)...)
	out = append(out, checkTechnique(t)...)
	out = append(out, checkTARs(t)...)
	out = append(out, checkRefresh(t)...)
	out = append(out, checkFiles(t)...)
	return append(out, checkTracking(t.Tracking)...)
}

func checkKeys(section string, k catalog.KeyAlgorithms) (out []error) {
	if k.KIc == "" && k.KID == "" {
		return []error{bad(section, "is missing: the algorithms of the keys, as {kic: aes-128, kid: aes-128}")}
	}
	for _, f := range []struct{ field, value string }{{".kic", k.KIc}, {".kid", k.KID}} {
		if _, err := ota.ParseAlgorithm(f.value); err != nil {
			out = append(out, bad(section+f.field, "%q is not known: 3des-2, 3des-3, aes-128, aes-192 or aes-256", f.value))
		}
	}
	if k.CCLength != 8 && !(k.CCLength == 4 && strings.HasPrefix(k.KID, "aes-")) {
		out = append(out, bad(section+".cc_length", "%d octets: 8, or 4 where kid is AES", k.CCLength))
	}
	return out
}

// checkSPI refuses what no flag allows.
func checkSPI(field, s string) (out []error) {
	spi, err := ota.ParseSPI(s)
	switch {
	case err != nil:
		return []error{bad(field, "%q is no SPI: four hex digits, as \"1639\"", s)}
	case spi[0]&0xE0 != 0 || spi[1]&0xC0 != 0 || spi.PoR() > ota.PoROnError:
		out = append(out, bad(field, "%s: reserved bits are set (ETSI TS 102 225, 5.1.1)", spi))
	case spi.CounterMode() == ota.CounterExact:
		out = append(out, bad(field, "%s: counters exactly one higher: one lost packet would lock the card", spi))
	case spi.Check() == ota.RC || spi.Check() == ota.DS || spi.PoRCheck() == ota.RC || spi.PoRCheck() == ota.DS:
		out = append(out, bad(field, "%s: redundancy checks and signatures are not in this version: use a cryptographic checksum", spi))
	}
	return out
}

// weak lists what would be unsafe: a forged answer, or a packet that runs twice.
func weak(t catalog.CardType) (out []FieldError) {
	out = weakSPI("spi", t.SPI)
	if spi, err := ota.ParseSPI(t.SPI); err == nil {
		for _, name := range slices.Sorted(maps.Keys(t.TARs)) {
			app := t.TARs[name]
			if msl, ok := level(app.MSL); ok && !spi.Covers(msl) {
				out = append(out, tooLow("tars."+name+".msl", spi, app.MSL, app.TAR))
			}
		}
	}
	return append(out, weakISDR(t)...)
}

func weakSPI(field, s string) (out []FieldError) {
	spi, err := ota.ParseSPI(s)
	if err != nil {
		return nil
	}
	add := func(format string, args ...any) { out = append(out, FieldError{field, fmt.Sprintf(format, args...)}) }
	if spi.Check() == ota.NoCheck {
		add("%s: packets carry no checksum, anybody could write one", spi)
	}
	if !spi.ReplayDetected() {
		add("%s: without replay detection a copy of a packet runs twice", spi)
	}
	if spi.PoR() != ota.PoRAlways {
		add("%s: the card does not always send a proof, so nothing is ever known for sure", spi)
	} else if spi.PoRCheck() == ota.NoCheck {
		add("%s: the proof carries no checksum, anybody could forge it", spi)
	}
	return out
}

func tooLow(field string, spi ota.SPI, msl, tar string) FieldError {
	return FieldError{field, fmt.Sprintf("SPI %s is below the security level %s that TAR %s asks for: the card would refuse every packet", spi, msl, tar)}
}

// Weak lists what is weak about a card type that allows it, in plain words.
func Weak(t catalog.CardType) (out []string) {
	for _, w := range weak(t) {
		out = append(out, w.Error())
	}
	return out
}

func level(s string) (byte, bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 1 {
		return 0, false
	}
	// A level is a first SPI octet; the strongest one meets every valid level.
	const strongest = 0x1F // DS, ciphered, counter exactly one higher
	return b[0], ota.SPI{strongest}.Covers(b[0])
}

func checkTARs(t catalog.CardType) (out []error) {
	if _, ok := t.RFM(); !ok && t.Technique == rfmTechnique {
		out = append(out, bad("tars", "names no usim-rfm and no usim-rfm-expanded: files are written through one of them"))
	}
	for _, name := range slices.Sorted(maps.Keys(t.TARs)) {
		app, field := t.TARs[name], "tars."+name
		if _, err := ota.ParseTAR(app.TAR); err != nil {
			out = append(out, bad(field+".tar", "%q is no TAR: six hex digits, as b00011", app.TAR))
		}
		if f := script.Format(app.Format); f != script.Compact && f != script.Expanded {
			out = append(out, bad(field+".format", "%q is not known: compact or expanded", app.Format))
		}
		if _, ok := level(app.MSL); !ok {
			out = append(out, bad(field+".msl", "%q is no security level: a first SPI octet, two hex digits, as \"16\"", app.MSL))
		}
		if app.Start != "adf-usim" && app.Start != "mf" {
			out = append(out, bad(field+".start", "%q is not known: adf-usim or mf", app.Start))
		}
	}
	return out
}

func checkRefresh(t catalog.CardType) []error {
	app, _ := t.RFM()
	switch t.Refresh {
	case "card", "none":
		return nil
	case "immediate":
		if script.Format(app.Format) == script.Expanded {
			return nil
		}
		return []error{bad("refresh", "immediate needs a usim-rfm-expanded TAR: compact format cannot carry REFRESH")}
	}
	return []error{bad("refresh", "%q is not known: card (it does by itself), immediate (the packet says so) or none", t.Refresh)}
}

func checkFiles(t catalog.CardType) (out []error) {
	for i, name := range t.Files {
		field := fmt.Sprintf("files[%d]", i)
		f, _, err := rfm.LookupRecord(name)
		switch {
		case err != nil:
			out = append(out, bad(field, "%s", unknownFile(name, err)))
		case f.Name == "iccid":
			out = append(out, bad(field, "iccid is never written: it is the card's own number"))
		case slices.Index(t.Files, name) < i:
			out = append(out, bad(field, "%q stands here twice", name))
		}
	}
	for _, required := range []string{"smsp", "imsi"} {
		if t.Technique == rfmTechnique && len(t.Files) > 0 && !slices.Contains(t.Files, required) {
			out = append(out, bad("files", "%s is missing: a swap writes smsp and imsi", required))
		}
	}
	return out
}

// unknownFile says why LookupRecord knows no file of a name.
func unknownFile(name string, err error) string {
	base, _, _ := strings.Cut(name, "#")
	if _, ok := rfm.Lookup(base); ok {
		return strings.TrimPrefix(err.Error(), "rfm: ") // it has no such record
	}
	if n := nearest(base, fileNames()); n != "" {
		return fmt.Sprintf("%q is not known, did you mean %q?", base, n)
	}
	return fmt.Sprintf("%q is not known: known are %s", base, strings.Join(fileNames(), ", "))
}

func fileNames() (names []string) {
	for _, f := range rfm.Files() {
		names = append(names, f.Name)
	}
	return names
}
