package cardfile

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/vault"
)

const maxCounter = 1<<40 - 1 // CNTR has five octets (ETSI TS 102 225, 5.1.4)

// cardType is what a row needs of its card type, or why there is none.
type cardType struct {
	keys    catalog.KeyAlgorithms
	isdr    *catalog.ISDR // of an eUICC, else nil
	counter uint64
	problem string
}

// cardType looks a card type up, once.
func (b *builder) cardType(name string) *cardType {
	if t, ok := b.types[name]; ok {
		return t
	}
	t := &cardType{}
	b.types[name] = t
	found, ok := b.opt.CardType(name)
	if !ok {
		t.problem = fmt.Sprintf("there is no card type %s", shown(name))
		return t
	}
	t.keys, t.counter = withDefaults(found.Keys), found.InitialCounter
	algorithms := []string{t.keys.KIc, t.keys.KID}
	switch {
	case found.Technique == "euicc" && found.ISDR == nil:
		t.problem = fmt.Sprintf("card type %s: technique euicc, but nothing on its ISD-R", shown(name))
	case found.Technique == "euicc":
		isdr := *found.ISDR
		isdr.Keys = withDefaults(isdr.Keys)
		t.isdr, algorithms = &isdr, append(algorithms, isdr.Keys.KIc, isdr.Keys.KID)
	}
	for _, alg := range algorithms {
		if _, err := vault.KeyLength(alg); err != nil {
			t.problem = fmt.Sprintf("card type %s: unknown key algorithm %q", shown(name), alg)
		}
	}
	return t
}

func withDefaults(k catalog.KeyAlgorithms) catalog.KeyAlgorithms {
	k.KIc, k.KID = strings.ToLower(k.KIc), strings.ToLower(k.KID)
	if k.CCLength == 0 {
		k.CCLength = 8
	}
	return k
}

// keyColumns names the columns of one keyset: KIC1, P2_KIC1, ISDR_KIC1.
type keyColumns struct {
	owner   int // the subscription whose profile has the keys, or ofISDR
	version int
}

const ofISDR = 0

// keyColumnsOf finds the keyset that a column is of.
func keyColumnsOf(column string) (keyColumns, bool) {
	m := keyColumn.FindStringSubmatch(column)
	if m == nil {
		return keyColumns{}, false
	}
	owner := ofISDR
	if m[1] != "ISDR" {
		owner = numberOr1(strings.TrimPrefix(m[1], "P"))
	}
	return keyColumns{owner, numberOr1(m[3])}, true
}

func (k keyColumns) compare(o keyColumns) int {
	return cmp.Or(cmp.Compare(k.owner, o.owner), cmp.Compare(k.version, o.version))
}

// name is the column of that kind.
func (k keyColumns) name(kind string) string {
	switch k.owner {
	case ofISDR:
		kind = "ISDR_" + kind
	case 1:
	default:
		kind = fmt.Sprintf("P%d_%s", k.owner, kind)
	}
	return kind + strconv.Itoa(k.version)
}

// keys are its columns, without the counter's.
func (k keyColumns) keys() []string { return []string{k.name("KIC"), k.name("KID"), k.name("KIK")} }

// isCounter tells whether a column has the counter of a keyset.
func isCounter(column string) bool {
	m := keyColumn.FindStringSubmatch(column)
	return m != nil && m[2] == "CNTR"
}

// keyset is a row's keys of one version, in clear for as long as they need.
type keyset struct {
	catalog.Keyset
	kic, kid, kik []byte
}

func wipe(keys []keyset) {
	for _, k := range keys {
		clear(k.kic)
		clear(k.kid)
		clear(k.kik)
	}
}

