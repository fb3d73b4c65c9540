package show

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/simota/simota/cmd/simota/internal/probe"
)

// LinkTest is a try of an SMPP link, step by step.
type LinkTest struct {
	Link    string       `json:"link"`
	Address string       `json:"address"`
	OK      bool         `json:"ok"`
	Steps   []probe.Step `json:"steps"`
}

// LinkTestLines writes a try while it goes on.
type LinkTestLines struct{ W io.Writer }

// Head says what is tried.
func (l LinkTestLines) Head(t LinkTest) error {
	_, err := fmt.Fprintf(l.W, "%s at %s\n", plain(t.Link), plain(t.Address))
	return err
}

// Step writes one step, and below it what to do.
func (l LinkTestLines) Step(s probe.Step) error {
	mark := "ok"
	if !s.OK {
		mark = "FAILED"
	}
	head := fmt.Sprintf("%-6s  %-12s  %8s  ", mark, s.Name, duration(s.Took))
	text := head + plain(s.Words) + "\n"
	if s.Next != "" {
		text += strings.Repeat(" ", len(head)) + plain(s.Next) + "\n"
	}
	_, err := io.WriteString(l.W, text)
	return err
}

// duration writes what a step took, to a tenth of a millisecond or of a second.
func duration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
