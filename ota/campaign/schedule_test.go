package campaign

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// failer is what *testing.T and *rapid.T share.
type failer interface {
	Helper()
	Fatal(args ...any)
}

func mustSchedule(t failer, spec ScheduleSpec) Schedule {
	t.Helper()
	s, err := ParseSchedule(spec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func instantOf(t failer, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestCronSlotsFollowTheWallClockOncePerReading(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, cron, zone, after string
		want                    []string
	}{
		{"plain day", "0 2 * * *", "America/Sao_Paulo", "2026-11-01T12:00:00Z",
			[]string{"2026-11-02T02:00:00-03:00", "2026-11-03T02:00:00-03:00"}},
		{"midnight that does not exist", "0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00-03:00",
			[]string{"2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"}},
		{"hour before midnight twice", "30 23 * * *", "America/Sao_Paulo", "2018-02-17T12:00:00-02:00",
			[]string{"2018-02-17T23:30:00-02:00", "2018-02-18T23:30:00-03:00"}},
		{"spring", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"}},
		{"slots of one gap become one", "*/20 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"}},
		{"hourly over the gap", "0 * * * *", "Europe/Berlin", "2026-03-29T00:30:00+01:00",
			[]string{"2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"}},
		{"autumn", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{"asked inside the second hour", "*/15 * * * *", "Europe/Berlin", "2026-10-25T02:10:00+01:00",
			[]string{"2026-10-25T03:00:00+01:00"}},
		{"spring at two", "0 2 * * *", "America/New_York", "2026-03-07T12:00:00-05:00",
			[]string{"2026-03-08T03:00:00-04:00", "2026-03-09T02:00:00-04:00"}},
		{"autumn at one", "0 1 * * *", "America/New_York", "2026-10-31T12:00:00-04:00",
			[]string{"2026-11-01T01:00:00-04:00", "2026-11-02T01:00:00-05:00"}},
		{"gap of half an hour", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30",
			[]string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"}},
		{"half an hour twice", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00+11:00",
			[]string{"2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"}},
		{"odd offset", "0 2 * * *", "Asia/Kathmandu", "2026-01-01T00:00:00Z",
			[]string{"2026-01-02T02:00:00+05:45", "2026-01-03T02:00:00+05:45"}},
		{"gap that ends a day", "30 23 * * *", "America/Nuuk", "2026-03-28T12:00:00-02:00",
			[]string{"2026-03-29T00:00:00-01:00", "2026-03-29T23:30:00-01:00"}},
		{"day that does not exist", "0 2 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z",
			[]string{"2011-12-31T00:00:00+14:00", "2012-12-30T02:00:00+14:00"}},
		{"leap day", "0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z",
			[]string{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
		{"leap day around 2100", "0 0 29 2 *", "", "2096-02-29T00:00:00Z",
			[]string{"2104-02-29T00:00:00Z"}},
		{"slot itself and its fraction", "0 2 * * *", "UTC", "2026-01-01T02:00:00.5Z",
			[]string{"2026-01-02T02:00:00Z"}},
		{"fraction before the slot", "0 2 * * *", "UTC", "2026-01-01T01:59:59.5Z",
			[]string{"2026-01-01T02:00:00Z"}},
		{"working days", "0 2 * * mon-fri", "UTC", "2026-11-06T03:00:00Z",
			[]string{"2026-11-09T02:00:00Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := mustSchedule(t, ScheduleSpec{Cron: c.cron, Zone: c.zone})
			var got []string
			at := instantOf(t, c.after)
			for range c.want {
				at = s.Next(at)
				got = append(got, at.Format(time.RFC3339))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDailyCronHasOneSlotOnEachCivilDay(t *testing.T) {
	t.Parallel()
	zones := []string{"America/Sao_Paulo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
		"Asia/Tehran", "America/Havana", "Africa/Casablanca", "Asia/Beirut", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		minute, hour := rapid.IntRange(0, 59).Draw(t, "minute"), rapid.IntRange(0, 23).Draw(t, "hour")
		year := rapid.IntRange(2010, 2045).Draw(t, "year")
		s := mustSchedule(t, ScheduleSpec{Cron: fmt.Sprintf("%d %d * * *", minute, hour), Zone: zone.String()})
		at := time.Date(year, 1, 1, 0, 0, 0, 0, zone).Add(-time.Second)
		for day := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == year; day = day.AddDate(0, 0, 1) {
			at = s.Next(at)
			if got, want := at.Format(time.DateOnly), day.Format(time.DateOnly); got != want {
				t.Fatalf("slot on %s, want one on %s", got, want)
			}
			if exact := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, zone); exact.Hour() == hour && exact.Minute() == minute &&
				(at.Hour() != hour || at.Minute() != minute || at.After(exact)) {
				t.Fatalf("slot at %s, want the first %02d:%02d", at, hour, minute)
			}
		}
	})
}

func TestNextIsStrictlyLaterAndLeavesNoSlotOut(t *testing.T) {
	t.Parallel()
	zones := []string{"America/Sao_Paulo", "Europe/Berlin", "Australia/Lord_Howe", "America/Nuuk", "Pacific/Apia"}
	rapid.Check(t, func(t *rapid.T) {
		s := mustSchedule(t, ScheduleSpec{Cron: "*/10 * * * *", Zone: rapid.SampledFrom(zones).Draw(t, "zone")})
		after := time.Unix(rapid.Int64Range(1.2e9, 2.3e9).Draw(t, "after"), rapid.Int64Range(0, 999_999_999).Draw(t, "nano"))
		earlier := after.Add(-time.Duration(rapid.Int64Range(0, int64(5*time.Hour)).Draw(t, "back")))
		next := s.Next(after)
		if !next.After(after) {
			t.Fatalf("next of %s is %s", after, next)
		}
		at := s.Next(earlier)
		for !at.After(after) {
			at = s.Next(at)
		}
		if !at.Equal(next) {
			t.Fatalf("from %s the slot after %s is %s, asked directly it is %s", earlier, after, at, next)
		}
	})
}

func TestInstantAndAtOnceHaveOneSlot(t *testing.T) {
	t.Parallel()
	start := instantOf(t, "2026-11-01T00:00:00Z")
	at := instantOf(t, "2026-11-03T02:00:00-03:00")

	once := mustSchedule(t, ScheduleSpec{At: "2026-11-03T02:00:00-03:00"})
	if !once.First(start).Equal(at) || !once.Next(start).Equal(at) || !once.Next(at).IsZero() {
		t.Errorf("instant: first %s, next %s, then %s", once.First(start), once.Next(start), once.Next(at))
	}
	if late := at.Add(time.Hour); !once.First(late).Equal(at) || !once.Next(late).IsZero() {
		t.Error("a past instant must be seen as missed, not vanish")
	}
	now := mustSchedule(t, ScheduleSpec{})
	if !now.First(start).Equal(start) || !now.Next(start).IsZero() {
		t.Errorf("at once: first %s, next %s", now.First(start), now.Next(start))
	}
	daily := mustSchedule(t, ScheduleSpec{Cron: "0 2 * * *", Batch: 2000})
	if first := daily.First(start); !first.Equal(start.Add(2*time.Hour)) || daily.Batch() != 2000 {
		t.Errorf("cron: first %s, batch %d", first, daily.Batch())
	}
}

func TestMissedSlotFollowsThePolicy(t *testing.T) {
	t.Parallel()
	slot := instantOf(t, "2026-11-01T02:00:00Z")
	for _, c := range []struct {
		spec ScheduleSpec
		late time.Duration
		want bool
	}{
		{ScheduleSpec{Cron: "0 2 * * *"}, 59 * time.Second, true},
		{ScheduleSpec{Cron: "0 2 * * *"}, time.Minute, false},
		{ScheduleSpec{Cron: "0 2 * * *", Missed: "skip"}, time.Hour, false},
		{ScheduleSpec{Cron: "0 2 * * *", Missed: "run"}, 48 * time.Hour, true},
		{ScheduleSpec{At: "2026-11-01T02:00:00Z"}, time.Hour, false},
		{ScheduleSpec{At: "2026-11-01T02:00:00Z", Missed: "run"}, time.Hour, true},
		{ScheduleSpec{}, time.Hour, true},
	} {
		if got := mustSchedule(t, c.spec).Missed(slot, slot.Add(c.late)); got != c.want {
			t.Errorf("%+v late by %s: %v, want %v", c.spec, c.late, got, c.want)
		}
	}
}

func TestBadSchedulesNameTheirField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec ScheduleSpec
		want string
	}{
		{ScheduleSpec{Cron: "TZ="}, "schedule.cron"},
		{ScheduleSpec{Cron: "TZ=Europe/Berlin 0 2 * * *"}, "use the field zone"},
		{ScheduleSpec{Cron: "CRON_TZ=UTC 0 2 * * *"}, "use the field zone"},
		{ScheduleSpec{Cron: " TZ=UTC"}, "use the field zone"},
		{ScheduleSpec{Cron: "@every 1s"}, "five fields"},
		{ScheduleSpec{Cron: "0 0 2 * * *"}, "has 6 fields"},
		{ScheduleSpec{Cron: " "}, "has 0 fields"},
		{ScheduleSpec{Cron: "60 2 * * *"}, "schedule.cron"},
		{ScheduleSpec{Cron: "0 2 * * 7"}, "schedule.cron"},
		{ScheduleSpec{Cron: "*/0 2 * * *"}, "schedule.cron"},
		{ScheduleSpec{Cron: ", 2 * * *"}, "empty list"},
		{ScheduleSpec{Cron: "0 0 31 2 *"}, "never fires"},
		{ScheduleSpec{Cron: "0 0 31 4,6,9,11 *"}, "never fires"},
		{ScheduleSpec{Cron: "0 2 * * *", Zone: "America/Sao_Paolo"}, `schedule.zone: unknown zone "America/Sao_Paolo"`},
		{ScheduleSpec{Cron: "0 2 * * *", Zone: "Local"}, "schedule.zone"},
		{ScheduleSpec{Cron: "0 2 * * *", Zone: "../etc/passwd"}, "schedule.zone"},
		{ScheduleSpec{Zone: "UTC"}, "schedule.zone"},
		{ScheduleSpec{At: "2026-11-03 02:00"}, "schedule.at"},
		{ScheduleSpec{At: "2026-11-03T02:00:00"}, "schedule.at"},
		{ScheduleSpec{At: "2026-11-03T02:00:00Z", Cron: "0 2 * * *"}, "exclude each other"},
		{ScheduleSpec{Cron: "0 2 * * *", Batch: -1}, "schedule.batch"},
		{ScheduleSpec{Batch: 5}, "schedule.batch"},
		{ScheduleSpec{Cron: "0 2 * * *", Missed: "sometimes"}, "schedule.missed"},
	} {
		_, err := ParseSchedule(c.spec)
		if err == nil || !strings.HasPrefix(err.Error(), "campaign: schedule") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.spec, err, c.want)
		}
	}
}

func FuzzParseSchedule(f *testing.F) {
	for _, seed := range []string{"0 2 * * *", "TZ=", "0 0 31 2 *", "*/7 ? 1-5/2 jan,feb L", "1-59/99999999999999999 * * * *", "@daily", ",,, * * * *"} {
		f.Add(seed)
	}
	after := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expr string) {
		s, err := ParseSchedule(ScheduleSpec{Cron: expr, Zone: "Europe/Berlin"})
		if err != nil || expr == "" {
			return
		}
		if next := s.Next(after); !next.After(after) {
			t.Errorf("%q: next is %s", expr, next)
		}
	})
}
