package cardfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/simota/simota/catalog"
)

// builder makes entries of rows and knows what earlier rows said.
type builder struct {
	opt     Options
	slots   []int        // subscriptions that have a column
	keysets []keyColumns // keysets that have a column
	types   map[string]*cardType
	iccids  map[string]int // line of each
	eids    map[string]int
	imsis   map[string]int
	file    File

	row      row // the one at work
	bad      int // remarks on it
	warnings []RowError
}

func newBuilder(opt Options, columns []string) *builder {
	b := &builder{opt: opt, types: map[string]*cardType{}, iccids: map[string]int{}, eids: map[string]int{}, imsis: map[string]int{}}
	b.addColumns(columns)
	return b
}

// addColumns notes which numbers the columns have.
func (b *builder) addColumns(columns []string) {
	for _, c := range columns {
		if m := subscriptionColumn.FindStringSubmatch(c); m != nil {
			b.addSlot(numberOr1(m[2]))
		} else if k, ok := keyColumnsOf(c); ok {
			if i, found := slices.BinarySearchFunc(b.keysets, k, keyColumns.compare); !found {
				b.keysets = slices.Insert(b.keysets, i, k)
			}
			if k.owner != ofISDR {
				b.addSlot(k.owner)
			}
		}
	}
}

func (b *builder) addSlot(n int) {
	if i, found := slices.BinarySearch(b.slots, n); !found {
		b.slots = slices.Insert(b.slots, i, n)
	}
}

// numberOr1 is the number of a column that a pattern has checked.
func numberOr1(digits string) int {
	if digits == "" {
		return 1
	}
	n, _ := strconv.Atoi(digits)
	return n
}

// fail remarks that the row is bad. The message must not hold a cell's content
// unless it was found to be no secret: a row can be shifted by a column.
func (b *builder) fail(field, format string, args ...any) {
	b.bad++
	b.file.Bad = append(b.file.Bad, b.remark(field, format, args...))
}

// warn remarks something that counts only if the row turns out good.
func (b *builder) warn(field, format string, args ...any) {
	b.warnings = append(b.warnings, b.remark(field, format, args...))
}

func (b *builder) remark(field, format string, args ...any) RowError {
	e := RowError{Line: b.row.line, Field: field, Message: fmt.Sprintf(format, args...)}
	if c, ok := b.row.cells[field]; ok {
		e.Line, e.Second = c.line, c.second
	}
	return e
}

// text is the content of a cell that is no key.
func (b *builder) text(field string) string { return string(b.row.cells[field].value) }

// filled is the first of these columns that the row fills, empty if there is
// none.
func (b *builder) filled(columns ...string) string {
	for _, c := range columns {
		if len(b.row.cells[c].value) > 0 {
			return c
		}
	}
	return ""
}

// add makes an entry of a row if all of it is good. An error means that no
// further row can be read.
func (b *builder) add(r row, o *overlay) error {
	b.row, b.bad, b.warnings = r, 0, nil
	if r.flaw != "" {
		b.fail("", "%s", r.flaw)
		return nil
	}
	iccid := b.iccid()
	if o != nil && iccid != "" {
		o.fill(b, iccid)
	}
	e := catalog.Entry{Line: r.line, Card: catalog.Card{ICCID: iccid}}
	t := b.card(&e.Card)
	e.Subscriptions = b.subscriptions()
	keys := b.keys(t, e.Subscriptions)
	defer wipe(keys)
	b.checkEUICC(t, e.Subscriptions, keys)
	if b.bad > 0 {
		return nil
	}
	for _, k := range keys {
		sealed, err := k.seal(b.opt.Sealer, iccid)
		if err != nil {
			return fmt.Errorf("cardfile: line %d: %w", r.line, err)
		}
		e.Keysets = append(e.Keysets, sealed)
	}
	b.file.Entries = append(b.file.Entries, e)
	b.file.Warnings = append(b.file.Warnings, b.warnings...)
	return nil
}

// iccid is the checked ICCID of the row, or empty.
func (b *builder) iccid() string {
	iccid, note, problem := parseICCID(b.text(colICCID))
	if problem != "" {
		b.fail(colICCID, "%s", problem)
		return ""
	}
	if note != "" {
		b.warn(colICCID, "%s", note)
	}
	if len(iccid) > 18 && !luhn(iccid) {
		b.warn(colICCID, "the check digit of %s is wrong (Luhn); is it as printed on the card?", iccid)
	}
	b.once(b.iccids, colICCID, iccid)
	return iccid
}

// once fails if an earlier row has the value.
func (b *builder) once(lines map[string]int, field, value string) {
	if line, ok := lines[value]; ok {
		b.fail(field, "is already in line %d", line)
		return
	}
	lines[value] = b.row.line
}

