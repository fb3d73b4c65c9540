package cp

import (
	"bytes"
	"errors"
	"testing"

	"github.com/simota/simota/ota/sms"
)

// Seeds are in testdata/fuzz, too; so is what fuzzing has found.

func FuzzParseWBXML(f *testing.F) {
	for _, v := range vectors(f) {
		for _, text := range v.WBXML {
			f.Add(unhex(f, text))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseWBXML(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("%v", err)
			}
			return
		}
		if nodes, text := size(d.Children); nodes > MaxBody/2 || text > maxText+maxWord*len(b) {
			t.Fatalf("%d nodes with %d octets of text from a body of %d", nodes, text, len(b))
		}
		again, err := ParseXML([]byte(d.XML()))
		if err != nil || again.XML() != d.XML() {
			t.Fatalf("XML: %v of %s", err, d.XML())
		}
		body, err := d.AppendWBXML(nil)
		if err != nil { // identifiers, unknown tokens or a size that are read but not sent
			return
		}
		if unknown := d.Unknown(); unknown != nil {
			t.Fatalf("written with %q", unknown)
		}
		if again, err = ParseWBXML(body); err != nil || again.XML() != d.XML() {
			t.Fatalf("WBXML: %v of %s", err, d.XML())
		}
	})
}

func FuzzParseXML(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.XML))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ParseXML(text)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("%v", err)
			}
			return
		}
		if nodes, octets := size(d.Children); nodes > len(text) || octets > len(text) {
			t.Fatalf("%d nodes with %d octets of text from %d", nodes, octets, len(text))
		}
		if again, err := ParseXML([]byte(d.XML())); err != nil || again.XML() != d.XML() {
			t.Fatalf("%v of %s", err, d.XML())
		}
		body, err := d.AppendWBXML(nil)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("%v", err)
			}
			return
		}
		if again, err := ParseWBXML(body); err != nil || again.XML() != d.XML() {
			t.Fatalf("WBXML: %v of %s", err, d.XML())
		}
	})
}

func FuzzParsePush(f *testing.F) {
	key := []byte("12345")
	for sec := NETWPIN; sec <= USERPINMAC; sec++ {
		f.Add(must[[]byte](f)(Push([]byte("body"), sec, key)))
	}
	f.Add(unhex(f, "010601b641"))
	f.Fuzz(func(t *testing.T, pdu []byte) {
		m, err := ParsePush(pdu)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrContentType) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.HasSuffix(pdu, m.Body) {
			t.Fatalf("body %X is not the end of %X", m.Body, pdu)
		}
		m.VerifyPIN("1234567890")
		m.Verify(key)
		if m.HasSecurity && m.MAC == "" { // read, and written with a MAC only
			return
		}
		push, err := m.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParsePush(push); err != nil || again.Type != m.Type || again.MAC != m.MAC || again.Security != m.Security ||
			again.HasSecurity != m.HasSecurity || !bytes.Equal(again.Body, m.Body) {
			t.Fatalf("%+v, want %+v (%v)", again, m, err)
		}
	})
}

func FuzzJoin(f *testing.F) {
	parts := must[[][]byte](f)(Split(make([]byte, 300), 7))
	f.Add(parts[0], parts[2], parts[1])
	f.Add(parts[0], parts[0], parts[0])
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		push, err := Join([][]byte{a, b, c})
		if err != nil {
			return
		}
		if len(push) > 3*sms.MaxUserData {
			t.Fatalf("%d octets of three parts", len(push))
		}
		if again, err := Join([][]byte{c, a, b, b}); err != nil || !bytes.Equal(again, push) {
			t.Fatalf("%X, %v, in another order %X", again, err, push)
		}
	})
}

func FuzzParseNotification(f *testing.F) {
	n := example()
	f.Add(must[[]byte](f)(n.AppendBinary(nil)))
	f.Add(must[[]byte](f)(n.AppendPush(nil)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, err := ParseNotificationPush(b); err == nil {
			if push, err := n.AppendPush(nil); err != nil || !bytes.HasSuffix(b, push[6:]) {
				t.Fatalf("%X, %v of %X", push, err, b)
			}
		} else if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrContentType) {
			t.Fatal(err)
		}
		n, err := ParseNotification(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if again, err := n.AppendBinary(nil); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%X, %v of %X", again, err, b)
		}
	})
}
