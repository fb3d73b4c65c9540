package ota

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSPIFields(t *testing.T) {
	t.Parallel()
	type fields struct {
		check    Check
		ciphered bool
		counter  CounterMode
		por      PoRMode
		porCheck Check
		porCiph  bool
		submit   bool
		replay   bool
	}
	tests := map[string]fields{
		"0000": {},
		"1639": {CC, true, CounterHigher, PoRAlways, CC, true, true, true},
		"1221": {CC, false, CounterHigher, PoRAlways, NoCheck, false, true, true},
		"1E1A": {CC, true, CounterExact, PoROnError, CC, true, false, true},
		"0905": {RC, false, CounterUnchecked, PoRAlways, RC, false, false, false},
		"070D": {DS, true, CounterNone, PoRAlways, DS, false, false, false},
	}
	for text, want := range tests {
		s, err := ParseSPI(strings.ToLower(text))
		if err != nil || s.String() != text {
			t.Errorf("%s: %s, %v", text, s, err)
		}
		got := fields{s.Check(), s.Ciphered(), s.CounterMode(), s.PoR(), s.PoRCheck(), s.PoRCiphered(), s.PoRBySubmit(), s.ReplayDetected()}
		if got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}

func TestSPICoversMinimumSecurityLevel(t *testing.T) {
	t.Parallel()
	tests := []struct {
		spi1, msl byte
		want      bool
	}{
		{0x16, 0x16, true},
		{0x16, 0x00, true},
		{0x16, 0x12, true},
		{0x16, 0x0D, true}, // RC, ciphered, counter unchecked
		{0x1E, 0x16, true},
		{0x12, 0x16, false}, // not ciphered
		{0x15, 0x16, false}, // RC for CC
		{0x16, 0x1E, false}, // higher for exact
		{0x0E, 0x16, false}, // unchecked for higher
		{0x00, 0x02, false},
		{0x1F, 0x3F, false}, // reserved bit
	}
	for _, tt := range tests {
		if got := (SPI{tt.spi1, 0x39}).Covers(tt.msl); got != tt.want {
			t.Errorf("%02X covers %02X: %v", tt.spi1, tt.msl, got)
		}
	}
}

func TestSPIDescribesItselfInPlainWords(t *testing.T) {
	t.Parallel()
	tests := map[SPI]string{
		{0x16, 0x39}: "command: cryptographic checksum (CC), ciphered, counter must be higher; answer: proof of receipt always, cryptographic checksum (CC), ciphered, by SMS-SUBMIT",
		{0x12, 0x01}: "command: cryptographic checksum (CC), not ciphered, counter must be higher; answer: proof of receipt always, no integrity check, not ciphered, in the SMS-DELIVER-REPORT",
		{0x80, 0x00}: "command: no integrity check, not ciphered, no counter; answer: no proof of receipt; reserved bits are set",
	}
	for spi, want := range tests {
		if got := spi.Describe(); got != want {
			t.Errorf("%s: %s\nwant %s", spi, got, want)
		}
	}
	if got := Check(9).String(); got != "reserved value 9" {
		t.Errorf("an unknown check is %q", got)
	}
}

func TestSPIAndTARTravelAsText(t *testing.T) {
	t.Parallel()
	type pair struct {
		SPI SPI
		TAR TAR
	}
	want := pair{SPI{0x16, 0x39}, TAR{0xB0, 0x00, 0x11}}
	b, err := json.Marshal(want)
	if err != nil || string(b) != `{"SPI":"1639","TAR":"B00011"}` {
		t.Fatalf("%s, %v", b, err)
	}
	var got pair
	if err := json.Unmarshal(b, &got); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{`{"SPI":"163"}`, `{"SPI":"16390"}`, `{"SPI":"16zz"}`, `{"TAR":"B0001"}`, `{"TAR":"B0001G"}`, `{"TAR":""}`} {
		keep := want
		if err := json.Unmarshal([]byte(bad), &keep); err == nil || keep != want {
			t.Errorf("%s: %+v, %v; want an error and nothing changed", bad, keep, err)
		}
	}
}

func TestStatusWords(t *testing.T) {
	t.Parallel()
	tests := map[Status]struct {
		text     string
		reserved bool
	}{
		StatusOK:             {"ok", false},
		StatusCounterLow:     {"counter too low", false},
		StatusTARUnknown:     {"unknown TAR", false},
		StatusResponseByUSSD: {"the actual response follows by USSD", false},
		0x0D:                 {"reserved status 0D", true},
		0xBF:                 {"reserved status BF", true},
		0xC0:                 {"proprietary status C0", false},
		0xFE:                 {"proprietary status FE", false},
		0xFF:                 {"reserved status FF", true},
	}
	for s, want := range tests {
		if s.String() != want.text || s.Reserved() != want.reserved {
			t.Errorf("%02X: %q, reserved %v; want %q, %v", byte(s), s, s.Reserved(), want.text, want.reserved)
		}
	}
}
