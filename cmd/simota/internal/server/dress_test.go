package server

import (
	"bytes"
	"testing"

	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/smpp"
)

func TestMessagesAreWrittenAsTheLinkWantsThem(t *testing.T) {
	t.Parallel()
	ton := byte(2)
	usual := config.Form{CardPID: 0x7F, CardDCS: 0xF6, DeviceDCS: 0x04, RegisteredDelivery: 1}
	odd := config.Form{CardPID: 0x40, CardDCS: 0x16, DevicePID: 0x11, DeviceDCS: 0xF5, RegisteredDelivery: 2, TON: &ton, Prefix: "00"}
	to := smpp.Address{TON: 1, NPI: 1, Number: "5511900000017"}
	for _, tt := range []struct {
		name string
		form config.Form
		pid  byte
		want smpp.Message
	}{
		{"a card", usual, forCard, smpp.Message{ProtocolID: 0x7F, DataCoding: 0xF6, RegisteredDelivery: 1, Destination: to}},
		{"a device", usual, 0, smpp.Message{DataCoding: 0x04, RegisteredDelivery: 1, Destination: to}},
		{"a card, other octets", odd, forCard, smpp.Message{ProtocolID: 0x40, DataCoding: 0x16, RegisteredDelivery: 2,
			Destination: smpp.Address{TON: 2, NPI: 1, Number: "005511900000017"}}},
		{"a device, other octets", odd, 0, smpp.Message{ProtocolID: 0x11, DataCoding: 0xF5, RegisteredDelivery: 2,
			Destination: smpp.Address{TON: 2, NPI: 1, Number: "005511900000017"}}},
	} {
		got := dress(tt.form, []smpp.Message{{ProtocolID: tt.pid, Destination: to}})[0]
		if got.ProtocolID != tt.want.ProtocolID || got.DataCoding != tt.want.DataCoding || got.RegisteredDelivery != tt.want.RegisteredDelivery ||
			got.Destination != tt.want.Destination {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestPartsNumberedInOptionalParametersKeepTheRestOfTheirHeader(t *testing.T) {
	t.Parallel()
	packet := bytes.Repeat([]byte{0xA5}, 300)
	parts, err := sms.SplitPacket(sms.CommandPacket, packet, 0x2A)
	if err != nil || len(parts) != 3 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	var joined []byte
	for i, ud := range parts {
		stored := bytes.Clone(ud)
		m := dress(config.Form{SAR: true}, []smpp.Message{{ProtocolID: forCard, UserData: ud, UDHI: true}})[0]
		if want := (smpp.SAR{Reference: 0x2A, Total: 3, Segment: byte(i + 1)}); m.SAR != want {
			t.Errorf("part %d: %+v, want %+v", i+1, m.SAR, want)
		}
		if m.UDHI != (i == 0) {
			t.Errorf("part %d: UDHI %v: the header 70 is in the first part only", i+1, m.UDHI)
		}
		octets := m.UserData
		if m.UDHI {
			u, err := sms.ParseUserData(octets)
			if err != nil || !u.Has(sms.CommandPacket) || len(u.Elements) != 1 {
				t.Fatalf("part %d: header %+v, %v", i+1, u, err)
			}
			octets = u.Payload
		}
		joined = append(joined, octets...)
		if !bytes.Equal(ud, stored) {
			t.Errorf("part %d: the stored octets were changed", i+1)
		}
	}
	if !bytes.Equal(joined, packet) {
		t.Error("the parts do not make the packet any more")
	}
	single := dress(config.Form{SAR: true}, []smpp.Message{{UserData: []byte{2, 0x70, 0, 1}, UDHI: true}})[0]
	if single.SAR.Total != 0 || !single.UDHI || len(single.UserData) != 4 {
		t.Errorf("a message of one part: %+v", single)
	}
}
