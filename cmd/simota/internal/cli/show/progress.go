package show

import (
	"fmt"
	"io"
	"strings"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/swap"
)

// ladder is the way up of each kind of campaign: always shown, so that a
// picture that is drawn again keeps its height.
func ladder(kind string) []swap.State {
	switch swap.Kind(kind) {
	case swap.KindRFM:
		return []swap.State{swap.Selected, swap.Snapshot, swap.Writing, swap.Written}
	case swap.KindProvision:
		return []swap.State{swap.Selected, swap.Configuring, swap.SettingsDelivered, swap.Verified}
	}
	return []swap.State{
		swap.Selected, swap.Snapshot, swap.Switching, swap.Switched, swap.Moved, swap.Configuring, swap.SettingsDelivered, swap.Verified,
	}
}

// Columns of the progress picture, in characters.
const (
	nameColumn  = 18
	countColumn = 9
	minBar      = 8
	maxBar      = 40
)

// RenderProgress writes a campaign as bars, one line per rung of the ladder,
// then what left the ladder, then the traffic. width is that of the terminal,
// in characters; the number of lines does not depend on the progress.
func RenderProgress(w io.Writer, c api.Campaign, width int) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s   %s, %s   %s%s, %s ended, %s open\n\n",
		plain(c.Name), plain(c.Kind), plain(c.State), of(c.Total, "card"), selecting(c), count(c.Total-c.Open), count(c.Open))
	bar := min(max(width-nameColumn-countColumn-4, minBar), maxBar)
	seen := map[string]bool{}
	for _, s := range ladder(c.Kind) {
		seen[string(s)] = true
		n := c.ByState[string(s)]
		line := fmt.Sprintf("%-*s %s %*s", nameColumn, s, blocks(n, c.Total, bar), countColumn-2, count(n))
		if (s == swap.Switching || s == swap.Writing) && c.Unproven > 0 {
			line += fmt.Sprintf("   unproven %s", count(c.Unproven))
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	fmt.Fprintln(b, besides(c.ByState, seen))
	fmt.Fprintf(b, "\nsent %s SMS (%s of them again)   receipts %s   proofs %s\n",
		count(c.Traffic.Sent), count(c.Traffic.Resent), count(c.Traffic.Receipts), count(c.Traffic.Proofs))
	fmt.Fprintln(b, plain(c.Note))
	_, err := io.WriteString(w, b.String())
	return err
}

func selecting(c api.Campaign) string {
	if c.Selected {
		return ""
	}
	return " so far"
}

func blocks(n, total, width int) string {
	full := 0
	if total > 0 {
		full = min(n*width/total, width)
	}
	if n > 0 {
		full = max(full, 1)
	}
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

// besides lists the states that are no rungs, the greatest number first; empty
// where there are none, but a line all the same.
func besides(byState map[string]int, rungs map[string]bool) string {
	var out []string
	for _, s := range byNumber(byState) {
		if !rungs[s] && byState[s] > 0 {
			out = append(out, plain(s)+" "+count(byState[s]))
		}
	}
	return strings.Join(out, "   ")
}

// Steered writes where a campaign stands after somebody steered it.
func Steered(w io.Writer, c api.Campaign) error {
	line := plain(c.Name) + " is " + plain(c.State)
	if c.Note != "" {
		line += "; " + plain(c.Note)
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

// ProgressLine writes a campaign as one line, for logs and pipes.
func ProgressLine(w io.Writer, c api.Campaign) error {
	var states []string
	for _, s := range byNumber(c.ByState) {
		if c.ByState[s] > 0 {
			states = append(states, plain(s)+" "+count(c.ByState[s]))
		}
	}
	line := fmt.Sprintf("%s %s: %s%s, %s open", plain(c.Name), plain(c.State), of(c.Total, "card"), selecting(c), count(c.Open))
	if len(states) > 0 {
		line += ": " + strings.Join(states, ", ")
	}
	if c.Note != "" {
		line += "; " + plain(c.Note)
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

// Screen draws a picture again and again in one place of a terminal.
type Screen struct {
	W io.Writer

	lines int
}

// Draw replaces the picture that was drawn before. Lines that are too long are
// cut by the terminal instead of wrapped, so the picture keeps its height.
func (s *Screen) Draw(picture string) error {
	b := &strings.Builder{}
	if s.lines > 0 {
		fmt.Fprintf(b, "\x1b[%dA", s.lines)
	}
	b.WriteString("\x1b[?7l") // no wrapping
	for line := range strings.Lines(picture) {
		b.WriteString(strings.TrimSuffix(line, "\n") + "\x1b[K\n")
	}
	b.WriteString("\x1b[J\x1b[?7h")
	s.lines = strings.Count(picture, "\n")
	_, err := io.WriteString(s.W, b.String())
	return err
}
