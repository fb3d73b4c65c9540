package receipt

import (
	"encoding/binary"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

var submitted, done = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 2, 4, 0, 0, time.UTC)

// fieldTexts are texts in the shapes that SMSCs and gateways write, made up for this test.
var fieldTexts = []struct {
	text string
	want Receipt
}{
	// Appendix B as it stands, and what is left out of it.
	{"id:7f3a09 sub:001 dlvrd:001 submit date:2611220200 done date:2611220204 stat:DELIVRD err:000 text:hello", Receipt{MessageID: "7f3a09", State: Delivered, ErrText: "000", SubmittedAt: submitted, DoneAt: done}},
	{"id:7f3a09 sub:001 dlvrd:001 submit date:2611220200 done date:2611220204 stat:DELIVRD err:000 Text:", Receipt{MessageID: "7f3a09", State: Delivered, ErrText: "000", SubmittedAt: submitted, DoneAt: done}},
	{"id:7f3a09 submit date:2611220200 done date:2611220204 stat:DELIVRD err:000", Receipt{MessageID: "7f3a09", State: Delivered, ErrText: "000", SubmittedAt: submitted, DoneAt: done}},
	{"id:7f3a09 sub:001 dlvrd:000 done date:2611220204 stat:UNDELIV err:001", Receipt{MessageID: "7f3a09", State: Undeliverable, Err: "1", ErrText: "001", DoneAt: done}},
	{"id:7f3a09 stat:DELIVRD", Receipt{MessageID: "7f3a09", State: Delivered}},
	{"id:7f3a09 stat:EXPIRED text:x", Receipt{MessageID: "7f3a09", State: Expired}},
	{"stat:REJECTD id:7f3a09", Receipt{MessageID: "7f3a09", State: Rejected}},
	{"err:012 done date:2611220204 stat:UNDELIV id:7f3a09", Receipt{MessageID: "7f3a09", State: Undeliverable, Err: "12", ErrText: "012", DoneAt: done}},
	{"id:7f3a09 sub: dlvrd: submit date: done date: stat:EXPIRED err: text:", Receipt{MessageID: "7f3a09", State: Expired}},
	{"sub:001 dlvrd:001 id:7f3a09 stat:ENROUTE", Receipt{MessageID: "7f3a09", State: Enroute}},

	// Case, blanks and separators.
	{"ID:7F3A09 SUB:001 DLVRD:001 SUBMIT DATE:2611220200 DONE DATE:2611220204 STAT:DELIVRD ERR:000 TEXT:X", Receipt{MessageID: "7F3A09", State: Delivered, ErrText: "000", SubmittedAt: submitted, DoneAt: done}},
	{"Id:7f3a09 Submit Date:2611220200 Done Date:2611220204 Stat:Delivrd Err:000", Receipt{MessageID: "7f3a09", State: Delivered, ErrText: "000", SubmittedAt: submitted, DoneAt: done}},
	{"id: 7f3a09 stat: UNDELIV err: 027", Receipt{MessageID: "7f3a09", State: Undeliverable, Err: "27", ErrText: "027"}},
	{"id:7f3a09,stat:DELETED,err:0", Receipt{MessageID: "7f3a09", State: Deleted, ErrText: "0"}},
	{"id:7f3a09; stat:DELIVRD; err:000;", Receipt{MessageID: "7f3a09", State: Delivered, ErrText: "000"}},
	{"id:7f3a09\tstat:DELIVRD\terr:000", Receipt{MessageID: "7f3a09", State: Delivered, ErrText: "000"}},
	{"id:7f3a09\nsub:001\ndlvrd:001\nsubmit date:2611220200\ndone date:2611220204\nstat:DELIVRD\nerr:000\n", Receipt{MessageID: "7f3a09", State: Delivered, ErrText: "000", SubmittedAt: submitted, DoneAt: done}},
	{"id:7f3a09\r\nstat:EXPIRED\r\nerr:006\r\ntext:a\r\nb", Receipt{MessageID: "7f3a09", State: Expired, Err: "6", ErrText: "006"}},
	{"   id:7f3a09    stat:DELIVRD   ", Receipt{MessageID: "7f3a09", State: Delivered}},
	{"id:7f3a09 submit_date:2611220200 done_date:2611220204 status:DELIVERED error:000", Receipt{MessageID: "7f3a09", State: Delivered, ErrText: "000", SubmittedAt: submitted, DoneAt: done}},
	{"id:7f3a09 submitdate:2611220200 donedate:2611220204 stat:DELIVRD", Receipt{MessageID: "7f3a09", State: Delivered, SubmittedAt: submitted, DoneAt: done}},
	{"id:7f3a09 date:x stat:DELIVRD", Receipt{MessageID: "7f3a09", State: Delivered}},
	{"Delivery report id:7f3a09 stat:DELIVRD", Receipt{MessageID: "7f3a09", State: Delivered}},
	{"xid:99 id:7f3a09 substat:UNDELIV stat:DELIVRD", Receipt{MessageID: "7f3a09", State: Delivered}},

	// NULs, at the end and between fixed fields.
	{"id:7f3a09 stat:DELIVRD err:000\x00", Receipt{MessageID: "7f3a09", State: Delivered, ErrText: "000"}},
	{"id:7f3a09\x00\x00\x00\x00sub:001 dlvrd:001 stat:DELIVRD\x00err:000\x00\x00", Receipt{MessageID: "7f3a09", State: Delivered, ErrText: "000"}},
	{"id:7f3a09\x00stat:UNDELIV\x00err:21\x00text:\x00\x01\x02", Receipt{MessageID: "7f3a09", State: Undeliverable, Err: "21", ErrText: "21"}},
	{"\x00id:7f3a09 stat:DELIVRD", Receipt{MessageID: "7f3a09", State: Delivered}},

	// Quotes.
	{`id:"7f3a09" stat:"DELIVRD" err:"000"`, Receipt{MessageID: "7f3a09", State: Delivered, ErrText: "000"}},
	{`id:'7f3a09' stat:'EXPIRED'`, Receipt{MessageID: "7f3a09", State: Expired}},
	{`id:" 7f3a09 " stat:DELIVRD`, Receipt{MessageID: "7f3a09", State: Delivered}},
	{`id:"7f3a09 stat:DELIVRD text:"`, Receipt{MessageID: `"7f3a09`, State: Delivered}},
	{`id:"" stat:DELIVRD id:8`, Receipt{MessageID: "8", State: Delivered}},

	// Ids of all kinds.
	{"id:0008337929 stat:DELIVRD", Receipt{MessageID: "0008337929", State: Delivered}},
	{"id:0x7F3A09 stat:DELIVRD", Receipt{MessageID: "0x7F3A09", State: Delivered}},
	{"id:3F2504E0-4F89-11D3-9A0C-0305E82C3301 stat:DELIVRD", Receipt{MessageID: "3F2504E0-4F89-11D3-9A0C-0305E82C3301", State: Delivered}},
	{"id:smsc1.26:11:22/0007 stat:DELIVRD", Receipt{MessageID: "smsc1.26:11:22/0007", State: Delivered}},
	{"id:18446744073709551616 stat:DELIVRD", Receipt{MessageID: "18446744073709551616", State: Delivered}},
	{"id:1 id:2 stat:DELIVRD stat:UNDELIV err:1 err:2", Receipt{MessageID: "1", State: Delivered, Err: "1", ErrText: "1"}},

	// Dates.
	{"id:1 submit date:261122020003 done date:261122020413 stat:DELIVRD", Receipt{MessageID: "1", State: Delivered, SubmittedAt: submitted.Add(3 * time.Second), DoneAt: done.Add(13 * time.Second)}},
	{"id:1 submit date:202611220200 done date:202611220204 stat:DELIVRD", Receipt{MessageID: "1", State: Delivered, SubmittedAt: submitted, DoneAt: done}},
	{"id:1 submit date:20261122020003 done date:20261122020400 stat:DELIVRD", Receipt{MessageID: "1", State: Delivered, SubmittedAt: submitted.Add(3 * time.Second), DoneAt: done}},
	{"id:1 done date:201122020400 stat:DELIVRD", Receipt{MessageID: "1", State: Delivered, DoneAt: time.Date(2020, 11, 22, 2, 4, 0, 0, time.UTC)}},
	{"id:1 done date:202011220204 stat:DELIVRD", Receipt{MessageID: "1", State: Delivered, DoneAt: time.Date(2020, 11, 22, 2, 4, 0, 0, time.UTC)}},
	{"id:1 done date:261122020400000+ stat:DELIVRD", Receipt{MessageID: "1", State: Delivered, DoneAt: done}},
	{"id:1 done date:261122020400+0100 stat:UNKNOWN", Receipt{MessageID: "1", State: Unknown, DoneAt: done}},
	{"id:1 done date:2611320204 stat:DELIVRD", Receipt{MessageID: "1", State: Delivered}},
	{"id:1 done date:0000000000 stat:EXPIRED", Receipt{MessageID: "1", State: Expired}},
	{"id:1 done date:26112202 stat:DELIVRD", Receipt{MessageID: "1", State: Delivered}},
	{"id:1 done date:2611220204 stat:DELIVRD", Receipt{MessageID: "1", State: Delivered, DoneAt: done}},

	// Error codes: decimal, hex, words.
	{"id:1 stat:UNDELIV err:0B1", Receipt{MessageID: "1", State: Undeliverable, Err: "b1", ErrText: "0B1"}},
	{"id:1 stat:UNDELIV err:0x00D3", Receipt{MessageID: "1", State: Undeliverable, Err: "d3", ErrText: "0x00D3"}},
	{"id:1 stat:UNDELIV err:ABS", Receipt{MessageID: "1", State: Undeliverable, Err: "abs", ErrText: "ABS"}},
	{"id:1 stat:UNDELIV err:E-1052", Receipt{MessageID: "1", State: Undeliverable, Err: "e-1052", ErrText: "E-1052"}},
	{"id:1 stat:UNDELIV err:65535", Receipt{MessageID: "1", State: Undeliverable, Err: "65535", ErrText: "65535"}},
	{"id:1 stat:UNDELIV err:-1", Receipt{MessageID: "1", State: Undeliverable, Err: "-1", ErrText: "-1"}},
	{"id:1 stat:UNDELIV err:00000", Receipt{MessageID: "1", State: Undeliverable, ErrText: "00000"}},

	// States.
	{"id:1 stat:ACCEPTD", Receipt{MessageID: "1", State: Accepted}},
	{"id:1 stat:ACKED", Receipt{MessageID: "1", State: Accepted}},
	{"id:1 stat:BUFFERED", Receipt{MessageID: "1", State: Enroute}},
	{"id:1 stat:FAILED", Receipt{MessageID: "1", State: Undeliverable}},
	{"id:1 stat:UNDELIVERABLE", Receipt{MessageID: "1", State: Undeliverable}},
	{"id:1 stat:REJECTED", Receipt{MessageID: "1", State: Rejected}},
	{"id:1 stat:SCHEDULED", Receipt{MessageID: "1", State: Scheduled}},
	{"id:1 stat:SKIPPED", Receipt{MessageID: "1", State: Skipped}},

	// The message behind text: looks like a receipt.
	{"id:1 stat:ACCEPTD text:stat:DELIVRD id:5 err:9", Receipt{MessageID: "1", State: Accepted}},
	{"id:1 stat:UNDELIV err:5 text: done date:2611220204", Receipt{MessageID: "1", State: Undeliverable, Err: "5", ErrText: "5"}},
}

