package swap_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/rfm"
)

const (
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
)

func compact(f *swap.Facts, _ *card)            { f.Format, f.Room = "compact", 250 }
func goal(g swap.Goal) func(*swap.Facts, *card) { return func(f *swap.Facts, _ *card) { f.Goal = g } }

// steps lists what a script does, as "read imsi" or "update smsp".
func steps(t *testing.T, format string, octets []byte) (out []string, immediate []byte) {
	t.Helper()
	s, err := script.Parse(script.Format(format), octets)
	if err != nil {
		t.Fatal(err)
	}
	name := ""
	for _, c := range s.Commands {
		switch c.INS {
		case 0xA4:
			if c.P1 == 8 {
				out = append(out, "adf")
				continue
			}
			f, ok := rfm.LookupFID(sat.FID(c.Data[0])<<8 | sat.FID(c.Data[1]))
			if !ok {
				t.Fatalf("selects %X", c.Data)
			}
			name = f.Name
		case 0xB0, 0xB2:
			out = append(out, "read "+name)
		case 0xD6, 0xDC:
			out = append(out, "update "+name)
		default:
			t.Fatalf("command %v", c)
		}
	}
	return out, s.Immediate
}

// The life of saga.md, section 4, in its order.
func TestOneCardsLife(t *testing.T) {
	t.Parallel()
	h := begin(t, goal(swap.GoalVerified))
	r := h.is(swap.Snapshot)
	if got, _ := steps(t, h.f.Format, r.Action.Script); !slices.Equal(got, []string{"read plmnwact", "read loci", "read fplmn", "read smsp", "read imsi"}) {
		t.Errorf("expanded snapshot: one packet for all files, not %q", got)
	}
	snap, a := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
	if a.Begins || !a.Deadline.Equal(start.Add(6*hour)) {
		t.Errorf("snapshot read: begins %t, deadline %v", a.Begins, a.Deadline)
	}
	h.accepted(snap)
	h.tick(time.Second)
	h.rests(swap.Snapshot, start.Add(6*hour))
	h.arrived(snap, oldNumber)
	h.rests(swap.Snapshot, start.Add(6*hour)) // a receipt is not an answer
	h.answer(snap, oldNumber)

	w, a := h.does(swap.Snapshot, write, ledger.Write, swap.Old)
	made := h.now
	if !a.Begins || !a.Deadline.Equal(made.Add(6*hour)) {
		t.Errorf("first write: begins %t, deadline %v", a.Begins, a.Deadline)
	}
	if got, _ := steps(t, h.f.Format, a.Fence); !slices.Equal(got, []string{"read imsi"}) {
		t.Errorf("fence %q", got)
	}
	h.rests(swap.Switching, made.Add(6*hour))
	h.accepted(w, 1)
	h.submissions(w, "", ledger.Ambiguous, 2)
	h.tick(minute)
	h.rests(swap.Switching, made.Add(6*hour))
	h.arrived(w, "", 1)
	h.rests(swap.Switching, made.Add(6*hour))
	h.arrived(w, "")
	q, a := h.does(swap.Switching, moved, ledger.Read, swap.New)
	if a.FenceOf != w {
		t.Errorf("the read over the open write %d names %d", w, a.FenceOf)
	}
	h.accepted(q)
	h.rests(swap.Switching, made.Add(6*hour))
	h.status(w, oldNumber, ota.StatusCounterLow, true) // of the network's copy, and first
	h.rests(swap.Switching, made.Add(6*hour))
	h.tick(time.Second)
	h.answer(w, oldNumber)
	h.rests(swap.Switched, h.now.Add(30*minute))
	h.tick(time.Second)
	h.pair(newIMSI, "356938035643817")
	r = h.is(swap.Switched)
	if r.Moved != nil || r.Action != nil {
		t.Error("a pair alone proves nothing, and the waiting read is given a moment")
	}
	h.tick(time.Second)
	h.answer(q, newNumber)
	r = h.is(swap.Moved)
	if r.Moved == nil || r.Moved.Source != "tracking applet" || r.Moved.IMEI != "356938035643817" || !r.Moved.At.Equal(h.now) {
		t.Fatalf("moved: %+v", r.Moved)
	}
	movedAt := h.now
	doc, a := h.does(swap.Moved, document, ledger.CP, swap.New)
	key, _ := cp.NetworkPIN(newIMSI)
	if want, _ := cp.Push(h.f.Documents[0].WBXML, cp.NETWPIN, key); !bytes.Equal(a.Push, want) {
		t.Error("the document is not signed with the new IMSI")
	}
	h.rests(swap.Moved, movedAt.Add(day))
	h.accepted(doc)
	h.rests(swap.Configuring, movedAt.Add(day))
	h.arrived(doc, "", 1)
	h.rests(swap.Configuring, movedAt.Add(day)) // one of two parts
	h.arrived(doc, "")
	h.deliver(swap.Configuring, "mms")
	settled := h.now
	h.deliver(swap.SettingsDelivered, "smsc")
	h.rests(swap.SettingsDelivered, settled.Add(day))
	h.attach(newIMSI, newAPN)
	h.closed(swap.Verified)
}

func TestMoveIsProvenWhenTheSwitchsProofIsLost(t *testing.T) {
	t.Parallel()
	h := begin(t)
	w, _ := h.switching()
	h.arrived(w, "")
	q, _ := h.does(swap.Switching, moved, ledger.Read, swap.New)
	h.card.run(t, h.f.Format, h.attempt(w).Script) // its proof never comes
	h.tick(minute)
	h.answer(q, newNumber)
	r := h.is(swap.Moved)
	if r.Moved.Source != "assumed" || r.Moved.IMEI != h.f.IMEI {
		t.Errorf("without a word of the device it is assumed: %+v", r.Moved)
	}
}

