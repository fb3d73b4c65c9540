package codec_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/cmd/simota/internal/cli"
	"github.com/simota/simota/ota/lab/uicc"
)

var update = flag.Bool("update", false, "write what the examples of docs/cli.md print")

// TestMain runs the tests in the root of the repository, as readers of the page run its examples.
func TestMain(m *testing.M) {
	if err := os.Chdir("../../../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

const page = "docs/cli.md"

// simota runs a command line in this process.
func simota(stdin string, args ...string) (stdout, stderr string, exit int) {
	var out, errs bytes.Buffer
	p := cli.Process{
		Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" },
	}
	exit = cli.ExitCode(cli.Run(context.Background(), p))
	return out.String(), errs.String(), exit
}

// example is a command of a page with what it prints.
type example struct {
	line          int
	typed         []string // as on the page, with continuation lines and input
	args          []string
	stdin, prints string
}

var (
	words = regexp.MustCompile(`'[^']*'|\S+`)
	here  = regexp.MustCompile(` <<(\w+)$`)
)

// examples splits a page into its examples and the text between them: text[i] stands before example i.
func examples(t *testing.T, content string) (list []example, text []string) {
	t.Helper()
	lines := strings.SplitAfter(content, "\n")
	var before strings.Builder
	inside := false
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSuffix(lines[i], "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case inside && strings.HasPrefix(line, "$ "):
			e := example{line: i + 1}
			i = e.read(t, lines, i)
			list, text = append(list, e), append(text, before.String())
			before.Reset()
			continue
		case inside:
			t.Fatalf("%s:%d: not after a command", page, i+1)
		}
		before.WriteString(lines[i])
	}
	return list, append(text, before.String())
}

// read reads an example that begins at line i and returns its last line.
func (e *example) read(t *testing.T, lines []string, i int) int {
	t.Helper()
	at := func() string {
		if i >= len(lines) {
			t.Fatalf("%s:%d: the example does not end", page, e.line)
		}
		return strings.TrimSuffix(lines[i], "\n")
	}
	command := ""
	for command = strings.TrimPrefix(at(), "$ "); strings.HasSuffix(command, `\`); {
		e.typed = append(e.typed, at())
		i++
		command = strings.TrimSuffix(command, `\`) + at()
	}
	e.typed = append(e.typed, at())
	if m := here.FindStringSubmatch(command); m != nil {
		command = strings.TrimSuffix(command, m[0])
		for i++; at() != m[1]; i++ {
			e.typed = append(e.typed, at())
			e.stdin += at() + "\n"
		}
		e.typed = append(e.typed, at())
	}
	for _, w := range words.FindAllString(command, -1) {
		e.args = append(e.args, strings.Trim(w, "'"))
	}
	for i++; !strings.HasPrefix(at(), "$ ") && at() != "```"; i++ {
		e.prints += at() + "\n"
	}
	return i - 1
}

// run returns what a terminal shows.
func (e example) run(t *testing.T) string {
	t.Helper()
	if e.args[0] != "simota" {
		t.Fatalf("%s:%d: an example runs simota, not %s", page, e.line, e.args[0])
	}
	stdout, stderr, exit := simota(e.stdin, e.args[1:]...)
	if (exit == 0) != (stderr == "") {
		t.Errorf("%s:%d: exit status %d with %q on standard error", page, e.line, exit, stderr)
	}
	return stdout + stderr
}

func TestEveryExampleOfThePagePrintsWhatThePageSays(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	list, text := examples(t, string(content))
	if len(list) < 20 {
		t.Fatalf("%d examples found", len(list))
	}
	var b strings.Builder
	for i, e := range list {
		got := e.run(t)
		fmt.Fprintf(&b, "%s%s\n%s", text[i], strings.Join(e.typed, "\n"), got)
		if diff := cmp.Diff(e.prints, got); diff != "" && !*update {
			t.Errorf("%s:%d: %s (-page +program)\n%s", page, e.line, e.typed[0], diff)
		}
	}
	if *update {
		if err := os.WriteFile(page, []byte(b.String()+text[len(list)]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestThePageNamesEveryPersonality(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range uicc.Personalities() {
		if !strings.Contains(string(content), "`"+name+"`") {
			t.Errorf("%s does not have %s", page, name)
		}
	}
}

var commands = []string{
	"packet build", "packet parse", "script build", "script parse", "sms split", "sms join", "apdu explain", "cap info", "card run",
}

var flagInHelp = regexp.MustCompile(`(?m)^ +(?:-h, )?(--[a-z-]+)`)

func TestHelpHasAnExampleAndThePageNamesEveryFlag(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range commands {
		help, _, exit := simota("", append(strings.Fields(name), "--help")...)
		if exit != 0 || !strings.Contains(help, "Examples:\n  simota "+name+" ") {
			t.Errorf("simota %s --help: exit status %d, no example of its own in\n%s", name, exit, help)
		}
		_, section, found := strings.Cut(string(content), "\n## simota "+name+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		own, _, _ := strings.Cut(help, "Global Flags:")
		_, own, _ = strings.Cut(own, "\nFlags:")
		flags := flagInHelp.FindAllStringSubmatch(own, -1)
		if !found || len(flags) == 0 {
			t.Fatalf("simota %s: section %v, %d flags", name, found, len(flags))
		}
		for _, f := range flags {
			if f[1] != "--help" && !strings.Contains(section, "`"+f[1]+"`") {
				t.Errorf("%s: section of simota %s does not have %s", page, name, f[1])
			}
		}
	}
}
