package codec

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/sms"
)

// security is what the two ends of a secured packet share.
type security struct {
	spi            spi
	kic, kid       octet
	kicKey, kidKey octets
	ccLen          number
}

const fieldsOfSecurity = 6

func (s *security) fields() []field {
	return append(make([]field, 0, 2*fieldsOfSecurity), []field{
		{"spi", &s.spi, true, "security parameter indicator of the command, as 1639"},
		{"kic", &s.kic, true, "KIc octet: key set and algorithm of the cipher, as 15"},
		{"kid", &s.kid, true, "KID octet: key set and algorithm of the checksum, as 15"},
		{"kic_key", &s.kicKey, false, "ciphering key, or @FILE"},
		{"kid_key", &s.kidKey, false, "checksum key, or @FILE"},
		{"cc_len", &s.ccLen, false, "octets of a cryptographic checksum: 8, or 4 with AES [8]"},
	}...)
}

// keyset makes the key set for a packet that needs these keys and has this check. A key that is not needed is not
// looked at.
func (s *security) keyset(keys *keyring, kic, kid bool, check ota.Check) (ks ota.Keyset, err error) {
	if kic {
		ks.Version = byte(s.kic) >> 4
		if ks.KIc, err = keys.key(s.kic, s.kicKey); err != nil {
			return ks, fmt.Errorf("kic_key: %w", err)
		}
	} else {
		ks.Version = byte(s.kid) >> 4
	}
	if kid {
		if ks.KID, err = keys.key(s.kid, s.kidKey); err != nil {
			return ks, fmt.Errorf("kid_key: %w", err)
		}
	}
	switch check {
	case ota.CC:
		if ks.CCLength = s.ccLen.or(8); ks.CCLength == 0 {
			return ks, errors.New("cc_len: 0: a cryptographic checksum has 8 octets, or 4 with AES")
		}
	case ota.RC:
		ks.CRC = s.crcLength()
	}
	return ks, nil
}

// crcLength is what the KID octet says of a redundancy check. KID names an algorithm instead if the command has a
// cryptographic checksum and only its answer a redundancy check: then cc_len may say 2, else it is CRC-32.
func (s *security) crcLength() int {
	switch named := s.kid & 0x0F; {
	case named == 1, named != 5 && s.ccLen.n == 2:
		return 2
	}
	return 4
}

// keyring keeps keys ready for use: in a stream, most lines have those of the line before.
type keyring struct{ keys map[string]ota.Key }

// maxKeys is how many keys are kept.
const maxKeys = 256

// key makes the key of a KIc or KID octet; no octets are no key.
func (r *keyring) key(o octet, raw octets) (ota.Key, error) {
	if len(raw) == 0 {
		return ota.Key{}, nil
	}
	alg, err := ota.AlgorithmOf(byte(o), len(raw))
	if errors.Is(err, ota.ErrKeyset) {
		return ota.Key{}, fmt.Errorf("%w: DES (1, D) takes 8, 3DES 16 (5) or 24 (9), AES (2) 16, 24 or 32", err)
	}
	if err != nil {
		return ota.Key{}, err
	}
	name := string(append(raw, byte(alg)))
	if k, ok := r.keys[name]; ok {
		return k, nil
	}
	k, err := ota.NewKey(alg, raw)
	if err != nil {
		return ota.Key{}, err
	}
	if r.keys == nil || len(r.keys) == maxKeys {
		r.keys = make(map[string]ota.Key)
	}
	r.keys[name] = k
	return k, nil
}

// packetBuild makes a command packet.
type packetBuild struct {
	keys *keyring
	security
	tar       tar
	cntr      cntr
	data      octets
	ref       reference
	allowWeak bool
}

func (h Host) packetBuild() *cobra.Command {
	cmd := h.command(&packetBuild{keys: new(keyring)}, "build", "secure a command packet and split it into short messages",
		`simota packet build --spi 1639 --kic 15 --kid 15 --tar B00011 --cntr 10 --kic-key @kic.hex --kid-key @kid.hex --data 00A40004026F07
simota packet build --jsonl < requests.jsonl > packets.jsonl`)
	cmd.Long = `Secures data for a card as ETSI TS 102 225 says and splits the packet into the user
data of short messages (3GPP TS 31.115). KIc and KID go into the header as they
are given; with the length of the keys they name the algorithms.`
	return cmd
}

func (r *packetBuild) reset() { *r = packetBuild{keys: r.keys} }

