package smpp

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutlv"
	"pgregory.net/rapid"
)

// delivered draws a good deliver_sm. go-smpp cuts a user data header out of short_message, so there is none.
func delivered() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		text := func(name string, most int) string {
			return rapid.StringOfN(rapid.RuneFrom([]rune("0123456789abc*# ")), 0, most, most).Draw(t, name) + "\x00"
		}
		octet := func(name string) string { return string([]byte{rapid.Byte().Draw(t, name)}) }
		short := rapid.SliceOfN(rapid.Byte(), 0, 255).Draw(t, "short_message")
		body := text("service_type", 5) + octet("TON") + octet("NPI") + text("source", 20) + octet("TON") + octet("NPI") + text("destination", 20) +
			string([]byte{rapid.Byte().Draw(t, "esm_class") &^ esmUDHI}) + octet("PID") + octet("priority") + "\x00" + text("validity", 16) +
			octet("registered") + "\x00" + octet("DCS") + "\x00" + string([]byte{byte(len(short))}) + string(short)
		frame := AppendFrame(nil, DeliverSM, 0, rapid.Uint32Range(1, maxSequence).Draw(t, "sequence"), []byte(body))
		if rapid.Bool().Draw(t, "receipt") {
			frame = appendTLV(frame, TagReceiptedMessageID, []byte(text("id", 64)))
			frame = appendTLV(frame, TagMessageState, []byte(octet("state")))
			frame = appendTLV(frame, TagUserMessageReference, []byte(octet("reference")+octet("reference")))
			frame = appendTLV(frame, 0x1400, []byte(text("vendor", 30)))
		}
		binary.BigEndian.PutUint32(frame, uint32(len(frame)))
		return frame
	})
}

func TestDeliveriesAreWhatGoSMPPDecodes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		frame := delivered().Draw(t, "frame")
		d, err := ParseDelivery(frame)
		if err != nil {
			t.Fatal(err)
		}
		body, err := pdu.Decode(bytes.NewReader(frame))
		if err != nil {
			t.Fatal(err)
		}
		f := body.Fields()
		octet := func(name pdufield.Name) byte { return f[name].Bytes()[0] }
		source := Address{octet(pdufield.SourceAddrTON), octet(pdufield.SourceAddrNPI), f[pdufield.SourceAddr].String()}
		destination := Address{octet(pdufield.DestAddrTON), octet(pdufield.DestAddrNPI), f[pdufield.DestinationAddr].String()}
		if d.Source != source || d.Destination != destination || d.ESMClass != octet(pdufield.ESMClass) || d.ProtocolID != octet(pdufield.ProtocolID) ||
			d.DataCoding != octet(pdufield.DataCoding) || !bytes.Equal(d.UserData, f[pdufield.ShortMessage].Bytes()) || d.Sequence != body.Header().Seq {
			t.Fatalf("%+v, go-smpp reads %v", d, f)
		}
		theirs := body.TLVFields()
		all, err := d.TLVs()
		if err != nil || len(all) != len(theirs) {
			t.Fatalf("optional parameters %v, %v, go-smpp reads %v", all, err, theirs)
		}
		for _, v := range all {
			if !bytes.Equal(v.Value, theirs[pdutlv.Tag(v.Tag)].Bytes()) {
				t.Fatalf("TLV %04X: %x, go-smpp reads %x", v.Tag, v.Value, theirs[pdutlv.Tag(v.Tag)].Bytes())
			}
		}
		if len(all) > 0 && (d.ReceiptedMessageID != strings.TrimRight(string(theirs[pdutlv.Tag(TagReceiptedMessageID)].Bytes()), "\x00") || !d.HasReference) {
			t.Fatalf("receipted_message_id %q", d.ReceiptedMessageID)
		}
	})
}
