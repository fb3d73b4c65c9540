package campaign

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/settings"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/sat/rfm"
)

// Spec is a campaign file.
type Spec struct {
	Name         string         `yaml:"campaign" json:"campaign"`
	Kind         swap.Kind      `yaml:"kind" json:"kind"`
	Select       Select         `yaml:"select" json:"select"`
	To           string         `yaml:"to" json:"to,omitempty"`             // swap: the new operator
	Attested     string         `yaml:"attested" json:"attested,omitempty"` // swap by rfm: who says that the new operator knows these IMSIs with these keys
	MaxUnproven  int            `yaml:"max_unproven" json:"max_unproven,omitempty"`
	Canary       int            `yaml:"canary" json:"canary,omitempty"` // so many must be moved (rfm: written) before the rest starts
	DoneWhen     swap.Goal      `yaml:"done_when" json:"done_when,omitempty"`
	Retries      *int           `yaml:"retries" json:"retries,omitempty"` // of a write that certainly did not run; default 2
	Deadlines    Deadlines      `yaml:"deadlines" json:"deadlines,omitzero"`
	Schedule     ScheduleSpec   `yaml:"schedule" json:"schedule,omitzero"`
	Priority     string         `yaml:"priority" json:"priority,omitempty"`           // "interactive": before other campaigns; default "campaign"
	Rate         string         `yaml:"rate" json:"rate,omitempty"`                   // cards started per second, "50/s"; empty is no limit
	Items        []Item         `yaml:"items" json:"items,omitempty"`                 // octets for places that have no name
	On           string         `yaml:"on" json:"on,omitempty"`                       // provision: "new-pair" keeps the campaign running, and configures every device that shows up with a card it selects
	Moved        string         `yaml:"moved" json:"moved,omitempty"`                 // with on: "reprovision", "alert" or "ignore" a card in another device, or a device with another card
	Only         []string       `yaml:"only" json:"only,omitempty"`                   // provision: of what the operator's settings make, these; empty is all
	Notify       bool           `yaml:"notify" json:"notify,omitempty"`               // provision: last, ask the device to call the operator's OMA DM server
	Documents    []OwnDocument  `yaml:"documents" json:"documents,omitempty"`         // provision: in place of what the operator's settings make
	FromOperator []string       `yaml:"from_operator" json:"from_operator,omitempty"` // rfm: files whose content follows from the operator's settings: smsp, sdn, ecc
	Write        map[string]any `yaml:"write" json:"write,omitempty"`                 // rfm: file name to content: hex octets, or a value in the file's own form
}

// OwnDocument is a configuration document of a campaign's own, or a text
// message in its place. It is stored in clear.
type OwnDocument struct {
	Name     string `yaml:"name" json:"name"`
	XML      string `yaml:"xml" json:"xml,omitempty"`           // wap-provisioningdoc
	Text     string `yaml:"text" json:"text,omitempty"`         // in place of XML
	Security string `yaml:"security" json:"security,omitempty"` // "netwpin" (default), "userpin", "usernetwpin" or "none"
	PIN      string `yaml:"pin" json:"pin,omitempty"`
}

// Select says which cards a campaign takes. Fields narrow each other down.
type Select struct {
	All      bool     `yaml:"all" json:"all,omitempty"`
	File     string   `yaml:"file" json:"file,omitempty"` // one ICCID per line; the CLI reads it into ICCIDs
	ICCIDs   []string `yaml:"iccids" json:"iccids,omitempty"`
	Operator string   `yaml:"operator" json:"operator,omitempty"`
	Country  string   `yaml:"country" json:"country,omitempty"`
	CardType string   `yaml:"card_type" json:"card_type,omitempty"`
	Tags     []string `yaml:"tags" json:"tags,omitempty"`
}

// Item is octets for one place of the card that the standards do not name. A
// campaign's file is stored in clear: items are no place for keys.
type Item struct {
	Path   string `yaml:"path" json:"path"`               // from the MF, "7F50/4F01"; 7FFF is the USIM
	Record int    `yaml:"record" json:"record,omitempty"` // of a file with records, from 1
	Offset int    `yaml:"offset" json:"offset,omitempty"` // in a transparent file
	Data   string `yaml:"data" json:"data"`               // hex
}

func (i Item) item() (rfm.Item, error) {
	path, err := rfm.ParsePath(i.Path)
	if err != nil {
		return rfm.Item{}, err
	}
	data, err := hex.DecodeString(i.Data)
	if err != nil {
		return rfm.Item{}, fmt.Errorf("data of %s: %d characters that are not whole hex octets", i.Path, len(i.Data))
	}
	item := rfm.Item{Path: path, Record: i.Record, Offset: i.Offset, Data: data}
	return item, item.Check()
}

