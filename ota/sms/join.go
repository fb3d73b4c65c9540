package sms

import (
	"bytes"
	"container/list"
	"fmt"
	"slices"
	"time"
)

// Join puts the parts of one message together, in any order. A part may be there several times if it is the same
// each time. element is CommandPacket or ResponsePacket if the first part names one, wherever in its header, else 0.
// It fails with ErrIncomplete if parts are missing and with ErrConflict if they do not belong together.
func Join(parts []UserData) (payload []byte, element byte, err error) {
	if len(parts) == 0 {
		return nil, 0, fmt.Errorf("%w: there is none", ErrIncomplete)
	}
	first, _ := parts[0].Concat()
	s := newSet(first.Total)
	for _, u := range parts {
		c, _ := u.Concat()
		if c.Ref != first.Ref || c.Wide != first.Wide || c.Total != first.Total {
			return nil, 0, fmt.Errorf("%w: reference %d with %d parts, and reference %d with %d parts",
				ErrConflict, first.Ref, first.Total, c.Ref, c.Total)
		}
		if !s.put(c.Seq, u) {
			return nil, 0, fmt.Errorf("%w: part %d has two contents", ErrConflict, c.Seq)
		}
	}
	if s.missing() > 0 {
		return nil, 0, fmt.Errorf("%w: %d of %d", ErrIncomplete, s.missing(), first.Total)
	}
	return s.payload(), packetElement(s.parts[0].UserData), nil
}

func packetElement(u UserData) byte {
	for _, e := range u.Elements {
		if e.ID == CommandPacket || e.ID == ResponsePacket {
			return e.ID
		}
	}
	return 0
}

// set collects the parts of one message, in order, and takes no more room than what has come. A message that is not
// concatenated is one with total 0 and a single part.
type set struct {
	total int
	parts []part
}

type part struct {
	seq byte
	UserData
}

func newSet(total byte) *set { return &set{total: max(1, int(total))} }

// put is false if another content is there already.
func (s *set) put(seq byte, u UserData) bool {
	i, found := slices.BinarySearchFunc(s.parts, seq, func(p part, seq byte) int { return int(p.seq) - int(seq) })
	if found {
		return sameUserData(s.parts[i].UserData, u)
	}
	s.parts = slices.Insert(s.parts, i, part{seq, u})
	return true
}

func (s *set) missing() int { return s.total - len(s.parts) }

func (s *set) payload() []byte {
	size := 0
	for _, p := range s.parts {
		size += len(p.Payload)
	}
	b := make([]byte, 0, size)
	for _, p := range s.parts {
		b = append(b, p.Payload...)
	}
	return b
}

func sameUserData(a, b UserData) bool {
	return bytes.Equal(a.Payload, b.Payload) && slices.EqualFunc(a.Elements, b.Elements, func(x, y Element) bool {
		return x.ID == y.ID && bytes.Equal(x.Data, y.Data)
	})
}

// Joiner reassembles messages as their parts come in, from many senders at once, in bounded memory: at most maxSets
// unfinished messages of at most 255 parts, each forgotten when no part has come for ttl. It belongs to one goroutine.
type Joiner struct {
	maxSets int
	ttl     time.Duration
	sets    map[setKey]*list.Element
	oldest  *list.List // of *pending, the least recently touched in front
}

type setKey struct {
	sender string
	ref    uint16
	wide   bool
	total  byte
}

type pending struct {
	key     setKey
	set     *set
	touched time.Time
}

// NewJoiner makes a Joiner. maxSets below 1 is 1. When one more message begins, the least recently touched one is
// dropped for it.
func NewJoiner(maxSets int, ttl time.Duration) *Joiner {
	j := &Joiner{maxSets: max(1, maxSets), ttl: ttl}
	j.Reset()
	return j
}

// Reset forgets all unfinished messages, as a card does when it is reset.
func (j *Joiner) Reset() {
	j.sets, j.oldest = make(map[setKey]*list.Element), list.New()
}

// Add takes one SMS. When it completes a message, or is one by itself, complete is true and payload is the whole;
// elements are those of the first part's header, concatenation excepted. Nothing returned or kept refers to ud.
//
// A repeated part changes nothing. A part that contradicts what is there belongs to a newer message under a reused
// reference: the unfinished older one is dropped, the part starts the new one, and the error is ErrConflict.
func (j *Joiner) Add(sender string, ud UserData, now time.Time) (payload []byte, elements []Element, complete bool, err error) {
	j.expire(now)
	c, _ := ud.Concat()
	own := ud.clone()
	if c.Total <= 1 {
		return own.Payload, withoutConcat(own.Elements), true, nil
	}
	key := setKey{sender: sender, ref: c.Ref, wide: c.Wide, total: c.Total}
	p := j.touch(key, now)
	if !p.set.put(c.Seq, own) {
		p.set = newSet(c.Total)
		p.set.put(c.Seq, own)
		return nil, nil, false, fmt.Errorf("%w: reference %d of %q is reused, its unfinished message is dropped", ErrConflict, c.Ref, sender)
	}
	if p.set.missing() > 0 {
		return nil, nil, false, nil
	}
	j.drop(j.sets[key])
	return p.set.payload(), withoutConcat(p.set.parts[0].Elements), true, nil
}

// touch finds or starts a message and makes it the most recent one.
func (j *Joiner) touch(key setKey, now time.Time) *pending {
	if e, ok := j.sets[key]; ok {
		j.oldest.MoveToBack(e)
		p := e.Value.(*pending)
		p.touched = now
		return p
	}
	if len(j.sets) >= j.maxSets {
		j.drop(j.oldest.Front())
	}
	p := &pending{key: key, set: newSet(key.total), touched: now}
	j.sets[key] = j.oldest.PushBack(p)
	return p
}

func (j *Joiner) expire(now time.Time) {
	for e := j.oldest.Front(); e != nil && now.Sub(e.Value.(*pending).touched) >= j.ttl; e = j.oldest.Front() {
		j.drop(e)
	}
}

func (j *Joiner) drop(e *list.Element) {
	delete(j.sets, e.Value.(*pending).key)
	j.oldest.Remove(e)
}

func (u UserData) clone() UserData {
	own := UserData{Payload: bytes.Clone(u.Payload), Elements: slices.Clone(u.Elements)}
	for i := range own.Elements {
		own.Elements[i].Data = bytes.Clone(own.Elements[i].Data)
	}
	return own
}

func withoutConcat(elements []Element) []Element {
	return slices.DeleteFunc(elements, func(e Element) bool { return e.ID == Concat8 || e.ID == Concat16 })
}
