package codec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/cp/content"
	"github.com/simota/simota/ota/explain"
)

// cpCheck says what is wrong with a provisioning document.
type cpCheck struct {
	xml     xmlDocument
	wbxml   wbxmlDocument
	clients []string // those asked about, all if empty; the same for all lines
}

// CPCheck returns the command that checks provisioning documents.
func (h Host) CPCheck() *cobra.Command {
	r := &cpCheck{}
	var names []string
	for _, c := range content.Clients() {
		names = append(names, c.Name)
	}
	cmd := &cobra.Command{
		Use: "check FILE|HEX|-", Short: "say what is wrong with a provisioning document, by the standard and for known clients",
		Long: `Reads a provisioning document: XML, WBXML, or the push that carries it. The argument
is a file, octets in hex, or "-" for standard input, which may hold any of them.

The findings come in two groups: what breaks the standard (ProvCont 1.1) or hinders
simota from sending, and what known clients make of the document. Each says where,
what happens, and what to do:
  refused  the whole document      ignored  that parm or value has no effect
  dropped  that characteristic     note     nothing is lost

Exit status 1 if the standard is broken so that something is dropped or refused, or
if a client that was asked about refuses the whole document; what a client only drops
does not count. With --jsonl it is 1 if a line could not be read. No password is shown.

Clients: ` + strings.Join(names, ", "),
		Example: indent("simota cp check settings.xml\nsimota cp check 01060161B6030B6A00... --client cpclient --client gecko\nsimota cp check --jsonl < documents.jsonl"),
	}
	cmd.Flags().StringArrayVar(&r.clients, "client", nil, "ask about this client only; several may be given [all]")
	lines := cmd.Flags().Bool("jsonl", false, linesUsage)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		for _, c := range r.clients {
			if !slices.Contains(names, c) {
				return h.Usage(cmd, "--client %s: want one of %s", c, strings.Join(names, ", "))
			}
		}
		switch {
		case *lines && len(args) > 0:
			return h.Usage(cmd, "--jsonl reads standard input, not %q", args[0])
		case !*lines && len(args) == 0:
			return h.Usage(cmd, "FILE, HEX or - is missing")
		case len(args) > 1:
			return h.Usage(cmd, "%q is one argument too many", args[1])
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *lines {
			return h.stream(cmd.Context(), r)
		}
		b, err := h.fileOrText(args[0])
		if err != nil {
			return err
		}
		d, err := documentIn(b)
		if err != nil {
			return err
		}
		a := r.check(d)
		if err := h.print(a); err != nil {
			return err
		}
		return a.verdict()
	}
	return cmd
}

// fileOrText reads the file of that name, and takes the argument itself where
// there is none but it is hex.
func (h Host) fileOrText(arg string) ([]byte, error) {
	b, err := h.readFile(arg)
	if errors.Is(err, os.ErrNotExist) {
		if _, err = explain.Octets(arg); err != nil {
			return nil, fmt.Errorf("there is no such file, and the argument is no document in hex: %w", err)
		}
		return []byte(arg), nil
	}
	return b, err
}

// documentIn reads XML, or WBXML or a push, as octets or in hex.
func documentIn(b []byte) (cp.Document, error) {
	text := bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\ufeff")))
	if bytes.HasPrefix(text, []byte("<")) {
		return cp.ParseXML(text)
	}
	if len(b) > 1 && b[0] < ' ' && !bytes.ContainsAny(b[:1], "\t\r\n") {
		return documentOf(b)
	}
	o, err := explain.Octets(string(text))
	if err != nil {
		return cp.Document{}, fmt.Errorf("neither XML nor octets: %w", err)
	}
	return documentOf(o)
}

// documentOf reads a push, whose second octet is its type, or WBXML, whose
// second octet is the public identifier.
func documentOf(b []byte) (cp.Document, error) {
	const push = 0x06
	if len(b) > 1 && b[1] == push {
		m, err := cp.ParsePush(b)
		if err != nil {
			return cp.Document{}, err
		}
		b = m.Body
	}
	return cp.ParseWBXML(b)
}

// xmlDocument is a document in XML.
type xmlDocument struct{ *cp.Document }

func (x *xmlDocument) Set(s string) error {
	d, err := cp.ParseXML([]byte(s))
	x.Document = &d
	return err
}