// Deadlines say how long a target may stay in a state; zero is the default.
type Deadlines struct {
	Snapshot          time.Duration `yaml:"snapshot" json:"snapshot,omitempty"`
	Switching         time.Duration `yaml:"switching" json:"switching,omitempty"`
	Switched          time.Duration `yaml:"switched" json:"switched,omitempty"`
	Probing           time.Duration `yaml:"probing" json:"probing,omitempty"`
	Waiting           time.Duration `yaml:"waiting" json:"waiting,omitempty"`
	Configuring       time.Duration `yaml:"configuring" json:"configuring,omitempty"`
	SettingsDelivered time.Duration `yaml:"settings_delivered" json:"settings_delivered,omitempty"`
}

// FieldError says what is wrong with one field of a file.
type FieldError struct {
	Field string // "schedule.cron"
	Msg   string
}

// Error gives field and message.
func (e FieldError) Error() string { return "campaign: " + e.Field + ": " + e.Msg }

// ParseSpec reads a campaign file strictly: unknown fields are errors with
// their place, and the first field that cannot work is a [FieldError].
func ParseSpec(text []byte) (Spec, error) {
	var s Spec
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&s); err != nil {
		return Spec{}, &syntaxError{err}
	}
	return s, s.Check()
}

// syntaxError is one of go-yaml, without the lines it shows: they may hold a
// secret.
type syntaxError struct{ err error }

func (e *syntaxError) Error() string { return "campaign: " + yaml.FormatError(e.err, false, false) }
func (e *syntaxError) Unwrap() error { return e.err }

const priorityInteractive = "interactive"

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// Check looks for the first field that cannot work.
func (s Spec) Check() error {
	bad := func(field, format string, args ...any) error {
		return FieldError{Field: field, Msg: fmt.Sprintf(format, args...)}
	}
	if !nameForm.MatchString(s.Name) {
		return bad("campaign", "%q is no name: lower-case letters, digits, dot, dash, at most 63", s.Name)
	}
	if s.Select.empty() {
		return bad("select", "nothing selects cards: name a file, an operator, country, card_type or tags, or write all: true")
	}
	if _, err := s.rate(); err != nil {
		return bad("rate", "%v", err)
	}
	if _, err := ParseSchedule(s.Schedule); err != nil {
		return bad("schedule", "%s", strings.TrimPrefix(err.Error(), "campaign: "))
	}
	for field, n := range map[string]int{"max_unproven": s.MaxUnproven, "canary": s.Canary, "retries": s.retries()} {
		if n < 0 {
			return bad(field, "%d is negative", n)
		}
	}
	switch s.Priority {
	case "", "campaign", priorityInteractive:
	default:
		return bad("priority", "%q is not known: interactive, for what a person waits for, or campaign", s.Priority)
	}
	if s.Schedule.Batch > 0 && s.Canary > s.Schedule.Batch {
		return bad("canary", "%d cards are more than one batch of %d", s.Canary, s.Schedule.Batch)
	}
	for i, item := range s.Items {
		if _, err := item.item(); err != nil {
			return bad(fmt.Sprintf("items[%d]", i), "%s", strings.TrimPrefix(err.Error(), "rfm: "))
		}
	}
	switch s.Kind {
	case swap.KindSwap:
		return s.checkSwap(bad)
	case swap.KindRFM:
		return s.checkRFM(bad)
	case swap.KindProvision:
		return s.checkProvision(bad)
	}
	return bad("kind", "%q is not known: swap, rfm or provision", s.Kind)
}

func (s Spec) checkSwap(bad func(string, string, ...any) error) error {
	switch {
	case s.To == "":
		return bad("to", "a swap needs the operator to switch to")
	case s.MaxUnproven == 0:
		return bad("max_unproven", "a swap needs it: so many cards may be switched and unproven at once")
	case s.first("write", "from_operator") != "":
		return bad(s.first("write", "from_operator"), "write and from_operator are for kind rfm: a swap's files come from the operator and the card type")
	case s.first(ofProvision...) != "":
		return bad(s.first(ofProvision...), "on, moved, only, notify and documents are for kind provision")
	}
	switch s.DoneWhen {
	case "", swap.GoalMoved, swap.GoalSettings, swap.GoalVerified:
		return nil
	}
	return bad("done_when", "%q is not known: moved, settings-delivered or verified", s.DoneWhen)
}

func (s Spec) checkRFM(bad func(string, string, ...any) error) error {
	if len(s.Write)+len(s.Items)+len(s.FromOperator) == 0 {
		return bad("write", "kind rfm needs files to write: a map of file name to content, items, or from_operator")
	}
	if field := s.first(ofProvision...); field != "" {
		return bad(field, "on, moved, only, notify and documents are for kind provision")
	}
	for i, name := range s.FromOperator {
		if !slices.Contains(settings.ByOperator, name) {
			return bad(fmt.Sprintf("from_operator[%d]", i), "%q follows from no operator's settings: %s", name, strings.Join(settings.ByOperator, ", "))
		}
	}
	for name, value := range s.Write {
		f, _, err := rfm.LookupRecord(name)
		switch {
		case err != nil:
			return bad("write."+name, "%s", strings.TrimPrefix(err.Error(), "rfm: "))
		case f.Name == "imsi" || f.Name == "gsm/imsi" || f.Secret:
			return bad("write."+name, "is not written by kind rfm: use kind swap")
		}
		if _, raw := octets(value); raw {
			continue
		}
		if fields, ok := value.(map[string]any); ok && len(fields) == 0 {
			return bad("write."+name, "{} says nothing: name what to write")
		}
		if _, err := f.Encode(value, nil); err != nil {
			return bad("write."+name, "neither hex octets nor a value of this file: %s", strings.TrimPrefix(err.Error(), "rfm: "))
		}
	}
	if field := s.first("to", "attested", "done_when"); field != "" {
		return bad(field, "to, attested and done_when are for kind swap")
	}
	return nil
}

