package sms

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type vector struct {
	ID       string   `json:"id"`
	PoR      string   `json:"por_packet"`
	UserData []string `json:"sms_user_data"`
	Expect   struct {
		Packet   string   `json:"secured_command_packet"`
		UserData []string `json:"sms_user_data"`
		Ref      string   `json:"concat_reference"`
	} `json:"expect"`
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, ud []byte) UserData {
	t.Helper()
	u, err := ParseUserData(ud)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func hexAll(parts [][]byte) (texts []string) {
	for _, p := range parts {
		texts = append(texts, hex.EncodeToString(p))
	}
	return texts
}

// tooLong is an answer of 233 octets that a virtual SIM gave to the phone; no SMS can carry it in one piece.
const tooLong = "por-vsim-big-3des2-spi2-19"

func TestPacketVectorsSplitAndJoin(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../testdata/ota/secured-packet.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Commands  []vector `json:"commands"`
		Responses []vector `json:"responses"`
		Invalid   []vector `json:"invalid_responses"`
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	joins := func(t *testing.T, userData []string, wantElement byte, wantPacket string) {
		var parts []UserData
		for _, ud := range userData {
			parts = append(parts, parse(t, unhex(t, ud)))
		}
		packet, element, err := Join(parts)
		if err != nil || element != wantElement || hex.EncodeToString(packet) != wantPacket {
			t.Errorf("joined %02X %x, %v; want %02X %s", element, packet, err, wantElement, wantPacket)
		}
	}
	var single, multi int
	for _, v := range f.Commands {
		t.Run(v.ID, func(t *testing.T) {
			ref := byte(0)
			if len(v.Expect.UserData) == 1 {
				single++
			} else {
				multi++
				ref = unhex(t, v.Expect.Ref)[0]
			}
			parts, err := SplitPacket(CommandPacket, unhex(t, v.Expect.Packet), ref)
			if diff := cmp.Diff(v.Expect.UserData, hexAll(parts)); err != nil || diff != "" {
				t.Errorf("%v, (-want +got):\n%s", err, diff)
			}
			joins(t, v.Expect.UserData, CommandPacket, v.Expect.Packet)
		})
	}
	if single != 52 || multi != 4 {
		t.Errorf("ran %d single and %d split commands, want 52 and 4", single, multi)
	}
	responses := append(f.Responses, f.Invalid...)
	for _, v := range responses {
		t.Run(v.ID, func(t *testing.T) {
			if v.ID == tooLong {
				if _, err := ParseUserData(unhex(t, v.UserData[0])); !errors.Is(err, ErrLength) {
					t.Errorf("%v, want ErrLength", err)
				}
				return
			}
			joins(t, v.UserData, ResponsePacket, v.PoR)
		})
	}
	if len(responses) != 40 {
		t.Errorf("ran %d responses, want 40", len(responses))
	}
}
