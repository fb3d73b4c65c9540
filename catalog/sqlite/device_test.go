package sqlite

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

func TestSightsOfTheFourthSchemaBecomePairs(t *testing.T) {
	t.Parallel()
	path := ofVersion(t, 4,
		`INSERT INTO card (id, iccid, type, country, tags, imei, no_cp) VALUES (7, '8949000000000000017', 't', 'BR', '[]', '', 0), (8, '8949000000000000025', 't', 'BR', '[]', '', 0)`,
		`INSERT INTO pair (card_id, imei, imsi, source, seen_at) VALUES
			(7, '351234500000017', '1', 'attach feed', 40), (7, '35123450000001', '1', 'notice', 10), (7, '3512345000000199', '1', 'notice', 20), (7, '3512345000000199', '1', 'notice', 20),
			(8, '35123450000001', '1', 'notice', 25), (7, '35123450000002', '1', 'notice', 30), (7, '35123450000001', '2', 'notice', 50)`)
	db := open(t, path)
	var got []string
	for _, card := range []int64{7, 8} {
		pairs, err := db.Pairs(t.Context(), card)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pairs {
			got = append(got, fmt.Sprintf("%d %s %s %s %d-%d", p.CardID, p.IMEI, p.IMSI, p.Source, p.SeenAt.UnixMicro(), p.LastSeen.UnixMicro()))
		}
	}
	want := []string{
		"7 35123450000001 1 notice 10-20", "7 35123450000002 1 notice 30-30", "7 351234500000017 1 attach feed 40-40", "7 35123450000001 2 notice 50-50",
		"8 35123450000001 1 notice 25-25",
	}
	if !slices.Equal(got, want) {
		t.Errorf("pairs\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// What was seen one by one is still known: a late sight falls between two of it.
	var is bool
	err := db.do(t.Context(), func(x *tx) (err error) {
		is, err = x.storePair(&catalog.Pair{CardID: 7, IMEI: "35123450000003", IMSI: "1", SeenAt: time.UnixMicro(15)})
		return err
	})
	pairs, reading := db.Pairs(t.Context(), 7)
	if err != nil || reading != nil || is || len(pairs) != 6 || pairs[0].LastSeen.UnixMicro() != 10 || pairs[2].SeenAt.UnixMicro() != 20 || pairs[2].IMEI != "3512345000000199" {
		t.Errorf("after a late sight: %+v, %v, %v, new %v", pairs, err, reading, is)
	}
}

func TestSearchesOfDevicesUseTheirIndexes(t *testing.T) {
	t.Parallel()
	db := open(t, file(t))
	s := time.Time{}.UnixMicro()
	for name, c := range map[string]struct {
		query string
		args  []any
		want  []string
	}{
		"model of an IMEI":  {modelOf, []any{"35693803"}, []string{"USING INDEX model_prefix (prefix=?)"}},
		"model by name":     {modelByName, []any{"x"}, []string{"COVERING INDEX model_name (name=?)", "USING INDEX model_full_name (<expr>=?)"}},
		"page of models":    {modelPage, []any{"", "", "", 1}, []string{"model_1"}},
		"pairs of a device": {pairsOfDevice, []any{"x"}, []string{"USING INDEX pair_device (imei14=?)"}},
		"moves":             {moved, []any{s, 0, 1}, []string{"pair_seen (seen_at>?)", "pair_card (card_id=?", "pair_device (imei14=?"}},
		"pairs since":       {pairsAfter, []any{0, s, 1}, []string{"SEARCH p USING INTEGER PRIMARY KEY (rowid>?)", "COVERING INDEX pair_seen (seen_at>?)"}},
		"the pair before":   {spanBefore, []any{1, 2, "", ""}, []string{"pair_card (card_id=? AND (seen_at,imei14,imsi)<(?,?,?))"}},
	} {
		var plan []string
		err := db.look(t.Context(), func(r reader) error {
			rows, err := r.query(`EXPLAIN QUERY PLAN `+c.query, c.args...)
			plan, err = collect(rows, err, func(s scanner) (line string, err error) {
				var a, b, c int
				err = s.Scan(&a, &b, &c, &line)
				return line, err
			})
			return err
		})
		whole := strings.Join(plan, "\n")
		for _, want := range c.want {
			if err != nil || !strings.Contains(whole, want) {
				t.Errorf("%s: want %s, plan\n%s (%v)", name, want, whole, err)
			}
		}
	}
}

// tacTable is a table of n rows, one in ten of which is a range.
func tacTable(n int) []catalog.Model {
	all := make([]catalog.Model, n)
	for i := range all {
		first := 10000000 + 100*i
		last := first
		if i%10 == 0 {
			last += 150 // over the next one, and over a hundred
		}
		all[i] = catalog.Model{First: fmt.Sprint(first), Last: fmt.Sprint(last), Manufacturer: fmt.Sprintf("Maker %d", i%100), Name: fmt.Sprintf("Model %d", i), Client: "unknown", Line: i + 2}
	}
	return all
}

// BenchmarkPutModels is the import of a table of 200,000 rows into an empty
// database, and again with nothing new.
func BenchmarkPutModels(b *testing.B) {
	all := tacTable(200_000)
	for _, again := range []bool{false, true} {
		b.Run(map[bool]string{false: "new", true: "known"}[again], func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				b.StopTimer()
				d := open(b, file(b))
				if again {
					if _, _, err := d.PutModels(b.Context(), "test", all); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
				added, changed, err := d.PutModels(b.Context(), "test", all)
				if err != nil || changed != 0 || added != map[bool]int{false: len(all)}[again] {
					b.Fatal(added, changed, err)
				}
			}
		})
	}
}

// BenchmarkModelOf is one search among 200,000 rows.
func BenchmarkModelOf(b *testing.B) {
	d := open(b, file(b))
	if _, _, err := d.PutModels(b.Context(), "test", tacTable(200_000)); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := d.ModelOf(b.Context(), fmt.Sprint(10000000+100*(i%200_000))+"000000"); err != nil {
			b.Fatal(err)
		}
	}
}

