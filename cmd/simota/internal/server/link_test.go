package server

import (
	"testing"

	"github.com/simota/simota/smpp"
)

func TestTheCardsReportIsReadFromTheTagOfItsLink(t *testing.T) {
	t.Parallel()
	read := reader(map[string]uint16{"north": 0x1401, "east": 0x1402})
	body := []byte("\x00\x01\x01491500001\x00\x01\x014790000001\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x14\x01\x00\x03\x02\x71\x00")
	pdu := smpp.AppendFrame(nil, smpp.DeliverSM, 0, 1, body)
	for link, want := range map[string]string{"north": "\x02\x71\x00", "east": "", "south": ""} {
		if in, err := read(link, pdu); err != nil || string(in.Report) != want {
			t.Errorf("%s: report %x, %v; want %x", link, in.Report, err, want)
		}
	}
}
