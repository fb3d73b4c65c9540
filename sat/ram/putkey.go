package ram

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/simota/simota/sat"
)

// severalKeys marks, in P2 of PUT KEY, that more than one key follows.
const severalKeys = 0x80

// KeyFormat are the ways in which cards differ about PUT KEY; a card type says
// which one it wants. The zero value fits most.
type KeyFormat struct {
	// AESLength writes the length of an AES key before its octets even if they
	// fill whole blocks (table 11-70); some cards demand it, some refuse it. A
	// key that needs padding always has its length.
	AESLength bool
	// ZeroCheckValue makes check values of AES keys over 00 in place of 01.
	ZeroCheckValue bool
	// NoCheckValue leaves check values out: the card cannot see a wrong key.
	NoCheckValue bool
}

// PutKey adds or replaces keys (GlobalPlatform Card Specification, 11.8). The
// keys go enciphered: 3DES in ECB mode or AES in CBC mode with a zero IV.
//
// The keys of an SCP80 set are KIc, KID and KIK, with identifiers 1, 2 and 3.
// A wrong set loses the card if it was the only one: add a set beside it and
// prove that it works before the old one goes.
type PutKey struct {
	Version  byte  // key version number of the new keys, 1 to 127; SCP80 has 1 to 15
	Replaces byte  // version to replace; 0 adds the keys
	FirstID  byte  // key identifier of the first key, 1 to 127
	Keys     []Key // with identifiers that follow each other
	Format   KeyFormat
	KIK      Key // third key of the key set that secures the packet
}

func (p PutKey) check() error {
	switch {
	case p.KIK.Type() == 0:
		return errNoKIK
	case p.Version < 1 || p.Version > 0x7F || p.Replaces > 0x7F:
		return fmt.Errorf("ram: PUT KEY of version %d for %d: want 1 to 127, and 0 to add", p.Version, p.Replaces)
	case len(p.Keys) == 0:
		return errors.New("ram: PUT KEY has no keys")
	case p.FirstID < 1 || int(p.FirstID)+len(p.Keys)-1 > 0x7F:
		return fmt.Errorf("ram: PUT KEY of %d keys from identifier %d: want 1 to 127", len(p.Keys), p.FirstID)
	}
	for i, k := range p.Keys {
		if k.Type() == 0 {
			return fmt.Errorf("ram: PUT KEY: key %d is none", i+1)
		}
	}
	return nil
}

// Command returns PUT KEY. CheckAnswer checks what comes back.
func (p PutKey) Command() (sat.Command, error) {
	if err := p.check(); err != nil {
		return sat.Command{}, err
	}
	data := []byte{p.Version}
	for _, k := range p.Keys {
		data = append(data, byte(k.Type()))
		data = appendLV(data, p.block(k))
		if p.Format.NoCheckValue {
			data = append(data, 0)
		} else {
			data = appendLV(data, k.CheckValue(p.Format.ZeroCheckValue))
		}
	}
	p2 := p.FirstID
	if len(p.Keys) > 1 {
		p2 |= severalKeys
	}
	return command("PUT KEY", insPutKey, p.Replaces, p2, data, allData)
}

// block is the enciphered key, behind its length if that is wanted or needed.
func (p PutKey) block(k Key) []byte {
	raw := k.Reveal()
	var b []byte
	if p.Format.AESLength && k.Type() == AES || !p.KIK.whole(k) {
		b = append(b, byte(len(raw)))
	}
	enciphered := make([]byte, p.KIK.padded(len(raw)))
	copy(enciphered, raw)
	clear(raw)
	p.KIK.encipher(enciphered)
	return append(b, enciphered...)
}

// ParsePutKey reads PUT KEY as a card does that knows the KIK. A check value
// that does not match gives ErrCheckValue.
func ParsePutKey(c sat.Command, kik Key) (PutKey, error) {
	if err := expect("PUT KEY", c, insPutKey); err != nil {
		return PutKey{}, err
	}
	if kik.Type() == 0 {
		return PutKey{}, errNoKIK
	}
	r := reader{what: "PUT KEY", b: c.Data}
	p := PutKey{Version: r.octet("key version"), Replaces: c.P1, FirstID: c.P2 &^ severalKeys, KIK: kik}
	for n := 0; len(r.b) > 0 && r.err == nil; n++ {
		t := KeyType(r.octet("key type"))
		block, check := r.lv("key"), r.lv("check value")
		if r.err != nil {
			break
		}
		k, sized, err := kik.open(t, block)
		if err != nil {
			return PutKey{}, fmt.Errorf("ram: PUT KEY: key %d: %w", n+1, err)
		}
		p.Keys = append(p.Keys, k)
		p.Format.AESLength = p.Format.AESLength || sized && t == AES && kik.whole(k)
		if err := p.takeCheckValue(n, check); err != nil {
			return PutKey{}, err
		}
	}
	if err := r.end(); err != nil {
		return PutKey{}, err
	}
	if several := c.P2&severalKeys != 0; several != (len(p.Keys) > 1) {
		return PutKey{}, fmt.Errorf("ram: PUT KEY has P2 %02X and %d keys: 80 marks several", c.P2, len(p.Keys))
	}
	return p, p.check()
}

