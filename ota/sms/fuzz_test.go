package sms

import (
	"bytes"
	"testing"
	"time"
)

func FuzzParseUserData(f *testing.F) {
	for _, seed := range []string{"", "00", "027000aa", "0700035a0201700001", "0b05040b8423f00003420201ff", "0608041234ff01"} {
		f.Add(unhex(f, seed))
	}
	f.Fuzz(func(t *testing.T, ud []byte) {
		u, err := ParseUserData(ud)
		if err != nil {
			return
		}
		again, err := u.AppendBinary(nil)
		if err != nil || !bytes.Equal(again, ud) {
			t.Fatalf("%x is written again as %x, %v", ud, again, err)
		}
		if c, ok := u.Concat(); ok && (c.Seq == 0 || c.Seq > c.Total) {
			t.Fatalf("%x: %+v", ud, c)
		}
	})
}

func FuzzJoin(f *testing.F) {
	f.Add(unhex(f, "0700035a0201710001"), unhex(f, "0500035a020202"), unhex(f, "0500035a020202"))
	f.Add(unhex(f, "02710001"), unhex(f, "02710001"), unhex(f, "02710002"))
	f.Add(unhex(f, "0608041234ff01"), unhex(f, "0608041234ff02"), unhex(f, "00"))
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		var parts []UserData
		room := 0
		j := NewJoiner(2, time.Minute)
		for _, ud := range [][]byte{a, b, c} {
			u, err := ParseUserData(ud)
			if err != nil {
				continue
			}
			parts, room = append(parts, u), room+len(u.Payload)
			payload, _, complete, _ := j.Add("x", u, time.Time{})
			if !complete && payload != nil || len(payload) > room || len(j.sets) > 2 {
				t.Fatalf("complete %v, %d octets of %d, %d sets", complete, len(payload), room, len(j.sets))
			}
		}
		payload, _, err := Join(parts)
		if err != nil && payload != nil || len(payload) > room {
			t.Fatalf("%d octets of %d, %v", len(payload), room, err)
		}
	})
}