// wbxmlDocument is a document as WBXML or a push, in hex.
type wbxmlDocument struct{ *cp.Document }

func (w *wbxmlDocument) Set(s string) error {
	var b octets
	if err := b.Set(s); err != nil {
		return err
	}
	d, err := documentOf(b)
	w.Document = &d
	return err
}

func (r *cpCheck) reset() { *r = cpCheck{clients: r.clients} }

func (r *cpCheck) fields() []field {
	return []field{{"xml", &r.xml, false, "document in XML"}, {"wbxml", &r.wbxml, false, "document as WBXML or push"}}
}

func (r *cpCheck) run() (answer, error) {
	switch x, w := r.xml.Document, r.wbxml.Document; {
	case x == nil && w == nil:
		return nil, errors.New("xml and wbxml are both missing")
	case x != nil && w != nil:
		return nil, errors.New("xml and wbxml are both there")
	case x != nil:
		return r.check(*x), nil
	default:
		return r.check(*w), nil
	}
}

// check keeps what the standard says and what the clients say that are asked
// about.
func (r *cpCheck) check(d cp.Document) *cpChecked {
	a := &cpChecked{Findings: []content.Finding{}, clients: r.clients}
	a.Octets, a.Messages, _ = content.Size(d) // an error is among the findings
	for _, f := range content.Check(d) {
		if len(r.clients) == 0 || !ofClient(f) || slices.Contains(r.clients, f.By) {
			a.Findings = append(a.Findings, f)
		}
	}
	return a
}

func ofClient(f content.Finding) bool { return f.By != content.Standard && f.By != content.Sender }

// cpChecked is what was found.
type cpChecked struct {
	tagged
	Octets   int               `json:"octets,omitempty"`   // of WBXML as simota writes it
	Messages int               `json:"messages,omitempty"` // short messages, with a MAC
	Findings []content.Finding `json:"findings"`

	clients []string
}

// verdict is an error for what the exit status is about.
func (a *cpChecked) verdict() error {
	broken := 0
	var refusing, said []string
	for _, f := range a.Findings {
		switch {
		case !ofClient(f) && f.Effect >= content.Dropped:
			broken++
		case ofClient(f) && f.Effect == content.Refused && !slices.Contains(refusing, f.By):
			refusing = append(refusing, f.By)
		}
	}
	if broken > 0 {
		said = append(said, "the document is broken in "+count(broken, "place"))
	}
	if len(refusing) > 0 {
		said = append(said, "refused as a whole by "+strings.Join(refusing, ", "))
	}
	if len(said) == 0 {
		return nil
	}
	return errors.New(strings.Join(said, "; "))
}

func (a *cpChecked) text(w io.Writer) error {
	size := "cannot be encoded"
	if a.Messages > 0 {
		size = fmt.Sprintf("%s of WBXML, %s with a MAC", count(a.Octets, "octet"), count(a.Messages, "short message"))
	}
	if _, err := fmt.Fprintf(w, "document: %s\n", size); err != nil {
		return err
	}
	if err := a.group(w, "the standard and sending", func(f content.Finding) bool { return !ofClient(f) }); err != nil {
		return err
	}
	title := "known clients"
	if len(a.clients) > 0 {
		title = strings.Join(a.clients, ", ")
	}
	return a.group(w, title, ofClient)
}

// group writes the findings of one group, the worst first.
func (a *cpChecked) group(w io.Writer, title string, in func(content.Finding) bool) error {
	found := slices.DeleteFunc(slices.Clone(a.Findings), func(f content.Finding) bool { return !in(f) })
	slices.SortStableFunc(found, func(a, b content.Finding) int { return int(b.Effect) - int(a.Effect) })
	if len(found) == 0 {
		_, err := fmt.Fprintf(w, "\n%s: nothing found\n", title)
		return err
	}
	if _, err := fmt.Fprintf(w, "\n%s:\n", title); err != nil {
		return err
	}
	rows := make([][]string, len(found))
	for i, f := range found {
		where := f.Path
		if where == "" {
			where = "(document)"
		}
		rows[i] = []string{f.Effect.String(), where, f.By + "/" + f.Rule, f.Text}
	}
	return show.Table(w, rows)
}
