package ram_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/ram"
)

var toolkitParameters = ram.InstallParameters{UICC: &ram.UICCToolkit{Toolkit: ram.Toolkit{
	MenuText: 16, Menu: []ram.MenuEntry{{Position: 1, ID: 1}}, MinimumSPI1: 0x12, TARs: [][3]byte{{0xAF, 0x4D, 0x01}},
}}}

// A card that obeys the plan ends up with the load file and the instance.
func TestPlanLoadsAndInstallsInOrder(t *testing.T) {
	t.Parallel()
	c := mustParseCAP(t, read(t, helloCAP))
	for _, expanded := range []bool{false, true} {
		p, err := ram.NewPlan(c, ram.Options{
			Room: 98, Expanded: expanded, LoadParameters: ram.LoadParameters{Code: 400}, Hash: crypto.SHA256,
			Privileges: ram.DefaultSelected, Parameters: toolkitParameters,
		})
		if err != nil {
			t.Fatal(err)
		}
		first, err := ram.ParseInstallForLoad(p.Steps[0].Command)
		sum := sha256.Sum256(c.LoadFile())
		want := ram.InstallForLoad{LoadFile: helloPackage, Hash: sum[:], Parameters: octets(t, "EF04 C6020190")}
		if err != nil || !cmp.Equal(want, first) {
			t.Errorf("%v\n%s", err, cmp.Diff(want, first))
		}
		var joined []byte
		last := len(p.Steps) - 1
		for i, s := range p.Steps[1:last] {
			l, err := ram.ParseLoad(s.Command)
			if err != nil || int(l.Number) != i || l.Last != (i == last-2) || s.MayMiss {
				t.Errorf("step %d: %+v, %v", i+1, l, err)
			}
			joined = append(joined, l.Block...)
		}
		if file, _, err := ram.ParseLoadFile(joined); err != nil || !bytes.Equal(file, c.LoadFile()) || p.LoadFile != len(file) {
			t.Errorf("loaded %d of %d octets, %v", len(file), p.LoadFile, err)
		}
		install, err := ram.ParseInstall(p.Steps[last].Command)
		if err != nil || !install.Selectable || !bytes.Equal(install.Instance, helloModule) || install.Privileges != ram.DefaultSelected {
			t.Errorf("%+v, %v", install, err)
		}
		if got, err := ram.ParseInstallParameters(install.Parameters); err != nil || !cmp.Equal(toolkitParameters, got) {
			t.Errorf("%v\n%s", err, cmp.Diff(toolkitParameters, got))
		}
		cleanup, err := ram.ParseDelete(p.Cleanup.Command)
		if err != nil || !cleanup.Related || !bytes.Equal(cleanup.AID, helloPackage) {
			t.Errorf("%+v, %v", cleanup, err)
		}
		if p.Packets() != len(p.Steps) || !cmp.Equal(p.TARs, [][3]byte{{0xAF, 0x4D, 0x01}}) || !bytes.Equal(p.Instance, helloModule) {
			t.Errorf("%d packets, TARs %X, instance %s", p.Packets(), p.TARs, p.Instance)
		}
	}
}

func TestPlanIsDescribed(t *testing.T) {
	t.Parallel()
	p, err := ram.NewPlan(mustParseCAP(t, read(t, helloCAP)), ram.Options{Room: 98, Parameters: toolkitParameters, WithoutDescriptor: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"5 packets, in this order; a lost block means cleaning up and starting again with the first",
		"clean up (harmless if nothing is there): DELETE F053494D4F544101 with everything made of it",
		"INSTALL for load of F053494D4F544101",
		"LOAD 249 octets in 3 blocks of at most 93",
		"INSTALL and make selectable F053494D4F54410101, module F053494D4F54410101 of load file F053494D4F544101",
		"the instance will answer to TAR AF4D01",
	}
	if diff := cmp.Diff(want, p.Describe()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStepsAreDoneWhenTheNextMayFollow(t *testing.T) {
	t.Parallel()
	p, err := ram.NewPlan(mustParseCAP(t, read(t, helloCAP)), ram.Options{Room: 242, LoadOnly: true, MaxBlock: 100})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Steps) != 5 || p.Block != 100 || p.Instance != nil || p.TARs != nil {
		t.Errorf("%+v", p)
	}
	for sw, want := range map[sat.Status][2]bool{
		sat.StatusOK: {true, true}, 0x6101: {true, true}, ram.StatusNotFound: {true, false}, 0x6985: {false, false}, 0x6A84: {false, false},
	} {
		if got := [2]bool{p.Cleanup.Done(sw), p.Steps[0].Done(sw)}; got != want {
			t.Errorf("%s: %v, want %v", sw, got, want)
		}
	}
}

func TestPlansThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	c := mustParseCAP(t, read(t, helloCAP))
	two := hello(2)
	two[3] = cat([]byte{2}, lv(helloModule), u16(8), lv([]byte("other")), u16(8))
	two[2] = two.directory(2)
	two[2][31] = 2
	for name, v := range map[string]struct {
		c    ram.CAP
		o    ram.Options
		want string
	}{
		"no room":               {c, ram.Options{Room: 5}, "carries no LOAD"},
		"no block":              {c, ram.Options{Room: 98, MaxBlock: -1}, "want 1 to 255"},
		"no room for INSTALL":   {c, ram.Options{Room: 30}, "needs"},
		"module of others":      {c, ram.Options{Room: 98, Module: helloPackage}, "no module"},
		"which module":          {mustParseCAP(t, two.ijc()), ram.Options{Room: 98}, "2 applets"},
		"signature, no hash":    {c, ram.Options{Room: 98, Signatures: []ram.DAP{{Domain: helloPackage, Signature: []byte{1}}}}, "needs the hash"},
		"token without hash":    {c, ram.Options{Room: 98, LoadToken: []byte{1}}, "hash"},
		"hash MD5":              {c, ram.Options{Room: 98, Hash: crypto.MD5}, "SHA-1 or SHA-256"},
		"short instance":        {c, ram.Options{Room: 98, Instance: sat.AID{1}}, "want 5 to 16"},
		"parameters that clash": {c, ram.Options{Room: 98, Parameters: ram.InstallParameters{SIM: &ram.SIMToolkit{}, UICC: &ram.UICCToolkit{}}}, "exclude"},
	} {
		if _, err := ram.NewPlan(v.c, v.o); err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, v.want)
		}
	}
	if p, err := ram.NewPlan(mustParseCAP(t, two.ijc()), ram.Options{Room: 98, Module: sat.AID("other"), Instance: helloModule}); err != nil || !bytes.Equal(p.Instance, helloModule) {
		t.Errorf("named module: %v", err)
	}
}