func (r *packetBuild) fields() []field {
	return append(r.security.fields(),
		field{"tar", &r.tar, true, "application on the card, as B00011"},
		field{"cntr", &r.cntr, true, "counter, 1 to 10 hex digits"},
		field{"data", &r.data, true, "what the packet carries, a script for instance, or @FILE"},
		field{"concat_reference", &r.ref, false, "reference of the parts, one octet [last octet of the counter]"},
		field{"allow_weak", &r.allowWeak, false, "build it although it is unsafe"},
	)
}

func (r *packetBuild) run() (answer, error) {
	s := r.spi.SPI
	por := s.PoR() != ota.PoRNone
	kic := s.Ciphered() || por && s.PoRCiphered()
	kid := s.Check() == ota.CC || por && s.PoRCheck() == ota.CC
	if kic && kid && r.kic>>4 != r.kid>>4 && !r.allowWeak {
		return nil, fmt.Errorf("%w: kic %02x and kid %02x name different key sets, which a card answers with status 06", ota.ErrWeak, byte(r.kic), byte(r.kid))
	}
	switch {
	case kic && len(r.kicKey) == 0:
		return nil, errors.New("kic_key (--kic-key) is missing: with this SPI the packet or its answer is ciphered")
	case kid && len(r.kidKey) == 0:
		return nil, errors.New("kid_key (--kid-key) is missing: with this SPI the packet or its answer has a cryptographic checksum")
	}
	ks, err := r.keyset(r.keys, kic, kid, s.Check())
	if err != nil {
		return nil, err
	}
	if !r.ref.given {
		r.ref.n = uint16(r.cntr & 0xFF)
	}
	ref, err := r.ref.octet()
	if err != nil {
		return nil, err
	}
	c := ota.Command{SPI: s, KIc: byte(r.kic), KID: byte(r.kid), TAR: r.tar.TAR, Counter: uint64(r.cntr), Data: r.data}
	packet, err := c.Seal(ks, ota.Options{AllowWeak: r.allowWeak})
	if err != nil {
		return nil, weak(err)
	}
	parts, err := sms.SplitPacket(sms.CommandPacket, packet, ref)
	if err != nil {
		return nil, err
	}
	return &packetBuilt{Packet: packet, Parts: octetsOf(parts), command: c, keyset: ks}, nil
}

// weak adds the way out to an error that has one.
func weak(err error) error {
	if errors.Is(err, ota.ErrWeak) {
		return fmt.Errorf("%w; allow_weak (--allow-weak) builds it all the same", err)
	}
	return err
}

