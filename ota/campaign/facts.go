package campaign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/swap"
)

const mostFacts = 4096 // that are kept, of a kilobyte or two

// factsBook keeps the facts of targets that are worked on: each is looked at
// again a moment later, and reading JSON costs more than all that is done then.
type factsBook struct {
	mu  sync.Mutex
	all map[int64]pinned // by target
}

// pinned are the facts of a target and what they were read from.
type pinned struct {
	from  []byte
	facts swap.Facts
}

// of reads the facts of a target. When the book is full it forgets all.
func (b *factsBook) of(t ledger.Target) (swap.Facts, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.all[t.ID]; p.from != nil && bytes.Equal(p.from, t.Facts) {
		return p.facts, nil
	}
	p := pinned{from: t.Facts}
	if err := json.Unmarshal(t.Facts, &p.facts); err != nil {
		return swap.Facts{}, fmt.Errorf("campaign: target %d: stored facts: %w", t.ID, err)
	}
	if b.all == nil || len(b.all) >= mostFacts {
		b.all = map[int64]pinned{}
	}
	b.all[t.ID] = p
	return p.facts, nil
}

func (b *factsBook) drop(id int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.all, id)
}