func TestSnapshotByFormat(t *testing.T) {
	t.Parallel()
	noLOCI := func(_ *swap.Facts, c *card) { delete(c.files, "loci") }
	tests := map[string]struct {
		change []func(*swap.Facts, *card)
		want   [][]string
	}{
		"expanded": {nil, [][]string{{"plmnwact", "loci", "fplmn", "smsp", "imsi"}}},
		"expanded, a file is absent: the next packet asks for the rest": {[]func(*swap.Facts, *card){noLOCI},
			[][]string{{"plmnwact", "loci", "fplmn", "smsp", "imsi"}, {"fplmn", "smsp", "imsi"}}},
		"compact": {[]func(*swap.Facts, *card){compact}, [][]string{{"plmnwact"}, {"loci"}, {"fplmn"}, {"smsp"}, {"imsi"}}},
		"compact, a file is absent": {[]func(*swap.Facts, *card){compact, noLOCI},
			[][]string{{"plmnwact"}, {"loci"}, {"fplmn"}, {"smsp"}, {"imsi"}}},
		"expanded, little room": {[]func(*swap.Facts, *card){func(f *swap.Facts, _ *card) { f.Room = 70 }},
			[][]string{{"plmnwact", "loci", "fplmn", "smsp"}, {"imsi"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, at := range []string{"adf-usim", "mf"} {
				h := begin(t, append(tt.change, func(f *swap.Facts, _ *card) { f.Start = at })...)
				if at == "mf" && h.f.Room < 100 {
					h.f.Room += 11
				}
				steppedTo := 0
				for i, files := range tt.want {
					id, a := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
					var want []string
					if at == "mf" {
						want = append(want, "adf")
					}
					for _, f := range files {
						want = append(want, "read "+f)
					}
					if got, _ := steps(t, h.f.Format, a.Script); !slices.Equal(got, want) {
						t.Fatalf("packet %d: %q, want %q", i+1, got, want)
					}
					if a.Step <= steppedTo {
						t.Errorf("step %d after %d", a.Step, steppedTo)
					}
					steppedTo = a.Step
					h.answer(id, oldNumber)
				}
				if h.f.Room < 100 {
					h.closed(swap.Failed, "max_parts") // room for reads, not for the identity
					continue
				}
				_, a := h.does(swap.Snapshot, write, ledger.Write, swap.Old)
				got, _ := steps(t, h.f.Format, a.Script)
				if _, has := h.card.files["loci"]; !has && slices.Contains(got, "update loci") {
					t.Error("writes a file that the snapshot did not find")
				}
			}
		})
	}
}

func TestSnapshotEnds(t *testing.T) {
	t.Parallel()
	t.Run("nothing answers", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
		h.tick(6*hour - time.Second)
		h.rests(swap.Snapshot, start.Add(6*hour))
		h.tick(time.Second)
		h.closed(swap.Held, oldNumber)
		h.answer(id, oldNumber)
		h.does(swap.Snapshot, write, ledger.Write, swap.Old) // late evidence lifts
	})
	t.Run("part of it answers", func(t *testing.T) {
		t.Parallel()
		h := begin(t, compact)
		id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
		h.tick(4 * hour)
		h.answer(id, oldNumber)
		h.does(swap.Snapshot, read, ledger.Read, swap.Old)
		h.tick(2 * hour)
		h.closed(swap.Held, "no whole snapshot in 6 h", oldNumber+" for 2 h", "read LOCI")
	})
	t.Run("another card", func(t *testing.T) {
		t.Parallel()
		h := begin(t, func(_ *swap.Facts, c *card) { c.files["imsi"], _ = rfm.EncodeIMSI("999400000000099") })
		h.snapshot()
		h.closed(swap.Held, "999400000000099", oldIMSI)
	})
	t.Run("no IMSI", func(t *testing.T) {
		t.Parallel()
		h := begin(t, func(_ *swap.Facts, c *card) { delete(c.files, "imsi") })
		h.snapshot()
		h.closed(swap.Held, "IMSI")
	})
	t.Run("authenticated refusal", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
		h.status(id, oldNumber, ota.StatusInsufficientSecurity, true)
		h.closed(swap.Failed, "0A")
	})
	t.Run("counter behind", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
		h.status(id, oldNumber, ota.StatusCounterLow, true)
		h.rests(swap.Snapshot, start.Add(6*hour))
		h.silence(id, ledger.Held, "counter behind")
		h.closed(swap.Held, "counter behind")
		h.answer(id, oldNumber)
		h.does(swap.Snapshot, write, ledger.Write, swap.Old)
	})
	for _, st := range []ota.Status{ota.StatusTARUnknown, ota.StatusInsufficientSecurity} {
		t.Run(fmt.Sprintf("unsecured %02X before any write", byte(st)), func(t *testing.T) {
			t.Parallel()
			h := begin(t)
			id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
			h.status(id, oldNumber, st, false)
			h.closed(swap.Failed, fmt.Sprintf("%02X", byte(st)), "unauthenticated")
			h.tick(time.Second)
			h.status(id, oldNumber, ota.StatusSecurityError, false) // noise changes nothing
			h.closed(swap.Failed, "unauthenticated")
			h.answer(id, oldNumber) // the card itself says otherwise
			h.does(swap.Snapshot, write, ledger.Write, swap.Old)
		})
		t.Run(fmt.Sprintf("unsecured %02X over an open write", byte(st)), func(t *testing.T) {
			t.Parallel()
			h := begin(t)
			w, _ := h.switching()
			made := h.attempt(w).CreatedAt
			h.status(w, oldNumber, st, false)
			h.rests(swap.Switching, made.Add(6*hour))
		})
	}
	for _, st := range []ota.Status{ota.StatusSecurityError, ota.StatusCheckFailed, ota.StatusOK, ota.StatusCounterLow} {
		h := begin(t)
		id, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
		h.status(id, oldNumber, st, false)
		h.rests(swap.Snapshot, start.Add(6*hour))
	}
}

