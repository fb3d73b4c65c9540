package ram_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/ram"
)

func some(least, most int) *rapid.Generator[[]byte] {
	return rapid.Map(rapid.SliceOfN(rapid.Byte(), least, most), func(b []byte) []byte { return append([]byte(nil), b...) })
}

func anAID() *rapid.Generator[sat.AID] {
	return rapid.Map(some(5, 16), func(b []byte) sat.AID { return b })
}

func anAIDOrNone() *rapid.Generator[sat.AID] {
	return rapid.OneOf(rapid.Just(sat.AID(nil)), anAID())
}

func somePrivileges() *rapid.Generator[ram.Privileges] {
	return rapid.Map(rapid.Uint32Range(0, 0xFFFFFF), func(n uint32) ram.Privileges { return ram.Privileges(n) })
}

func aKey() *rapid.Generator[ram.Key] {
	return rapid.Custom(func(t *rapid.T) ram.Key {
		kind, lengths := ram.TripleDES, []int{16, 24}
		if rapid.Bool().Draw(t, "AES") {
			kind, lengths = ram.AES, []int{16, 24, 32}
		}
		n := rapid.SampledFrom(lengths).Draw(t, "octets")
		k, err := ram.NewKey(kind, some(n, n).Draw(t, "key"))
		if err != nil {
			t.Fatal(err)
		}
		return k
	})
}

// survives codes a request and reads it again.
func survives(t *rapid.T, r ram.Request, kik ram.Key) {
	c, err := r.Command()
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	b, err := c.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = sat.ParseCommand(b); err != nil {
		t.Fatal(err)
	}
	got, err := ram.Parse(c, kik)
	if diff := cmp.Diff(r, got); err != nil || diff != "" {
		t.Fatalf("%X: %v\n%s", b, err, diff)
	}
	if ram.Describe(c) == "" {
		t.Fatal("no description")
	}
}

func TestRequestsSurvive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := somePrivileges().Draw(t, "privileges")
		hash := some(32, 32).Draw(t, "hash")
		for _, r := range []ram.Request{
			ram.InstallForLoad{
				LoadFile: anAID().Draw(t, "AID"), Domain: anAIDOrNone().Draw(t, "domain"), Hash: hash,
				Parameters: some(0, 16).Draw(t, "parameters"), Token: some(0, 130).Draw(t, "token"),
			},
			ram.Install{
				LoadFile: anAID().Draw(t, "AID"), Module: anAID().Draw(t, "module"), Instance: anAID().Draw(t, "instance"), Privileges: p,
				Parameters: some(1, 140).Draw(t, "parameters"), Token: some(0, 32).Draw(t, "token"), Selectable: rapid.Bool().Draw(t, "selectable"),
			},
			ram.MakeSelectable{Instance: anAID().Draw(t, "instance"), Privileges: p},
			ram.Extradite{Domain: anAID().Draw(t, "domain"), Application: anAID().Draw(t, "AID"), Token: some(0, 128).Draw(t, "token")},
			ram.Personalize{Application: anAID().Draw(t, "AID")},
			ram.UpdateRegistry{Domain: anAIDOrNone().Draw(t, "domain"), Application: anAID().Draw(t, "AID"), Privileges: &p, Token: some(0, 128).Draw(t, "token")},
			ram.Load{Number: rapid.Byte().Draw(t, "number"), Last: rapid.Bool().Draw(t, "last"), Block: some(1, 255).Draw(t, "block")},
			ram.StoreData{Number: rapid.Byte().Draw(t, "number"), Last: rapid.Bool().Draw(t, "last"), Coding: ram.DGI, Data: some(1, 255).Draw(t, "data")},
			ram.Delete{AID: anAID().Draw(t, "AID"), Related: rapid.Bool().Draw(t, "related")},
			ram.DeleteKey{ID: rapid.ByteRange(1, 127).Draw(t, "key"), Version: rapid.ByteRange(0, 127).Draw(t, "version")},
			ram.GetStatus{Scope: ram.LoadFiles, AID: some(0, 16).Draw(t, "AID"), Tags: []uint32{ram.TagState, ram.TagModule}, Next: rapid.Bool().Draw(t, "next")},
			ram.SetStatus{Scope: ram.Applications, State: ram.State(rapid.Byte().Draw(t, "state")), AID: anAID().Draw(t, "AID")},
			ram.GetData{Tag: rapid.Uint16Range(1, 0xFFFF).Draw(t, "tag")},
		} {
			survives(t, r, ram.Key{})
		}
	})
}

