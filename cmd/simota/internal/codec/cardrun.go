package codec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/sat"
)

// cardRun is a virtual card, as its flags describe it.
type cardRun struct {
	personality, algorithm, iccid, imsi, msisdn, smsc word
	sender                                            telephone

	kicKey, kidKey    octets
	version, ccLength number
	cntr              cntr
}

// Identity of a card of which nothing is said: that of a test network.
const (
	defaultPersonality = "sja2-3des"
	defaultICCID       = "8988211000000000018"
	defaultIMSI        = "001010000000001"
	defaultSender      = "+10000000000"
)

func (h Host) cardRun() *cobra.Command {
	r := &cardRun{
		personality: defaultPersonality, iccid: defaultICCID, imsi: defaultIMSI, sender: defaultSender,
		version: number{n: 1}, ccLength: number{n: 8},
	}
	cmd := &cobra.Command{
		Use: "run [USER-DATA...]", Short: "give short messages to a virtual card and show what it does",
		Example: indent(`simota card run --kic-key @kic.hex --kid-key @kid.hex 027000003E15163915...
simota card run --personality sja5-aes --kic-key @kic.hex --kid-key @kid.hex < messages.hex
simota card run --personality ./my-card.yaml --kic-key @kic.hex --kid-key @kid.hex --json 027000...`),
		Long: fmt.Sprintf(`Makes a virtual card, gives it the user data of short messages, in order, and shows
what it does with each: proof of receipt, proactive commands, changed files. User
data come as arguments, or without arguments one per line on standard input. The
card lives as long as the command.

An eUICC has two profiles, 0010 (enabled, of the flags' identity) and 0011, with one
key set for both and for the ISD-R. Its terminal obeys REFRESH at once and attaches.

Personalities: %s; or a file that describes another.`, strings.Join(uicc.Personalities(), ", ")),
	}
	texts, _ := addFlags(cmd, r.fields())
	lines := cmd.Flags().Bool("jsonl", false, linesUsage)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *lines && len(args) > 0 {
			return h.Usage(cmd, "%q is one argument too many", args[0])
		}
		if err := h.fill(cmd, r.fields(), texts, nil); err != nil {
			return err
		}
		messages := list{}
		if err := h.fillList(cmd, field{name: "messages"}, &messages, args); err != nil {
			return err
		}
		b, err := h.insert(r)
		switch {
		case err != nil:
			return err
		case *lines:
			return h.stream(cmd.Context(), &cardMessage{bench: b})
		}
		return h.feed(cmd.Context(), b, messages)
	}
	return cmd
}

func (r *cardRun) fields() []field {
	return []field{
		{"personality", &r.personality, false, "kind of card, or a file that describes it [" + defaultPersonality + "]"},
		{"kic_key", &r.kicKey, true, "ciphering key, or @FILE"},
		{"kid_key", &r.kidKey, true, "checksum key, or @FILE"},
		{"key_version", &r.version, false, "number of the key set, 1 to 15 [1]"},
		{"algorithm", &r.algorithm, false, "of the keys, as aes-128, where the personality says nothing"},
		{"cc_len", &r.ccLength, false, "octets of a cryptographic checksum: 8, or 4 with AES [8]"},
		{"cntr", &r.cntr, false, "last counter that the card has seen, 1 to 10 hex digits [0]"},
		{"imsi", &r.imsi, false, "IMSI [" + defaultIMSI + "]"},
		{"iccid", &r.iccid, false, "ICCID [" + defaultICCID + "]"},
		{"msisdn", &r.msisdn, false, "number in EF_MSISDN"},
		{"smsc", &r.smsc, false, "service centre in EF_SMSP"},
		{"sender", &r.sender, false, "who sends the messages [" + defaultSender + "]"},
	}
}

// insert makes the card.
func (h Host) insert(r *cardRun) (*bench, error) {
	p, err := h.profile(string(r.personality))
	if err != nil {
		return nil, err
	}
	euicc := slices.ContainsFunc(p.Applications, func(a uicc.Application) bool { return a.Kind == uicc.KindISDR })
	if euicc && p.Algorithm == 0 && r.algorithm == "" {
		r.algorithm = word(fmt.Sprintf("aes-%d", 8*len(r.kicKey)))
	}
	ks, err := r.keyset(p)
	if err != nil {
		return nil, err
	}
	if euicc {
		return newBench(r.euicc(p, ks), ks, string(r.sender))
	}
	return newBench(uicc.Config{
		Profile: p, ICCID: string(r.iccid), IMSI: string(r.imsi), MSISDN: string(r.msisdn), SMSC: string(r.smsc),
		Keysets: []ota.Keyset{ks}, Counters: map[byte]uint64{ks.Version: uint64(r.cntr)},
	}, ks, string(r.sender))
}