// open deciphers a key that came as block, and tells whether its length was
// there. Both forms are told apart by the length of the block.
func (k Key) open(t KeyType, block []byte) (key Key, sized bool, err error) {
	n := len(block)
	if n > 0 && n == 1+k.padded(int(block[0])) && t.fits(int(block[0])) {
		n, sized, block = int(block[0]), true, block[1:]
	}
	if !t.fits(n) || len(block) != k.padded(n) {
		return Key{}, false, fmt.Errorf("%s key in %d octets fits no format", t, len(block))
	}
	raw := octets(block)
	k.decipher(raw)
	key, err = NewKey(t, raw[:n])
	clear(raw)
	return key, sized, err
}

// takeCheckValue compares the check value of key n, the last one read.
func (p *PutKey) takeCheckValue(n int, check []byte) error {
	k := p.Keys[n]
	if n > 0 && p.Format.NoCheckValue != (len(check) == 0) {
		return fmt.Errorf("ram: PUT KEY: key %d differs from the others in having a check value", n+1)
	}
	switch {
	case len(check) == 0:
		p.Format.NoCheckValue = true
	case len(check) != checkValueLength:
		return fmt.Errorf("ram: PUT KEY: check value of key %d has %d octets, want %d", n+1, len(check), checkValueLength)
	case bytes.Equal(check, k.CheckValue(false)):
	case k.Type() == AES && bytes.Equal(check, k.CheckValue(true)):
		p.Format.ZeroCheckValue = true
	default:
		return fmt.Errorf("ram: PUT KEY: key %d with check value %X: %w", n+1, check, ErrCheckValue)
	}
	return nil
}

// PutKeyAnswer is what a card answers to PUT KEY: what it stored.
type PutKeyAnswer struct {
	Version     byte
	CheckValues [][]byte // three octets each
}

// ParsePutKeyAnswer reads the data of the answer.
func ParsePutKeyAnswer(b []byte) (PutKeyAnswer, error) {
	if len(b) == 0 || (len(b)-1)%checkValueLength != 0 {
		return PutKeyAnswer{}, fmt.Errorf("ram: PUT KEY answer %X has %d octets, want a version and check values of %d", b, len(b), checkValueLength)
	}
	a := PutKeyAnswer{Version: b[0]}
	for b = b[1:]; len(b) > 0; b = b[checkValueLength:] {
		a.CheckValues = append(a.CheckValues, octets(b[:checkValueLength]))
	}
	return a, nil
}

// AppendBinary appends the data of the answer.
func (a PutKeyAnswer) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, a.Version)
	for _, v := range a.CheckValues {
		if len(v) != checkValueLength {
			return nil, fmt.Errorf("ram: PUT KEY answer: check value %X has %d octets, want %d", v, len(v), checkValueLength)
		}
		b = append(b, v...)
	}
	return b, nil
}

// Answer is what a card answers that stored the keys.
func (p PutKey) Answer() PutKeyAnswer {
	a := PutKeyAnswer{Version: p.Version}
	for _, k := range p.Keys {
		a.CheckValues = append(a.CheckValues, k.CheckValue(p.Format.ZeroCheckValue))
	}
	return a
}

// CheckAnswer compares the data that a card answered with the keys it was
// sent. ErrCheckValue says that it stored something else.
func (p PutKey) CheckAnswer(data []byte) error {
	got, err := ParsePutKeyAnswer(data)
	if err != nil {
		return err
	}
	if got.Version != p.Version {
		return fmt.Errorf("ram: PUT KEY answer is about version %02X, not %02X", got.Version, p.Version)
	}
	if len(got.CheckValues) != len(p.Keys) {
		return fmt.Errorf("ram: PUT KEY answer has %d check values for %d keys", len(got.CheckValues), len(p.Keys))
	}
	for i, want := range p.Answer().CheckValues {
		if !bytes.Equal(got.CheckValues[i], want) {
			return fmt.Errorf("ram: PUT KEY answer: key %d has check value %X, not %X: %w", int(p.FirstID)+i, got.CheckValues[i], want, ErrCheckValue)
		}
	}
	return nil
}
