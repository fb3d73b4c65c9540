package lab

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/simota/simota/ota"
)

// issue is one row of the card file: a card, the device it is in, and its subscriptions.
type issue struct {
	line          int
	iccid         string
	cardType      string
	imei          string
	noCP          bool // column CP says none
	keys          [][2][]byte
	counters      []uint64
	subscriptions []contract
}

// contract is a subscription as the card file has it; the first is the one on the card.
type contract struct{ imsi, msisdn, operator string }

// Most key sets and subscriptions a row may have.
const (
	maxKeysets       = 15
	maxSubscriptions = 4
)

// parseCards reads a card file: CSV with a header, sysmocom's columns and ours (MSISDN, OPERATOR, CARD_TYPE, IMEI,
// CP, CNTR1, and IMSI2, MSISDN2, OPERATOR2 and so on). Columns it does not need are left alone. Keys are test keys in
// clear; errors never quote one.
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
	for n := 1; n <= maxSubscriptions; n++ {
		s := contract{r.numbered("IMSI", n), r.numbered("MSISDN", n), r.numbered("OPERATOR", n)}
		if s == (contract{}) && n > 1 {
			continue
		}
		if !digits(s.imsi) || s.operator == "" || !digits(strings.TrimPrefix(s.msisdn, "+")) {
			return c, fmt.Errorf("subscription %d: IMSI %q, MSISDN %q, OPERATOR %q: want digits, digits and a name", n, s.imsi, s.msisdn, s.operator)
		}
		s.msisdn = "+" + strings.TrimPrefix(s.msisdn, "+")
		c.subscriptions = append(c.subscriptions, s)
	}
	return c, r.keys(&c)
}

// keys reads KICn, KIDn and CNTRn; the number is the key version.
func (r row) keys(c *issue) error {
	c.keys, c.counters = make([][2][]byte, maxKeysets+1), make([]uint64, maxKeysets+1)
	for n := 1; n <= maxKeysets; n++ {
		no := strconv.Itoa(n)
		for i, name := range []string{"KIC" + no, "KID" + no} {
			raw, err := hex.DecodeString(r.text(name))
			if err != nil {
				return fmt.Errorf("%s: %d characters that are not all hex digits (value not shown)", name, len(r.text(name)))
			}
			c.keys[n][i] = raw
		}
		text := r.text("CNTR" + no)
		if text == "" {
			continue
		}
		var err error
		if c.counters[n], err = strconv.ParseUint(text, 10, 40); err != nil {
			return fmt.Errorf("CNTR%s %q: want a number of at most 40 bits", no, text)
		}
	}
	return nil
}

// keysets makes the key sets for an algorithm.
func (c issue) keysets(alg ota.Algorithm) ([]ota.Keyset, map[byte]uint64, error) {
	var sets []ota.Keyset
	counters := map[byte]uint64{}
	for n, pair := range c.keys {
		if len(pair[0]) == 0 && len(pair[1]) == 0 {
			continue
		}
		kic, err := ota.NewKey(alg, pair[0])
		if err != nil {
			return nil, nil, fmt.Errorf("KIC%d: %w", n, err)
		}
		kid, err := ota.NewKey(alg, pair[1])
		if err != nil {
			return nil, nil, fmt.Errorf("KID%d: %w", n, err)
		}
		sets = append(sets, ota.Keyset{Version: byte(n), KIc: kic, KID: kid})
		counters[byte(n)] = c.counters[n]
	}
	if !slices.ContainsFunc(sets, func(ks ota.Keyset) bool { return ks.Version == 1 }) {
		return nil, nil, errors.New("KIC1 and KID1 are missing")
	}
	return sets, counters, nil
}