func TestPairsAreListedFromTheFirstThatBeganSince(t *testing.T) {
	t.Parallel()
	db := open(t, file(t))
	ctx := t.Context()
	if _, err := db.Import(ctx, "test", []catalog.Entry{{Card: catalog.Card{ICCID: "8949000000000000017", Type: "t"}}}); err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC)
	see := func(imei string, at time.Duration) {
		t.Helper()
		err := db.do(ctx, func(x *tx) error {
			_, err := x.storePair(&catalog.Pair{CardID: 1, IMEI: imei, IMSI: "999400000000001", Source: "test", SeenAt: began.Add(at)})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(after int64, imeis ...string) int64 {
		t.Helper()
		pairs, err := db.PairsAfter(ctx, after, began, 10)
		var got []string
		for _, p := range pairs {
			got, after = append(got, p.IMEI), p.ID
		}
		if err != nil || !slices.Equal(got, imeis) {
			t.Errorf("after %d: %v (%v), want %v", after, got, err, imeis)
		}
		return after
	}
	want(0)
	see("35693803000001", -2*time.Hour)
	see("35693803000002", -time.Hour)
	see("35693803000002", time.Hour) // goes on, and is none that began since
	want(0)
	see("35693803000003", 2*time.Hour)
	last := want(0, "35693803000003")
	want(last)
	see("35693803000004", -30*time.Minute) // heard of late, into the midst of a pair
	want(last, "35693803000004", "35693803000002")
}

func TestAnEventThatSaysWhenIsStoredOnce(t *testing.T) {
	t.Parallel()
	db := open(t, file(t))
	ctx := t.Context()
	if _, err := db.Import(ctx, "test", []catalog.Entry{{Card: catalog.Card{ICCID: "8949000000000000017", Type: "t"}}}); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC)
	e := ledger.Evidence{CardID: 1, Kind: ledger.EvAttach, SeenAt: at, HappenedAt: at, Body: ledger.Body{IMSI: "1"}}
	again, other, untimed := e, e, e
	again.SeenAt = at.Add(time.Hour)
	other.Body.APN = "iot.example"
	untimed.HappenedAt = time.Time{}
	for i, v := range []struct {
		e    ledger.Evidence
		rows int
	}{{e, 1}, {again, 1}, {other, 2}, {untimed, 3}, {untimed, 4}} {
		if err := db.Apply(ctx, &ledger.Witness{Evidence: v.e})[0]; err != nil {
			t.Fatal(err)
		}
		var n int
		err := db.look(ctx, func(r reader) error { return r.row(`SELECT COUNT(*) FROM evidence`, nil, &n) })
		if err != nil || n != v.rows {
			t.Errorf("event %d: %d rows, want %d (%v)", i, n, v.rows, err)
		}
	}
}
