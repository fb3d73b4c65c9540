package server

import (
	"errors"
	"slices"
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

func TestDeliveriesAreAnsweredAsTheyWereReadAndStored(t *testing.T) {
	t.Parallel()
	good, _ := smpp.ParseDelivery(smpp.AppendFrame(nil, smpp.DeliverSM, 0, 1, make([]byte, 17)))
	poison, err := smpp.ParseDelivery(smpp.AppendFrame(nil, smpp.DeliverSM, 0, 2, []byte("\x00\x01\x01491")))
	if good.Err != nil || err == nil {
		t.Fatal(good.Err, err)
	}
	lost := errors.New("disk full")
	got := answers([]smpp.Delivery{good, poison, good, poison}, []error{nil, nil, lost, lost})
	want := []uint32{smpp.StatusOK, poison.Status, smpp.StatusReceiverTemporary, smpp.StatusReceiverTemporary}
	if !slices.Equal(got, want) || poison.Status == smpp.StatusOK {
		t.Errorf("statuses %x, want %x", got, want)
	}
}

func TestStoredPDUsAreNotThoseOfTheLinkWhichAreOverwritten(t *testing.T) {
	t.Parallel()
	ds := []smpp.Delivery{{PDU: []byte("one")}, {PDU: []byte("three")}}
	got := copies(ds)
	for _, d := range ds {
		clear(d.PDU)
	}
	_ = append(got[0], 'x')
	if len(got) != 2 || string(got[0]) != "one" || string(got[1]) != "three" {
		t.Errorf("copies %q", got)
	}
}