func TestParseReadsTextsOfTheField(t *testing.T) {
	t.Parallel()
	if len(fieldTexts) < 60 {
		t.Fatalf("%d texts", len(fieldTexts))
	}
	for _, c := range fieldTexts {
		for name, f := range map[string]Fields{
			"as octets":                     {Text: []byte(c.text)},
			"with the message's own coding": {DataCoding: 0xF6, Text: []byte(c.text)},
			"ASCII under data_coding UCS-2": {DataCoding: 8, Text: []byte(c.text)},
			"UCS-2":                         {DataCoding: 8, Text: coded(binary.BigEndian, c.text)},
			"UCS-2, mark":                   {DataCoding: 8, Text: coded(binary.BigEndian, "\uFEFF"+c.text)},
			"UCS-2, little-endian mark":     {DataCoding: 8, Text: coded(binary.LittleEndian, "\uFEFF"+c.text)},
		} {
			if c.text[0] == 0 && f.DataCoding == 8 {
				continue // nothing tells a NUL in front from half a character
			}
			f.ESMClass = classReceipt
			got, is, err := Parse(f, Options{})
			if err != nil || !is {
				t.Errorf("%q %s: %v, %v", c.text, name, is, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%q %s: %s", c.text, name, diff)
			}
		}
	}
}

func coded(order binary.AppendByteOrder, s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func TestAForcedCharsetCountsOverDataCoding(t *testing.T) {
	t.Parallel()
	const text = "id:caf\u00e9 stat:DELIVRD"
	latin := append(append([]byte("id:caf"), 0xE9), " stat:DELIVRD"...)
	for _, c := range []struct {
		charset Charset
		coding  byte
		text    []byte
		id      string
	}{
		{CharsetUCS2, 0, coded(binary.BigEndian, text), "caf\u00e9"},
		{CharsetUCS2, 3, coded(binary.LittleEndian, text), "caf\u00e9"},
		{CharsetUCS2, 0, append(coded(binary.BigEndian, text), 0), "caf\u00e9"},
		{CharsetLatin1, 8, latin, "caf\u00e9"},
		{CharsetASCII, 3, latin, "caf\uFFFD"},
		{CharsetAuto, 3, latin, "caf\u00e9"},
		{CharsetAuto, 0x18, coded(binary.BigEndian, text), "caf\u00e9"},
	} {
		r, _, err := Parse(Fields{ESMClass: 4, DataCoding: c.coding, Text: c.text}, Options{Charset: c.charset})
		if err != nil || r.MessageID != c.id || r.State != Delivered {
			t.Errorf("%s, data_coding %d: %+v, %v", c.charset, c.coding, r, err)
		}
	}
}
