package show

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
)

// Cards writes a table of cards with their active subscriptions.
func Cards(w io.Writer, cards []api.Card) error {
	rows := [][]string{{"ICCID", "TYPE", "COUNTRY", "OPERATOR", "MSISDN", "IMSI", "IMEI", "TAGS"}}
	for _, c := range cards {
		s := active(c)
		rows = append(rows, []string{
			c.ICCID, dash(c.Type), dash(c.Country), dash(s.Operator), dash(s.MSISDN), dash(s.IMSI), dash(c.IMEI), strings.Join(c.Tags, " "),
		})
	}
	return Table(w, rows)
}

// active is the subscription that a card uses; the first one where nobody knows.
func active(c api.Card) api.Subscription {
	if i := slices.IndexFunc(c.Subscriptions, func(s api.Subscription) bool { return s.Active }); i >= 0 {
		return c.Subscriptions[i]
	}
	if len(c.Subscriptions) > 0 {
		return c.Subscriptions[0]
	}
	return api.Subscription{}
}

// Operators writes a table of operators.
func Operators(w io.Writer, ops []catalog.Operator) error {
	rows := [][]string{{"OPERATOR", "PLMN", "COUNTRY", "SMSC", "CARDS ANSWER TO", "LINKS", "APNS"}}
	for _, o := range ops {
		var apns []string
		for _, a := range o.APNs {
			apns = append(apns, a.Purpose+" "+a.Name)
		}
		rows = append(rows, []string{
			o.Name, dash(strings.Join(o.PLMNs, " ")), dash(o.Country), dash(o.SMSC), dash(o.SourceAddress.Number),
			dash(strings.Join(o.Links, " ")), strings.Join(apns, ", "),
		})
	}
	return Table(w, rows)
}

// CardTypes writes a table of card types.
func CardTypes(w io.Writer, types []catalog.CardType) error {
	rows := [][]string{{"CARD TYPE", "TECHNIQUE", "KIC", "KID", "SPI", "MAX PARTS", "REFRESH", "TARS"}}
	for _, t := range types {
		var tars []string
		for name, tar := range t.TARs {
			tars = append(tars, fmt.Sprintf("%s %s", strings.ToUpper(tar.TAR), name))
		}
		if t.ISDR != nil {
			tars = append(tars, strings.ToUpper(t.ISDR.TAR)+" isdr")
		}
		if t.Applet != nil {
			tars = append(tars, strings.ToUpper(t.Applet.TAR)+" applet")
		}
		slices.Sort(tars)
		rows = append(rows, []string{
			t.Name, t.Technique, t.Keys.KIc, t.Keys.KID, t.SPI, strconv.Itoa(t.PartsLimit()), dash(t.Refresh), strings.Join(tars, ", "),
		})
	}
	return Table(w, rows)
}

// Inbox writes a table of PDUs that came in, and why each stands where it does.
func Inbox(w io.Writer, inbox []api.InboxRow, zone *time.Location) error {
	rows := [][]string{{"ID", "RECEIVED", "LINK", "STATE", "FROM", "TO", "WHY"}}
	for _, r := range inbox {
		rows = append(rows, []string{strconv.FormatInt(r.ID, 10), stamp(r.At, zone), r.Link, r.State, dash(r.From), dash(r.To), r.Why})
	}
	return Table(w, rows)
}

// Campaigns writes a table of campaigns.
func Campaigns(w io.Writer, cs []api.Campaign, zone *time.Location) error {
	rows := [][]string{{"CAMPAIGN", "KIND", "STATE", "CARDS", "OPEN", "UNPROVEN", "CREATED", "NEXT RUN", "NOTE"}}
	for _, c := range cs {
		rows = append(rows, []string{
			c.Name, c.Kind, c.State, count(c.Total), count(c.Open), count(c.Unproven), stamp(c.CreatedAt, zone), stamp(c.NextRun, zone), c.Note,
		})
	}
	return Table(w, rows)
}

// Report writes a table of targets: what became of each card, why, and what a
// person can do.
func Report(w io.Writer, targets []api.Target) error {
	rows := [][]string{{"CARD", "STATE", "CAUSE", "NEXT STEP"}}
	for _, t := range targets {
		rows = append(rows, []string{t.ICCID, t.State, dash(t.Cause), t.NextStep})
	}
	return Table(w, rows)
}

// ReportCSV writes targets as comma-separated values with a header. Times are
// in UTC, RFC 3339.
func ReportCSV(w io.Writer, targets []api.Target) error {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	out := csv.NewWriter(w)
	_ = out.Write([]string{"iccid", "campaign", "state", "closed", "cause", "next_step", "due", "closed_at"}) // Flush keeps the error
	for _, t := range targets {
		_ = out.Write([]string{
			t.ICCID, t.Campaign, t.State, strconv.FormatBool(t.Closed), plain(t.Cause), plain(t.NextStep), at(t.Due), at(t.ClosedAt),
		})
	}
	out.Flush()
	return out.Error()
}

// Forecast writes what a campaign would do.
func Forecast(w io.Writer, f api.Forecast) error {
	if _, err := fmt.Fprintf(w, "%s selected, %s ready, %s would be skipped\n", of(f.Cards, "card"), count(f.Ready), count(f.Cards-f.Ready)); err != nil {
		return err
	}
	for _, reason := range byNumber(f.Skips) {
		if _, err := fmt.Fprintf(w, "%8s  %s\n", count(f.Skips[reason]), plain(reason)); err != nil {
			return err
		}
	}
	return nil
}

// byNumber lists the keys with the greatest number first.
func byNumber(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if m[a] != m[b] {
			return m[b] - m[a]
		}
		return strings.Compare(a, b)
	})
	return keys
}

// Imported writes what an import of things did.
func Imported(w io.Writer, what string, r api.ImportResult) error {
	text := fmt.Sprintf("%s new, %s changed, %s as before", of(r.Created, what), count(r.Changed), count(r.Same))
	if r.Skipped > 0 {
		text += fmt.Sprintf("; %s left out", of(r.Skipped, "bad row"))
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
