package receipt

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseReadsTextsOfTheField(t *testing.T) {
	t.Parallel()
	submitted, done := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 2, 4, 0, 0, time.UTC)
	full := Receipt{MessageID: "7f3a09", State: Delivered, SubmittedAt: submitted, DoneAt: done}
	with := func(change func(*Receipt)) Receipt { r := full; change(&r); return r }
	for name, c := range map[string]struct {
		text string
		want Receipt
	}{
		"appendix B": {"id:7f3a09 sub:001 dlvrd:001 submit date:2611220200 done date:2611220204 stat:DELIVRD err:000 text:hello", full},
		"seconds in dates": {"id:7f3a09 sub:001 dlvrd:001 submit date:261122020003 done date:261122020413 stat:DELIVRD err:000 text:",
			with(func(r *Receipt) { r.SubmittedAt, r.DoneAt = submitted.Add(3*time.Second), done.Add(13*time.Second) })},
		"without sub and dlvrd":   {"id:7f3a09 submit date:2611220200 done date:2611220204 stat:DELIVRD err:000", full},
		"error before state":      {"id:7f3a09 err:012 stat:UNDELIV", Receipt{MessageID: "7f3a09", State: Undeliverable, Err: "12"}},
		"mixed case":              {"Id:7f3a09 Submit Date:2611220200 DONE DATE:2611220204 Stat:Delivrd Err:000 Text:x", full},
		"blanks after colons":     {"id: 7f3a09 stat: REJECTD err: 0b1", Receipt{MessageID: "7f3a09", State: Rejected, Err: "b1"}},
		"empty values":            {"id:7f3a09 sub: dlvrd: submit date: done date: stat:EXPIRED err: text:", Receipt{MessageID: "7f3a09", State: Expired}},
		"commas":                  {"id:7f3a09,stat:DELETED,err:0", Receipt{MessageID: "7f3a09", State: Deleted}},
		"keys inside the text":    {"id:7f3a09 stat:ACCEPTD text:stat:DELIVRD id:5 err:9", Receipt{MessageID: "7f3a09", State: Accepted}},
		"four-digit years":        {"id:1 submit date:20261122020003 done date:202611220204 stat:ENROUTE", Receipt{MessageID: "1", State: Enroute, SubmittedAt: submitted.Add(3 * time.Second), DoneAt: done}},
		"zone behind the seconds": {"id:1 done date:261122020400+0100 stat:UNKNOWN", Receipt{MessageID: "1", State: Unknown, DoneAt: done}},
		"first of a kind":         {"id:1 id:2 stat:DELIVRD stat:UNDELIV", Receipt{MessageID: "1", State: Delivered}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, is, err := Parse(0x04, []byte(c.text), "", 0, nil)
			if err != nil || !is {
				t.Fatalf("Parse = %v, %v", is, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseTakesTLVsBeforeText(t *testing.T) {
	t.Parallel()
	got, is, err := Parse(0x04, []byte("id:99 stat:UNDELIV err:007 done date:2611220204"), "7F3A09 ", 2, []byte{3, 0, 34})
	want := Receipt{MessageID: "7F3A09", State: Delivered, Err: "3:34", DoneAt: time.Date(2026, 11, 22, 2, 4, 0, 0, time.UTC)}
	if err != nil || !is {
		t.Fatal(is, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseDecidesWhatIsAReceipt(t *testing.T) {
	t.Parallel()
	por := []byte{0x02, 0x71, 0x00, 0x00, 0x0E}
	for name, c := range map[string]struct {
		class byte
		text  []byte
		id    string
		state byte
		is    bool
		err   error
	}{
		"plain message":                         {0, []byte("hello"), "", 0, false, nil},
		"message that quotes a receipt":         {0, []byte("id:1 stat:DELIVRD"), "", 0, false, nil},
		"proof of receipt by SMS-SUBMIT":        {0x40, por, "", 0, false, nil},
		"TLVs without class":                    {0, nil, "1", 2, true, nil},
		"binary receipt with TLVs":              {0x44, por, "1", 2, true, nil},
		"binary receipt without TLVs":           {0x44, por, "", 0, true, ErrNoMessageID},
		"delivery acknowledgement with id":      {0x48, por, "1", 0, true, nil},
		"delivery acknowledgement, plain":       {0x48, por, "", 0, false, nil},
		"delivery acknowledgement as text":      {0x08, []byte("id:1 stat:DELIVRD"), "", 0, true, nil},
		"intermediate":                          {0x20, []byte("id:1 stat:ENROUTE"), "", 0, true, nil},
		"state without id":                      {0, nil, "", 5, true, ErrNoMessageID},
		"id without state":                      {0x04, []byte("id:1 stat:SOMETHING"), "", 0, true, ErrNoState},
		"store and forward mode bits, not type": {0x03, []byte("hi"), "", 0, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, is, err := Parse(c.class, c.text, c.id, c.state, nil)
			if is != c.is || !errors.Is(err, c.err) || (c.err == nil && err != nil) {
				t.Errorf("Parse = %v, %v, want %v, %v", is, err, c.is, c.err)
			}
		})
	}
}

func TestParseRefusesAnIDNoResponseCanHold(t *testing.T) {
	t.Parallel()
	if _, is, err := Parse(4, nil, strings.Repeat("7", 65), 2, nil); !is || err == nil {
		t.Errorf("65 octets: is %v, err %v", is, err)
	}
}

func TestFinalStates(t *testing.T) {
	t.Parallel()
	want := map[State]bool{Delivered: true, Expired: true, Deleted: true, Undeliverable: true, Rejected: true,
		Enroute: false, Accepted: false, Unknown: false, 0: false}
	for s, final := range want {
		if s.Final() != final || (Receipt{State: s}).Final() != final {
			t.Errorf("%v: Final = %v, want %v", s, s.Final(), final)
		}
	}
	if got := fromTLV(9); got != Unknown {
		t.Errorf("state 9 is %v, want unknown", got)
	}
}

func TestNormalizeLetsSpellingsMeet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id   string
		base Base
		want string
	}{
		{"7F3A09", Hex, "7f3a09"}, {"8337929", Decimal, "7f3a09"}, {" 007f3a09\x00", Hex, "7f3a09"}, {"0x7F3A09", Hex, "7f3a09"},
		{"0008337929", Decimal, "7f3a09"}, {"7f3A09", Auto, "7f3a09"}, {"8337929", Auto, "7f3a09"}, {"0000", Hex, "0"}, {"0", Decimal, "0"},
		{" 007AbC ", Opaque, "007AbC"}, {"", Decimal, ""}, {"   ", Hex, ""},
		{"3F2504E0-4F89-11D3", Hex, "3f2504e0-4f89-11d3"}, {"Ab-9", Decimal, "ab-9"}, {"-5", Decimal, "-5"},
		{"18446744073709551616", Decimal, "10000000000000000"},
	} {
		if got := Normalize(c.id, c.base); got != c.want {
			t.Errorf("Normalize(%q, %s) = %q, want %q", c.id, c.base, got, c.want)
		}
	}
}

func TestNormalizeMeetsForEveryNumberAndPadding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 24).Draw(t, "number"))
		pad := strings.Repeat("0", rapid.IntRange(0, 4).Draw(t, "padding"))
		hex, dec := Normalize(pad+fmt.Sprintf("%X", n), Hex), Normalize(pad+n.String(), Decimal)
		if hex != dec {
			t.Fatalf("%v: hex gives %q, decimal %q", n, hex, dec)
		}
		if again := Normalize(hex, Hex); again != hex {
			t.Fatalf("Normalize is not idempotent: %q, %q", hex, again)
		}
	})
}