func (s Spec) checkProvision(bad func(string, string, ...any) error) error {
	switch {
	case s.first("to", "attested", "max_unproven") != "":
		return bad(s.first("to", "attested", "max_unproven"), "to, attested and max_unproven are for kind swap: a provisioned card stays where it is")
	case s.first("write", "items", "from_operator") != "":
		return bad(s.first("write", "items", "from_operator"), "write, items and from_operator are for kind rfm: provisioning tells the device, not the card")
	case s.DoneWhen != "" && s.DoneWhen != swap.GoalSettings && s.DoneWhen != swap.GoalVerified:
		return bad("done_when", "%q is not known here: settings-delivered or verified", s.DoneWhen)
	case s.On != "" && s.On != onNewPair:
		return bad("on", "%q is not known: new-pair", s.On)
	case s.On != "" && s.Schedule != (ScheduleSpec{}):
		return bad("schedule", "a campaign with on: %s runs until it is cancelled: it has no schedule", s.On)
	case s.On == "" && s.Moved != "":
		return bad("moved", "is for a campaign that stays: write on: new-pair")
	case len(s.Only) > 0 && len(s.Documents) > 0:
		return bad("only", "chooses among the operator's documents, and this campaign has its own")
	}
	switch s.Moved {
	case "", movedReprovision, movedAlert, movedIgnore:
	default:
		return bad("moved", "%q is not known: reprovision, alert or ignore", s.Moved)
	}
	_, err := s.own()
	return err
}

// ofProvision are the fields that only kind provision has.
var ofProvision = []string{"on", "moved", "only", "notify", "documents"}

// first is the first of the fields that the file says something in; "" if none.
func (s Spec) first(fields ...string) string {
	said := map[string]bool{
		"to": s.To != "", "attested": s.Attested != "", "max_unproven": s.MaxUnproven != 0, "done_when": s.DoneWhen != "",
		"write": len(s.Write) > 0, "items": len(s.Items) > 0, "from_operator": len(s.FromOperator) > 0,
		"on": s.On != "", "moved": s.Moved != "", "only": len(s.Only) > 0, "documents": len(s.Documents) > 0, "notify": s.Notify,
	}
	i := slices.IndexFunc(fields, func(f string) bool { return said[f] })
	if i < 0 {
		return ""
	}
	return fields[i]
}

// octets are content given as hex. Every other value is in the file's own form.
func octets(value any) (b []byte, raw bool) {
	text, ok := value.(string)
	if !ok {
		return nil, false
	}
	b, err := hex.DecodeString(text)
	return b, err == nil && len(b) > 0
}

func (s Select) empty() bool {
	return !s.All && s.File == "" && len(s.ICCIDs) == 0 && s.Operator == "" && s.Country == "" && s.CardType == "" && len(s.Tags) == 0
}

func (s Select) filter() catalog.Filter {
	return catalog.Filter{ICCIDs: s.ICCIDs, Operator: s.Operator, Country: s.Country, Type: s.CardType, Tags: s.Tags}
}

// rate is cards per second; 0 is no limit.
func (s Spec) rate() (float64, error) {
	if s.Rate == "" {
		return 0, nil
	}
	n, ok := strings.CutSuffix(strings.TrimSpace(s.Rate), "/s")
	if !ok {
		return 0, fmt.Errorf("%q: write cards per second, as 50/s", s.Rate)
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
	if err != nil || v <= 0 || v > 1e6 {
		return 0, fmt.Errorf("%q: write cards per second, as 50/s", s.Rate)
	}
	return v, nil
}

func (s Spec) retries() int {
	if s.Retries == nil {
		return 2
	}
	return *s.Retries
}

func (s Spec) goal() swap.Goal {
	if s.DoneWhen == "" {
		return swap.GoalSettings
	}
	return s.DoneWhen
}

// deadlines fills in the defaults.
func (s Spec) deadlines() swap.Deadlines {
	d := swap.DefaultDeadlines()
	for _, f := range []struct{ to, from *time.Duration }{
		{&d.Snapshot, &s.Deadlines.Snapshot}, {&d.Switching, &s.Deadlines.Switching}, {&d.Switched, &s.Deadlines.Switched},
		{&d.Probing, &s.Deadlines.Probing}, {&d.Waiting, &s.Deadlines.Waiting}, {&d.Configuring, &s.Deadlines.Configuring},
		{&d.SettingsDelivered, &s.Deadlines.SettingsDelivered},
	} {
		if *f.from > 0 {
			*f.to = *f.from
		}
	}
	return d
}
