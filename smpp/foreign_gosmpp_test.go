package smpp_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutlv"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/smscsim"
)

// numbers draws addresses of 0 to 20 octets.
func numbers() *rapid.Generator[smpp.Address] {
	return rapid.Custom(func(t *rapid.T) smpp.Address {
		return smpp.Address{
			TON: rapid.Byte().Draw(t, "TON"), NPI: rapid.Byte().Draw(t, "NPI"),
			Number: rapid.StringOfN(rapid.RuneFrom([]rune("0123456789*#abXY ")), 0, 20, 20).Draw(t, "number"),
		}
	})
}

// userDataHeader draws a header of whole information elements, its length first. go-smpp loses its place when
// the elements do not fill the header, when it is empty, and when it stands in message_payload.
func userDataHeader() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		var elements []byte
		for range rapid.IntRange(1, 4).Draw(t, "elements") {
			value := rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "element")
			elements = append(append(elements, rapid.Byte().Draw(t, "identifier"), byte(len(value))), value...)
		}
		return append([]byte{byte(len(elements))}, elements...)
	})
}

// mobileOriginated draws deliver_sm that go-smpp can read: it knows no data_sm, no more than 4096 octets and
// one optional parameter of a tag.
func mobileOriginated() *rapid.Generator[smscsim.MO] {
	return rapid.Custom(func(t *rapid.T) smscsim.MO {
		m := smscsim.MO{
			Source: numbers().Draw(t, "source"), Destination: numbers().Draw(t, "destination"),
			ESMClass:   rapid.Byte().Draw(t, "esm_class") &^ 0x40,
			ProtocolID: rapid.Byte().Draw(t, "protocol_id"), DataCoding: rapid.Byte().Draw(t, "data_coding"),
			Payload: rapid.Bool().Draw(t, "payload"),
		}
		limit := 2000
		if rapid.Bool().Draw(t, "UDHI") {
			m.ESMClass, m.Payload, limit = m.ESMClass|0x40, false, 150
			m.UserData = userDataHeader().Draw(t, "header")
		}
		m.UserData = append(m.UserData, rapid.SliceOfN(rapid.Byte(), 0, limit).Draw(t, "text")...)
		id := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789abcdef")), 1, 64, 64).Draw(t, "id")
		for _, o := range []smscsim.TLV{
			{Tag: smpp.TagReceiptedMessageID, Value: append([]byte(id), 0)}, {Tag: smpp.TagMessageState, Value: []byte{rapid.Byte().Draw(t, "state")}},
			{Tag: smpp.TagNetworkErrorCode, Value: rapid.SliceOfN(rapid.Byte(), 3, 3).Draw(t, "network error")},
			{Tag: 0x1501, Value: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "vendor's")},
		} {
			if rapid.Bool().Draw(t, "with TLV") {
				m.TLVs = append(m.TLVs, o)
			}
		}
		return m
	})
}

// foreign reads a deliver_sm with go-smpp, which takes the user data header out of short_message.
func foreign(frame []byte) (smpp.Delivery, map[uint16]string, error) {
	body, err := pdu.Decode(bytes.NewReader(frame))
	if err != nil {
		return smpp.Delivery{}, nil, err
	}
	f, tlvs := body.Fields(), map[uint16]string{}
	for tag, v := range body.TLVFields() {
		value, ok := v.Raw().([]byte)
		if !ok {
			return smpp.Delivery{}, nil, fmt.Errorf("TLV %v is a %T", tag, v.Raw())
		}
		tlvs[uint16(tag)] = hex.EncodeToString(value)
	}
	octet := func(n pdufield.Name) byte { return f[n].Bytes()[0] }
	d := smpp.Delivery{
		Source:      smpp.Address{TON: octet(pdufield.SourceAddrTON), NPI: octet(pdufield.SourceAddrNPI), Number: f[pdufield.SourceAddr].String()},
		Destination: smpp.Address{TON: octet(pdufield.DestAddrTON), NPI: octet(pdufield.DestAddrNPI), Number: f[pdufield.DestinationAddr].String()},
		ESMClass:    octet(pdufield.ESMClass), ProtocolID: octet(pdufield.ProtocolID), DataCoding: octet(pdufield.DataCoding),
	}
	if d.ESMClass&0x40 != 0 {
		header, ok := f[pdufield.GSMUserData].(*pdufield.UDHList)
		if !ok {
			return smpp.Delivery{}, nil, errors.New("user data header missing")
		}
		d.UserData = []byte{octet(pdufield.UDHLength)}
		for _, e := range header.Data { // not its Bytes: they end each element with a NUL
			d.UserData = append(append(d.UserData, e.IEI.Data, e.IELength.Data), e.IEData.Data...)
		}
	}
	d.UserData = append(d.UserData, f[pdufield.ShortMessage].Bytes()...)
	if payload := body.TLVFields()[pdutlv.TagMessagePayload]; payload != nil {
		d.UserData = payload.Bytes()
	}
	return d, tlvs, nil
}

func TestGoSMPPReadsDeliveriesAlike(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	srv, _ := simulator(t, smscsim.Config{})
	x := start(t, smpp.Config{Address: srv.Addr()}, newRecorder())
	x.rises(ctx, t, 1)
	rapid.Check(t, func(t *rapid.T) {
		mo := mobileOriginated().Draw(t, "message")
		if status, err := srv.Deliver(ctx, "ota1", mo); status != smpp.StatusOK || err != nil {
			t.Fatalf("deliver_sm: %#x, %v", status, err)
		}
		d := <-x.deliveries // it is there: the link answers after its handler
		if d.Err != nil {
			t.Fatal(d.Err)
		}
		want, tlvs, err := foreign(d.PDU)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range mo.TLVs {
			if got, ok := d.TLV(o.Tag); !ok || !bytes.Equal(got, o.Value) || tlvs[o.Tag] != hex.EncodeToString(got) {
				t.Errorf("TLV %04X is %x, go-smpp reads %s, sent was %x", o.Tag, got, tlvs[o.Tag], o.Value)
			}
		}
		got := smpp.Delivery{
			Source: d.Source, Destination: d.Destination, ESMClass: d.ESMClass, ProtocolID: d.ProtocolID, DataCoding: d.DataCoding, UserData: d.UserData,
		}
		if !bytes.Equal(got.UserData, want.UserData) || !bytes.Equal(got.UserData, mo.UserData) {
			t.Errorf("user data %x, go-smpp reads %x, sent was %x", got.UserData, want.UserData, mo.UserData)
		}
		got.UserData, want.UserData = nil, nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("go-smpp reads it otherwise: %s", diff)
		}
	})
}
