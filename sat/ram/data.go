package ram

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

// Data objects of GET DATA.
const (
	DataKeys   = 0x00E0 // key information template: ParseKeyInformation
	DataMemory = 0xFF21 // extended card resources: ParseMemory
	DataCard   = 0x0066 // card data: ParseCardData
)

// GetData asks for a data object of a security domain (GlobalPlatform Card
// Specification, 11.3).
type GetData struct{ Tag uint16 }

// Command returns GET DATA.
func (g GetData) Command() (sat.Command, error) {
	if g.Tag == 0 {
		return sat.Command{}, errors.New("ram: GET DATA of tag 0000: name a data object")
	}
	return command("GET DATA", insGetData, byte(g.Tag>>8), byte(g.Tag), nil, allData)
}

// ParseGetData reads GET DATA.
func ParseGetData(c sat.Command) (GetData, error) {
	if err := expect("GET DATA", c, insGetData); err != nil {
		return GetData{}, err
	}
	g := GetData{Tag: uint16(c.P1)<<8 | uint16(c.P2)}
	if g.Tag == 0 || len(c.Data) > 0 {
		return GetData{}, fmt.Errorf("ram: GET DATA of tag %04X with %d octets of data: %w", g.Tag, len(c.Data), ErrUnsupported)
	}
	return g, nil
}

// template opens the one object that an answer to GET DATA is.
func template(what string, tag uint32, b []byte) ([]tlv.Object, error) {
	o, rest, err := tlv.First(b)
	if err == nil && o.Tag != tag {
		err = fmt.Errorf("object %02X, want %02X", o.Tag, tag)
	}
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d octets are left over", len(rest))
	}
	var objects []tlv.Object
	if err == nil {
		objects, err = tlv.ParseBER(o.Value)
	}
	if err != nil {
		return nil, fmt.Errorf("ram: %s: %w", what, err)
	}
	return objects, nil
}

// KeyInfo tells of one key that a security domain has.
type KeyInfo struct {
	ID, Version byte // key identifier; key version number, FF for first keys that a maker left
	Parts       []KeyPart
	// Usage and Access are told in the extended format only: what the key may
	// do and for whom (11.1.9, 11.1.10).
	Usage, Access []byte
	Extended      bool
}

// KeyPart is a component of a key.
type KeyPart struct {
	Type   KeyType
	Length int // octets, 0 to 255, or 65,535 in the extended format
}

const (
	tagKeys     = 0xE0
	tagKey      = 0xC0
	extendedKey = 0xFF // before a type: extended format
)

// String returns "version 01 (SCP80), key 2: 3DES of 16 octets".
func (k KeyInfo) String() string {
	parts := make([]string, len(k.Parts))
	for i, p := range k.Parts {
		parts[i] = fmt.Sprintf("%s of %d octets", p.Type, p.Length)
	}
	return fmt.Sprintf("version %s, key %d: %s", describeVersion(k.Version), k.ID, strings.Join(parts, ", "))
}