func TestWriting(t *testing.T) {
	t.Parallel()
	immediate := func(f *swap.Facts, _ *card) { f.Refresh = "immediate" }
	room := func(n int) func(*swap.Facts, *card) { return func(f *swap.Facts, _ *card) { f.Room = n } }
	tests := map[string]struct {
		change  []func(*swap.Facts, *card)
		want    [][]string
		refresh bool
	}{
		"one packet":     {nil, [][]string{{"plmnwact", "loci", "fplmn", "smsp", "imsi"}}, false},
		"immediate":      {[]func(*swap.Facts, *card){immediate}, [][]string{{"plmnwact", "loci", "fplmn", "smsp", "imsi"}}, true},
		"compact":        {[]func(*swap.Facts, *card){compact}, [][]string{{"plmnwact", "loci", "fplmn", "smsp", "imsi"}}, false},
		"small":          {[]func(*swap.Facts, *card){room(120)}, [][]string{{"plmnwact", "loci"}, {"fplmn", "smsp", "imsi"}}, false},
		"small, action":  {[]func(*swap.Facts, *card){room(120), immediate}, [][]string{{"plmnwact", "loci", "fplmn"}, {"smsp", "imsi"}}, true},
		"just the pair":  {[]func(*swap.Facts, *card){compact, room(80)}, [][]string{{"plmnwact"}, {"loci", "fplmn"}, {"smsp", "imsi"}}, false},
		"nothing else":   {[]func(*swap.Facts, *card){func(f *swap.Facts, _ *card) { f.Files = []string{"smsp", "imsi"} }}, [][]string{{"smsp", "imsi"}}, false},
		"order of files": {[]func(*swap.Facts, *card){func(f *swap.Facts, _ *card) { slices.Reverse(f.Files) }}, [][]string{{"plmnwact", "loci", "fplmn", "smsp", "imsi"}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := begin(t, tt.change...)
			h.snapshot()
			for i, files := range tt.want {
				state, last := swap.Switching, i == len(tt.want)-1
				if i == 0 {
					state = swap.Snapshot
				}
				id, a := h.does(state, write, ledger.Write, swap.Old)
				if a.Begins != (i == 0) {
					t.Errorf("packet %d begins: %t", i+1, a.Begins)
				}
				if len(a.Script) > h.f.Room {
					t.Errorf("packet %d has %d octets in room for %d", i+1, len(a.Script), h.f.Room)
				}
				got, action := steps(t, h.f.Format, a.Script)
				var want []string
				for _, f := range files {
					want = append(want, "update "+f)
				}
				if !slices.Equal(got, want) {
					t.Fatalf("packet %d: %q, want %q", i+1, got, want)
				}
				var refresh []byte
				if last && tt.refresh {
					refresh = []byte{0x81, 3, 1, 1, 4, 0x82, 2, 0x81, 0x82}
				}
				if !bytes.Equal(action, refresh) {
					t.Errorf("packet %d: immediate action %X, want %X", i+1, action, refresh)
				}
				if fence, _ := steps(t, h.f.Format, a.Fence); !slices.Equal(fence, []string{"read " + files[len(files)-1]}) {
					t.Errorf("packet %d: its fence is %q", i+1, fence)
				}
				before := h.card.imsi()
				made := h.now
				h.rests(swap.Switching, made.Add(6*hour))
				h.answer(id, oldNumber)
				if !last && h.card.imsi() != before {
					t.Error("the identity changed before the last packet")
				}
			}
			if h.card.imsi() != newIMSI {
				t.Fatal("the card has not the new IMSI")
			}
			if s, err := rfm.DecodeSMSP(h.card.files["smsp"]); err != nil || s.SMSC != h.f.Identity.SMSC {
				t.Errorf("SMSP %+v, %v", s, err)
			}
			h.does(swap.Switched, moved, ledger.Read, swap.New)
		})
	}
	t.Run("SMSP and IMSI do not fit one packet", func(t *testing.T) {
		t.Parallel()
		h := begin(t, compact, room(60))
		h.snapshot()
		h.closed(swap.Failed, "SMSP and IMSI", "max_parts")
	})
	t.Run("one file does not fit", func(t *testing.T) {
		t.Parallel()
		h := begin(t, compact, room(40))
		h.snapshot()
		h.closed(swap.Failed, "max_parts")
	})
}

