package codec

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/ram"
	"github.com/simota/simota/sat/rfm"
)

// apduExplain says what commands ask, and what status words mean.
type apduExplain struct{ apdus list }

func (h Host) apduExplain() *cobra.Command {
	cmd := h.command(&apduExplain{}, "explain", "say in plain words what APDUs ask, and what status words mean",
		`simota apdu explain 00A40004026F07 00D6000009084906400000000021
simota apdu explain 00A40004026F0700B0000009
simota apdu explain 6A82`)
	cmd.Long = `An argument is an APDU, several without a gap as in a compact script, or a status
word of two octets.`
	return cmd
}

func (r *apduExplain) reset() { *r = apduExplain{} }

func (r *apduExplain) fields() []field { return []field{{"apdus", &r.apdus, true, "APDU"}} }

func (r *apduExplain) run() (answer, error) {
	if len(r.apdus) == 0 {
		return nil, errors.New("apdus is empty")
	}
	a := &apdusExplained{APDUs: []apduExplained{}}
	var selected rfm.File // by the commands so far, if known
	known := false
	for i, o := range r.apdus {
		if len(o) == 2 {
			sw := sat.Status(o[0])<<8 | sat.Status(o[1])
			a.APDUs = append(a.APDUs, apduExplained{SW: o.String(), Text: sw.String()})
			continue
		}
		commands, err := commandsIn(o)
		if err != nil {
			return nil, fmt.Errorf("apdus: %d of %d: %w", i+1, len(r.apdus), err)
		}
		for _, c := range commands {
			e, err := explained(c)
			if err != nil {
				return nil, err
			}
			if c.INS == selecting {
				selected, known = selectedFile(c)
				e.File = selected.Title
			} else if known {
				e.Value = written(selected, c)
			}
			a.APDUs = append(a.APDUs, e)
		}
	}
	return a, nil
}

// commandsIn reads one APDU, or if it is not one, several without a gap. The error is that of the one.
func commandsIn(o octets) ([]sat.Command, error) {
	c, err := sat.ParseCommand(o)
	if err == nil {
		return []sat.Command{c}, nil
	}
	if cs, e := sat.ParseCommands(o); e == nil && len(cs) > 1 {
		return cs, nil
	}
	return nil, err
}

func explained(c sat.Command) (apduExplained, error) {
	b, err := c.AppendBinary(nil)
	if err != nil {
		return apduExplained{}, err
	}
	e := apduExplained{APDU: b, Header: octets(b[:4]).String(), Data: c.Data, Text: ram.Describe(c), command: &c}
	if c.Le != sat.NoLe {
		e.Le = c.Le
	}
	return e, nil
}

// Instructions (ETSI TS 102 221, 10.1.2).
const (
	selecting      = 0xA4
	updatingBinary = 0xD6
	updatingRecord = 0xDC
)

// written says what an update writes into a file, if it writes all of the file or of a record.
func written(f rfm.File, c sat.Command) string {
	whole := c.INS == updatingBinary && c.P1 == 0 && c.P2 == 0 || c.INS == updatingRecord && c.P2 == 0x04
	if !whole || len(c.Data) < f.Size {
		return ""
	}
	if _, err := f.Decode(c.Data); err != nil {
		return ""
	}
	return f.Describe(c.Data)
}

// selectedFile finds the file that a SELECT by identifier or by path from the MF names, as far as the standards do.
func selectedFile(c sat.Command) (rfm.File, bool) {
	if len(c.Data) == 0 || len(c.Data)%2 != 0 {
		return rfm.File{}, false
	}
	var path []sat.FID
	for i := 0; i < len(c.Data); i += 2 {
		path = append(path, sat.FID(c.Data[i])<<8|sat.FID(c.Data[i+1]))
	}
	switch c.P1 {
	case 0x00:
		if len(path) == 1 {
			return rfm.LookupFID(path[0])
		}
	case 0x08:
		return rfm.LookupPath(nil, path...)
	}
	return rfm.File{}, false
}

type apdusExplained struct {
	tagged
	APDUs []apduExplained `json:"apdus"`
}

// apduExplained is a command, or a status word with SW and Text only.
type apduExplained struct {
	APDU   octets `json:"apdu,omitempty"`
	SW     string `json:"sw,omitempty"`
	Header string `json:"header,omitempty"` // CLA, INS, P1, P2
	Data   octets `json:"data,omitempty"`
	Le     int    `json:"le,omitempty"`    // 1 to 256, 0 if nothing is expected
	File   string `json:"file,omitempty"`  // what SELECT names, by the standards
	Value  string `json:"value,omitempty"` // what an update writes there
	Text   string `json:"text"`

	command *sat.Command
}

func (a *apdusExplained) text(w io.Writer) error {
	rows := make([][]string, len(a.APDUs))
	for i, e := range a.APDUs {
		if e.command == nil {
			sw, words, _ := strings.Cut(e.Text, " ")
			rows[i] = []string{sw, words}
			continue
		}
		text := e.Text
		if note := e.File + e.Value; note != "" {
			text += ": " + note
		}
		rows[i] = []string{e.command.String(), text}
	}
	return show.Table(w, rows)
}