// ParseKeyInformation reads the answer to GetData of DataKeys: E0 { C0 { key
// identifier, version, { type, length }* } }* (GlobalPlatform Card
// Specification, 11.3.3.1). A domain without keys may answer an empty C0.
func ParseKeyInformation(b []byte) ([]KeyInfo, error) {
	objects, err := template("key information", tagKeys, b)
	if err != nil {
		return nil, err
	}
	var keys []KeyInfo
	for _, o := range objects {
		if o.Tag != tagKey {
			return nil, fmt.Errorf("ram: key information has object %02X, want C0", o.Tag)
		}
		if len(o.Value) == 0 {
			continue
		}
		k, err := parseKeyInfo(o.Value)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func parseKeyInfo(b []byte) (KeyInfo, error) {
	r := reader{what: "key information", b: b}
	k := KeyInfo{ID: r.octet("key identifier"), Version: r.octet("key version")}
	k.Extended = len(r.b) > 0 && r.b[0] == extendedKey
	if !k.Extended {
		for more := true; more && r.err == nil; more = len(r.b) > 0 {
			k.Parts = append(k.Parts, KeyPart{r.keyType(), int(r.octet("key length"))})
		}
		return k, r.end()
	}
	for r.err == nil && len(r.b) > 0 && r.b[0] == extendedKey {
		r.octet("extended format")
		k.Parts = append(k.Parts, KeyPart{r.keyType(), int(r.number("key length", 2))})
	}
	k.Usage, k.Access = r.lv("key usage"), r.lv("key access")
	return k, r.end()
}

// keyType reads a type inside key information, where FF is none.
func (r *reader) keyType() KeyType {
	t := KeyType(r.octet("key type"))
	if t == extendedKey {
		r.fail("key type FF is not where an extended part begins")
	}
	return t
}

// AppendKeyInformation appends the answer to GetData of DataKeys.
func AppendKeyInformation(b []byte, keys ...KeyInfo) ([]byte, error) {
	var w writer
	for _, k := range keys {
		value, err := k.value()
		if err != nil {
			return nil, err
		}
		w.object(tagKey, value)
	}
	whole := writer{b: b, err: w.err}
	whole.object(tagKeys, w.b)
	return whole.b, whole.err
}

func (k KeyInfo) value() ([]byte, error) {
	if len(k.Parts) == 0 || len(k.Usage) > 255 || len(k.Access) > 255 || !k.Extended && len(k.Usage)+len(k.Access) > 0 {
		return nil, fmt.Errorf("ram: key information of key %d version %02X: want a part, and usage only if extended", k.ID, k.Version)
	}
	b := []byte{k.ID, k.Version}
	for _, p := range k.Parts {
		most := 0xFF
		if k.Extended {
			most = 0xFFFF
			b = append(b, extendedKey, byte(p.Type), byte(p.Length>>8), byte(p.Length))
		} else {
			b = append(b, byte(p.Type), byte(p.Length))
		}
		if p.Length < 0 || p.Length > most || p.Type == extendedKey {
			return nil, fmt.Errorf("ram: key part of %d octets and type %02X fits no key information", p.Length, byte(p.Type))
		}
	}
	if k.Extended {
		b = appendLV(appendLV(b, k.Usage), k.Access)
	}
	return b, nil
}

// Memory is what a card has left (ETSI TS 102 226, 8.2.1.7.2).
type Memory struct {
	Applications uint32 // installed
	NonVolatile  uint32 // octets free
	Volatile     uint32 // octets free
}

const (
	tagMemory       = 0xFF21
	tagApplications = 0x81
	tagFreeStore    = 0x82
	tagFreeRAM      = 0x83
)

// ParseMemory reads the answer to GetData of DataMemory: FF21 { 81
// applications, 82 free non-volatile, 83 free volatile memory }, numbers of 1
// to 4 octets.
func ParseMemory(b []byte) (Memory, error) {
	objects, err := template("card resources", tagMemory, b)
	if err != nil {
		return Memory{}, err
	}
	var m Memory
	fields := map[uint32]*uint32{tagApplications: &m.Applications, tagFreeStore: &m.NonVolatile, tagFreeRAM: &m.Volatile}
	for _, o := range objects {
		field := fields[o.Tag]
		if field == nil || len(o.Value) < 1 || len(o.Value) > 4 {
			return Memory{}, fmt.Errorf("ram: card resources have object %02X of %d octets, want 81, 82 and 83 once, of 1 to 4", o.Tag, len(o.Value))
		}
		r := reader{what: "card resources", b: o.Value}
		*field = r.number("number", len(o.Value))
		delete(fields, o.Tag)
	}
	if len(fields) > 0 {
		return Memory{}, fmt.Errorf("ram: card resources %X: want 81, 82 and 83", b)
	}
	return m, nil
}

// AppendBinary appends the answer to GetData of DataMemory, numbers in the
// fewest octets.
func (m Memory) AppendBinary(b []byte) ([]byte, error) {
	var w writer
	for _, f := range []struct{ tag, n uint32 }{{tagApplications, m.Applications}, {tagFreeStore, m.NonVolatile}, {tagFreeRAM, m.Volatile}} {
		value := []byte{byte(f.n >> 24), byte(f.n >> 16), byte(f.n >> 8), byte(f.n)}
		for len(value) > 1 && value[0] == 0 {
			value = value[1:]
		}
		w.object(f.tag, value)
	}
	whole := writer{b: b, err: w.err}
	whole.object(tagMemory, w.b)
	return whole.b, whole.err
}

// Tags of card data, and the object identifiers in them (GlobalPlatform Card
// Specification, H.2).
const (
	tagCardData    = 0x66
	tagRecognition = 0x73
	tagOID         = 0x06
	tagManagement  = 0x60
	tagIdentity    = 0x63
	tagChannel     = 0x64
	platformOID    = "1.2.840.114283"
)

// CardData says what kind of GlobalPlatform card it is.
type CardData struct {
	Version  string // of GlobalPlatform: "2.2.1"
	Channels []Channel
	// Other are further objects, such as 65 and 66, card and chip details.
	Other []tlv.Object
}

// Channel is a secure channel protocol that the card speaks, such as 80 for
// secured packets, with its option.
type Channel struct{ Protocol, Option int }

// ParseCardData reads the answer to GetData of DataCard: 66 { 73 { 06
// GlobalPlatform, 60 { 06 version }, 63 { 06 }, 64 { 06 channel }* } }.
func ParseCardData(b []byte) (CardData, error) {
	objects, err := template("card data", tagCardData, b)
	if err != nil {
		return CardData{}, err
	}
	if len(objects) != 1 || objects[0].Tag != tagRecognition {
		return CardData{}, fmt.Errorf("ram: card data %X: want one object 73", b)
	}
	if objects, err = tlv.ParseBER(objects[0].Value); err != nil {
		return CardData{}, fmt.Errorf("ram: card data: %w", err)
	}
	var d CardData
	for _, o := range objects {
		if err := d.take(o); err != nil {
			return CardData{}, err
		}
	}
	return d, nil
}

func (d *CardData) take(o tlv.Object) error {
	switch o.Tag {
	case tagOID:
		if oid, err := parseOID(o.Value); err != nil || join(oid) != platformOID+".1" {
			return fmt.Errorf("ram: card data begin with object identifier %X, not GlobalPlatform's", o.Value)
		}
	case tagManagement:
		arcs, err := platformArcs(o, 2)
		if err != nil {
			return err
		}
		d.Version = join(arcs)
	case tagIdentity:
		_, err := platformArcs(o, 3)
		return err
	case tagChannel:
		arcs, err := platformArcs(o, 4)
		if err != nil {
			return err
		}
		if len(arcs) != 2 {
			return fmt.Errorf("ram: card data: secure channel %s, want protocol and option", join(arcs))
		}
		d.Channels = append(d.Channels, Channel{arcs[0], arcs[1]})
	default:
		d.Other = append(d.Other, keep(o))
	}
	return nil
}

// platformArcs reads an object that holds one object identifier below
// GlobalPlatform's arc, and returns what follows that arc.
func platformArcs(o tlv.Object, arc int) ([]int, error) {
	inner, rest, err := tlv.First(o.Value)
	var oid []int
	if err == nil && inner.Tag == tagOID && len(rest) == 0 {
		oid, err = parseOID(inner.Value)
	}
	prefix := append(slices.Clone(platform), arc)
	if err != nil || len(oid) < len(prefix) || !slices.Equal(oid[:len(prefix)], prefix) {
		return nil, fmt.Errorf("ram: card data: object %02X with %X, want an identifier of %s.%d", o.Tag, o.Value, platformOID, arc)
	}
	return oid[len(prefix):], nil
}

// platform is platformOID, and its octets.
var (
	platform       = []int{1, 2, 840, 114283}
	platformOctets = []byte{0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B}
)

// AppendBinary appends the answer to GetData of DataCard.
func (d CardData) AppendBinary(b []byte) ([]byte, error) {
	var w writer
	w.object(tagOID, appendArcs(platformOctets, 1))
	if d.Version != "" {
		arcs := []int{2}
		for s := range strings.SplitSeq(d.Version, ".") {
			n, err := strconv.ParseUint(s, 10, 16)
			if err != nil {
				return nil, fmt.Errorf("ram: card data: GlobalPlatform version %q: want numbers and dots", d.Version)
			}
			arcs = append(arcs, int(n))
		}
		w.oid(tagManagement, arcs...)
	}
	w.oid(tagIdentity, 3)
	for _, c := range d.Channels {
		if c.Protocol < 0 || c.Protocol > 0xFF || c.Option < 0 || c.Option > 0xFF {
			return nil, fmt.Errorf("ram: card data: secure channel %d option %d: want 0 to 255", c.Protocol, c.Option)
		}
		w.oid(tagChannel, 4, c.Protocol, c.Option)
	}
	for _, o := range d.Other {
		w.object(o.Tag, o.Value)
	}
	recognition := writer{err: w.err}
	recognition.object(tagRecognition, w.b)
	whole := writer{b: b, err: recognition.err}
	whole.object(tagCardData, recognition.b)
	return whole.b, whole.err
}

// oid writes an object that holds an identifier of GlobalPlatform.
func (w *writer) oid(tag uint32, arcs ...int) {
	var inner writer
	inner.object(tagOID, appendArcs(platformOctets, arcs...))
	w.object(tag, inner.b)
}

// appendArcs returns b and arcs of up to 21 bits, in groups of seven bits.
func appendArcs(b []byte, arcs ...int) []byte {
	b = slices.Clone(b)
	for _, a := range arcs {
		if a >= 1<<14 {
			b = append(b, 0x80|byte(a>>14))
		}
		if a >= 1<<7 {
			b = append(b, 0x80|byte(a>>7))
		}
		b = append(b, byte(a&0x7F))
	}
	return b
}

// parseOID reads an object identifier of arcs below 2^21 that begins with 1.
func parseOID(b []byte) ([]int, error) {
	if len(b) == 0 || b[0] < 40 || b[0] >= 80 {
		return nil, fmt.Errorf("ram: object identifier %X does not begin with 1", b)
	}
	oid := []int{1, int(b[0]) - 40}
	arc, n := 0, 0
	for _, o := range b[1:] {
		arc, n = arc<<7|int(o&0x7F), n+1
		if n > 3 || n == 1 && o == 0x80 {
			return nil, fmt.Errorf("ram: object identifier %X has an arc out of range", b)
		}
		if o&0x80 == 0 {
			oid, arc, n = append(oid, arc), 0, 0
		}
	}
	if n > 0 {
		return nil, fmt.Errorf("ram: object identifier %X is cut short", b)
	}
	return oid, nil
}

func join(arcs []int) string {
	words := make([]string, len(arcs))
	for i, a := range arcs {
		words[i] = strconv.Itoa(a)
	}
	return strings.Join(words, ".")
}
