package ota

import "fmt"

// SPI is the security parameter indicator: octet 1 says how the command is secured, octet 2 which proof of receipt
// (PoR) is wanted and how that is secured (ETSI TS 102 225, 5.1.1). The usual one is 1639.
type SPI [2]byte

// Check is the integrity protection of a packet; a larger value is a stronger one.
type Check byte

// Integrity protections.
const (
	NoCheck Check = iota // none
	RC                   // redundancy check, a CRC: anybody can compute it
	CC                   // cryptographic checksum, with the KID key
	DS                   // digital signature
)

// String returns plain words.
func (c Check) String() string {
	return word(byte(c), "no integrity check", "redundancy check (RC)", "cryptographic checksum (CC)", "digital signature (DS)")
}

// CounterMode says what the card does with the counter of a command; a larger value is a stricter one.
type CounterMode byte

// Counter modes.
const (
	CounterNone      CounterMode = iota // the field is there and ignored
	CounterUnchecked                    // available, not checked
	CounterHigher                       // the command runs if its counter is higher than the stored one
	CounterExact                        // the command runs if its counter is exactly one higher
)

// String returns plain words.
func (m CounterMode) String() string {
	return word(byte(m), "no counter", "counter not checked", "counter must be higher", "counter must be exactly one higher")
}

// PoRMode says when the card sends a proof of receipt.
type PoRMode byte

// PoR modes; 3 is reserved.
const (
	PoRNone    PoRMode = iota // never
	PoRAlways                 // for every command
	PoROnError                // only if the command failed
)

// String returns plain words.
func (m PoRMode) String() string {
	return word(byte(m), "no proof of receipt", "proof of receipt always", "proof of receipt on error", "proof of receipt reserved")
}

func word(v byte, words ...string) string {
	if int(v) < len(words) {
		return words[v]
	}
	return fmt.Sprintf("reserved value %d", v)
}

// ParseSPI reads four hexadecimal digits of either case.
func ParseSPI(s string) (SPI, error) {
	var v SPI
	if err := parseHex(v[:], "SPI", s); err != nil {
		return SPI{}, err
	}
	return v, nil
}

// String returns four upper-case hexadecimal digits: "1639".
func (s SPI) String() string { return upperHex(s[:]) }

// MarshalText returns the form of String.
func (s SPI) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what ParseSPI reads.
func (s *SPI) UnmarshalText(text []byte) error {
	v, err := ParseSPI(string(text))
	if err == nil {
		*s = v
	}
	return err
}

// Check is the integrity protection of the command.
func (s SPI) Check() Check { return Check(s[0] & 0x03) }

// Ciphered reports whether the command is ciphered.
func (s SPI) Ciphered() bool { return s[0]&0x04 != 0 }

// CounterMode is what the card does with the command's counter.
func (s SPI) CounterMode() CounterMode { return CounterMode(s[0] >> 3 & 0x03) }

// PoR says when the card answers.
func (s SPI) PoR() PoRMode { return PoRMode(s[1] & 0x03) }

// PoRCheck is the integrity protection of the answer.
func (s SPI) PoRCheck() Check { return Check(s[1] >> 2 & 0x03) }

// PoRCiphered reports whether the answer is ciphered.
func (s SPI) PoRCiphered() bool { return s[1]&0x10 != 0 }

// PoRBySubmit reports whether the answer comes as an SMS of the card's own (SMS-SUBMIT). Otherwise it rides in the
// SMS-DELIVER-REPORT, which most SMSCs do not hand on.
func (s SPI) PoRBySubmit() bool { return s[1]&0x20 != 0 }

// ReplayDetected reports whether the card refuses a counter it has seen: modes CounterHigher and CounterExact.
func (s SPI) ReplayDetected() bool { return s.CounterMode() >= CounterHigher }

// Covers reports whether a command with this SPI meets a minimum security level, which is written as a first SPI
// octet: integrity and counter mode at least as strong, ciphered if that asks for it. A level with reserved bits is
// met by nothing.
func (s SPI) Covers(msl byte) bool {
	want := SPI{msl}
	return msl&0xE0 == 0 && s.Check() >= want.Check() && s.CounterMode() >= want.CounterMode() &&
		(s.Ciphered() || !want.Ciphered())
}

// Describe says in plain words what the SPI asks for.
func (s SPI) Describe() string {
	text := fmt.Sprintf("command: %s, %s, %s; answer: %s", s.Check(), ciphered(s.Ciphered()), s.CounterMode(), s.PoR())
	if s.PoR() != PoRNone {
		way := "in the SMS-DELIVER-REPORT"
		if s.PoRBySubmit() {
			way = "by SMS-SUBMIT"
		}
		text += fmt.Sprintf(", %s, %s, %s", s.PoRCheck(), ciphered(s.PoRCiphered()), way)
	}
	if s.reserved() {
		text += "; reserved bits are set"
	}
	return text
}

func ciphered(yes bool) string {
	if yes {
		return "ciphered"
	}
	return "not ciphered"
}

func (s SPI) reserved() bool { return s[0]&0xE0 != 0 || s[1]&0xC0 != 0 || s.PoR() > PoROnError }

// supported refuses reserved bits, and what the command itself needs and this package cannot do.
func (s SPI) supported() error {
	if s.reserved() {
		return fmt.Errorf("%w: SPI %s sets reserved bits", ErrUnsupported, s)
	}
	return s.supports("command", s.Check())
}

func (s SPI) porSupported() error { return s.supports("response", s.PoRCheck()) }

func (s SPI) supports(packet string, c Check) error {
	if c != DS {
		return nil
	}
	return fmt.Errorf("%w: SPI %s asks for a %s with %s; use CC", ErrUnsupported, s, packet, c)
}

// needs says which keys a command and the answer it asks for take.
func (s SPI) needs() (kic, kid bool) {
	por := s.PoR() != PoRNone
	return s.Ciphered() || por && s.PoRCiphered(), s.Check() == CC || por && s.PoRCheck() == CC
}
