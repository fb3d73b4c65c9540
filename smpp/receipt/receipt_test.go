package receipt

import (
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseTakesTLVsBeforeText(t *testing.T) {
	t.Parallel()
	done := time.Date(2026, 11, 22, 2, 4, 0, 0, time.UTC)
	both := Fields{
		ESMClass: 0x04, Text: []byte("id:99 stat:UNDELIV err:007 done date:2611220204"), ReceiptedID: "7F3A09 ",
		MessageState: 2, HasState: true, NetworkError: []byte{3, 0, 34},
	}
	for format, want := range map[Format]Receipt{
		"":         {MessageID: "7F3A09", State: Delivered, Err: "3:34", ErrText: "007", DoneAt: done},
		FormatAuto: {MessageID: "7F3A09", State: Delivered, Err: "3:34", ErrText: "007", DoneAt: done},
		FormatTLV:  {MessageID: "7F3A09", State: Delivered, Err: "3:34"},
		FormatText: {MessageID: "99", State: Undeliverable, Err: "7", ErrText: "007", DoneAt: done},
	} {
		got, is, err := Parse(both, Options{Format: format})
		if err != nil || !is {
			t.Fatal(format, is, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", format, diff)
		}
	}
}

func TestEachFormFillsInWhatTheOtherLeavesOut(t *testing.T) {
	t.Parallel()
	want := Receipt{MessageID: "9", State: Expired, Err: "3:27"}
	for format, f := range map[Format]Fields{
		FormatAuto: {ESMClass: 0x04, ReceiptedID: "9", NetworkError: []byte{3, 0, 27}, Text: []byte("stat:EXPIRED")},
		FormatText: {ESMClass: 0x04, MessageState: 3, NetworkError: []byte{3, 0, 27}, Text: []byte("id:9")},
	} {
		if got, _, err := Parse(f, Options{Format: format}); err != nil || got != want {
			t.Errorf("%s: %+v, %v", format, got, err)
		}
	}
	if _, is, err := Parse(Fields{ESMClass: 0x04, Text: []byte("id:9 stat:DELIVRD")}, Options{Format: FormatTLV}); !is || !errors.Is(err, ErrNoMessageID) {
		t.Errorf("TLVs alone, and none there: %v, %v", is, err)
	}
}

func TestAStateOfZeroIsScheduledOnlyWhereItIsThere(t *testing.T) {
	t.Parallel()
	f := Fields{ESMClass: 0x04, ReceiptedID: "9"}
	if _, is, err := Parse(f, Options{}); !is || !errors.Is(err, ErrNoState) {
		t.Errorf("absent: %v, %v", is, err)
	}
	f.HasState = true
	if r, _, err := Parse(f, Options{}); err != nil || r.State != Scheduled || r.Final() {
		t.Errorf("0 of SMPP 5.0: %+v, %v", r, err)
	}
}

func TestAnIntermediateNotificationIsNeverFinal(t *testing.T) {
	t.Parallel()
	for state := range byte(10) {
		r, is, err := Parse(Fields{ESMClass: 0x20, ReceiptedID: "9", MessageState: state, HasState: true}, Options{})
		if !is || err != nil || !r.Intermediate || r.Final() {
			t.Errorf("state %d: %+v, %v, %v", state, r, is, err)
		}
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
			_, is, err := Parse(Fields{ESMClass: c.class, Text: c.text, ReceiptedID: c.id, MessageState: c.state}, Options{})
			if is != c.is || !errors.Is(err, c.err) || (c.err == nil && err != nil) {
				t.Errorf("Parse = %v, %v, want %v, %v", is, err, c.is, c.err)
			}
		})
	}
}

func TestParseRefusesAnIDNoResponseCanHold(t *testing.T) {
	t.Parallel()
	if _, is, err := Parse(Fields{ESMClass: 4, ReceiptedID: strings.Repeat("7", 65), MessageState: 2}, Options{}); !is || err == nil {
		t.Errorf("65 octets: is %v, err %v", is, err)
	}
}

func TestFinalStates(t *testing.T) {
	t.Parallel()
	want := map[State]bool{Delivered: true, Expired: true, Deleted: true, Undeliverable: true, Rejected: true, Skipped: true,
		Enroute: false, Accepted: false, Unknown: false, Scheduled: false, 0: false}
	for s, final := range want {
		if s.Final() != final || (Receipt{State: s}).Final() != final {
			t.Errorf("%v: Final = %v, want %v", s, s.Final(), final)
		}
	}
}

func TestStatesOnTheWire(t *testing.T) {
	t.Parallel()
	words := []string{"scheduled", "enroute", "delivered", "expired", "deleted", "undeliverable", "accepted", "unknown", "rejected", "skipped", "unknown"}
	for v, want := range words {
		if got := OnWire(byte(v)).String(); got != want {
			t.Errorf("%d is %s, want %s", v, got, want)
		}
	}
	if OnWire(0xFF) != Unknown {
		t.Error("a vendor's number becomes a state of the standard")
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
	f.Add(byte(4), byte(0), []byte("id:7f3a09 sub:001 submit date:2611220200 done date:261122020413 stat:DELIVRD err:000 text:x"), "", byte(0), []byte(nil))
	f.Add(byte(0), byte(3), []byte("id::stat"), "7F", byte(9), []byte{3, 0, 34})
	f.Add(byte(0x48), byte(8), []byte{2, 0x71, 0}, "1", byte(2), []byte{1})
	f.Add(byte(4), byte(8), []byte{0xFF, 0xFE, 'i', 0, 'd', 0, ':', 0, '"', 0, 0x3D, 0xD8}, "", byte(2), []byte(nil))
	f.Fuzz(func(t *testing.T, class, coding byte, text []byte, id string, state byte, network []byte) {
		fields := Fields{ESMClass: class, DataCoding: coding, Text: text, ReceiptedID: id, MessageState: state, NetworkError: network}
		for _, o := range []Options{{}, {Format: FormatText, Charset: CharsetUCS2}, {Format: FormatTLV}, {Charset: CharsetASCII}} {
			r, is, err := Parse(fields, o)
			if err != nil && !is {
				t.Errorf("an error for what is no receipt: %v", err)
			}
			if is && err == nil && (r.MessageID == "" || r.State == 0) {
				t.Errorf("usable without id or state: %+v", r)
			}
			if n := len(r.MessageID) + len(r.Err) + len(r.ErrText); n > 16+6*(len(text)+len(id)) { // an octet becomes a character of 3; err is there twice
				t.Errorf("%d octets of %d", n, len(text)+len(id))
			}
			if c, ok := CauseIn(r.Describe(nil)); !ok || c != r.Cause(nil) {
				t.Errorf("%q does not tell its cause", r.Describe(nil))
			}
		}
		for _, b := range []Base{Hex, Decimal, Opaque, Auto} {
			if n := Normalize(id, b); Candidates(id, b)[0] != n {
				t.Errorf("Candidates(%q, %s) does not start with %q", id, b, n)
			}
		}
	})
}

// It is not parallel: it measures what the process allocates.
func TestParseCostsNoMoreThanItsText(t *testing.T) {
	for name, text := range map[string]string{
		"labels": strings.Repeat("id:", 20_000), "quotes": strings.Repeat(`id:"`, 15_000), "open quotes": strings.Repeat(`err:"x `, 9_000), "digits": "done date:" + strings.Repeat("9", 60_000),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, _ = Parse(Fields{ESMClass: 4, Text: []byte(text)}, Options{})
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > uint64(64<<10+16*len(text)) {
			t.Errorf("%s: %d octets for %d", name, n, len(text))
		}
	}
}