func TestKeysSurvivePutKey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kik := aKey().Draw(t, "KIK")
		p := ram.PutKey{
			Version: rapid.ByteRange(1, 127).Draw(t, "version"), Replaces: rapid.ByteRange(0, 127).Draw(t, "replaces"),
			FirstID: rapid.ByteRange(1, 124).Draw(t, "first"), KIK: kik,
			Keys:   rapid.SliceOfN(aKey(), 1, 4).Draw(t, "keys"),
			Format: ram.KeyFormat{NoCheckValue: rapid.Bool().Draw(t, "no check value")},
		}
		survives(t, p, kik)
		// The length of AES keys may be there or not; the keys are the same.
		p.Format.AESLength = true
		p.Format.ZeroCheckValue = rapid.Bool().Draw(t, "check value over 00")
		c, err := p.Command()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ram.ParsePutKey(c, kik)
		if err != nil || !cmp.Equal(p.Keys, got.Keys) {
			t.Fatalf("%v\n%s", err, cmp.Diff(p.Keys, got.Keys))
		}
		if answer, err := p.Answer().AppendBinary(nil); err != nil || p.CheckAnswer(answer) != nil {
			t.Fatalf("%X, %v", answer, err)
		}
		for _, k := range p.Keys {
			if raw := k.Reveal(); bytes.Contains(c.Data, raw) {
				t.Fatalf("%s goes in clear", k)
			}
		}
	})
}

func TestParametersSurvive(t *testing.T) {
	t.Parallel()
	toolkit := rapid.Custom(func(t *rapid.T) ram.Toolkit {
		k := ram.Toolkit{
			Priority: rapid.Byte().Draw(t, "priority"), Timers: rapid.ByteRange(0, 8).Draw(t, "timers"), MenuText: rapid.Byte().Draw(t, "text"),
			Channels: rapid.ByteRange(0, 7).Draw(t, "channels"), MinimumSPI1: rapid.Byte().Draw(t, "MSL"),
		}
		for i := range rapid.IntRange(0, 5).Draw(t, "entries") {
			k.Menu = append(k.Menu, ram.MenuEntry{Position: rapid.Byte().Draw(t, "position"), ID: byte(i)})
			k.TARs = append(k.TARs, [3]byte{0xAF, rapid.Byte().Draw(t, "TAR"), byte(i)})
		}
		return k
	})
	files := rapid.Custom(func(t *rapid.T) (files []ram.FileAccess) {
		for range rapid.IntRange(0, 3).Draw(t, "files") {
			files = append(files, ram.FileAccess{ADF: anAIDOrNone().Draw(t, "ADF"), Access: some(0, 4).Draw(t, "access"), DAP: some(0, 200).Draw(t, "DAP")})
		}
		return files
	})
	rapid.Check(t, func(t *rapid.T) {
		p := ram.InstallParameters{
			Application: some(0, 200).Draw(t, "own"), Volatile: rapid.Uint32().Draw(t, "volatile"), NonVolatile: rapid.Uint32().Draw(t, "non-volatile"),
		}
		if rapid.Bool().Draw(t, "SIM") {
			p.SIM = &ram.SIMToolkit{Access: some(0, 127).Draw(t, "access"), Toolkit: toolkit.Draw(t, "toolkit")}
		} else {
			p.UICC = &ram.UICCToolkit{Toolkit: toolkit.Draw(t, "toolkit"), Services: rapid.ByteRange(0, 8).Draw(t, "services")}
			p.Files, p.AdminFiles = files.Draw(t, "files"), files.Draw(t, "admin files")
		}
		b, err := p.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ram.ParseInstallParameters(b)
		if diff := cmp.Diff(p, got); err != nil || diff != "" {
			t.Fatalf("%X: %v\n%s", b, err, diff)
		}
	})
}

func TestBlockSizeIsTheLargestThatFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, expanded := rapid.IntRange(1, 255).Draw(t, "block"), rapid.Bool().Draw(t, "expanded")
		apdu := n + 5
		if expanded {
			for range 2 { // 22 L in AA L
				switch {
				case apdu < 0x80:
					apdu += 2
				case apdu < 0x100:
					apdu += 3
				default:
					apdu += 4
				}
			}
		}
		if got := ram.BlockSize(apdu, expanded); got != n {
			t.Fatalf("room %d, expanded %t: %d, want %d", apdu, expanded, got, n)
		}
		if got := ram.BlockSize(apdu-1, expanded); got >= n {
			t.Fatalf("room %d, expanded %t: %d does not fit", apdu-1, expanded, got)
		}
	})
}
