package sms

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func count(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func splitParsed(t testing.TB, packet []byte, ref byte) (parts []UserData) {
	t.Helper()
	uds, err := SplitPacket(ResponsePacket, packet, ref)
	if err != nil {
		t.Fatal(err)
	}
	for _, ud := range uds {
		parts = append(parts, parse(t, ud))
	}
	return parts
}

func TestSplitPacket16Edges(t *testing.T) {
	t.Parallel()
	for octets, want := range map[int][2]string{ // headers of the first and the last part
		137:           {"027000", "027000"},
		138:           {"08080442fe02017000", "06080442fe0202"},
		131 + 133:     {"08080442fe02017000", "06080442fe0202"},
		131 + 133 + 1: {"08080442fe03017000", "06080442fe0303"},
		131 + 133*254: {"08080442feff017000", "06080442feffff"},
	} {
		uds, err := SplitPacket16(CommandPacket, count(octets), 0x42FE)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(uds[0], unhex(t, want[0])) || !bytes.HasPrefix(uds[len(uds)-1], unhex(t, want[1])) {
			t.Errorf("%d octets: headers %x, %x", octets, uds[0][:12], uds[len(uds)-1][:8])
		}
		var parts []UserData
		for _, ud := range uds {
			parts = append(parts, parse(t, ud))
		}
		slices.Reverse(parts)
		if got, element, err := Join(parts); err != nil || element != CommandPacket || !bytes.Equal(got, count(octets)) {
			t.Errorf("%d octets: joined %d, %02X, %v", octets, len(got), element, err)
		}
	}
	if _, err := SplitPacket16(CommandPacket, count(131+133*254+1), 0); !errors.Is(err, ErrLength) {
		t.Errorf("256 parts: %v, want ErrLength", err)
	}
}

func TestSplitEdges(t *testing.T) {
	t.Parallel()
	packet := func(p []byte, ref byte) ([][]byte, error) { return SplitPacket(CommandPacket, p, ref) }
	ports := func(p []byte, ref byte) ([][]byte, error) { return SplitPorts(2948, 9200, p, ref) }
	tests := []struct {
		name          string
		split         func([]byte, byte) ([][]byte, error)
		octets, parts int
		first, last   string // headers
	}{
		{"packet alone", packet, 137, 1, "027000", "027000"},
		{"packet, one more", packet, 138, 2, "0700034202017000", "050003420202"},
		{"packet of two", packet, 266, 2, "0700034202017000", "050003420202"},
		{"packet of three", packet, 267, 3, "0700034203017000", "050003420303"},
		{"packet of 255", packet, 132 + 134*254, 255, "07000342ff017000", "05000342ffff"},
		{"push alone", ports, 133, 1, "0605040b8423f0", "0605040b8423f0"},
		{"push, one more", ports, 134, 2, "0b05040b8423f00003420201", "0b05040b8423f00003420202"},
		{"push of two", ports, 256, 2, "0b05040b8423f00003420201", "0b05040b8423f00003420202"},
		{"push of three", ports, 257, 3, "0b05040b8423f00003420301", "0b05040b8423f00003420303"},
		{"push of 255", ports, 128 * 255, 255, "0b05040b8423f0000342ff01", "0b05040b8423f0000342ffff"},
	}
	for _, tt := range tests {
		want := count(tt.octets)
		uds, err := tt.split(want, 0x42)
		if err != nil || len(uds) != tt.parts {
			t.Errorf("%s: %d parts, %v; want %d", tt.name, len(uds), err, tt.parts)
			continue
		}
		if !bytes.HasPrefix(uds[0], unhex(t, tt.first)) || !bytes.HasPrefix(uds[tt.parts-1], unhex(t, tt.last)) {
			t.Errorf("%s: headers %x, %x", tt.name, uds[0][:12], uds[tt.parts-1][:12])
		}
		var parts []UserData
		for i, ud := range uds {
			if full := i < tt.parts-1; len(ud) > MaxUserData || full && len(ud) != MaxUserData {
				t.Errorf("%s: part %d has %d octets", tt.name, i+1, len(ud))
			}
			parts = append(parts, parse(t, ud))
		}
		if got, _, err := Join(parts); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: joined %d octets, %v", tt.name, len(got), err)
		}
	}
	for name, err := range map[string]error{
		"packet of 256": second(packet(count(132+134*254+1), 0)),
		"push of 256":   second(ports(count(128*255+1), 0)),
		"empty packet":  second(packet(nil, 0)),
		"empty push":    second(ports(nil, 0)),
	} {
		if !errors.Is(err, ErrLength) {
			t.Errorf("%s: %v, want ErrLength", name, err)
		}
	}
}

func second[A any](_ A, err error) error { return err }

func TestJoinTakesAnyOrderAndDuplicates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		want := count(rapid.IntRange(1, 700).Draw(rt, "octets"))
		parts := splitParsed(t, want, 9)
		if i := rapid.IntRange(0, len(parts)).Draw(rt, "repeat"); i < len(parts) {
			parts = append(parts, parts[i])
		}
		parts = rapid.Permutation(parts).Draw(rt, "order")
		got, element, err := Join(parts)
		if err != nil || element != ResponsePacket || !bytes.Equal(got, want) {
			rt.Fatalf("%02X, %x, %v", element, got, err)
		}
	})
}

