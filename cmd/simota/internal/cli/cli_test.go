package cli

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/campaign"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"simota": func() {
		p := Process{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}
		os.Exit(ExitCode(Run(context.Background(), p)))
	}})
}

func TestCommandsWithoutServer(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}

func TestExitCodesTellUsageFromFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"version"}, 0}, {[]string{"card", "--help"}, 0}, {[]string{"bogus"}, 2}, {[]string{"card", "show"}, 2},
		{[]string{"version", "--bogus"}, 2}, {[]string{"card", "import", "testdata/none.csv"}, 1},
		{[]string{"link", "test", "a", "-c", "testdata/none.yaml"}, 1}, {[]string{"link", "test", "a", "--from", "+4790000001"}, 2},
		{[]string{"link", "test", "a", "--to", "+4790000001", "--text", ""}, 2}, {[]string{"link", "test", "a", "--wait", "0s"}, 2},
		{[]string{"link", "trace", "a", "b"}, 2}, {[]string{"link", "trace", "--count", "-1"}, 2},
	} {
		p, _, _ := process("", c.args...)
		if got := ExitCode(Run(t.Context(), p)); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.args, got, c.want)
		}
	}
}

// process is one of the given arguments, without environment.
func process(stdin string, args ...string) (p Process, stdout, stderr *strings.Builder) {
	stdout, stderr = &strings.Builder{}, &strings.Builder{}
	return Process{
		Args: args, Stdin: strings.NewReader(stdin), Stdout: stdout, Stderr: stderr, Getenv: func(string) string { return "" },
	}, stdout, stderr
}

func TestErrorIsPrintedOnceWithItsLinesTogether(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	report(&b, &usageError{&api.Problem{Detail: "two rows are bad", Errors: []string{"line 1"}}, "simota card import"})
	want := "simota: two rows are bad\n    line 1\n    see simota card import --help\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestListOfCardsTakesThePlaceOfItsNameAndNothingElseChanges(t *testing.T) {
	t.Parallel()
	const rest = "# kept\ncampaign: a   # kept too\nkind: rfm\nwrite: {smsp: \"0011\"}\n"
	iccids := []string{"8947010000000000174", "8947010000000000182"}
	const list = `iccids: ["8947010000000000174", "8947010000000000182"]`
	for _, c := range []struct{ text, want string }{
		{rest + "select: {file: cards.txt}\n", rest + "select: {" + list + "}\n"},
		{rest + "select: {country: BR, file: 'my cards.txt', tags: [meter]}", rest + "select: {country: BR, " + list + ", tags: [meter]}"},
		{rest + "select:\n  file: \"cards # 1.txt\" # ours\n  country: BR\n", rest + "select:\n  " + list + " # ours\n  country: BR\n"},
		{"select:\r\n    file: ./a/cards.txt\r\n" + rest, "select:\r\n    " + list + "\r\n" + rest},
	} {
		spec, err := campaign.ParseSpec([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := inline([]byte(c.text), spec, iccids)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
		if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

func TestListOfCardsIsRefusedWhereTheTextCannotBeChangedSafely(t *testing.T) {
	t.Parallel()
	text := []byte("campaign: a\nkind: rfm\nwrite: {smsp: \"00\"}\nselect:\n  file:\n    cards.txt\n")
	spec, err := campaign.ParseSpec(text)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := inline(text, spec, []string{"8947010000000000174"}); err == nil {
		t.Errorf("got %q, want an error", out)
	}
}

func TestWatchDrawsUntilTheCampaignHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		seen := []api.Campaign{
			{Name: "c", State: "running", Open: 2}, {Name: "c", State: "running", Open: 2}, {Name: "c", State: "cancelled", Open: 1}, {Name: "c", State: "cancelled"},
		}
		i := 0
		get := func(context.Context) (api.Campaign, error) { i++; return seen[i-1], nil }
		p, out, _ := process("")
		r := &campaignShow{app: &app{Process: p}, watch: true}
		if err := follow(t.Context(), get, r.drawChanges(), true); err != nil {
			t.Fatal(err)
		}
		want := "c running: 0 cards so far, 2 open\nc cancelled: 0 cards so far, 1 open\nc cancelled: 0 cards so far, 0 open\n"
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if took := time.Since(begun); took != 3*watchEvery {
			t.Errorf("looked for %v, want three times %v", took, watchEvery)
		}
	})
}

func TestWatchEndsInPeaceWhenItsWatcherGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(watchEvery/2, cancel)
		get := func(context.Context) (api.Campaign, error) { return api.Campaign{State: "running"}, nil }
		drawn := 0
		if err := follow(ctx, get, func(api.Campaign) error { drawn++; return nil }, true); err != nil || drawn != 1 {
			t.Errorf("drawn %d times, error %v; want once and none", drawn, err)
		}
	})
}
