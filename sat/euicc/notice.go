package euicc

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// NoticeType says what happened on the card (GSMA SGP.02, 4.1.1.11).
type NoticeType byte

// Types of notice. Others exist in later versions.
const (
	FirstAttachment NoticeType = 0x01 // once in the life of a card
	ProfileChanged  NoticeType = 0x02
	RolledBack      NoticeType = 0x03
	Void            NoticeType = 0x04
	FellBack        NoticeType = 0x05
)

// String returns the type in words. An unknown one asks for an audit: something
// changed.
func (t NoticeType) String() string {
	switch t {
	case FirstAttachment:
		return "first attachment to a network"
	case ProfileChanged:
		return "profile changed"
	case RolledBack:
		return "profile change failed, the card rolled back"
	case Void:
		return "void"
	case FellBack:
		return "the card fell back on another profile"
	}
	return fmt.Sprintf("unknown notice type %02X: the state changed, audit the card", byte(t))
}

// Notice is what a card tells its server after a profile change (GSMA SGP.02,
// 4.1.1.11): the data of a command packet that the card sends, with a checksum,
// neither ciphered nor counted. Its sequence number is all there is against
// replay, see [Newer].
//
// Whatever it says, it has to be confirmed at once: a card that gets no
// [HandleNotificationConfirmation] rolls back.
type Notice struct {
	EID      string // 32 digits, in upper case should a test card use letters
	Type     NoticeType
	Sequence uint16
	ISDP     sat.AID // the profile that is enabled now, 16 octets; nil if the card does not say
	// IMEI of the device, "" if the card does not say: 15 digits, the last of
	// them the spare 0 that terminals send and not a check digit, or 16 of an
	// IMEISV. Compare 14, see [Notice.IMEI14].
	IMEI string
	MEID string // of a CDMA device: 16 hex digits as sent; "" if the card does not say
	// Unknown are objects this package does not know, in their order, and an
	// IMEI or MEID that is damaged: that must not cost the confirmation.
	Unknown []tlv.Object
}

const (
	tagNotice = 0xE1
	tagEID    = 0x4C
	tagType   = 0x4D
)

// Tags that come in several forms. The standard refers to COMPREHENSION-TLV
// objects, with or without the bit that says "must be understood".
var (
	aidTags  = [3]uint32{tagAID, 0x2F, 0xAF}
	imeiTags = [2]uint32{0x14, 0x94}
	meidTags = [2]uint32{0x6D, 0xED}
)

// IMEI14 is the part of the IMEI that all sources agree on, "" if there is none
// (3GPP TS 23.003, 6.2).
func (n Notice) IMEI14() string {
	if len(n.IMEI) < 14 {
		return ""
	}
	return n.IMEI[:14]
}

// String says what happened, to which card, in one line.
func (n Notice) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "EID %s, notice %d: %s", n.EID, n.Sequence, n.Type)
	if n.ISDP != nil {
		fmt.Fprintf(&s, ", profile %s", n.ISDP)
	}
	if n.IMEI != "" {
		fmt.Fprintf(&s, ", IMEI %s", n.IMEI)
	}
	if n.MEID != "" {
		fmt.Fprintf(&s, ", MEID %s", n.MEID)
	}
	return s.String()
}

// AppendBinary appends the notice as the object E1, fields in the order of the
// standard, tags as a real card was seen to send them.
func (n Notice) AppendBinary(b []byte) ([]byte, error) {
	eid, err := hex.DecodeString(n.EID)
	if err != nil || len(eid) != 16 {
		return nil, fmt.Errorf("euicc: notice: EID %q: want 32 digits", n.EID)
	}
	objects := []tlv.Object{
		{Tag: tagEID, Value: eid},
		{Tag: tagType, Value: []byte{byte(n.Type)}},
		{Tag: tagSequence, Value: binary.BigEndian.AppendUint16(nil, n.Sequence)},
	}
	if n.ISDP != nil {
		if len(n.ISDP) != aidSize {
			return nil, fmt.Errorf("euicc: notice: AID %s of %d octets: want %d", n.ISDP, len(n.ISDP), aidSize)
		}
		objects = append(objects, tlv.Object{Tag: aidTags[0], Value: n.ISDP})
	}
	if n.IMEI != "" {
		imei, err := encodeIMEI(n.IMEI)
		if err != nil {
			return nil, fmt.Errorf("euicc: notice: %w", err)
		}
		objects = append(objects, tlv.Object{Tag: imeiTags[0], Value: imei})
	}
	if n.MEID != "" {
		meid, err := hex.DecodeString(n.MEID)
		if err != nil || len(meid) != meidSize {
			return nil, fmt.Errorf("euicc: notice: MEID %q: want %d hex digits", n.MEID, 2*meidSize)
		}
		objects = append(objects, tlv.Object{Tag: meidTags[0], Value: meid})
	}
	for _, o := range n.Unknown {
		switch o.Tag {
		case tagEID, tagType, tagSequence, aidTags[0], aidTags[1], aidTags[2]:
			return nil, fmt.Errorf("euicc: notice: object %X among the unknown ones has a field of its own", o.Tag)
		}
		objects = append(objects, o)
	}
	return appendTemplate(b, tagNotice, objects)
}