func TestWriteEnds(t *testing.T) {
	t.Parallel()
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		w, _ := h.switching()
		h.status(w, oldNumber, ota.StatusCheckFailed, true)
		h.closed(swap.Failed, "01")
	})
	t.Run("status word", func(t *testing.T) {
		t.Parallel()
		h := begin(t, func(_ *swap.Facts, c *card) { c.fail["fplmn"] = 0x6982 })
		w, _ := h.switching()
		h.answer(w, oldNumber)
		h.closed(swap.Failed, "FPLMN", "6982", "old identity")
		if h.card.imsi() != oldIMSI {
			t.Error("the card went on after an error")
		}
	})
	t.Run("every command ran, REFRESH was refused", func(t *testing.T) {
		t.Parallel()
		h := begin(t, func(f *swap.Facts, c *card) { f.Refresh, c.noAction = "immediate", true })
		w, _ := h.switching()
		h.answer(w, oldNumber)
		if h.card.imsi() != newIMSI {
			t.Fatal("not written")
		}
		h.does(swap.Switched, moved, ledger.Read, swap.New)
	})
	t.Run("the answer of the last packet cannot be read", func(t *testing.T) {
		t.Parallel()
		for _, ran := range []bool{true, false} {
			h := begin(t)
			w, _ := h.switching()
			if ran {
				h.card.run(t, h.f.Format, h.attempt(w).Script)
			}
			h.store(h.proven(w, oldNumber, []byte{0xDE, 0xAD}))
			q, _ := h.does(swap.Switched, moved, ledger.Read, swap.New)
			h.tick(30 * minute)
			p, a := h.does(swap.Switched, probe, ledger.Read, swap.Both)
			if !slices.Equal(a.Replaces, []int64{q}) {
				t.Errorf("the probe replaces %v", a.Replaces)
			}
			h.answer(p, oldNumber)
			if ran {
				h.is(swap.WaitingForRestart)
			} else {
				h.does(swap.NotSwitched, write, ledger.Write, swap.Old)
			}
		}
	})
	t.Run("the answer of another packet cannot be read", func(t *testing.T) {
		t.Parallel()
		h := begin(t, func(f *swap.Facts, _ *card) { f.Room = 120 })
		h.snapshot()
		w, _ := h.does(swap.Snapshot, write, ledger.Write, swap.Old)
		h.store(h.proven(w, oldNumber, []byte{0xDE, 0xAD}))
		h.closed(swap.Failed)
	})
	t.Run("never accepted", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		w, _ := h.switching()
		h.silence(w, ledger.Unsent, "no SMSC accepted part of it")
		h.closed(swap.Failed, "no SMSC")
	})
	t.Run("no read can tell", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		w, _ := h.switching()
		h.silence(w, ledger.Held, "no read can tell whether it ran")
		h.closed(swap.Held, "no read can tell")
		h.answer(w, oldNumber)
		h.is(swap.Switched)
	})
	t.Run("the fence was answered but could not read", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		w, _ := h.switching()
		q := h.fence(w, h.attempt(w).Step)
		imsi := h.card.files["imsi"]
		delete(h.card.files, "imsi")
		h.answer(q, oldNumber)
		h.closed(swap.Held, "no read can tell")
		h.card.files["imsi"] = imsi
		q = h.fence(w, h.attempt(w).Step)
		h.answer(q, oldNumber)
		h.is(swap.NotSwitched)
		q = h.fence(w, h.attempt(w).Step) // one that told counts before one that did not
		delete(h.card.files, "imsi")
		h.answer(q, oldNumber)
		h.does(swap.NotSwitched, write, ledger.Write, swap.Old)
	})
	t.Run("silence", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		w, _ := h.switching()
		made := h.attempt(w).CreatedAt
		h.now = made.Add(6*hour - 1)
		h.rests(swap.Switching, made.Add(6*hour))
		h.tick(1)
		h.closed(swap.Dark, oldNumber, newNumber)
	})
}

func TestRankOfEvidence(t *testing.T) {
	t.Parallel()
	// 00 above all, in whatever order: the fence said no, 02 came, a refusal too.
	h := begin(t)
	w, _ := h.switching()
	h.status(w, oldNumber, ota.StatusCounterLow, true)
	h.status(w, oldNumber, ota.StatusSecurityError, false)
	h.arrived(w, "")
	h.does(swap.Switching, moved, ledger.Read, swap.New)
	h.answer(w, oldNumber)
	h.is(swap.Switched)
	// A fence above 02.
	h = begin(t)
	w, _ = h.switching()
	h.status(w, oldNumber, ota.StatusCounterLow, true)
	h.card.run(t, h.f.Format, h.attempt(w).Script)
	q := h.fence(w, h.attempt(w).Step)
	h.answer(q, oldNumber)
	h.is(swap.WaitingForRestart)
	// A read under a lower counter settles nothing: the write can still run.
	h = begin(t)
	w, _ = h.switching()
	e := h.answerOf(h.fence(w, h.attempt(w).Step), oldNumber)
	if e.Body.Settles != w {
		t.Fatal("the fence settles nothing")
	}
	e.Counter = h.attempt(w).Counter - 1
	h.store(e)
	h.is(swap.Switching)
	// Reads rank by counter: the later one arrives first.
	h = begin(t)
	w, _ = h.switching()
	first := h.fence(w, h.attempt(w).Step)
	early := h.answerOf(first, oldNumber) // old IMSI
	h.answer(w, oldNumber)                // the write overtaken by nothing, executed after
	h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.tick(30 * minute)
	second, _ := h.does(swap.Switched, probe, ledger.Read, swap.Both)
	h.answer(second, oldNumber)
	h.is(swap.WaitingForRestart)
	h.tick(time.Second)
	h.store(early)
	h.is(swap.WaitingForRestart)
}

