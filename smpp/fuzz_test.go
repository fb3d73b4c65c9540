package smpp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func FuzzParseDelivery(f *testing.F) {
	f.Add(deliverFrame(f, DeliverSM, headBody+"05 027100000E 0427 0001 02"))
	f.Add(deliverFrame(f, DataSM, dataBody+"0424 0005 027100000E 001E 0003 374600"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseDelivery(b)
		if err == nil && !bytes.Equal(d.PDU, b) {
			t.Error("the frame is not kept")
		}
		if (d.Err == nil) != (d.Status == StatusOK) {
			t.Errorf("status %#x for %v", d.Status, d.Err)
		}
		all, tlvErr := d.TLVs()
		if err == nil && (tlvErr != nil || d.HasReference != slices.ContainsFunc(all, func(v TLV) bool { return v.Tag == TagUserMessageReference })) {
			t.Errorf("optional parameters %v, %v", all, tlvErr)
		}
	})
}

func FuzzFrameReader(f *testing.F) {
	f.Add(AppendFrame(AppendFrame(nil, EnquireLink, 0, 1, nil), DeliverSM, 0, 2, make([]byte, 600)))
	f.Add([]byte{0, 0, 0, 15})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewFrameReader(bytes.NewReader(b))
		total := 0
		for {
			h, frame, err := r.Next()
			if errors.Is(err, ErrFrameTooLong) {
				total += int(h.Length)
				continue
			}
			if err != nil {
				break
			}
			if !bytes.Equal(frame, b[total:total+len(frame)]) || int(h.Length) != len(frame) {
				t.Fatal("a frame is not what stands in the stream")
			}
			total += len(frame)
		}
	})
}

func FuzzParseAlert(f *testing.F) {
	f.Add([]byte("\x01\x0155\x00\x00\x0170\x00\x04\x22\x00\x01\x02"))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := parseAlert(AppendFrame(nil, AlertNotification, 0, 1, body))
		if err != nil && a != (Alert{}) {
			t.Errorf("%+v with %v", a, err)
		}
	})
}

// FuzzSession gives a session with open messages and an open request whatever may come from a peer.
func FuzzSession(f *testing.F) {
	f.Add(AppendFrame(AppendFrame(nil, SubmitSMResp, 0, 7, []byte("id\x00")), GenericNack, 3, 8, nil))
	f.Add(AppendFrame(AppendFrame(nil, QuerySMResp, 0, 6, []byte("id\x00\x00\x02\x00")), Unbind, 0, 1, nil))
	f.Add(AppendFrame(AppendFrame(nil, DeliverSM, 0, 1, []byte("\x00\x01\x01475")), BindReceiver, 0, 1, []byte("a\x00b\x00")))
	files, err := filepath.Glob("testdata/malformed/*.hex")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		lines := strings.SplitN(string(b), "\n", 3)                                              // why, answer, octets
		if octets, err := hex.DecodeString(strings.ReplaceAll(lines[2], "\n", "")); err == nil { // those with a repetition are too long for here
			f.Add(octets)
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		l, err := NewLink(Config{Name: "n", Address: "h:1", SystemID: "s", Window: 4, Binds: 2}, nil)
		if err != nil {
			t.Fatal(err)
		}
		w := &wire{frames: NewFrameReader(bytes.NewReader(stream)), reader: &patientReader{}, number: 1}
		s := newSession(l, w, transceiver)
		l.sessions = []*session{s}
		for id := range int64(3) {
			if left, err := l.TrySubmit([]Message{{ID: id, Destination: Address{1, 1, "5"}}}); len(left) != 0 || err != nil {
				t.Fatal(left, err)
			}
		}
		s.gather(nil)
		if _, _, _, err := l.ask(QuerySM, nil); err != nil {
			t.Fatal(err)
		}
		s.read()
		s.settle(errStopped)
		if len(l.outbox) != 3 || len(l.paths) != 0 || len(l.malformed) > maxMalformed || s.inbox.n > maxInbox {
			t.Errorf("%d results for 3 messages, %d paths, %d malformed", len(l.outbox), len(l.paths), len(l.malformed))
		}
	})
}

func FuzzMasked(f *testing.F) {
	f.Add([]byte("ota1\x00secret\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		frame := AppendFrame(nil, BindTransceiver, 0, 1, body)
		before := bytes.Clone(frame)
		got := masked(frame)
		if _, rest, whole := bytes.Cut(body, []byte{0}); len(got) != len(frame) || !bytes.Equal(frame, before) {
			t.Error("the frame itself was changed")
		} else if password, _, _ := bytes.Cut(rest, []byte{0}); whole && len(bytes.Trim(got[HeaderLen+len(body)-len(rest):][:len(password)], "*")) > 0 {
			t.Errorf("%q shows in %q", password, got)
		}
	})
}
