package lab

import (
	"encoding/binary"
	"hash/fnv"
	"sync"

	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/smpp/smscsim"
)

// chance is a number of [0, 1) that depends on nothing but its arguments.
func chance(seed int64, iccid, kind string, n int) float64 {
	h := fnv.New64a()
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(seed)))
	_, _ = h.Write([]byte(iccid + "|" + kind))
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
	x := h.Sum64() // FNV mixes its last octets badly into the high bits
	x ^= x >> 30
	x *= 0xBF58476D1CE4E5B9
	x ^= x >> 27
	x *= 0x94D049BB133111EB
	x ^= x >> 31
	return float64(x>>11) / (1 << 53)
}

// fate is what goes wrong with one submit_sm.
type fate struct {
	message                       int // number of the message it belongs to
	part, total                   byte
	wire                          smscsim.Fault
	lostSubmit                    bool // not answered because it never arrived
	lostReceipt, reset, lostProof bool
	duplicate                     bool // this part is delivered twice
	repeat, lateProof             bool // the whole message is, once all its parts were
	overtake                      bool
}

// judge decides what goes wrong with the messages of one card.
type judge struct {
	seed   int64
	iccid  string
	faults *Faults
	script []ScriptedFault // of this card

	mu       sync.Mutex // guards what follows: SMPP sessions of several networks ask
	mts      int
	messages map[messageKey]*message
	last     int // number of the latest message
	fired    map[firing]bool
}

// messageKey tells messages for a card apart: by sender and reference if concatenated, else by their content.
type messageKey struct {
	sender string
	ref    uint16
	total  byte
	hash   uint64
}

type message struct {
	no    int
	total byte
	parts map[byte]uint64 // hash of the user data by part: another content is another message
	reset bool
}

type firing struct {
	script int
	part   byte
}

func newJudge(seed int64, iccid string, f *Faults) *judge {
	j := &judge{seed: seed, iccid: iccid, faults: f, messages: map[messageKey]*message{}, fired: map[firing]bool{}}
	for _, s := range f.Script {
		if s.ICCID == iccid {
			j.script = append(j.script, s)
		}
	}
	return j
}

func (j *judge) happens(kind string, n int, probability float64) bool {
	return probability > 0 && chance(j.seed, j.iccid, kind, n) < probability
}

// submitted counts a submit_sm and decides its fate.
func (j *judge) submitted(m smscsim.Submitted) fate {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.mts++
	msg, part := j.message(m)
	f, throw := j.faults, chance(j.seed, j.iccid, "wire", j.mts)
	v := fate{message: msg.no, part: part, total: msg.total}
	switch {
	case throw < f.Throttle:
		v.wire = smscsim.Throttle
	case throw < f.Throttle+f.QueueFull:
		v.wire = smscsim.QueueFull
	case throw < f.Throttle+f.QueueFull+f.LostResponses:
		v.wire = smscsim.NoResponse
	case j.happens("early receipt", j.mts, f.EarlyReceipts):
		v.wire = smscsim.EarlyReceipt
	}
	v.lostReceipt = j.happens("lost receipt", j.mts, f.LostReceipts)
	v.overtake = j.happens("reorder", j.mts, f.Reorder)
	v.lateProof = j.happens("late proof", msg.no, f.LateProof)
	v.repeat = v.lateProof || j.happens("duplicate", msg.no, f.Duplicates)
	if part > 1 && !msg.reset && j.happens("reset", j.mts, f.ResetBetweenParts) {
		v.reset, msg.reset = true, true
	}
	j.follow(&v)
	return v
}

// follow lets the script have its way.
func (j *judge) follow(v *fate) {
	for i, s := range j.script {
		whole := s.Event == eventMessage && s.N == v.message && s.Part == 0
		if whole && (s.What == "duplicate" || s.What == "late-proof") {
			v.repeat, v.lateProof = true, v.lateProof || s.What == "late-proof"
			continue
		}
		hit := whole || s.Event == eventMT && s.N == j.mts || s.Event == eventMessage && s.N == v.message && s.Part == int(v.part)
		if !hit || j.fired[firing{i, v.part}] {
			continue
		}
		j.fired[firing{i, v.part}] = true
		switch s.What {
		case "throttle":
			v.wire = smscsim.Throttle
		case "queue-full":
			v.wire = smscsim.QueueFull
		case "lost-response":
			v.wire = smscsim.NoResponse
		case "lost-submit":
			v.wire, v.lostSubmit = smscsim.NoResponse, true
		case "early-receipt":
			v.wire = smscsim.EarlyReceipt
		case "lost-receipt":
			v.lostReceipt = true
		case "duplicate":
			v.duplicate = true
		case "reset":
			v.reset = true
		case "lost-proof":
			v.lostProof = true
		}
	}
}

// message finds or numbers the message that a submit_sm belongs to, and says which part it is.
func (j *judge) message(m smscsim.Submitted) (*message, byte) {
	h := fnv.New64a()
	_, _ = h.Write(m.UserData)
	key, part := messageKey{sender: m.Source.String(), total: 1, hash: h.Sum64()}, byte(1)
	if ud, err := sms.ParseUserData(m.UserData); err == nil && m.ESMClass&esmUDHI != 0 {
		if c, ok := ud.Concat(); ok {
			key.ref, key.total, key.hash, part = c.Ref, c.Total, 0, c.Seq
		}
	}
	msg := j.messages[key]
	if msg != nil {
		if seen, ok := msg.parts[part]; ok && seen != h.Sum64() {
			msg = nil // the reference is used again
		}
	}
	if msg == nil {
		j.last++
		msg = &message{no: j.last, total: key.total, parts: map[byte]uint64{}}
		j.messages[key] = msg
	}
	msg.parts[part] = h.Sum64()
	return msg, part
}

// lost says whether the n-th message of the card is lost, and why. notice counts those that are notices, 0 is none;
// foreign means through another network's SMSC.
func (j *judge) lost(n, notice int, foreign bool) (reason string, lost bool) {
	for _, s := range j.script {
		if s.Event == eventMO && s.N == n || s.Event == eventNotice && s.N == notice {
			return "script", true
		}
	}
	switch {
	case notice > 0 && j.happens("lost notice", notice, j.faults.LostNotices):
		return "notice lost on its way", true
	case j.happens("lost mo", n, j.faults.LostMO):
		return "lost on its way", true
	case foreign && j.happens("foreign", n, j.faults.LostProofShare):
		return "lost between two networks", true
	}
	return "", false
}

// absence is at which delivery the device leaves coverage, and for which multiple of the configured time.
func (j *judge) absence() (at int, times float64, ok bool) {
	const first = 8 // of its first deliveries
	return int(first * chance(j.seed, j.iccid, "absent at", 0)), 0.5 + chance(j.seed, j.iccid, "absent for", 0),
		j.happens("absent", 0, j.faults.Absent)
}
