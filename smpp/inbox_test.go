package smpp

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// deliverSM is a deliver_sm whose sender, text and length all follow from n.
func deliverSM(n int) []byte {
	text := strings.Repeat(string(rune('a'+n%26)), n%100)
	return AppendFrame(nil, DeliverSM, 0, uint32(n), fmt.Appendf(nil, "\x00\x01\x01%d\x00\x00\x017000\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00%c%s\x00\x1E\x00\x05%04d\x00", 5500000+n, len(text), text, n))
}

func TestAnInboxGivesDeliveriesAsTheyCame(t *testing.T) {
	t.Parallel()
	var in inbox
	var batch []Delivery
	var texts strings.Builder
	kept := map[string]int{} // strings of all rounds: they outlive the octets
	first := time.Unix(1, 0)
	for round := range 20 {
		in.empty()
		for n := range 500 {
			in.add(deliverSM(n*20+round), first.Add(time.Duration(n/100)*time.Second))
		}
		batch = in.deliveries(batch[:0], "north", &texts)
		if len(batch) != 500 || in.n != 500 || len(in.reads) != 5 {
			t.Fatalf("%d deliveries of %d in %d reads", len(batch), in.n, len(in.reads))
		}
		for i, d := range batch {
			n := i*20 + round
			want, err := ParseDelivery(deliverSM(n))
			if err != nil || d.Err != nil || !bytes.Equal(d.PDU, want.PDU) || !bytes.Equal(d.UserData, want.UserData) {
				t.Fatalf("delivery %d: %+v, %v", n, d, err)
			}
			if d.Link != "north" || int(d.Sequence) != n || !d.ReceivedAt.Equal(first.Add(time.Duration(i/100)*time.Second)) || cap(d.PDU) != len(d.PDU) {
				t.Fatalf("delivery %d: %+v", n, d)
			}
			kept[d.Source.Number+" "+d.Destination.Number+" "+d.ReceiptedMessageID] = n
			kept[d.ReceiptedMessageID] = n
		}
	}
	for n := range 10_000 {
		if id := fmt.Sprintf("%04d", n); kept[id] != n || kept[fmt.Sprintf("%d 7000 %s", 5500000+n, id)] != n {
			t.Fatalf("strings of delivery %d have changed", n)
		}
	}
}

func TestStringsOfEarlierDeliveriesStayWhenTheirOctetsAreOverwritten(t *testing.T) {
	t.Parallel()
	var in inbox
	var texts strings.Builder
	in.add(deliverSM(1), time.Time{})
	d := in.deliveries(nil, "north", &texts)[0]
	clone := d.Clone()
	in.empty()
	in.add(deliverSM(101), time.Time{}) // of the same length
	in.deliveries(nil, "north", &texts)
	if bytes.Equal(d.PDU, deliverSM(1)) {
		t.Error("the inbox did not use its memory again: this test shows nothing")
	}
	if d.Source.Number != "5500001" || d.ReceiptedMessageID != "0001" {
		t.Errorf("strings are now %q and %q", d.Source.Number, d.ReceiptedMessageID)
	}
	if !bytes.Equal(clone.PDU, deliverSM(1)) || string(clone.UserData) != "b" {
		t.Errorf("the clone is now %+v", clone)
	}
}

func TestAnInboxLetsGoOfTooMuchMemory(t *testing.T) {
	t.Parallel()
	var in inbox
	frame := make([]byte, keptInbox/16)
	for _, c := range []struct {
		frames int
		kept   bool
	}{{1, true}, {40, false}} {
		for range c.frames {
			in.add(frame, time.Time{})
		}
		in.empty()
		if in.n != 0 || len(in.frames) != 0 || len(in.reads) != 0 || (cap(in.frames) > 0) != c.kept {
			t.Errorf("after %d frames: %d octets of room, %d frames, %d reads", c.frames, cap(in.frames), in.n, len(in.reads))
		}
	}
}
