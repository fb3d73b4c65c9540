package sqlite

import (
	"fmt"
	"time"

	"github.com/simota/simota/catalog"
)

// late is how long single sights are kept; see catalog.Pair.
const late = 7 * 24 * time.Hour

// span is a row of pair; a sight is one that begins and ends at once. The spans
// of a card lie apart in the order of time, device and IMSI.
type span struct {
	id           int64
	imei, device string // device is the digits that IMEIs compare on
	imsi, source string
	first, last  int64 // microseconds
}

const spanColumns = `SELECT id, imei, imei14, imsi, source, seen_at, last_seen FROM pair WHERE card_id = ?1 AND (seen_at, imei14, imsi)`

// The spans of a card next to a sight.
const (
	spanBefore = spanColumns + ` <= (?2, ?3, ?4) ORDER BY seen_at DESC, imei14 DESC, imsi DESC LIMIT 1`
	spanAfter  = spanColumns + ` > (?2, ?3, ?4) ORDER BY seen_at, imei14, imsi LIMIT 1`
)

// storePair puts a sight into the history of its card. It says whether that is
// the card's latest pair now, and was not before.
func (t *tx) storePair(p *catalog.Pair) (isNew bool, err error) {
	if p == nil {
		return false, nil
	}
	if p.SeenAt.IsZero() {
		return false, fmt.Errorf("sqlite: pair of card %d: SeenAt is not set", p.CardID)
	}
	at := p.SeenAt.UnixMicro()
	s := span{imei: p.IMEI, device: p.IMEI[:min(len(p.IMEI), 14)], imsi: p.IMSI, source: p.Source, first: at, last: at}
	if _, err := t.exec(`INSERT OR IGNORE INTO sight (card_id, seen_at, imei, imsi, source) VALUES (?1, ?2, ?3, ?4, ?5)`, p.CardID, at, s.imei, s.imsi, s.source); err != nil {
		return false, err
	}
	before, err := t.span(spanBefore, p.CardID, s)
	if err != nil {
		return false, err
	}
	after, err := t.span(spanAfter, p.CardID, s)
	if err != nil {
		return false, err
	}
	switch {
	case before.same(s):
		return false, t.prolong(p.CardID, before, s)
	case before.around(s):
		return false, t.split(p.CardID, before, s)
	case after.same(s):
		_, err := t.exec(`UPDATE pair SET seen_at = ?2, imei = ?3, source = ?4 WHERE id = ?1`, after.id, s.first, s.imei, s.source)
		return false, err
	}
	return after.id == 0, t.addSpan(p.CardID, s)
}

// span reads the one of a card that lies next to a sight; its id is 0 when
// there is none.
func (t *tx) span(query string, card int64, s span) (v span, err error) {
	_, err = t.row(query, []any{card, s.first, s.device, s.imsi}, &v.id, &v.imei, &v.device, &v.imsi, &v.source, &v.first, &v.last)
	return v, err
}

func (v span) same(s span) bool {
	return v.id != 0 && v.device == s.device && v.imsi == s.imsi
}

// before orders spans that begin at one time.
func (v span) before(s span) bool {
	return v.device < s.device || v.device == s.device && v.imsi < s.imsi
}

// around says that the span, which begins before the sight, ends after it.
func (v span) around(s span) bool {
	return v.id != 0 && (s.first < v.last || s.first == v.last && s.before(v))
}

// prolong adds a sight to its span, which begins before it or with it. It
// forgets single sights that nothing is expected to come between any more.
func (t *tx) prolong(card int64, v, s span) error {
	if s.first == v.first && (s.imei < v.imei || s.imei == v.imei && s.source < v.source) {
		_, err := t.exec(`UPDATE pair SET imei = ?2, source = ?3 WHERE id = ?1`, v.id, s.imei, s.source)
		return err
	}
	if s.last <= v.last {
		return nil
	}
	if _, err := t.exec(`UPDATE pair SET last_seen = ?2 WHERE id = ?1`, v.id, s.last); err != nil {
		return err
	}
	_, err := t.exec(`DELETE FROM sight WHERE card_id = ?1 AND seen_at < ?2`, card, s.last-late.Microseconds())
	return err
}

// split puts a sight into the midst of a span: the card was elsewhere in between.
func (t *tx) split(card int64, v, s span) error {
	left, right := s.first-1, s.first // what is seen at the same time has its place too
	if v.before(s) {
		left, right = s.first, s.first+1
	}
	const within = ` FROM sight WHERE card_id = ?1 AND seen_at BETWEEN ?2 AND ?3 AND substr(imei, 1, 14) = ?4 AND imsi = ?5`
	end := v.first
	if _, err := t.row(`SELECT seen_at`+within+` ORDER BY seen_at DESC LIMIT 1`, []any{card, v.first, left, v.device, v.imsi}, &end); err != nil {
		return err
	}
	again := v
	again.first = v.last
	if _, err := t.row(`SELECT seen_at, imei, source`+within+` ORDER BY seen_at, imei, source LIMIT 1`, []any{card, right, v.last, v.device, v.imsi},
		&again.first, &again.imei, &again.source); err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE pair SET last_seen = ?2 WHERE id = ?1`, v.id, end); err != nil {
		return err
	}
	if err := t.addSpan(card, s); err != nil {
		return err
	}
	return t.addSpan(card, again)
}

func (t *tx) addSpan(card int64, s span) error {
	_, err := t.insert(`INSERT INTO pair (card_id, imei, imsi, source, seen_at, last_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6)`,
		card, s.imei, s.imsi, s.source, s.first, s.last)
	return err
}
