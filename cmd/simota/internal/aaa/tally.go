package aaa

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// fate is what became of a request.
type fate string

const (
	stored      fate = "stored"
	nothingNew  fate = "nothing_new"
	repeated    fate = "repeated"
	unknownCard fate = "unknown_card"
	unreadable  fate = "unreadable"
	wrongSecret fate = "wrong_secret"
	stranger    fate = "not_a_client"
	notStored   fate = "not_stored"
	notAnswered fate = "not_answered"
)

// tally counts requests and tells of them now and then: a gateway sends
// hundreds in a second, and a log line for each would drown all others.
type tally struct {
	mu     sync.Mutex
	counts map[fate]int
	last   error
}

func (t *tally) add(f fate, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[fate]int{}
	}
	t.counts[f]++
	if err != nil {
		t.last = err
	}
}

// run tells until ctx ends, and then once more.
func (t *tally) run(ctx context.Context, log zerolog.Logger) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			t.tell(log)
		case <-ctx.Done():
			t.tell(log)
			return
		}
	}
}

// tell writes what came since it was called last: a warning if something is
// wrong with it.
func (t *tally) tell(log zerolog.Logger) {
	t.mu.Lock()
	counts, last := t.counts, t.last
	t.counts, t.last = nil, nil
	t.mu.Unlock()
	if len(counts) == 0 {
		return
	}
	level := zerolog.DebugLevel
	for _, f := range []fate{unknownCard, unreadable, wrongSecret, stranger, notStored, notAnswered} {
		if counts[f] > 0 {
			level = zerolog.WarnLevel
		}
	}
	line := log.WithLevel(level)
	for _, f := range slices.Sorted(maps.Keys(counts)) {
		line = line.Int(string(f), counts[f])
	}
	if last != nil {
		line = line.AnErr("last_error", last)
	}
	switch {
	case counts[wrongSecret] > 0:
		line = line.Str("advice", "compare secret_file with the secret that the gateway has for this server")
	case counts[stranger] > 0:
		line = line.Str("advice", "radius.clients does not list who sends")
	}
	line.Msg("RADIUS accounting")
}