func TestNotSwitched(t *testing.T) {
	t.Parallel()
	h := begin(t)
	w, _ := h.switching()
	for try := 1; ; try++ {
		q := h.fence(w, h.attempt(w).Step)
		h.tick(5 * minute)
		h.answer(q, oldNumber)
		if try == 3 {
			break
		}
		var a *swap.Action
		w, a = h.does(swap.NotSwitched, write, ledger.Write, swap.Old)
		if a.Begins || a.Deadline.Before(h.now) {
			t.Errorf("try %d: %+v", try+1, a)
		}
		if got := h.attempt(w).Try; got <= try {
			t.Errorf("try %d after %d", got, try)
		}
		h.is(swap.Switching)
	}
	h.closed(swap.Failed, "old IMSI", "3 tries")
	// The second try of another card works: its read goes to the new number anew.
	h = begin(t)
	w, _ = h.switching()
	h.arrived(w, "")
	h.does(swap.Switching, moved, ledger.Read, swap.New)
	q := h.fence(w, h.attempt(w).Step)
	h.answer(q, oldNumber)
	w, _ = h.does(swap.NotSwitched, write, ledger.Write, swap.Old)
	h.answer(w, oldNumber)
	settled := h.now
	q, _ = h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.rests(swap.Switched, settled.Add(30*minute))
	h.answer(q, newNumber)
	h.is(swap.Moved)
}

func TestExecutedButTheCardHasTheOldIMSI(t *testing.T) {
	t.Parallel()
	h := begin(t)
	w, _ := h.switching()
	h.answer(w, oldNumber)
	h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.tick(30 * minute)
	q, _ := h.does(swap.Switched, probe, ledger.Read, swap.Both)
	h.card.files["imsi"], _ = rfm.EncodeIMSI(oldIMSI)
	h.answer(q, oldNumber)
	h.does(swap.NotSwitched, write, ledger.Write, swap.Old)
}

func TestSwitchedThenDark(t *testing.T) {
	t.Parallel()
	h := begin(t)
	w, _ := h.switching()
	h.answer(w, oldNumber)
	settled := h.now
	q, _ := h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.rests(swap.Switched, settled.Add(30*minute))
	h.now = settled.Add(30 * minute)
	p, a := h.does(swap.Switched, probe, ledger.Read, swap.Both)
	if a.FenceOf != 0 || !slices.Equal(a.Replaces, []int64{q}) {
		t.Errorf("probe: fence of %d, replaces %v", a.FenceOf, a.Replaces)
	}
	dark := settled.Add(30*minute + day)
	h.rests(swap.Switched, dark)
	h.now = dark
	h.closed(swap.Dark, oldNumber, newNumber)
	h.tick(48 * hour)
	h.closed(swap.Dark)
	h.answer(p, newNumber)
	h.is(swap.Moved) // late evidence lifts, and it has its time to be configured
}

func TestProbeGoesOutAlthoughASignOfLifeWasFollowed(t *testing.T) {
	t.Parallel()
	h := begin(t)
	w, _ := h.switching()
	h.answer(w, oldNumber)
	settled := h.now
	h.does(swap.Switched, moved, ledger.Read, swap.New)
	h.tick(2 * minute)
	h.pair(newIMSI, "356938035643817")
	h.tick(minute)
	h.does(swap.Switched, life, ledger.Read, swap.New)
	h.rests(swap.Switched, settled.Add(30*minute))
	h.now = settled.Add(30 * minute)
	h.does(swap.Switched, probe, ledger.Read, swap.Both)
}

func TestWaitingForRestart(t *testing.T) {
	t.Parallel()
	h := begin(t)
	w, _ := h.switching()
	h.card.run(t, h.f.Format, h.attempt(w).Script)
	q := h.fence(w, h.attempt(w).Step)
	h.answer(q, oldNumber)
	since := h.now
	r := h.rests(swap.WaitingForRestart, since.Add(5*minute))
	if !strings.Contains(r.Cause, "REFRESH") {
		t.Errorf("cause %q", r.Cause)
	}
	var last int64
	for _, at := range []time.Duration{5 * minute, 15 * minute, hour, day, 2 * day, 3 * day} {
		h.now = since.Add(at - time.Second)
		if due := h.is(swap.WaitingForRestart).Due; due.After(since.Add(at + hour)) {
			t.Fatalf("due %v after it began: want about %v", due.Sub(since), at)
		}
		h.now = since.Add(at)
		if at >= day {
			h.tick(hour)
		}
		last, _ = h.does(swap.WaitingForRestart, probe, ledger.Read, swap.Both)
		if r := h.is(swap.WaitingForRestart); r.Action != nil {
			t.Fatal("a second probe while one is out")
		}
		h.tick(time.Second)
		h.answer(last, oldNumber)
	}
	h.now = since.Add(7*day - 1)
	p, _ := h.does(swap.WaitingForRestart, probe, ledger.Read, swap.Both)
	h.rests(swap.WaitingForRestart, since.Add(7*day))
	h.tick(1)
	h.closed(swap.Dark, "restart")
	h.answer(p, newNumber)
	h.is(swap.Moved)
}

