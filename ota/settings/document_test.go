package settings

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/cp/content"
)

func TestWhatIsPlannedIsTakenByItsClient(t *testing.T) {
	t.Parallel()
	for _, op := range accessPoints() {
		for _, c := range Clients() {
			for _, m := range plan(t, op, c.Capability).Messages {
				for _, f := range m.Findings(c.Name) {
					if f.Effect > content.Note && m.Gating {
						t.Errorf("%s, %s: %s %s: %s", c.Name, m.Name, f.Path, f.Effect, f.Text)
					}
				}
			}
		}
	}
}

// accessPoints are operators with all ways to log in and to get through.
func accessPoints() []catalog.Operator {
	all := []catalog.Operator{kestrel()}
	for _, auth := range []string{"", "pap", "chap"} {
		for _, pdp := range []string{"", "ipv4", "ipv6", "ipv4v6"} {
			for _, proxy := range []string{"", "10.16.18.4:8080", "[2001:db8::4]:8080", "proxy.kestrel.example:9201"} {
				a := catalog.APN{Purpose: Internet, Name: "web.kestrel.example", Auth: auth, PDP: pdp, Proxy: proxy}
				if auth != "" {
					a.User, a.Secret = "guest", "guest"
				}
				mms := a
				mms.Purpose, mms.MMSC = MMS, "http://mmsc.kestrel.example/mms"
				all = append(all, catalog.Operator{Name: "Kestrel", APNs: []catalog.APN{a, mms}})
			}
		}
	}
	return all
}

func TestUsualDocumentsStaySmall(t *testing.T) {
	t.Parallel()
	got := map[string]int{}
	for _, m := range plan(t, kestrel(), client(t, Unknown)).Messages {
		got[m.Name] = m.SMS
	}
	if diff := cmp.Diff(map[string]int{Internet: 2, MMS: 3, "smsc": 2, "short codes": 2}, got); diff != "" {
		t.Errorf("short messages (-want +got)\n%s", diff)
	}
}

func TestProxiesAreWrittenByTheTypeOfTheirAddress(t *testing.T) {
	t.Parallel()
	for proxy, want := range map[string]string{
		"10.16.18.4:8080": `PXADDR="10.16.18.4" PXADDRTYPE="IPV4"`, "[2001:db8::4]:8080": `PXADDR="2001:db8::4" PXADDRTYPE="IPV6"`,
		"proxy.example:8080": `PXADDR="proxy.example" PXADDRTYPE="ALPHA"`,
	} {
		op := kestrel()
		op.APNs[0].Proxy = proxy
		m := plan(t, op, client(t, Unknown)).Messages[1]
		if got := lines(m.Document.Children, ""); !strings.Contains(got, want) || !strings.Contains(got, `PORTNBR="8080"`) {
			t.Errorf("%s: no %s in\n%s", proxy, want, got)
		}
	}
}

func TestNumbersOfServicesMayHaveSigns(t *testing.T) {
	t.Parallel()
	op := kestrel()
	op.ShortCodes.Voice[0].Number = "*100#"
	m := plan(t, op, client(t, Unknown)).Messages[3]
	if got := lines(m.Document.Children, ""); !strings.Contains(got, `URI="tel:*100%23"`) {
		t.Errorf("a bare # would begin a fragment of the URI:\n%s", got)
	}
}

func BenchmarkMake(b *testing.B) {
	for _, name := range []string{Unknown, "cpclient", "gecko", None} {
		c, _ := Known(name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Make(kestrel(), c.Capability); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Every card is planned for when a campaign claims it.
func TestPlanningAllocatesLittle(t *testing.T) {
	op, c := kestrel(), client(t, Unknown)
	if allocs := testing.AllocsPerRun(100, func() { _, _ = Make(op, c) }); allocs > 220 {
		t.Errorf("%v allocations for 4 documents, want at most 220", allocs)
	}
}
