package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// A command in a sentence: its words, and later its flags. A word that does not
// belong to it may follow.
var (
	commandInText = regexp.MustCompile(`\bsimota((?: [a-z][a-z-]*)+)([^;:,\n]*)`)
	flagInText    = regexp.MustCompile(`--([a-z-]+)`)
)

// TestAdviceNamesOnlyCommandsThatExist reads the texts that the server gives to
// people out of its source: what they tell to type must work.
func TestAdviceNamesOnlyCommandsThatExist(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../httpapi/*.go")
	if err != nil {
		t.Fatal(err)
	}
	p, _, _ := process("")
	root := newRoot(&app{Process: p})
	named := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, text := range literals(t, file) {
			for _, m := range commandInText.FindAllStringSubmatch(text, -1) {
				cmd := leaf(root, strings.Fields(m[1]))
				if cmd == nil {
					t.Errorf("%s: %q names no command", file, text)
					continue
				}
				named[cmd.CommandPath()] = true
				for _, flag := range flagInText.FindAllStringSubmatch(m[2], -1) {
					if cmd.Flag(flag[1]) == nil {
						t.Errorf("%s: %q: %s has no flag --%s", file, text, cmd.CommandPath(), flag[1])
					}
				}
			}
		}
	}
	for _, want := range []string{"simota campaign retry", "simota campaign start", "simota card show"} {
		if !named[want] {
			t.Errorf("no text names %s: are they read at all?", want)
		}
	}
}

// literals are the strings of a source file, imports apart.
func literals(t *testing.T, file string) (out []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if _, ok := n.(*ast.ImportSpec); ok {
			return false
		}
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			text, err := strconv.Unquote(l.Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, text)
		}
		return true
	})
	return out
}

// leaf follows words down the tree to a command that does something; nil where
// they lead to none.
func leaf(cmd *cobra.Command, words []string) *cobra.Command {
	for cmd.HasSubCommands() {
		if len(words) == 0 {
			return nil
		}
		var next *cobra.Command
		for _, c := range cmd.Commands() {
			if c.Name() == words[0] {
				next = c
			}
		}
		if next == nil {
			return nil
		}
		cmd, words = next, words[1:]
	}
	return cmd
}

func TestWordsThatLeadNowhereAreNoCommand(t *testing.T) {
	t.Parallel()
	p, _, _ := process("")
	root := newRoot(&app{Process: p})
	for words, want := range map[string]bool{"cp nothing": false, "card": false, "card show": true, "campaign retry then": true, "": false} {
		if got := leaf(root, strings.Fields(words)) != nil; got != want {
			t.Errorf("%q: %v, want %v", words, got, want)
		}
	}
}
