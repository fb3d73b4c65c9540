package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/catalog/vault"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/explain"
)

// decode explains octets, without a server.
type decode struct {
	*app
	kic, kid string
	card     string
	keyFile  string
	spi      string
	as       string
	jsonl    bool
}

func decodeCommand(a *app) *cobra.Command {
	r := &decode{app: a}
	cmd := command(r, "decode", "explain octets: PDUs, short messages, secured packets, scripts, APDUs, settings",
		`simota decode 02700000801516391515B00011...
simota decode 027000... --kic @kic.hex --kid @kid.hex
simota decode 027100... --card 8947010000000000174 --db simota.db
simota decode --as script < script.txt`)
	cmd.Use = "decode [HEX]"
	cmd.Args = func(cmd *cobra.Command, args []string) error { // octets may be parted by blanks
		err := r.check()
		if err == nil && r.jsonl && len(args) > 0 {
			err = errors.New("--jsonl reads standard input, not arguments")
		}
		if err != nil {
			return usage(cmd, "%w", err)
		}
		return nil
	}
	cmd.Long = `Explains octets in plain words, field by field, and marks what is wrong (!!) or
suspicious (!). HEX may be written in any way, also as a hex dump; without it, it is
read from standard input. What the octets are is found out; --as forces it.

With keys, ciphered packets are opened and checked. Keys are never shown. A key on
the command line is seen by other users and kept by the shell: @FILE reads it from
a file.`
	f := cmd.Flags()
	f.StringVar(&r.kic, "kic", "", "key that ciphers, in hex, or @FILE")
	f.StringVar(&r.kid, "kid", "", "key that signs, in hex, or @FILE")
	f.StringVar(&r.card, "card", "", "ICCID of a card whose keys are taken from the database of --db")
	f.StringVar(&a.db, "db", "", "database file with the keys of --card")
	f.StringVar(&r.keyFile, "key-file", "", "key-encryption key of that database (default simota.key beside it)")
	f.StringVar(&r.spi, "spi", "", "SPI of the command that a response answers, as 1639; without it all ways are tried")
	f.BoolVar(&r.jsonl, "jsonl", false, "explain one JSON object per line of standard input")
	for alias, to := range map[string]*string{"kic-key": &r.kic, "kid-key": &r.kid} { // as the other offline commands call them
		f.StringVar(to, alias, "", "")
		_ = f.MarkHidden(alias) // the flag is there
	}
	f.StringVar(&r.as, "as", "", "take the octets for this: "+kinds())
	return cmd
}

func kinds() string {
	var words []string
	for _, k := range explain.Kinds() {
		words = append(words, string(k))
	}
	return strings.Join(words, ", ")
}

func (r *decode) check() error {
	switch {
	case (r.card == "") != (r.db == ""):
		return errors.New("--card and --db go together")
	case r.card != "" && (r.kic != "" || r.kid != ""):
		return errors.New("--card and --kic or --kid exclude each other")
	case r.keyFile != "" && r.card == "":
		return errors.New("--key-file goes with --card and --db")
	case r.as != "" && !slices.Contains(explain.Kinds(), explain.Kind(r.as)):
		return fmt.Errorf("--as %s: want one of %s", r.as, kinds())
	}
	if _, err := spiOf(r.spi); err != nil {
		return fmt.Errorf("--spi: %w", err)
	}
	return nil
}

// spiOf is nil for none.
func spiOf(s string) (*ota.SPI, error) {
	if s == "" {
		return nil, nil
	}
	spi, err := ota.ParseSPI(s)
	return &spi, err
}

func (r *decode) Run(ctx context.Context, args []string) error {
	o := explain.Options{As: explain.Kind(r.as)}
	var err error
	if o.Keysets, err = r.keysets(ctx); err != nil {
		return err
	}
	if o.SPI, err = spiOf(r.spi); err != nil {
		return err
	}
	if r.jsonl {
		return r.lines(o)
	}
	octets, err := r.octets(args)
	if err != nil {
		return err
	}
	report, err := explain.Decode(octets, o)
	if err != nil {
		return err
	}
	return r.print(report, func(w io.Writer) error {
		return report.Text(w, r.terminal(w) && r.Getenv("NO_COLOR") == "")
	})
}

// maxPasted bounds what is read: the largest frame as a hex dump.
const maxPasted = 8 * explain.MaxOctets