// Identity of an eUICC beside that of its enabled profile.
const (
	defaultEID  = "89001012012341234012345678901224"
	secondICCID = "8988211000000000026"
	secondIMSI  = "001010000000002"
)

// euicc is an eUICC of two profiles: 0010 is enabled, has the identity of the flags and is the one to fall back on; 0011
// is disabled. The ISD-R and both profiles have the same key set. Notices go to the sender.
func (r *cardRun) euicc(p uicc.Profile, ks ota.Keyset) uicc.Config {
	sets, counters := []ota.Keyset{ks}, func() map[byte]uint64 { return map[byte]uint64{ks.Version: uint64(r.cntr)} }
	profile := func(n byte) uicc.ISDP {
		return uicc.ISDP{
			AID: sat.AID{0xA0, 0, 0, 0x05, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 0, n, 0}, SMSC: string(r.smsc),
			Keysets: sets, Counters: counters(),
		}
	}
	first, second := profile(0x10), profile(0x11)
	first.Enabled, first.FallBack = true, true
	first.ICCID, first.IMSI, first.MSISDN = string(r.iccid), string(r.imsi), string(r.msisdn)
	second.ICCID, second.IMSI = secondICCID, secondIMSI
	return uicc.Config{
		Profile: p, EID: defaultEID, SMSR: string(r.sender), ISDRKeysets: sets, ISDRCounters: counters(), ISDPs: []uicc.ISDP{first, second},
	}
}

// keyset is the only key set of the card.
func (r *cardRun) keyset(p uicc.Profile) (ks ota.Keyset, err error) {
	alg := p.Algorithm
	switch {
	case alg == 0 && r.algorithm == "":
		return ks, fmt.Errorf("personality %s takes any algorithm: say which with --algorithm, as aes-128", p.Name)
	case alg == 0:
		if alg, err = ota.ParseAlgorithm(string(r.algorithm)); err != nil {
			return ks, fmt.Errorf("--algorithm: %w", err)
		}
	case r.algorithm != "" && string(r.algorithm) != alg.String():
		return ks, fmt.Errorf("--algorithm %s: personality %s has %s", r.algorithm, p.Name, alg)
	}
	ks.Version, ks.CCLength = byte(r.version.n), r.ccLength.n
	switch {
	case r.version.n < 1 || r.version.n > 15:
		return ks, fmt.Errorf("--key-version: %d: want 1 to 15", r.version.n)
	case ks.CCLength != 8 && (ks.CCLength != 4 || alg.BlockSize() != 16):
		return ks, fmt.Errorf("--cc-len: %d with %s: want 8, or 4 with AES", ks.CCLength, alg)
	}
	if ks.KIc, err = ota.NewKey(alg, r.kicKey); err != nil {
		return ks, fmt.Errorf("--kic-key: %w", err)
	}
	if ks.KID, err = ota.NewKey(alg, r.kidKey); err != nil {
		return ks, fmt.Errorf("--kid-key: %w", err)
	}
	return ks, nil
}

// profile finds a personality by its name, or else in a file.
func (h Host) profile(name string) (uicc.Profile, error) {
	p, err := uicc.Personality(name)
	if err == nil {
		return p, nil
	}
	b, fileErr := h.readFile(name)
	if errors.Is(fileErr, fs.ErrNotExist) {
		return uicc.Profile{}, fmt.Errorf("%w, or a file", err)
	}
	if fileErr != nil {
		return uicc.Profile{}, fileErr
	}
	if p, err = uicc.ParsePersonality(b); err != nil {
		return uicc.Profile{}, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// feed gives the card the messages of the command line, or those of standard input.
func (h Host) feed(ctx context.Context, b *bench, messages list) error {
	all := downloads{Messages: []*download{}}
	n := 0
	one := func(ud octets) error {
		n++
		d, err := b.download(ud)
		if err != nil {
			return fmt.Errorf("message %d: %w", n, err)
		}
		if *h.JSON {
			all.Messages = append(all.Messages, d)
			return nil
		}
		return d.numbered(h.Stdout, n)
	}
	for _, ud := range messages {
		if err := one(ud); err != nil {
			return err
		}
	}
	if len(messages) == 0 {
		err := h.eachLine(ctx, func() error { return nil }, func(line []byte, err error) error {
			if err != nil {
				return err
			}
			text := strings.Join(strings.Fields(string(line)), "")
			if text == "" {
				return nil
			}
			var ud octets
			if err := ud.Set(text); err != nil {
				return fmt.Errorf("message %d: %w", n+1, err)
			}
			return one(ud)
		})
		if err != nil {
			return err
		}
	}
	if n == 0 {
		return errors.New("no message: give user data as arguments, or one per line on standard input")
	}
	if *h.JSON {
		return show.JSON(h.Stdout, all)
	}
	return nil
}