func octetsOf(parts [][]byte) []octets {
	out := make([]octets, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out
}

type packetBuilt struct {
	tagged
	Packet octets   `json:"packet"`
	Parts  []octets `json:"parts"`

	command ota.Command
	keyset  ota.Keyset
}

func (a *packetBuilt) text(w io.Writer) error {
	c := a.command
	command, proof, _ := strings.Cut(c.SPI.Describe(), "; ")
	rows := [][]string{
		{"SPI", c.SPI.String(), command},
		{"", "", proof},
		{"KIc", fmt.Sprintf("%02X", c.KIc), describeKey(a.keyset.KIc, "")},
		{"KID", fmt.Sprintf("%02X", c.KID), describeKey(a.keyset.KID, crcName(c.SPI.Check(), a.keyset.CRC))},
		{"TAR", c.TAR.String(), ""},
		{"CNTR", fmt.Sprintf("%010x", c.Counter), fmt.Sprint(c.Counter)},
		{"data", count(len(c.Data), "octet"), ""},
		{"packet", count(len(a.Packet), "octet"), count(len(a.Parts), "short message")},
	}
	if err := show.Table(w, rows); err != nil {
		return err
	}
	return writeLines(w, append([]octets{a.Packet}, a.Parts...), "packet", "user data")
}

func crcName(check ota.Check, length int) string {
	if check != ota.RC {
		return ""
	}
	return fmt.Sprintf("CRC-%d", 8*length)
}

// describeKey says which key is used, never the key.
func describeKey(k ota.Key, without string) string {
	switch {
	case k.Algorithm() == 0 && without == "":
		return "not used"
	case k.Algorithm() == 0:
		return without
	case without != "":
		return fmt.Sprintf("%s; for the answer %s, check value %s", without, k.Algorithm(), k.CheckValue())
	}
	return fmt.Sprintf("%s, check value %s", k.Algorithm(), k.CheckValue())
}

// count writes a number of things, "1 octet", "18 octets".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// writeLines writes octets to be copied, each under its name, whole on a line.
func writeLines(w io.Writer, all []octets, first, others string) error {
	for i, o := range all {
		name := first
		if i > 0 {
			name = fmt.Sprintf("%s %d of %d", others, i, len(all)-1)
		}
		if _, err := fmt.Fprintf(w, "\n%s\n%s\n", name, o); err != nil {
			return err
		}
	}
	return nil
}

// packetParse reads a response packet.
type packetParse struct {
	keys *keyring
	security
	tar    tar
	packet octets
	parts  list
}

func (h Host) packetParse() *cobra.Command {
	cmd := h.command(&packetParse{keys: new(keyring)}, "parse", "open a response packet, the card's proof of receipt",
		`simota packet parse --spi 1609 --kic 12 --kid 12 --kid-key @kid.hex 027100001F12B00011...
simota packet parse --spi 1609 --kic 12 --kid 12 --kid-key @kid.hex --packet 001F12B00011...
simota packet parse --jsonl < proofs.jsonl`)
	cmd.Long = `Opens the answer to a command packet: the user data of the short messages that
brought it, in any order, or --packet from RPL on. SPI, KIc, KID and the keys are
those of the command. An error that a card reports in clear is an answer, but not
authenticated: anybody can send that.`
	return cmd
}

func (r *packetParse) reset() { *r = packetParse{keys: r.keys} }

func (r *packetParse) fields() []field {
	return append(r.security.fields(),
		field{"tar", &r.tar, false, "application that must have answered [any]"},
		field{"packet", &r.packet, false, "the packet, from RPL on"},
		field{"parts", &r.parts, false, "USER-DATA"},
	)
}

func (r *packetParse) run() (answer, error) {
	packet, err := r.joined()
	if err != nil {
		return nil, err
	}
	s := r.spi.SPI
	ks, err := r.keyset(r.keys, s.PoRCiphered(), s.PoRCheck() == ota.CC, s.PoRCheck())
	if err != nil {
		return nil, err
	}
	p, err := ota.OpenResponse(packet, s, ks, ota.Options{AllowWeak: true}) // reading harms nobody
	if err != nil {
		return nil, err
	}
	if r.tar.given && p.TAR != r.tar.TAR {
		return nil, fmt.Errorf("the answer is from TAR %s, not from %s", p.TAR, r.tar.TAR)
	}
	return &packetParsed{
		Status: byte(p.Status), Cntr: cntr(p.Counter), Data: p.Data, Authenticated: p.Authenticated, response: p,
	}, nil
}

// joined is the packet, from whichever field has it.
func (r *packetParse) joined() ([]byte, error) {
	switch {
	case r.packet != nil && r.parts != nil:
		return nil, errors.New("packet and parts are both there: give one")
	case r.packet != nil:
		return r.packet, nil
	case r.parts == nil:
		return nil, errors.New("packet and parts are both missing: give one")
	}
	packet, element, err := join(r.parts)
	switch {
	case err != nil:
		return nil, err
	case element == sms.CommandPacket:
		return nil, errors.New("parts: element 70 in the header: this is a command packet, not an answer")
	case element != sms.ResponsePacket:
		return nil, errors.New("parts: no element 71 in the header: this is no answer of a card")
	}
	return packet, nil
}

type packetParsed struct {
	tagged
	Status        byte   `json:"status"`
	Cntr          cntr   `json:"cntr"`
	Data          octets `json:"data"`
	Authenticated bool   `json:"authenticated"`

	response ota.Response
}

func (a *packetParsed) text(w io.Writer) error {
	p := a.response
	authenticated, why := "no", "anybody can send this"
	if p.Authenticated {
		authenticated, why = "yes", "the checksum proves the key"
	}
	rows := [][]string{
		{"status", fmt.Sprintf("%02X", byte(p.Status)), p.Status.String()},
		{"authenticated", authenticated, why},
		{"TAR", p.TAR.String(), ""},
		{"CNTR", fmt.Sprintf("%010x", p.Counter), fmt.Sprint(p.Counter)},
		{"data", count(len(p.Data), "octet"), ""},
	}
	if err := show.Table(w, rows); err != nil || len(p.Data) == 0 {
		return err
	}
	return writeLines(w, []octets{a.Data}, "data", "")
}