// keys reads the keys. A nil card type was reported already: nothing can be
// said of the keys then.
func (b *builder) keys(t *cardType, subs []catalog.Subscription) []keyset {
	if t == nil {
		return nil
	}
	var keys []keyset
	for _, c := range b.keysets {
		if k, ok := b.keyset(t, c); ok {
			k.Version, k.Domain = byte(c.version), domain(c.owner, subs)
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 && t.isdr == nil {
		b.warn("KIC1", "is missing like all keys: this card takes no secured packets")
	}
	return keys
}

// keyset reads the keys of these columns. It is false if the row has none, or
// none that can be read.
func (b *builder) keyset(t *cardType, c keyColumns) (keyset, bool) {
	kic, kid, kik, cntr := c.name("KIC"), c.name("KID"), c.name("KIK"), c.name("CNTR")
	there := b.filled(kic, kid, kik)
	if there == "" {
		if b.filled(cntr) != "" {
			b.fail(cntr, "is there without %s and %s", kic, kid)
		}
		return keyset{}, false
	}
	if c.owner != 1 && t.isdr == nil {
		b.fail(there, "is there, "+noEUICC)
		return keyset{}, false
	}
	for _, field := range []string{kic, kid} {
		if b.filled(field) == "" {
			b.fail(field, "is missing, but the row has keys of version %d", c.version)
		}
	}
	alg := t.keys
	if c.owner == ofISDR {
		alg = t.isdr.Keys
	}
	k := keyset{Keyset: catalog.Keyset{KIcAlg: alg.KIc, KIDAlg: alg.KID, CCLength: alg.CCLength, Counter: b.counter(cntr, t.counter)}}
	k.kic, k.kid = b.key(kic, alg.KIc), b.key(kid, alg.KID)
	k.kik = b.key(kik, alg.KIc) // the card type has none for KIK: it is of the kind of KIc
	return k, true
}

// counter reads the last counter that was used, in decimal.
func (b *builder) counter(field string, byDefault uint64) uint64 {
	s := b.text(field)
	if s == "" {
		return byDefault
	}
	n, problem := parseCounter(s)
	if problem != "" {
		b.fail(field, "%s", problem)
	}
	return n
}

func parseCounter(s string) (n uint64, problem string) {
	if len(s) > 1 && s[0] == '0' {
		return 0, "begins with 0, as hexadecimal counters do; write it in decimal without leading zeros"
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n > maxCounter || s[0] == '+' {
		return 0, fmt.Sprintf("is no decimal number from 0 to %d", uint64(maxCounter))
	}
	return n, ""
}

// key reads one key, nil if the cell is empty or bad.
func (b *builder) key(field, alg string) []byte {
	digits := b.row.cells[field].value
	if len(digits) == 0 {
		return nil
	}
	want, _ := vault.KeyLength(alg) // cardType has checked it
	key := make([]byte, (len(digits)+1)/2)
	if _, err := hex.Decode(key, digits); err != nil && !errors.Is(err, hex.ErrLength) {
		clear(key)
		b.fail(field, "has characters that are no hex digits (value not shown)")
		return nil
	}
	if len(digits) != 2*want {
		clear(key)
		b.fail(field, "%s (value not shown)", lengthProblem(len(digits), alg, 2*want))
		return nil
	}
	if strings.HasPrefix(alg, "3des") && isSingleDES(key) {
		clear(key)
		b.fail(field, "two neighbouring parts of the 3DES key are equal: this is single DES (value not shown)")
		return nil
	}
	return key
}

// lengthProblem tells a key that is cut from one of another algorithm.
func lengthProblem(digits int, alg string, want int) string {
	family, lengths := "a 3DES key", "32 or 48"
	possible := digits == 32 || digits == 48
	if strings.HasPrefix(alg, "aes") {
		family, lengths = "an AES key", "32, 48 or 64"
		possible = possible || digits == 64
	}
	if !possible {
		return fmt.Sprintf("%d hex digits, %s needs %s", digits, family, lengths)
	}
	return fmt.Sprintf("%d hex digits, but the card type says %s, which needs %d", digits, alg, want)
}

// isSingleDES tells whether K1=K2 or K2=K3, parity bits aside: encrypting and
// decrypting with the same key undo each other.
func isSingleDES(key []byte) bool {
	for at := 8; at < len(key); at += 8 {
		same := true
		for i := at; i < at+8; i++ {
			same = same && (key[i]^key[i-8])&0xFE == 0
		}
		if same {
			return true
		}
	}
	return false
}

// seal gives the record, with sealed keys and the check values of KIc and KID.
func (k keyset) seal(s Sealer, iccid string) (catalog.Keyset, error) {
	r := k.Keyset
	kcvKIc, err := vault.CheckValue(r.KIcAlg, k.kic)
	if err != nil {
		return r, err
	}
	kcvKID, err := vault.CheckValue(r.KIDAlg, k.kid)
	if err != nil {
		return r, err
	}
	r.CheckValue = kcvKIc + "/" + kcvKID
	for _, p := range []struct {
		kind string
		key  []byte
		to   *[]byte
	}{{"kic", k.kic, &r.SealedKIc}, {"kid", k.kid, &r.SealedKID}, {"kik", k.kik, &r.SealedKIK}} {
		if p.key == nil {
			continue
		}
		if *p.to, r.KEKID, err = s.Seal(vault.AAD(iccid, r.Domain, r.Version, p.kind), p.key); err != nil {
			return r, err
		}
	}
	return r, nil
}