func TestSignOfLife(t *testing.T) {
	t.Parallel()
	t.Run("calls for one read at once", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		w, _ := h.switching()
		f := h.fence(w, h.attempt(w).Step)
		h.tick(minute)
		h.status(f, newNumber, ota.StatusSecurityError, false) // even in clear
		h.tick(minute)
		_, a := h.does(swap.Switching, life, ledger.Read, swap.New)
		if a.FenceOf != w || slices.Contains(a.Replaces, f) {
			t.Errorf("over an open write only its fence goes, and the fence to both numbers stays: %+v", a)
		}
		if h.is(swap.Switching).Action != nil {
			t.Error("two reads for one sign")
		}
	})
	signs := map[string]func(h *history, w, f int64){
		"a proof in clear from the new number":    func(h *history, w, f int64) { h.status(f, newNumber, ota.StatusSecurityError, false) },
		"an unsecured 00 from the new number":     func(h *history, w, f int64) { h.status(f, newNumber, ota.StatusOK, false) },
		"an authenticated 02 from the new number": func(h *history, w, f int64) { h.status(f, newNumber, ota.StatusCounterLow, true) },
		"a receipt from the new number":           func(h *history, w, f int64) { h.arrived(f, newNumber) },
		"a pair":                                  func(h *history, w, f int64) { h.pair(newIMSI, "356938035643817") },
		"a proof in clear from the old number":    func(h *history, w, f int64) { h.status(w, oldNumber, ota.StatusSecurityError, false) },
		"the old identity attaches":               func(h *history, w, f int64) { h.attach(oldIMSI, "old") },
	}
	for name, sign := range signs {
		for _, executed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s lifts dark, executed %t", name, executed), func(t *testing.T) {
				t.Parallel()
				h := begin(t)
				w, _ := h.switching()
				f := h.fence(w, h.attempt(w).Step)
				h.accepted(f)
				state, way := swap.Switching, swap.New
				if strings.Contains(name, "old") {
					way = swap.Both
				}
				if executed {
					h.answer(w, oldNumber)
					h.does(swap.Switched, moved, ledger.Read, swap.New)
					h.tick(hour)
					h.does(swap.Switched, probe, ledger.Read, swap.Both)
					state = swap.Switched
				}
				h.tick(5 * day)
				h.closed(swap.Dark)
				sign(h, w, f)
				h.is(state)
				h.tick(minute)
				q, a := h.does(state, life, ledger.Read, way)
				if !a.Deadline.After(h.now.Add(hour)) {
					t.Errorf("the read has until %v, now is %v", a.Deadline, h.now)
				}
				h.tick(minute)
				h.arrived(q, newNumber) // its own receipt is no new sign
				h.status(q, newNumber, ota.StatusSecurityError, false)
				h.tick(10 * minute)
				if h.is(state).Action != nil {
					t.Fatal("reads without end")
				}
				h.tick(2 * day)
				h.closed(swap.Dark)
				h.arrived(q, newNumber)
				h.closed(swap.Dark)
				h.answer(q, newNumber)
				if executed {
					h.is(swap.Moved)
				}
			})
		}
	}
	t.Run("of an old pair or event there is none", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		h.attach(newIMSI, newAPN) // before the switch: somebody else's word
		h.pair(newIMSI, "356938035643817")
		h.tick(time.Second)
		w, _ := h.switching()
		made := h.attempt(w).CreatedAt
		h.rests(swap.Switching, made.Add(6*hour))
	})
}

func TestAttachMoves(t *testing.T) {
	t.Parallel()
	h := begin(t)
	h.switching()
	h.tick(minute)
	h.attach(newIMSI, "other")
	r := h.is(swap.Moved)
	if r.Moved == nil || r.Action == nil || r.Action.Label != document {
		t.Fatalf("%+v", r)
	}
	h.attach(newIMSI, newAPN)
	h.is(swap.Verified) // directly; what the device needs still goes out
	h.deliver(swap.Verified, "internet")
	h.deliver(swap.Verified, "mms")
	h.deliver(swap.Verified, "smsc")
	h.closed(swap.Verified)
}

func TestVerifiedSupersedesMissingReceipts(t *testing.T) {
	t.Parallel()
	h := begin(t)
	h.movedOn()
	at := h.now
	id, _ := h.does(swap.Moved, document, ledger.CP, swap.New)
	h.accepted(id)
	h.is(swap.Configuring)
	h.attach(newIMSI, newAPN)
	h.rests(swap.Verified, at.Add(day))
	h.now = at.Add(day)
	h.closed(swap.Verified)
}

func TestSameNumberAtBothOperators(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		link     string
		from, to []string
		want     swap.State
	}{
		{"new link", "aurora-1", []string{"nordvik-1"}, []string{"aurora-1"}, swap.Moved},
		{"old link", "nordvik-1", []string{"nordvik-1"}, []string{"aurora-1"}, swap.WaitingForRestart},
		{"a link of both tells nothing", "hub", []string{"hub"}, []string{"hub"}, swap.WaitingForRestart},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := begin(t, func(f *swap.Facts, _ *card) { f.To.MSISDN, f.From.Links, f.To.Links = oldNumber, tt.from, tt.to })
			w, _ := h.switching()
			h.answer(w, oldNumber)
			q := h.send(h.next().Action)
			e := h.answerOf(q, oldNumber)
			e.Link = tt.link
			h.store(e)
			h.is(tt.want)
		})
	}
}

