package uicc

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"maps"
	"slices"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/tlv"
)

const (
	tagKeyID       = 0xD0
	tagKeyVersion  = 0xD2
	keyTypeDES     = 0x80
	keyTypeAES     = 0x88
	checkValueSize = 3
	maxKVN         = 0x0F // the key versions of SCP80
)

// The keys of a set, by identifier.
const (
	keyKIc = 1
	keyKID = 2
	keyKIK = 3
)

// newKey is one key out of PUT KEY, deciphered and checked.
type newKey struct {
	id    byte
	key   ota.Key
	raw   []byte
	check []byte
}

// putKey is PUT KEY (GlobalPlatform 2.3, 11.8; ETSI TS 102 226, 8.2.1.5) for the key sets that secure packets: a new
// one (P1 00), or in place of one. Keys are enciphered with the KIK of the set that secures the packet. The counter of
// a new KIc or KID begins at 0. The answer is the key version and the check values.
func (s domainSession) putKey(c apdu) ([]byte, sat.Status) {
	id := c.p2 & 0x7F
	if id < keyKIc || id > keyKIK {
		return nil, swParameters
	}
	if len(c.data) < 1 {
		return nil, swLength
	}
	kvn := c.data[0]
	_, exists := s.domain.realm.keyset(kvn)
	_, replaced := s.domain.realm.keyset(c.p1)
	switch {
	case kvn < 1 || kvn > maxKVN:
		return nil, swWrongData
	case c.p1 != 0 && !replaced:
		return nil, swNoReference
	case exists && c.p1 != kvn:
		return nil, swConditions
	}
	kik := s.domain.realm.kiks[s.kvn]
	if kik == nil {
		return nil, swConditions
	}
	set, _ := s.domain.realm.keyset(s.kvn)
	keys, sw := s.newKeys(c.data[1:], id, c.p2&0x80 != 0, kik, set.KIc.Algorithm().BlockSize() == aes.BlockSize)
	if sw != swOK {
		return nil, sw
	}
	s.domain.realm.put(c.p1, kvn, keys)
	answer := []byte{kvn}
	for _, k := range keys {
		answer = append(answer, k.check...)
	}
	return answer, swOK
}

// put stores keys in place of a key version, or as a new one if old is 0. What replaces a key set, or the keys that
// secure packets, counts from 0 again; a KIK alone does not.
func (r *realm) put(old, kvn byte, keys []newKey) {
	set, _ := r.keyset(old)
	kik, counters := r.kiks[old], maps.Clone(r.counters)
	set.Version = kvn
	secures := false
	for _, k := range keys {
		switch k.id {
		case keyKIc:
			set.KIc, secures = k.key, true
		case keyKID:
			set.KID, secures = k.key, true
		case keyKIK:
			kik = k.raw
		}
	}
	r.forget(old)
	r.keys = append(r.keys, set)
	if kik != nil {
		if r.kiks == nil {
			r.kiks = map[byte]Secret{}
		}
		r.kiks[kvn] = kik
	}
	for id, n := range counters {
		if old == kvn && id.kvn == kvn && !secures {
			r.counters[id] = n
		}
	}
}

// newKeys reads type, length, value, length of the check value and that, for one key or for as many as come.
func (s domainSession) newKeys(b []byte, id byte, several bool, kik Secret, withAES bool) ([]newKey, sat.Status) {
	var keys []newKey
	for ; len(b) > 0; id++ {
		if id > keyKIK || !several && len(keys) == 1 || len(b) < 2 {
			return nil, swWrongData
		}
		kind, n := b[0], int(b[1])
		if b = b[2:]; len(b) < n+1 || len(b) < n+1+int(b[n]) {
			return nil, swWrongData
		}
		value, check := b[:n], b[n+1:n+1+int(b[n])]
		b = b[n+1+int(b[n]):]
		k, sw := s.newKey(kind, value, kik, withAES)
		switch {
		case sw != swOK:
			return nil, sw
		case len(check) > 0 && !bytes.Equal(check, k.check):
			return nil, swCheckValue
		}
		k.id = id
		keys = append(keys, k)
	}
	if keys == nil {
		return nil, swWrongData
	}
	return keys, swOK
}

