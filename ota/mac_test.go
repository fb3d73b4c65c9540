package ota

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The message of RFC 4493, 4 and NIST SP 800-38B, appendix D; the examples take its beginnings.
const nistMessage = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" +
	"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"

func mac(k Key, head, tail []byte) []byte {
	sum := make([]byte, macSize)
	k.s().mac(sum, head, tail)
	return sum
}

func TestCRCsOfAKnownMessage(t *testing.T) {
	t.Parallel()
	msg := []byte{1, 2, 3, 4, 5}
	for cut := range msg {
		if got := crc16(msg[:cut], msg[cut:]); got != 0x22EC {
			t.Errorf("CRC-16 %04X, want 22EC", got)
		}
		if got := crc32Of(msg[:cut], msg[cut:]); got != 0x470B99F4 {
			t.Errorf("CRC-32 %08X, want 470B99F4", got)
		}
	}
}

func TestCMACMatchesPublishedExamples(t *testing.T) {
	t.Parallel()
	tests := []struct {
		alg  Algorithm
		key  string
		macs map[int]string // by message length
	}{
		{AES128, "2b7e151628aed2a6abf7158809cf4f3c", map[int]string{
			0:  "bb1d6929e95937287fa37d129b756746",
			16: "070a16b46b4d4144f79bdd9dd04a287c",
			40: "dfa66747de9ae63030ca32611497c827",
			64: "51f0bebf7e3b9d92fc49741779363cfe",
		}},
		{AES192, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b", map[int]string{
			0:  "d17ddf46adaacde531cac483de7a9367",
			16: "9e99a7bf31e710900662f65e617c5184",
			40: "8a1de5be2eb31aad089a82e6ee908b0e",
			64: "a1d5df0eed790f794d77589659f39a11",
		}},
		{AES256, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", map[int]string{
			0:  "028962f61b7bf89efc6b551f4667d983",
			16: "28a7023f452e8f82bd4bf28d8c37c35c",
			40: "aaf3d8f1de5640c232f5b169b9c911e6",
			64: "e1992190549f6ed5696a2c056c315410",
		}},
	}
	for _, tt := range tests {
		key := mustKey(t, tt.alg, unhex(t, tt.key))
		for n, want := range tt.macs {
			msg := unhex(t, nistMessage)[:n]
			for _, cut := range []int{0, n &^ 15} { // the head is whole blocks
				if got := hex.EncodeToString(mac(key, msg[:cut], msg[cut:])); got != want {
					t.Errorf("%s, %d octets, %d in the head: %s, want %s", tt.alg, n, cut, got, want)
				}
			}
		}
	}
}

// FIPS 81, appendix F: single DES as a message authentication code.
func TestCBCMACOfDESMatchesThePublishedExample(t *testing.T) {
	t.Parallel()
	key := mustKey(t, DES, unhex(t, "0123456789abcdef"))
	got := hex.EncodeToString(mac(key, []byte("7654321 "), []byte("Now is the time for "))[:8])
	if want := "f1d30f6849312ca4"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCBCMACRunsFull3DESAndFillsWithZeros(t *testing.T) {
	t.Parallel()
	key := mustKey(t, TripleDES2, unhex(t, "aa858a05b67bcc15d06c972c7c1bf663"))
	block := make([]byte, 8)
	copy(block, "12345")
	key.s().block.Encrypt(block, block)
	one := mac(key, nil, []byte("12345"))
	if got, want := hex.EncodeToString(one[:8]), hex.EncodeToString(block); got != want {
		t.Errorf("one short block: %s, want %s", got, want)
	}
	if filled := mac(key, nil, []byte("12345\x00\x00\x00")); !bytes.Equal(filled, one) {
		t.Error("zero fill changes the checksum")
	}
	for i := range block {
		block[i] ^= "abcdefgh"[i]
	}
	key.s().block.Encrypt(block, block)
	two := mac(key, []byte("12345\x00\x00\x00"), []byte("abcdefgh"))
	if got, want := hex.EncodeToString(two[:8]), hex.EncodeToString(block); got != want {
		t.Errorf("two blocks: %s, want %s", got, want)
	}
}
