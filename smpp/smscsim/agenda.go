package smscsim

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// agenda calls functions at their time, one after another on one goroutine: a delayed response costs an
// entry here and neither a goroutine nor a timer of its own. The functions must not block.
type agenda struct {
	mu      sync.Mutex
	entries entries
	serial  uint64
	wake    chan struct{}
}

type entry struct {
	at     time.Time
	serial uint64 // entries of one time keep their order
	do     func()
}

func newAgenda() *agenda { return &agenda{wake: make(chan struct{}, 1)} }

func (a *agenda) after(d time.Duration, do func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.serial++
	heap.Push(&a.entries, entry{time.Now().Add(d), a.serial, do})
	if a.entries[0].serial == a.serial {
		signal(a.wake)
	}
}

func (a *agenda) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-a.wake:
		case <-ctx.Done():
			return
		}
		for {
			do, wait := a.next()
			if do == nil {
				timer.Reset(wait)
				break
			}
			do()
		}
	}
}

// next takes the first entry if it is due, or says how long that will be.
func (a *agenda) next() (do func(), wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.entries) == 0 {
		return nil, time.Hour
	}
	if wait = time.Until(a.entries[0].at); wait > 0 {
		return nil, wait
	}
	return heap.Pop(&a.entries).(entry).do, 0
}

// signal leaves a token in a channel of capacity 1.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// entries is a heap by time.
type entries []entry

func (e entries) Len() int { return len(e) }

func (e entries) Less(i, j int) bool {
	if e[i].at.Equal(e[j].at) {
		return e[i].serial < e[j].serial
	}
	return e[i].at.Before(e[j].at)
}

func (e entries) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

func (e *entries) Push(x any) { *e = append(*e, x.(entry)) }

func (e *entries) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = entry{}
	*e = (*e)[:last]
	return x
}