func (s domainSession) newKey(kind byte, value []byte, kik Secret, withAES bool) (newKey, sat.Status) {
	size := len(value)
	if kind == keyTypeAES {
		long := size%aes.BlockSize == 1
		if long && s.profile.PutKey == PutKeyPlain || !long && s.profile.PutKey == PutKeyLength {
			return newKey{}, swWrongData
		}
		if long {
			size, value = int(value[0]), value[1:]
		}
	}
	raw, ok := decipher(kik, withAES, value)
	if !ok || size > len(raw) || len(raw)-size >= aes.BlockSize {
		return newKey{}, swWrongData
	}
	raw = raw[:size]
	alg, ok := keyAlgorithm(kind, size)
	if !ok {
		return newKey{}, swNoAlgorithm
	}
	key, err := ota.NewKey(alg, raw)
	if err != nil {
		return newKey{}, swNoAlgorithm
	}
	return newKey{key: key, raw: raw, check: checkValue(alg, raw)}, swOK
}

func keyAlgorithm(kind byte, size int) (ota.Algorithm, bool) {
	of := map[byte]map[int]ota.Algorithm{
		keyTypeDES: {16: ota.TripleDES2, 24: ota.TripleDES3},
		keyTypeAES: {16: ota.AES128, 24: ota.AES192, 32: ota.AES256},
	}
	alg, ok := of[kind][size]
	return alg, ok
}

// block makes a cipher; a 3DES key of 16 octets is K1 K2 K1.
func block(raw []byte, withAES bool) (cipher.Block, error) {
	if withAES {
		return aes.NewCipher(raw)
	}
	if len(raw) == 16 {
		raw = slices.Concat(raw, raw[:8])
	}
	return des.NewTripleDESCipher(raw)
}

// decipher opens a key: 3DES in ECB mode, AES in CBC mode with a zero IV.
func decipher(kik Secret, withAES bool, value []byte) ([]byte, bool) {
	b, err := block(kik, withAES)
	if err != nil || len(value) == 0 || len(value)%b.BlockSize() != 0 {
		return nil, false
	}
	raw := make([]byte, len(value))
	if withAES {
		cipher.NewCBCDecrypter(b, make([]byte, b.BlockSize())).CryptBlocks(raw, value)
		return raw, true
	}
	for i := 0; i < len(value); i += b.BlockSize() {
		b.Decrypt(raw[i:], value[i:])
	}
	return raw, true
}

// checkValue is the first three octets of a block enciphered: of 00 for 3DES, of 01 for AES.
func checkValue(alg ota.Algorithm, raw []byte) []byte {
	withAES := alg.BlockSize() == aes.BlockSize
	b, err := block(raw, withAES)
	if err != nil {
		return nil
	}
	sample := make([]byte, b.BlockSize())
	if withAES {
		sample = bytes.Repeat([]byte{0x01}, aes.BlockSize)
	}
	b.Encrypt(sample, sample)
	return sample[:checkValueSize]
}

// keyInformation is the content of the key information template (GlobalPlatform 2.3, 11.3.3.1): identifier, version,
// type and length of every key.
func (d *domain) keyInformation() []byte {
	var b []byte
	for _, ks := range d.realm.keys {
		for i, k := range []ota.Key{ks.KIc, ks.KID} {
			if a := k.Algorithm(); a != 0 {
				b = object(b, 0xC0, byte(i+1), ks.Version, keyType(a.BlockSize()), byte(a.KeyLength()))
			}
		}
		if kik := d.realm.kiks[ks.Version]; kik != nil {
			b = object(b, 0xC0, keyKIK, ks.Version, keyType(ks.KIc.Algorithm().BlockSize()), byte(len(kik)))
		}
	}
	return b
}

func keyType(blockSize int) byte {
	if blockSize == aes.BlockSize {
		return keyTypeAES
	}
	return keyTypeDES
}

// deleteKeys is DELETE of a key version (D2), or of one key of it (D0 and D2). The last key set stays.
func (s domainSession) deleteKeys(c apdu) sat.Status {
	objects, err := tlv.ParseBER(c.data)
	if err != nil || c.p2 != 0 {
		return swWrongData
	}
	var id, kvn byte
	for _, o := range objects {
		switch {
		case len(o.Value) != 1:
			return swWrongData
		case o.Tag == tagKeyID && id == 0:
			id = o.Value[0]
		case o.Tag == tagKeyVersion && kvn == 0:
			kvn = o.Value[0]
		default:
			return swWrongData
		}
	}
	r := s.domain.realm
	at := slices.IndexFunc(r.keys, func(ks ota.Keyset) bool { return ks.Version == kvn })
	switch {
	case kvn == 0:
		return swWrongData
	case at < 0:
		return swNoReference
	case len(r.keys) == 1:
		return swConditions
	}
	switch id {
	case 0:
		r.forget(kvn)
	case keyKIc:
		r.keys[at].KIc = ota.Key{}
	case keyKID:
		r.keys[at].KID = ota.Key{}
	case keyKIK:
		delete(r.kiks, kvn)
	default:
		return swNoReference
	}
	return swOK
}