func TestCandidatesOfAnAmbiguousID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id   string
		base Base
		want []string
	}{
		{"123456", Auto, []string{"1e240", "123456"}}, {"7F3A09", Auto, []string{"7f3a09"}}, {"5", Auto, []string{"5"}},
		{"123456", Decimal, []string{"1e240"}}, {"0x12", Auto, []string{"12"}},
	} {
		if diff := cmp.Diff(c.want, Candidates(c.id, c.base)); diff != "" {
			t.Errorf("Candidates(%q, %s): %s", c.id, c.base, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(byte(4), []byte("id:7f3a09 sub:001 submit date:2611220200 done date:261122020413 stat:DELIVRD err:000 text:x"), "", byte(0), []byte(nil))
	f.Add(byte(0), []byte("id::stat"), "7F", byte(9), []byte{3, 0, 34})
	f.Add(byte(0x48), []byte{2, 0x71, 0}, "1", byte(2), []byte{1})
	f.Fuzz(func(t *testing.T, class byte, text []byte, id string, state byte, network []byte) {
		r, is, err := Parse(class, text, id, state, network)
		if err != nil && !is {
			t.Errorf("an error for what is no receipt: %v", err)
		}
		if is && err == nil && (r.MessageID == "" || r.State == 0) {
			t.Errorf("usable without id or state: %+v", r)
		}
		for _, b := range []Base{Hex, Decimal, Opaque, Auto} {
			if n := Normalize(id, b); Candidates(id, b)[0] != n {
				t.Errorf("Candidates(%q, %s) does not start with %q", id, b, n)
			}
		}
	})
}
