package cardfile

import (
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
	kic, kid string // algorithms
	ccLength int
	counter  uint64
	problem  string
}

// cardType looks a card type up, once.
func (b *builder) cardType(name string) *cardType {
	if t, ok := b.types[name]; ok {
		return t
	}
	t := &cardType{}
	if found, ok := b.opt.CardType(name); !ok {
		t.problem = fmt.Sprintf("there is no card type %s", shown(name))
	} else {
		t.kic, t.kid = strings.ToLower(found.Keys.KIc), strings.ToLower(found.Keys.KID)
		t.ccLength, t.counter = found.Keys.CCLength, found.InitialCounter
		if t.ccLength == 0 {
			t.ccLength = 8
		}
		for _, alg := range []string{t.kic, t.kid} {
			if _, err := vault.KeyLength(alg); err != nil {
				t.problem = fmt.Sprintf("card type %s: unknown key algorithm %q", shown(name), alg)
			}
		}
	}
	b.types[name] = t
	return t
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

// keysets reads the keys. A nil card type was reported already: nothing can
// be said of the keys then.
func (b *builder) keysets(t *cardType) []keyset {
	if t == nil {
		return nil
	}
	var keys []keyset
	for _, v := range b.versions {
		n := strconv.Itoa(v)
		if k, ok := b.keyset(t, n); ok {
			k.Version = byte(v)
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		b.warn("KIC1", "is missing like all keys: this card takes no secured packets")
	}
	return keys
}

// keyset reads the keys of version n. It is false if the row has none.
func (b *builder) keyset(t *cardType, n string) (keyset, bool) {
	kic, kid, kik, cntr := "KIC"+n, "KID"+n, "KIK"+n, "CNTR"+n
	has := func(field string) bool { return len(b.row.cells[field].value) > 0 }
	if !has(kic) && !has(kid) && !has(kik) {
		if has(cntr) {
			b.fail(cntr, "is there without %s and %s", kic, kid)
		}
		return keyset{}, false
	}
	for _, field := range []string{kic, kid} {
		if !has(field) {
			b.fail(field, "is missing, but the row has keys of version %s", n)
		}
	}
	k := keyset{Keyset: catalog.Keyset{KIcAlg: t.kic, KIDAlg: t.kid, CCLength: t.ccLength, Counter: b.counter(cntr, t.counter)}}
	k.kic, k.kid = b.key(kic, t.kic), b.key(kid, t.kid)
	k.kik = b.key(kik, t.kic) // the card type has none for KIK: it is of the kind of KIc
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
