package smpp

import (
	"bytes"
	"slices"
	"time"
)

// Frame is one frame as it went over a link.
type Frame struct {
	At      time.Time
	Link    string
	Session int    // number of the session on this link, from 1
	Inbound bool   // from the SMSC
	Raw     []byte // valid during the call; the password of a bind or outbind is masked
}

type listener struct{ hear func(Frame) }

// Trace calls fn with every frame of both directions until stop is called; a call that has begun may still end after that.
// fn is called from the goroutines of the sessions, several at a time: it must not block for long.
func (l *Link) Trace(fn func(Frame)) (stop func()) {
	x := &listener{fn}
	l.change(func(all []*listener) []*listener { return append(all, x) })
	return func() {
		l.change(func(all []*listener) []*listener {
			return slices.DeleteFunc(all, func(o *listener) bool { return o == x })
		})
	}
}

// change replaces the listeners; none at all is nil, which costs the sessions one load.
func (l *Link) change(edit func([]*listener) []*listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []*listener
	if p := l.listeners.Load(); p != nil {
		all = slices.Clone(*p)
	}
	if all = edit(all); len(all) == 0 {
		l.listeners.Store(nil)
		return
	}
	l.listeners.Store(&all)
}

// trace shows whole frames to who listens. The caller does not hold mu.
func (l *Link) trace(session int, inbound bool, frames []byte) {
	p := l.listeners.Load()
	if p == nil {
		return
	}
	now := time.Now()
	for len(frames) > 0 {
		frame := frames
		if h, err := ParseHeader(frames); err == nil && h.Length >= HeaderLen && int64(h.Length) <= int64(len(frames)) {
			frame = frames[:h.Length]
		}
		frames = frames[len(frame):]
		for _, x := range *p {
			x.hear(Frame{At: now, Link: l.cfg.Name, Session: session, Inbound: inbound, Raw: masked(frame)})
		}
	}
}

// masked hides the password of a bind request or outbind, in a copy. Of one that cannot be read the whole body is hidden.
func masked(frame []byte) []byte {
	h, err := ParseHeader(frame)
	if err != nil {
		return frame
	}
	switch h.Command {
	case BindReceiver, BindTransmitter, BindTransceiver, Outbind:
	default:
		return frame
	}
	frame = bytes.Clone(frame)
	secret := frame[HeaderLen:]
	if name := bytes.IndexByte(secret, 0); name >= 0 {
		secret = secret[name+1:]
		if end := bytes.IndexByte(secret, 0); end >= 0 {
			secret = secret[:end]
		}
	}
	for i := range secret {
		secret[i] = '*'
	}
	return frame
}
