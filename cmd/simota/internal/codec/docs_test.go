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

var update = flag.Bool("update", false, "write what the examples of the pages print")

// TestMain runs the tests in the root of the repository, as readers of the page run its examples.
func TestMain(m *testing.M) {
	if err := os.Chdir("../../../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// page is a part of the documentation whose examples are run: a file, or one of its sections.
type page struct {
	file, section string
	commands      []string
	heading       string // of the section of a command
	examples      int    // at least
}

var pages = []page{
	{
		file: "docs/cli.md", heading: "\n## ", examples: 20,
		commands: []string{
			"packet build", "packet parse", "script build", "script parse", "sms split", "sms join", "apdu explain", "cap info", "card run",
		},
	},
	{
		file: "docs/device-configuration.md", section: "## On the wire\n", heading: "\n### ", examples: 8,
		commands: []string{"cp encode", "cp decode", "cp notify"},
	},
}

// read returns the text of the page, and what stands before and after it in its file.
func (p page) read(t *testing.T) (before, text, after string) {
	t.Helper()
	content, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	if p.section == "" {
		return "", string(content), ""
	}
	at := strings.Index(string(content), p.section)
	if at < 0 {
		t.Fatalf("%s has no section %q", p.file, p.section)
	}
	before, text = string(content[:at]), string(content[at:])
	if end := strings.Index(text[len(p.section):], "\n## "); end >= 0 {
		text, after = text[:len(p.section)+end], text[len(p.section)+end:]
	}
	return before, text, after
}

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
			t.Fatalf("line %d of the page: not after a command", i+1)
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
			t.Fatalf("line %d of the page: the example does not end", e.line)
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
		t.Fatalf("line %d of the page: an example runs simota, not %s", e.line, e.args[0])
	}
	stdout, stderr, exit := simota(e.stdin, e.args[1:]...)
	if (exit == 0) != (stderr == "") {
		t.Errorf("line %d of the page: exit status %d with %q on standard error", e.line, exit, stderr)
	}
	return stdout + stderr
}

func TestEveryExampleOfThePagePrintsWhatThePageSays(t *testing.T) {
	t.Parallel()
	for _, p := range pages {
		t.Run(p.file, func(t *testing.T) {
			t.Parallel()
			before, content, after := p.read(t)
			list, text := examples(t, content)
			if len(list) < p.examples {
				t.Fatalf("%d examples found", len(list))
			}
			var b strings.Builder
			b.WriteString(before)
			for i, e := range list {
				got := e.run(t)
				fmt.Fprintf(&b, "%s%s\n%s", text[i], strings.Join(e.typed, "\n"), got)
				if diff := cmp.Diff(e.prints, got); diff != "" && !*update {
					t.Errorf("line %d of the page: %s (-page +program)\n%s", e.line, e.typed[0], diff)
				}
			}
			if *update {
				if err := os.WriteFile(p.file, []byte(b.String()+text[len(list)]+after), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestThePageNamesEveryPersonality(t *testing.T) {
	t.Parallel()
	_, content, _ := pages[0].read(t)
	for _, name := range uicc.Personalities() {
		if !strings.Contains(content, "`"+name+"`") {
			t.Errorf("%s does not have %s", pages[0].file, name)
		}
	}
}

var flagInHelp = regexp.MustCompile(`(?m)^ +(?:-h, )?(--[a-z-]+)`)

func TestHelpHasAnExampleAndThePageNamesEveryFlag(t *testing.T) {
	t.Parallel()
	for _, p := range pages {
		_, content, _ := p.read(t)
		for _, name := range p.commands {
			help, _, exit := simota("", append(strings.Fields(name), "--help")...)
			if exit != 0 || !strings.Contains(help, "Examples:\n  simota "+name+" ") {
				t.Errorf("simota %s --help: exit status %d, no example of its own in\n%s", name, exit, help)
			}
			_, section, found := strings.Cut(content, p.heading+"simota "+name+"\n")
			section, _, _ = strings.Cut(section, p.heading)
			own, _, _ := strings.Cut(help, "Global Flags:")
			_, own, _ = strings.Cut(own, "\nFlags:")
			flags := flagInHelp.FindAllStringSubmatch(own, -1)
			if !found || len(flags) == 0 {
				t.Fatalf("simota %s: section %v, %d flags", name, found, len(flags))
			}
			for _, f := range flags {
				if f[1] != "--help" && !strings.Contains(section, "`"+f[1]+"`") {
					t.Errorf("%s: section of simota %s does not have %s", p.file, name, f[1])
				}
			}
		}
	}
}