// octets come from the arguments, or from standard input.
func (r *decode) octets(args []string) ([]byte, error) {
	text := strings.Join(args, " ")
	if len(args) == 0 || text == "-" {
		b, err := io.ReadAll(io.LimitReader(r.Stdin, maxPasted))
		if err != nil {
			return nil, err
		}
		text = string(b)
	}
	return explain.Octets(text)
}

// keysets are the keys that packets are tried with.
func (r *decode) keysets(ctx context.Context) ([]ota.Keyset, error) {
	if r.card != "" {
		return r.cardKeysets(ctx)
	}
	kicHex, err := fromFile("--kic", r.kic)
	if err != nil {
		return nil, err
	}
	kidHex, err := fromFile("--kid", r.kid)
	if err != nil {
		return nil, err
	}
	return keysetsOf(kicHex, kidHex)
}

// keysetsOf are all keysets that two keys in hex can make; either may be empty.
func keysetsOf(kicHex, kidHex string) ([]ota.Keyset, error) {
	kic, err := keysOf("KIc", kicHex)
	if err != nil {
		return nil, err
	}
	kid, err := keysOf("KID", kidHex)
	if err != nil || len(kic)+len(kid) == 0 {
		return nil, err
	}
	none := []ota.Key{{}}
	if len(kic) == 0 {
		kic = none
	}
	if len(kid) == 0 {
		kid = none
	}
	var sets []ota.Keyset
	for _, c := range kic {
		for _, d := range kid {
			sets = append(sets, ota.Keyset{KIc: c, KID: d})
		}
	}
	return sets, nil
}

// algorithms by how long their keys are: which one it is, the packet says.
var algorithms = []ota.Algorithm{ota.TripleDES2, ota.TripleDES3, ota.AES128, ota.AES192, ota.AES256, ota.DES, ota.DESECB}

// fromFile is the value of a flag, or what is in the file that it names.
func fromFile(flag, value string) (string, error) {
	name, ok := strings.CutPrefix(value, "@")
	if !ok {
		return value, nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	return string(b), nil
}

// keysOf reads one key as all that it can be. Errors do not repeat it.
func keysOf(name, value string) ([]ota.Key, error) {
	value = strings.Join(strings.Fields(value), "")
	if value == "" {
		return nil, nil
	}
	raw, err := hex.DecodeString(value)
	defer clear(raw)
	var keys []ota.Key
	for _, alg := range algorithms {
		if err != nil || len(raw) != alg.KeyLength() {
			continue
		}
		k, err := ota.NewKey(alg, raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: want 16, 32, 48 or 64 hex digits, got %d characters (value not shown)", name, len(value))
	}
	return keys, nil
}

// cardKeysets opens the keys of a card.
func (r *decode) cardKeysets(ctx context.Context) (sets []ota.Keyset, err error) {
	file := r.keyFile
	if file == "" {
		file = filepath.Join(filepath.Dir(r.db), "simota.key")
	}
	kek, err := vault.LoadKEK(file)
	if err != nil {
		return nil, fmt.Errorf("%w\n    this key opens those of the card; name it with --key-file", err)
	}
	db, err := sqlite.Open(ctx, r.db, sqlite.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	entry, err := db.Card(ctx, r.card)
	if err != nil {
		return nil, fmt.Errorf("card %s: %w", r.card, err)
	}
	v := vault.New(kek)
	for _, rec := range entry.Keysets {
		ks := ota.Keyset{Version: rec.Version, CCLength: rec.CCLength}
		err := errors.Join(unseal(v, r.card, rec, "kic", rec.KIcAlg, rec.SealedKIc, &ks.KIc),
			unseal(v, r.card, rec, "kid", rec.KIDAlg, rec.SealedKID, &ks.KID))
		if err != nil {
			return nil, fmt.Errorf("card %s, key version %d: %w", r.card, rec.Version, err)
		}
		sets = append(sets, ks)
	}
	if len(sets) == 0 {
		return nil, fmt.Errorf("card %s has no keys", r.card)
	}
	return sets, nil
}

func unseal(v *vault.Vault, iccid string, rec catalog.Keyset, kind, algorithm string, sealed []byte, into *ota.Key) error {
	if len(sealed) == 0 {
		return nil
	}
	alg, err := ota.ParseAlgorithm(algorithm)
	if err != nil {
		return err
	}
	return v.Use(rec.KEKID, sealed, vault.AAD(iccid, rec.Domain, rec.Version, kind), func(raw []byte) error {
		*into, err = ota.NewKey(alg, raw)
		return err
	})
}