func TestJoinRefuses(t *testing.T) {
	t.Parallel()
	a, b := splitParsed(t, count(300), 1), splitParsed(t, count(300), 2)
	wide := UserData{Elements: []Element{{Concat16, []byte{0, 1, 3, 2}}}, Payload: a[1].Payload}
	longer := splitParsed(t, count(500), 1)
	changed := UserData{Elements: a[1].Elements, Payload: append(slices.Clone(a[1].Payload[:133]), 0xEE)}
	alone := splitParsed(t, count(3), 0)[0]
	other := splitParsed(t, count(4), 0)[0]
	tests := []struct {
		name  string
		parts []UserData
		want  error
	}{
		{"nothing", nil, ErrIncomplete},
		{"first missing", a[1:], ErrIncomplete},
		{"last missing", a[:2], ErrIncomplete},
		{"one twice, one missing", []UserData{a[0], a[1], a[1]}, ErrIncomplete},
		{"two references", []UserData{a[0], b[1], a[2]}, ErrConflict},
		{"two widths", []UserData{a[0], wide, a[2]}, ErrConflict},
		{"two totals", []UserData{a[0], longer[1], a[2]}, ErrConflict},
		{"two contents", []UserData{a[0], a[1], a[2], changed}, ErrConflict},
		{"two that stand alone", []UserData{alone, other}, ErrConflict},
		{"part and one that stands alone", []UserData{a[0], alone}, ErrConflict},
	}
	for _, tt := range tests {
		if got, element, err := Join(tt.parts); !errors.Is(err, tt.want) || got != nil || element != 0 {
			t.Errorf("%s: %x, %02X, %v; want %v", tt.name, got, element, err, tt.want)
		}
	}
}

func TestJoinAcceptsPacketElementBeforeConcatenation(t *testing.T) {
	t.Parallel()
	got, element, err := Join([]UserData{parse(t, unhex(t, "0500035a0202bb")), parse(t, unhex(t, "07710000035a0201aa"))})
	if err != nil || element != ResponsePacket || !bytes.Equal(got, []byte{0xAA, 0xBB}) {
		t.Errorf("%x, %02X, %v", got, element, err)
	}
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// add returns what completed, nil if nothing did.
func add(t testing.TB, j *Joiner, sender string, u UserData, now time.Time) []byte {
	t.Helper()
	payload, _, complete, err := j.Add(sender, u, now)
	if err != nil {
		t.Fatal(err)
	}
	if complete != (payload != nil) {
		t.Fatalf("complete %v with payload %x", complete, payload)
	}
	return payload
}

func TestJoinerKeepsSendersAndReferencesApart(t *testing.T) {
	t.Parallel()
	j := NewJoiner(10, time.Hour)
	messages := []struct {
		sender string
		ref    byte
		packet []byte
	}{{"a", 1, count(200)}, {"a", 2, count(201)}, {"b", 1, count(202)}, {"a", 1, count(300)}} // the last has three parts
	for _, m := range messages {
		if got := add(t, j, m.sender, splitParsed(t, m.packet, m.ref)[1], noon); got != nil {
			t.Errorf("%s %d: complete without its first part", m.sender, m.ref)
		}
	}
	for _, m := range messages[:3] {
		if got := add(t, j, m.sender, splitParsed(t, m.packet, m.ref)[0], noon); !bytes.Equal(got, m.packet) {
			t.Errorf("%s %d: %x", m.sender, m.ref, got)
		}
	}
	if len(j.sets) != 1 {
		t.Errorf("%d unfinished messages, want 1", len(j.sets))
	}
}

// Any message in any order, with repeats and other traffic between, 8- or 16-bit, comes out once, when its last part
// has come.
func TestJoinerTakesAnyOrderAndDuplicates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		type arrival struct {
			message int
			UserData
		}
		var arrivals []arrival
		var messages [][]byte
		for n := range rapid.IntRange(1, 4).Draw(rt, "messages") {
			message := bytes.Repeat([]byte{byte(n + 1)}, rapid.IntRange(1, 700).Draw(rt, "octets"))
			messages = append(messages, message)
			uds, err := SplitPacket(ResponsePacket, message, byte(n))
			if rapid.Bool().Draw(rt, "16-bit reference") {
				uds, err = SplitPacket16(ResponsePacket, message, uint16(n))
			}
			if err != nil {
				rt.Fatal(err)
			}
			for _, ud := range uds {
				u, err := ParseUserData(ud)
				if err != nil {
					rt.Fatal(err)
				}
				if rapid.Bool().Draw(rt, "elements reversed") {
					slices.Reverse(u.Elements)
				}
				arrivals = append(arrivals, arrival{n, u})
			}
		}
		arrivals = rapid.Permutation(arrivals).Draw(rt, "order")
		j := NewJoiner(len(messages), time.Hour)
		for i, a := range arrivals {
			last := !slices.ContainsFunc(arrivals[i+1:], func(b arrival) bool { return b.message == a.message })
			if c, many := a.Concat(); many && c.Total > 1 && !last && rapid.Bool().Draw(rt, "twice") {
				if _, _, complete, err := j.Add("x", a.UserData, noon); complete || err != nil {
					rt.Fatalf("complete %v, %v", complete, err)
				}
			}
			payload, elements, complete, err := j.Add("x", a.UserData, noon)
			if err != nil || complete != last || complete && (!bytes.Equal(payload, messages[a.message]) || packetElement(UserData{Elements: elements}) != ResponsePacket) {
				rt.Fatalf("message %d: complete %v, %d octets, %v; want complete %v", a.message, complete, len(payload), err, last)
			}
		}
		if len(j.sets) != 0 {
			rt.Fatalf("%d messages left over", len(j.sets))
		}
	})
}