// ParseNotice reads a notice, its fields in any order. EID, type and sequence
// number must be there.
func ParseNotice(b []byte) (Notice, error) {
	value, err := only(b, tagNotice)
	if err != nil {
		return Notice{}, fmt.Errorf("euicc: notice: %w", err)
	}
	objects, err := tlv.ParseBER(value)
	if err != nil {
		return Notice{}, fmt.Errorf("euicc: notice: %w", err)
	}
	var n Notice
	var typ, sequence []byte
	for _, o := range objects {
		switch o.Tag {
		case tagEID:
			err = n.takeEID(o.Value)
		case tagType:
			typ, err = once(typ, o, 1)
		case tagSequence:
			sequence, err = once(sequence, o, 2)
		case aidTags[0], aidTags[1], aidTags[2]:
			n.ISDP, err = once(n.ISDP, o, aidSize)
		default:
			n.takeDevice(o)
		}
		if err != nil {
			return Notice{}, fmt.Errorf("euicc: notice: %w", err)
		}
	}
	if n.EID == "" || typ == nil || sequence == nil {
		return Notice{}, fmt.Errorf("euicc: notice: one of EID (%X), type (%X) and sequence number (%X) is missing", tagEID, tagType, tagSequence)
	}
	n.Type, n.Sequence = NoticeType(typ[0]), binary.BigEndian.Uint16(sequence)
	return n, nil
}

// once takes the value of an object that must come once and have this length.
func once(before []byte, o tlv.Object, size int) ([]byte, error) {
	if before != nil {
		return nil, fmt.Errorf("object %X: such a field came before", o.Tag)
	}
	if len(o.Value) != size {
		return nil, fmt.Errorf("object %X of %d octets: want %d", o.Tag, len(o.Value), size)
	}
	return clone(o.Value), nil
}

func (n *Notice) takeEID(b []byte) error {
	if n.EID != "" || len(b) != 16 {
		return fmt.Errorf("EID %X: want one, of 16 octets", b)
	}
	n.EID = strings.ToUpper(hex.EncodeToString(b))
	return nil
}

// takeDevice takes what the card says of its device, and keeps what is not
// understood.
func (n *Notice) takeDevice(o tlv.Object) {
	switch o.Tag {
	case imeiTags[0], imeiTags[1]:
		if imei, ok := decodeIMEI(o.Value); ok && n.IMEI == "" {
			n.IMEI = imei
			return
		}
	case meidTags[0], meidTags[1]:
		if len(o.Value) == meidSize && n.MEID == "" {
			n.MEID = strings.ToUpper(hex.EncodeToString(o.Value))
			return
		}
	}
	n.Unknown = append(n.Unknown, tlv.Object{Tag: o.Tag, Value: clone(o.Value)})
}

// NoSequence is the last sequence number of a card that sent no notice yet.
const NoSequence = -1

// Newer says whether a notice of this sequence number comes after the last one
// seen of its card, NoSequence or 0 to 65,535. One that does not is a repeat:
// it is confirmed again and changes nothing else.
//
// A card begins with 0 and adds one for each profile change. Numbers do not
// wrap: after 65,535, more changes than a card lives through, every notice is a
// repeat, and only an audit tells the state. Taking a low number for a new one
// there would open the door for copies of old notices.
func Newer(last int, sequence uint16) bool { return int(sequence) > last }
