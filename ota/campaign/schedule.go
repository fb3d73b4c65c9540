package campaign

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// ScheduleSpec says when a campaign runs, as its file does. Neither Cron nor
// At means: at once, when it is started.
type ScheduleSpec struct {
	Cron   string `yaml:"cron" json:"cron,omitempty"`     // minute, hour, day of month, month, day of week
	Zone   string `yaml:"zone" json:"zone,omitempty"`     // IANA name in which Cron is meant; empty means UTC
	At     string `yaml:"at" json:"at,omitempty"`         // RFC 3339, "2026-11-03T02:00:00-03:00"
	Batch  int    `yaml:"batch" json:"batch,omitempty"`   // targets that one cron slot starts; 0 means all
	Missed string `yaml:"missed" json:"missed,omitempty"` // "run" or "skip", which is the default
}

// Schedule is a valid [ScheduleSpec]. The zero value runs at once.
type Schedule struct {
	at        time.Time     // not zero: the only slot
	cron      cron.Schedule // not nil: the slots, in wall-clock time
	zone      *time.Location
	batch     int
	runMissed bool
}

// punctual is how late a slot may be and still be no missed one.
const punctual = time.Minute

// cronFields knows the five fields only. Descriptors stay out: "@every" counts
// from a start that nobody stores.
var cronFields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// ParseSchedule checks a specification. Its errors name the field.
func ParseSchedule(spec ScheduleSpec) (Schedule, error) {
	s := Schedule{batch: spec.Batch, runMissed: spec.Missed == "run"}
	switch {
	case spec.Cron != "" && spec.At != "":
		return Schedule{}, errors.New("campaign: schedule: cron and at exclude each other")
	case spec.Cron == "" && spec.Zone != "":
		return Schedule{}, fmt.Errorf("campaign: schedule.zone: %q is of use with cron only; at carries its own offset", spec.Zone)
	case spec.Cron == "" && spec.Batch != 0:
		return Schedule{}, fmt.Errorf("campaign: schedule.batch: %d needs cron, else the targets after the first batch never run", spec.Batch)
	case spec.Batch < 0:
		return Schedule{}, fmt.Errorf("campaign: schedule.batch: %d is negative; leave it out for all targets", spec.Batch)
	case spec.Missed != "" && spec.Missed != "run" && spec.Missed != "skip":
		return Schedule{}, fmt.Errorf("campaign: schedule.missed: %q; use run or skip", spec.Missed)
	}
	var err error
	switch {
	case spec.Cron != "":
		if s.cron, err = parseCron(spec.Cron); err != nil {
			return Schedule{}, fmt.Errorf("campaign: schedule.cron: %q %w", spec.Cron, err)
		}
		if s.zone, err = parseZone(spec.Zone); err != nil {
			return Schedule{}, fmt.Errorf("campaign: schedule.zone: %w", err)
		}
	case spec.At != "":
		if s.at, err = time.Parse(time.RFC3339, spec.At); err != nil {
			return Schedule{}, fmt.Errorf("campaign: schedule.at: %q is no RFC 3339 time; write 2026-11-03T02:00:00-03:00", spec.At)
		}
	}
	return s, nil
}

func parseZone(name string) (*time.Location, error) {
	if name == "Local" { // would move with the server
		return nil, errors.New(`"Local" is not a place; write America/Sao_Paulo`)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("unknown zone %q; write a name like America/Sao_Paulo", name)
	}
	return zone, nil
}

// parseCron guards cron's parser, which panics at "TZ=" and takes expressions
// that never fire.
func parseCron(expr string) (cron.Schedule, error) {
	fields := strings.Fields(expr)
	switch {
	case strings.Contains(expr, "TZ="):
		return nil, errors.New("names a zone; use the field zone")
	case strings.HasPrefix(strings.TrimSpace(expr), "@"):
		return nil, errors.New("is a descriptor; write five fields: minute, hour, day of month, month, day of week")
	case len(fields) != 5:
		return nil, fmt.Errorf("has %d fields, want 5: minute, hour, day of month, month, day of week", len(fields))
	}
	for _, f := range fields {
		if strings.Trim(f, ",") == "" { // cron reads it as "at no time"
			return nil, fmt.Errorf("has an empty list %q", f)
		}
	}
	c, err := cronFields.Parse(expr)
	if err != nil {
		return nil, fmt.Errorf("does not parse: %w", err)
	}
	// Next looks five years ahead, and from any leap year on that shows it all:
	// day of week widens day of month, it never narrows it.
	if c.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, errors.New("never fires: no such day in these months")
	}
	return c, nil
}

// First is the first slot of a campaign that is started at the given time:
// that time itself, the instant even if it is past (then ask Missed), or the
// next cron slot.
func (s Schedule) First(start time.Time) time.Time {
	switch {
	case s.cron != nil:
		return s.Next(start)
	case !s.at.IsZero():
		return s.at
	default:
		return start
	}
}

// Next is the first slot after the given time, zero if there is none any more.
// A cron slot is a reading of the wall clock, and each fires once: in an hour
// that comes twice the first time only, in an hour that is skipped at the end
// of the gap, where several slots become one.
func (s Schedule) Next(after time.Time) time.Time {
	if s.cron == nil {
		if s.at.After(after) {
			return s.at
		}
		return time.Time{}
	}
	// Wall-clock readings are kept as if they were UTC, a zone without gaps: cron
	// is right there. instant never decreases, and it never puts the reading of
	// after behind after, so only later readings are of interest.
	for wall := s.nextWall(reading(after.In(s.zone))); !wall.IsZero(); wall = s.nextWall(wall) {
		if t := instant(wall, s.zone); t.After(after) {
			return t
		}
	}
	return time.Time{}
}

// nextWall looks ten years ahead: 29 February may be eight away.
func (s Schedule) nextWall(wall time.Time) time.Time {
	if next := s.cron.Next(wall); !next.IsZero() {
		return next
	}
	return s.cron.Next(time.Date(wall.Year()+5, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Second))
}

// reading is what a wall clock shows, as if it were UTC.
func reading(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// instant is when a wall clock in the zone first shows the reading or, if it
// skips it, when it jumps over it.
func instant(wall time.Time, zone *time.Location) time.Time {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	start, end := t.ZoneBounds()
	switch skipped := reading(t).Compare(wall); {
	case skipped > 0: // Date took the offset from before the gap and came out behind it
		return start
	case skipped < 0: // and the other way round: it promises neither
		return end
	case start.IsZero():
		return t
	}
	_, before := start.Add(-1).Zone()
	_, offset := t.Zone()
	if first := t.Add(time.Duration(offset-before) * time.Second); first.Before(start) {
		return first
	}
	return t
}

// Missed tells whether to run a slot that is found in the past. One that is
// late by less than a minute always runs, and so does a start at once.
func (s Schedule) Missed(slot, now time.Time) (run bool) {
	atOnce := s.cron == nil && s.at.IsZero()
	return s.runMissed || atOnce || now.Sub(slot) < punctual
}

// Batch is how many targets one slot starts; 0 means all that are open.
func (s Schedule) Batch() int { return s.batch }