func TestJoinerTakesRoomOnlyForWhatHasCome(t *testing.T) {
	t.Parallel()
	j := NewJoiner(1, time.Hour)
	add(t, j, "x", parse(t, unhex(t, "050003"+"01ffff"+"aa")), noon) // part 255 of 255
	if s := j.oldest.Front().Value.(*pending).set; len(s.parts) != 1 || cap(s.parts) > 4 || s.missing() != 254 {
		t.Errorf("%d parts, room for %d, %d missing", len(s.parts), cap(s.parts), s.missing())
	}
}

func TestJoinerReturnsElementsWithoutConcatenation(t *testing.T) {
	t.Parallel()
	j := NewJoiner(10, time.Hour)
	for _, packet := range [][]byte{count(20), count(200)} {
		for i, part := range splitParsed(t, packet, 3) {
			ud, err := part.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			payload, elements, complete, err := j.Add("x", parse(t, ud), noon)
			clear(ud) // nothing may refer to the caller's octets
			if err != nil {
				t.Fatal(err)
			}
			if !complete {
				continue
			}
			if diff := cmp.Diff([]Element{{ID: ResponsePacket, Data: []byte{}}}, elements); diff != "" || !bytes.Equal(payload, packet) {
				t.Errorf("part %d: %x\n%s", i+1, payload, diff)
			}
		}
	}
}

func TestJoinerForgetsAfterTTLWithoutAPart(t *testing.T) {
	t.Parallel()
	parts := splitParsed(t, count(300), 1)
	j := NewJoiner(10, time.Minute)
	add(t, j, "x", parts[0], noon)
	add(t, j, "x", parts[1], noon.Add(59*time.Second))
	if got := add(t, j, "x", parts[2], noon.Add(118*time.Second)); got == nil {
		t.Error("forgotten although parts kept coming")
	}
	add(t, j, "x", parts[0], noon)
	add(t, j, "x", parts[1], noon)
	if got := add(t, j, "x", parts[2], noon.Add(time.Minute)); got != nil {
		t.Error("not forgotten after the time")
	}
}

func TestJoinerIsBoundedAndDropsTheLeastRecent(t *testing.T) {
	t.Parallel()
	j := NewJoiner(2, time.Hour)
	parts := splitParsed(t, count(300), 1)
	add(t, j, "a", parts[0], noon)
	add(t, j, "b", parts[0], noon)
	add(t, j, "a", parts[1], noon)
	add(t, j, "c", parts[0], noon) // b goes
	if got := add(t, j, "a", parts[2], noon); got == nil {
		t.Error("the recent message was dropped")
	}
	add(t, j, "b", parts[1], noon)
	if got := add(t, j, "b", parts[2], noon); got != nil {
		t.Error("the least recent message was kept")
	}
	for i := range 100 {
		add(t, j, strconv.Itoa(i), parts[0], noon)
	}
	if len(j.sets) != 2 || j.oldest.Len() != 2 {
		t.Errorf("%d sets, %d in order; want 2", len(j.sets), j.oldest.Len())
	}
}

func TestJoinerStartsAnewWhenAReferenceIsReused(t *testing.T) {
	t.Parallel()
	j := NewJoiner(2, time.Hour)
	old, fresh := splitParsed(t, count(200), 1), splitParsed(t, bytes.Repeat([]byte{0xEE}, 200), 1)
	add(t, j, "a", old[0], noon)
	add(t, j, "a", old[0], noon)
	if _, _, complete, err := j.Add("a", fresh[0], noon); complete || !errors.Is(err, ErrConflict) {
		t.Errorf("%v, %v; want ErrConflict", complete, err)
	}
	if got := add(t, j, "a", fresh[1], noon); !bytes.Equal(got, bytes.Repeat([]byte{0xEE}, 200)) {
		t.Errorf("%x", got)
	}
}

func TestJoinerResetForgets(t *testing.T) {
	t.Parallel()
	j := NewJoiner(0, time.Hour)
	parts := splitParsed(t, count(200), 1)
	add(t, j, "a", parts[0], noon)
	j.Reset()
	if got := add(t, j, "a", parts[1], noon); got != nil {
		t.Error("a part outlived Reset")
	}
}
