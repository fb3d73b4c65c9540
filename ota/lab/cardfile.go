package lab

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/euicc"
)

// issue is one row of the card file: a card, the device it is in, and its subscriptions.
type issue struct {
	line          int
	iccid         string
	cardType      string
	imei          string
	noCP          bool // column CP says none
	subscriptions []contract
	profiles      []profile // of the subscriptions
	eid           string    // of an eUICC
	isdr          keyTable  // of an eUICC
}

// contract is a subscription as the card file has it; the first is the one in use.
type contract struct{ imsi, msisdn, operator string }

// profile is what the card keeps for a subscription. A plain card has one set of keys for all, with the first.
type profile struct {
	iccid string
	isdp  sat.AID // nil on a plain card
	keys  keyTable
}

// keyTable is the keys and counters of one security domain. They are test keys, and yet no error shows one.
type keyTable struct {
	prefix string // of its columns
	rows   []keyRow
}

type keyRow struct {
	version       byte
	kic, kid, kik []byte
	counter       uint64
}

// Most key sets and subscriptions a row may have.
const (
	maxKeysets       = 15
	maxSubscriptions = 4
)

// parseCards reads a card file: CSV with a header, sysmocom's columns and ours (MSISDN, OPERATOR, CARD_TYPE, IMEI,
// CP, CNTR1, and IMSI2, MSISDN2, OPERATOR2 and so on). Columns it does not need are left alone.
//
// On an eUICC every subscription is a profile: EID, ISDP, ISDP2 and so on (the AID, or the four hex digits in it that
// count), optionally ICCID2 and so on (else all have ICCID), the keys of the ISD-R in ISDR_KIC1, ISDR_KID1, ISDR_CNTR1,
// those of the first profile in KIC1 and so on, of the second in P2_KIC1 and so on.
func parseCards(b []byte) ([]issue, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))))
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("lab: card file: no header: %w", err)
	}
	columns := map[string]int{}
	for i, name := range header {
		columns[strings.ToUpper(strings.TrimSpace(name))] = i
	}
	for _, name := range []string{"ICCID", "IMSI", "MSISDN", "OPERATOR", "CARD_TYPE", "IMEI", "KIC1", "KID1"} {
		if _, ok := columns[name]; !ok {
			return nil, fmt.Errorf("lab: card file: column %s is missing", name)
		}
	}
	var cards []issue
	seen := map[string]int{}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return cards, nil
		}
		if err != nil {
			return nil, fmt.Errorf("lab: card file: %w", err)
		}
		line, _ := r.FieldPos(0)
		c, err := row{columns, cells}.issue()
		if err != nil {
			return nil, fmt.Errorf("lab: card file line %d: %w", line, err)
		}
		c.line = line
		if other, twice := seen[c.iccid]; twice {
			return nil, fmt.Errorf("lab: card file line %d: ICCID %s is on line %d too", line, c.iccid, other)
		}
		seen[c.iccid] = line
		cards = append(cards, c)
	}
}

type row struct {
	columns map[string]int
	cells   []string
}

func (r row) text(name string) string {
	i, ok := r.columns[name]
	if !ok {
		return ""
	}
	return strings.TrimSpace(r.cells[i])
}

// numbered is a column with its number; the first subscription has none.
func (r row) numbered(name string, n int) string {
	if n == 1 {
		return r.text(name)
	}
	return r.text(name + strconv.Itoa(n))
}

func (r row) issue() (issue, error) {
	c := issue{iccid: r.text("ICCID"), cardType: r.text("CARD_TYPE"), imei: r.text("IMEI")}
	switch cp := strings.ToLower(r.text("CP")); {
	case !digits(c.iccid):
		return c, fmt.Errorf("ICCID %q: want digits", c.iccid)
	case !digits(c.imei) || len(c.imei) < 14 || len(c.imei) > 16:
		return c, fmt.Errorf("IMEI %q: want 14 to 16 digits", c.imei)
	case cp != "" && cp != "none":
		return c, fmt.Errorf("CP %q: want none or nothing", cp)
	default:
		c.noCP = cp == "none"
	}
	if c.eid = r.text("EID"); c.eid != "" {
		if !digits(c.eid) || len(c.eid) != 32 {
			return c, fmt.Errorf("EID %q: want 32 digits", c.eid)
		}
		var err error
		if c.isdr, err = r.keys("ISDR_"); err != nil {
			return c, err
		}
	} else if aid := r.text("ISDP"); aid != "" {
		return c, fmt.Errorf("ISDP %q without an EID: only an eUICC has profiles", aid)
	}
	return c, r.subscribe(&c)
}