func TestGoals(t *testing.T) {
	t.Parallel()
	t.Run("moved", func(t *testing.T) {
		t.Parallel()
		h := begin(t, goal(swap.GoalMoved))
		h.movedOn()
		if h.closed(swap.Moved).Moved == nil {
			t.Error("no move")
		}
		h.attach(newIMSI, newAPN)
		h.closed(swap.Verified) // evidence raises a closed target
	})
	t.Run("settings-delivered", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		h.movedOn()
		h.deliver(swap.Moved, "internet")
		h.deliver(swap.Configuring, "mms")
		settled := h.now
		id, _ := h.does(swap.SettingsDelivered, document, ledger.CP, swap.New)
		h.accepted(id)
		h.rests(swap.SettingsDelivered, settled.Add(day))
		h.arrived(id, "")
		h.closed(swap.SettingsDelivered)
		h.attach(newIMSI, newAPN)
		h.closed(swap.Verified)
	})
	t.Run("settings-delivered, the rest never arrives", func(t *testing.T) {
		t.Parallel()
		for _, said := range []bool{true, false} {
			h := begin(t)
			h.movedOn()
			h.deliver(swap.Moved, "internet")
			h.deliver(swap.Configuring, "mms")
			id, _ := h.does(swap.SettingsDelivered, document, ledger.CP, swap.New)
			if said {
				h.silence(id, ledger.Undeliver, "refused")
			} else {
				h.tick(day)
			}
			h.closed(swap.SettingsDelivered) // it never gates
		}
	})
	t.Run("verified, never used", func(t *testing.T) {
		t.Parallel()
		h := begin(t, goal(swap.GoalVerified))
		h.movedOn()
		h.deliver(swap.Moved, "internet")
		h.deliver(swap.Configuring, "mms")
		settled := h.now
		h.deliver(swap.SettingsDelivered, "smsc")
		h.now = settled.Add(day)
		h.closed(swap.SettingsFailed, "delivered, never used")
		h.attach(newIMSI, newAPN)
		h.closed(swap.Verified)
	})
	t.Run("nothing to deliver", func(t *testing.T) {
		t.Parallel()
		h := begin(t, func(f *swap.Facts, _ *card) { f.Documents = nil })
		h.movedOn()
		h.closed(swap.SettingsDelivered)
	})
}

func TestSettingsFail(t *testing.T) {
	t.Parallel()
	t.Run("undeliverable", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		h.movedOn()
		id, _ := h.does(swap.Moved, document, ledger.CP, swap.New)
		h.silence(id, ledger.Undeliver, "err 21")
		h.closed(swap.SettingsFailed, "moved", "internet", "err 21")
		h.arrived(id, "")
		h.deliver(swap.Configuring, "mms") // the receipt came after all
	})
	t.Run("not in time", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		h.movedOn()
		h.does(swap.Moved, document, ledger.CP, swap.New)
		h.tick(day)
		h.closed(swap.SettingsFailed, "moved", "in time")
	})
	t.Run("no provisioning", func(t *testing.T) {
		t.Parallel()
		h := begin(t, func(f *swap.Facts, _ *card) { f.NoCP = true })
		h.movedOn()
		h.closed(swap.SettingsFailed, "no provisioning", "35693803")
		h.attach(newIMSI, newAPN)
		h.closed(swap.Verified)
	})
}

func TestRetryBeginsARound(t *testing.T) {
	t.Parallel()
	t.Run("after settings failed: the settings alone, with their own time", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		h.movedOn()
		id, _ := h.does(swap.Moved, document, ledger.CP, swap.New)
		h.silence(id, ledger.Undeliver, "err 21")
		h.tick(10 * day)
		h.person(swap.DecisionRetry)
		h.f.Began = h.now
		h.deliver(swap.Moved, "internet")
		h.deliver(swap.Configuring, "mms")
		h.deliver(swap.SettingsDelivered, "smsc")
		h.closed(swap.SettingsDelivered)
	})
	t.Run("after dark: both numbers are asked, and the new one answers", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		w, _ := h.switching()
		h.card.run(t, h.f.Format, h.attempt(w).Script)
		h.tick(10 * day)
		h.closed(swap.Dark)
		h.person(swap.DecisionRetry)
		h.f.Began = h.now
		old := h.is(swap.Snapshot)
		// The open write has its fence first: it stands in the same step.
		f := h.fence(w, old.Step)
		if d := gocmp.Diff(old, h.is(swap.Snapshot)); d != "" {
			t.Errorf("the fence is taken for the snapshot:\n%s", d)
		}
		h.answer(f, oldNumber)
		q, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Both)
		copy(h.card.files["loci"], "now at aurora")
		h.answer(q, newNumber)
		h.is(swap.Moved) // nothing is written again
	})
	t.Run("after dark: the old identity is still there", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		w, _ := h.switching()
		h.tick(10 * day)
		h.person(swap.DecisionRetry)
		h.f.Began = h.now
		h.is(swap.Snapshot)
		f := h.fence(w, 1001)
		h.answer(f, oldNumber)
		h.snapshot()
		_, a := h.does(swap.Snapshot, write, ledger.Write, swap.Old)
		if !a.Begins || a.Step < 1000 {
			t.Errorf("%+v", a)
		}
	})
	t.Run("after waiting for a restart in vain", func(t *testing.T) {
		t.Parallel()
		h := begin(t)
		w, _ := h.switching()
		h.answer(w, oldNumber)
		q, _ := h.does(swap.Switched, moved, ledger.Read, swap.New)
		h.answer(q, oldNumber)
		h.tick(8 * day)
		h.closed(swap.Dark)
		h.person(swap.DecisionRetry)
		h.f.Began = h.now
		h.snapshot()
		h.is(swap.WaitingForRestart)
	})
}

func TestSnapshotIsThatOfTheWrite(t *testing.T) {
	t.Parallel()
	h := begin(t, func(f *swap.Facts, _ *card) { f.Room = 120 })
	first, _ := h.does(swap.Snapshot, read, ledger.Read, swap.Old)
	second := h.again(first, swap.Old)
	h.answer(first, oldNumber)
	w, _ := h.does(swap.Snapshot, write, ledger.Write, swap.Old)
	h.tick(time.Second)
	h.answer(w, oldNumber)
	h.tick(time.Second)
	// The read's other copy is answered last, with files as they are by now: it
	// must not look as if this packet had been the last.
	h.answer(second, oldNumber)
	_, a := h.does(swap.Switching, write, ledger.Write, swap.Old)
	if got, _ := steps(t, h.f.Format, a.Script); !slices.Equal(got, []string{"update fplmn", "update smsp", "update imsi"}) {
		t.Errorf("the second packet: %q", got)
	}
}