// card reads what belongs to the card itself and gives its type, nil if that
// is not known.
func (b *builder) card(c *catalog.Card) *cardType {
	c.Type = b.name(colType, b.opt.DefaultType)
	c.IMEI = b.digits(colIMEI, 14, 16)
	if c.EID = b.digits(colEID, 32, 32); c.EID != "" {
		b.once(b.eids, colEID, c.EID)
		if !checkedEID(c.EID) {
			b.warn(colEID, "the check digits of %s are wrong (ISO 7064); is it as printed on the eUICC?", c.EID)
		}
	}
	c.Tags = b.tags()
	c.Country = strings.ToUpper(b.text(colCountry))
	if c.Country == "" {
		c.Country = strings.ToUpper(b.opt.DefaultCountry)
	}
	if c.Country != "" && !isCountry(c.Country) {
		b.fail(colCountry, "is no code of two letters (ISO 3166); write BR")
	}
	switch strings.ToLower(b.text(colCP)) {
	case "none":
		c.NoCP = true
	case "":
	default:
		b.fail(colCP, "must be empty, or none for a device that takes no client provisioning")
	}
	if c.Type == "" {
		if _, ok := b.row.cells[colType]; !ok {
			b.fail(colType, "is missing, and there is no default for it")
		}
		return nil
	}
	t := b.cardType(c.Type)
	if t.problem != "" {
		b.fail(colType, "%s", t.problem)
		return nil
	}
	return t
}

// tags reads labels between blanks, semicolons, commas or bars.
func (b *builder) tags() []string {
	text := b.text(colTags)
	if !isName(text) {
		b.fail(colTags, "is no text that can be shown (control characters, or not UTF-8)")
	}
	tags := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("; |,\t", r) })
	slices.Sort(tags)
	return slices.Compact(tags)
}

// name reads a name, or its default. What is no name is reported, and empty.
func (b *builder) name(field, byDefault string) string {
	s := b.text(field)
	if !isName(s) {
		b.fail(field, "is no text that can be shown (control characters, or not UTF-8)")
		return ""
	}
	if s == "" {
		return byDefault
	}
	return s
}

// digits reads a number of so many digits, empty if there is none.
func (b *builder) digits(field string, shortest, longest int) string {
	s := b.text(field)
	if s == "" {
		return ""
	}
	if p := digitsProblem(s, shortest, longest); p != "" {
		b.fail(field, "%s", p)
		return ""
	}
	return s
}

// subscriptions reads the identities. Slot 1 must be there.
func (b *builder) subscriptions() []catalog.Subscription {
	var subs []catalog.Subscription
	for _, slot := range b.slots {
		imsi, msisdn, operator := catalog.Column("IMSI", slot), catalog.Column("MSISDN", slot), catalog.Column("OPERATOR", slot)
		byDefault := ""
		if slot == 1 {
			byDefault = b.opt.DefaultOperator
		}
		s := catalog.Subscription{Slot: slot, IMSI: b.digits(imsi, 6, 15), MSISDN: b.msisdn(msisdn), Operator: b.name(operator, byDefault), ISDP: b.isdp(slot)}
		if b.text(imsi) == "" {
			if other := b.belonging(slot); slot != 1 && other != "" {
				b.fail(imsi, "is missing, but the row has %s", other)
			}
			continue
		}
		if s.IMSI != "" {
			b.once(b.imsis, imsi, s.IMSI)
		}
		if s.Operator == "" && b.text(operator) == "" {
			b.fail(operator, "is missing, and there is no default for it")
		}
		subs = append(subs, s)
	}
	if b.text("IMSI") == "" {
		b.fail("IMSI", "is missing")
	}
	return subs
}

// belonging is the first column of a subscription, other than its IMSI, that
// the row fills; empty if there is none.
func (b *builder) belonging(slot int) string {
	names := []string{catalog.Column("MSISDN", slot), catalog.Column("OPERATOR", slot), catalog.Column("ISDP", slot)}
	for _, k := range b.keysets {
		if k.owner == slot {
			names = append(names, k.keys()...)
		}
	}
	return b.filled(names...)
}

// msisdn reads a number in international form, with or without its plus.
func (b *builder) msisdn(field string) string {
	s := strings.TrimPrefix(b.text(field), "+")
	if b.text(field) == "" {
		return ""
	}
	if p := digitsProblem(s, 5, 15); p != "" {
		b.fail(field, "%s", p)
		return ""
	}
	if s[0] == '0' {
		b.fail(field, "begins with 0; write it in international form, +5511900000001")
		return ""
	}
	return "+" + s
}