func (r row) subscribe(c *issue) error {
	for n := 1; n <= maxSubscriptions; n++ {
		s := contract{r.numbered("IMSI", n), r.numbered("MSISDN", n), r.numbered("OPERATOR", n)}
		if s == (contract{}) && n > 1 {
			continue
		}
		if !digits(s.imsi) || s.operator == "" || !digits(strings.TrimPrefix(s.msisdn, "+")) {
			return fmt.Errorf("subscription %d: IMSI %q, MSISDN %q, OPERATOR %q: want digits, digits and a name", n, s.imsi, s.msisdn, s.operator)
		}
		s.msisdn = "+" + strings.TrimPrefix(s.msisdn, "+")
		p, err := r.profile(n, c)
		if err != nil {
			return err
		}
		c.subscriptions, c.profiles = append(c.subscriptions, s), append(c.profiles, p)
	}
	return nil
}

func (r row) profile(n int, c *issue) (p profile, err error) {
	p.iccid = c.iccid
	if c.eid != "" {
		p.iccid = cmp.Or(r.numbered("ICCID", n), c.iccid)
		if p.isdp, err = isdp(r.numbered("ISDP", n)); err != nil {
			return p, fmt.Errorf("profile %d: %w", n, err)
		}
	}
	switch {
	case n == 1:
		p.keys, err = r.keys("")
	case c.eid != "":
		p.keys, err = r.keys(fmt.Sprintf("P%d_", n))
	}
	return p, err
}

// isdp reads the AID of an ISD-P, or the number in it.
func isdp(s string) (sat.AID, error) {
	if len(s) == 4 {
		n, err := strconv.ParseUint(s, 16, 16)
		if err != nil {
			return nil, fmt.Errorf("ISDP %q: want 4 hex digits, or the 32 of an AID", s)
		}
		return euicc.ISDP(int(n))
	}
	aid, err := hex.DecodeString(s)
	if err != nil || !euicc.IsISDP(aid) {
		return nil, fmt.Errorf("ISDP %q: want the AID of an ISD-P in 32 hex digits, or the 4 that count", s)
	}
	return aid, nil
}

// keys reads the keys of a security domain.
func (r row) keys(prefix string) (keyTable, error) {
	t := keyTable{prefix: prefix}
	for n := 1; n <= maxKeysets; n++ {
		k := keyRow{version: byte(n)}
		for _, column := range []struct {
			name string
			to   *[]byte
		}{{"KIC", &k.kic}, {"KID", &k.kid}, {"KIK", &k.kik}} {
			name := prefix + column.name + strconv.Itoa(n)
			raw, err := hex.DecodeString(r.text(name))
			if err != nil {
				return t, fmt.Errorf("%s: %d characters that are not all hex digits (value not shown)", name, len(r.text(name)))
			}
			*column.to = raw
		}
		name := prefix + "CNTR" + strconv.Itoa(n)
		if text := r.text(name); text != "" {
			var err error
			if k.counter, err = strconv.ParseUint(text, 10, 40); err != nil {
				return t, fmt.Errorf("%s %q: want a number of at most 40 bits", name, text)
			}
		}
		if len(k.kic) > 0 || len(k.kid) > 0 {
			t.rows = append(t.rows, k)
		}
	}
	return t, nil
}

// sets makes the key sets for an algorithm; for none, each key is for the AES of its length.
func (t keyTable) sets(alg ota.Algorithm) (sets []ota.Keyset, kiks map[byte]uicc.Secret, counters map[byte]uint64, err error) {
	kiks, counters = map[byte]uicc.Secret{}, map[byte]uint64{}
	for _, k := range t.rows {
		kic, err := ota.NewKey(cmp.Or(alg, aes(k.kic)), k.kic)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("%sKIC%d: %w", t.prefix, k.version, err)
		}
		kid, err := ota.NewKey(cmp.Or(alg, aes(k.kid)), k.kid)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("%sKID%d: %w", t.prefix, k.version, err)
		}
		sets = append(sets, ota.Keyset{Version: k.version, KIc: kic, KID: kid})
		counters[k.version] = k.counter
		if len(k.kik) > 0 {
			kiks[k.version] = k.kik
		}
	}
	if !slices.ContainsFunc(sets, func(ks ota.Keyset) bool { return ks.Version == 1 }) {
		return nil, nil, nil, fmt.Errorf("%[1]sKIC1 and %[1]sKID1 are missing", t.prefix)
	}
	return sets, kiks, counters, nil
}

func aes(key []byte) ota.Algorithm {
	switch len(key) {
	case ota.AES192.KeyLength():
		return ota.AES192
	case ota.AES256.KeyLength():
		return ota.AES256
	}
	return ota.AES128
}