func TestCancelHard(t *testing.T) {
	t.Parallel()
	h := begin(t)
	w, _ := h.switching()
	h.person(swap.DecisionCancelHard)
	r := h.is(swap.Switching)
	if !r.Clear || r.Action != nil {
		t.Fatalf("the open write is settled first, by its fence: %+v", r)
	}
	f := h.fence(w, r.Step)
	h.answer(f, oldNumber)
	h.closed(swap.Cancelled, "person")
	h.tick(hour)
	h.person(swap.DecisionRetry) // who retries takes it back
	h.f.Began = h.now
	h.does(swap.Snapshot, read, ledger.Read, swap.Both)

	h = begin(t)
	h.does(swap.Snapshot, read, ledger.Read, swap.Old)
	h.person(swap.DecisionCancelHard)
	h.closed(swap.Cancelled)
}

func rfmCampaign(f *swap.Facts, _ *card) {
	f.Kind, f.To, f.Documents, f.Goal, f.APNs = swap.KindRFM, swap.Side{}, nil, "", nil
	f.Files = []string{"fplmn", "spn"}
	f.Identity.Values = map[string][]byte{"spn": bytes.Repeat([]byte{0x41}, 17)}
}

func TestKindRFM(t *testing.T) {
	t.Parallel()
	t.Run("written", func(t *testing.T) {
		t.Parallel()
		for _, change := range []func(*swap.Facts, *card){compact, func(*swap.Facts, *card) {}, func(f *swap.Facts, _ *card) { f.Refresh = "immediate" }} {
			h := begin(t, rfmCampaign, change)
			h.snapshot()
			w, a := h.does(swap.Snapshot, write, ledger.Write, swap.Old)
			got, action := steps(t, h.f.Format, a.Script)
			if !a.Begins || action != nil || !slices.Equal(got, []string{"update spn", "update fplmn"}) {
				t.Errorf("%q, action %X", got, action)
			}
			h.arrived(w, "")
			h.rests(swap.Writing, h.now.Add(6*hour))
			h.answer(w, oldNumber)
			h.closed(swap.Written)
		}
	})
	t.Run("nothing to write", func(t *testing.T) {
		t.Parallel()
		h := begin(t, rfmCampaign, func(_ *swap.Facts, c *card) {
			c.files["fplmn"], c.files["spn"] = bytes.Repeat([]byte{0xFF}, 12), bytes.Repeat([]byte{0x41}, 17)
		})
		h.snapshot()
		h.closed(swap.Written, "already")
	})
	t.Run("absent file", func(t *testing.T) {
		t.Parallel()
		h := begin(t, rfmCampaign, func(_ *swap.Facts, c *card) { delete(c.files, "spn") })
		h.snapshot()
		h.closed(swap.Failed, "SPN")
	})
	t.Run("several packets, and the fence of one", func(t *testing.T) {
		t.Parallel()
		h := begin(t, rfmCampaign, func(f *swap.Facts, _ *card) { f.Room = 50 })
		h.snapshot()
		w, _ := h.does(swap.Snapshot, write, ledger.Write, swap.Old)
		h.answer(h.fence(w, h.attempt(w).Step), oldNumber)
		w, _ = h.does(swap.Writing, write, ledger.Write, swap.Old) // it had not run
		h.card.run(t, h.f.Format, h.attempt(w).Script)
		h.answer(h.fence(w, h.attempt(w).Step), oldNumber)
		w, _ = h.does(swap.Writing, write, ledger.Write, swap.Old) // it had: the next packet
		h.tick(6 * hour)
		r := h.closed(swap.Dark, oldNumber)
		if strings.Contains(r.Cause, "nor") {
			t.Errorf("there is one number: %q", r.Cause)
		}
		h.answer(w, oldNumber)
		h.closed(swap.Written)
	})
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		h := begin(t, rfmCampaign, func(_ *swap.Facts, c *card) { c.fail["spn"] = 0x6982 })
		h.snapshot()
		w, _ := h.does(swap.Snapshot, write, ledger.Write, swap.Old)
		h.answer(w, oldNumber)
		h.closed(swap.Failed, "SPN", "6982")
	})
}

func TestTimingScales(t *testing.T) {
	t.Parallel()
	h := begin(t)
	slow := h.f.Pace.Gentle[0]
	h.f.Faster(60)
	if h.f.Deadlines.Snapshot != 6*minute || h.f.Deadlines.Switched != 30*time.Second || slow != 5*minute || h.f.Pace.Gentle[0] != 5*time.Second {
		t.Errorf("%+v %+v", h.f.Deadlines, h.f.Pace)
	}
	h.does(swap.Snapshot, read, ledger.Read, swap.Old)
	h.rests(swap.Snapshot, start.Add(6*minute))
}

func TestEveryStateHasASentence(t *testing.T) {
	t.Parallel()
	seen := map[string]swap.State{}
	for _, s := range swap.States() {
		d := s.Describe()
		if d == "" || d == swap.State("?").Describe() {
			t.Errorf("%s has no sentence", s)
		}
		if o, twice := seen[d]; twice {
			t.Errorf("%s and %s have one sentence", s, o)
		}
		seen[d] = s
	}
}
