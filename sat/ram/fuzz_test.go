package ram_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/ram"
)

func FuzzParseCAP(f *testing.F) {
	f.Add(read(f, helloCAP))
	f.Add(read(f, helloIJC))
	f.Add(hello(1).ijc())
	f.Add(hello(3).ijc())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ram.ParseCAP(b)
		if err != nil {
			return
		}
		file := c.LoadFile()
		again, err := ram.ParseCAP(file)
		if err != nil || !bytes.Equal(again.LoadFile(), file) || !bytes.Equal(again.Package, c.Package) {
			t.Errorf("load file %X of a package that was read: %v", file, err)
		}
		if len(c.Describe()) < 3 {
			t.Error("no description")
		}
	})
}

func FuzzParseInstallParameters(f *testing.F) {
	for _, s := range []string{
		"C900", "C900EF0ACA080000000000000000", "C900EF1CC80200FFC70200FFCA1201000100150500000000000000000000" + "0000",
		"C900EA0F800D0000000001020112" + "03AF4D0100", "C900EA11810F0001000007A0000000871002010000", "C900EF08C7020001CF020102B603420101",
	} {
		f.Add(octets(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ram.ParseInstallParameters(b)
		if err != nil {
			return
		}
		coded, err := p.AppendBinary(nil)
		if err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		again, err := ram.ParseInstallParameters(coded)
		if diff := cmp.Diff(p, again); err != nil || diff != "" {
			t.Errorf("%X: %v\n%s", coded, err, diff)
		}
	})
}

func FuzzParseEntries(f *testing.F) {
	for _, s := range []string{
		"", "E3224F08D07002CA449001019F700107C50104C405D07002CA44CC08A000000151535041",
		"E3194F05D07002CA449F700101CE0201008408D07002CA44900101", "E30D4F08D07002CA44900101CF0180",
	} {
		f.Add(octets(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := ram.ParseEntries(b)
		if err != nil {
			return
		}
		coded, err := ram.AppendEntries(nil, entries...)
		if err != nil {
			t.Fatalf("%+v: %v", entries, err)
		}
		again, err := ram.ParseEntries(coded)
		if diff := cmp.Diff(entries, again); err != nil || diff != "" {
			t.Errorf("%X: %v\n%s", coded, err, diff)
		}
		for _, e := range entries {
			_ = e.Describe(ram.Applications)
		}
	})
}

// FuzzParse reads any command as a card does: PUT KEY with a KIK of either
// kind, and all others.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"80D80001173088103D0FA4B855D2A5AA4954B8B5DF582A3A03C3528000", "80D8000114028010" + "1F1299593311256BB20768EF459D00920000",
		"80E602000A05D07002CA4400000000", "80E604001E05D07002CA4408D07002CA4490010108D07002CA44900101010002C90000",
		"80E6400018" + "08A0000001515350410008D07002CA449001010002CF0000", "80E4000006D00102D20103", "80F220020E4F05D07002CA445C054F9F70C5CC00",
		"80E8800301AA", "80E2900103010203", "80F0408008D07002CA44900101", "80CAFF2100",
	} {
		f.Add(octets(f, s))
	}
	kiks := []ram.Key{key(f, ram.AES, aesKIK), key(f, ram.TripleDES, desKIK)}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := sat.ParseCommand(b)
		if err != nil {
			return
		}
		_ = ram.Describe(c)
		for _, kik := range kiks {
			r, err := ram.Parse(c, kik)
			if err != nil {
				continue
			}
			coded, err := r.Command()
			if err != nil {
				// Lengths may be coded longer than they need, and C9 is added.
				if len(c.Data) < 250 {
					t.Errorf("%+v: %v", r, err)
				}
				continue
			}
			again, err := ram.Parse(coded, kik)
			if err != nil {
				t.Errorf("%v: %v", coded, err)
				continue
			}
			if diff := cmp.Diff(canonical(r), canonical(again)); diff != "" {
				t.Errorf("%v (-first +again):\n%s", coded, diff)
			}
		}
	})
}

// canonical is the request that its command says: no parameters are C900.
func canonical(r ram.Request) ram.Request {
	if i, ok := r.(ram.Install); ok && len(i.Parameters) == 0 {
		i.Parameters = []byte{0xC9, 0}
		return i
	}
	return r
}

func FuzzParseData(f *testing.F) {
	for _, s := range []string{
		"E012C00401018010C00402018010C00403018010", "E00CC00A0150FF88001001180100", "FF210A81010582020C0083010A",
		"663E733C06072A864886FC6B01600C060A2A864886FC6B0202020163090607" + "2A864886FC6B03640B06092A864886FC6B040215640B06092A864886FC6B045000",
		"C482023901", "E2144F08A000000151535041C3080102030405060708C401AA",
	} {
		f.Add(octets(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if keys, err := ram.ParseKeyInformation(b); err == nil {
			coded, err := ram.AppendKeyInformation(nil, keys...)
			again, err2 := ram.ParseKeyInformation(coded)
			if diff := cmp.Diff(keys, again); errors.Join(err, err2) != nil || diff != "" {
				t.Errorf("keys: %v\n%s", errors.Join(err, err2), diff)
			}
		}
		if m, err := ram.ParseMemory(b); err == nil {
			coded, err := m.AppendBinary(nil)
			if again, err2 := ram.ParseMemory(coded); errors.Join(err, err2) != nil || again != m {
				t.Errorf("memory: %v, %+v", errors.Join(err, err2), again)
			}
		}
		if d, err := ram.ParseCardData(b); err == nil {
			_, _ = d.AppendBinary(nil) // larger numbers than this writes are read
		}
		if file, signatures, err := ram.ParseLoadFile(b); err == nil {
			coded, err := ram.WrapLoadFile(nil, file, signatures...)
			again, _, err2 := ram.ParseLoadFile(coded)
			if errors.Join(err, err2) != nil || !bytes.Equal(file, again) {
				t.Errorf("load file: %v", errors.Join(err, err2))
			}
		}
	})
}
