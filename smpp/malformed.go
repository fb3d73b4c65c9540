package smpp

import (
	"bytes"
	"time"
)

const maxMalformed = 32

// Malformed is a frame of the SMSC that no handler could be given.
type Malformed struct {
	At      time.Time
	Session int // number of the session on this link, from 1
	Reason  string
	Raw     []byte // its first 512 octets
}

// Malformed returns the last such frames, at most 32, oldest first.
func (l *Link) Malformed() []Malformed {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Malformed(nil), l.malformed...)
}

// malform keeps a frame for inspection. The caller holds mu.
func (s *session) malform(raw []byte, reason string) {
	l := s.link
	l.status.Malformed++
	if len(l.malformed) == maxMalformed {
		copy(l.malformed, l.malformed[1:])
		l.malformed = l.malformed[:maxMalformed-1]
	}
	l.malformed = append(l.malformed, Malformed{
		At: s.heard, Session: s.number, Reason: reason, Raw: bytes.Clone(masked(raw[:min(len(raw), keptOctets)])),
	})
}
