package swap

import (
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota"
	"github.com/simota/simota/sat/rfm"
)

// Kind is what a campaign does to a card.
type Kind string

// Kinds of campaign that Next serves.
const (
	KindSwap      Kind = "swap"
	KindRFM       Kind = "rfm"
	KindProvision Kind = "provision" // nothing is done to the card: its device is configured
)

// Technique is how a card is switched.
type Technique string

// Techniques of a swap. Facts without one are of technique rfm.
const (
	ByRFM    Technique = "rfm"    // the files of the identity are written
	ByEUICC  Technique = "euicc"  // another profile is enabled (GSMA SGP.02)
	ByApplet Technique = "applet" // a vendor's applet selects another identity
)

// Goal is the rung at which a swap is done.
type Goal string

// Goals of a campaign (done_when).
const (
	GoalMoved    Goal = "moved"
	GoalSettings Goal = "settings-delivered"
	GoalVerified Goal = "verified"
)

// Facts are what a target's saga rests on. They are pinned when the card is
// claimed, so a card type or operator that changes later changes no saga under
// way.
type Facts struct {
	Kind      Kind      `json:"kind"`
	Technique Technique `json:"technique,omitempty"`
	Began     time.Time `json:"began"` // when the card was claimed for this round
	ICCID     string    `json:"iccid"`
	CardType  string    `json:"card_type"`
	KeysetID  int64     `json:"keyset"`
	SPI       ota.SPI   `json:"spi"`
	TAR       ota.TAR   `json:"tar"`
	Format    string    `json:"format"`
	Start     string    `json:"start"`
	Room      int       `json:"room"` // octets of script in one packet
	MaxParts  int       `json:"max_parts"`
	AllowWeak bool      `json:"allow_weak,omitempty"`
	// Interactive goes before other campaigns: a person waits for it.
	Interactive bool         `json:"interactive,omitempty"`
	Refresh     string       `json:"refresh"`
	Files       []string     `json:"files"`
	Identity    rfm.Identity `json:"identity"` // what the card shall be
	From        Side         `json:"from"`
	To          Side         `json:"to"` // zero for kind rfm; for kind provision the only one
	IMEI        string       `json:"imei,omitempty"`
	// Planned is the device that Documents were chosen for; empty means one that
	// nobody knew.
	// Unplanned is why none could be.
	Planned   string     `json:"planned,omitempty"`
	Unplanned string     `json:"unplanned,omitempty"`
	NoCP      bool       `json:"no_cp,omitempty"`
	APNs      []string   `json:"apns,omitempty"` // of the new operator
	Documents []Document `json:"documents,omitempty"`
	Goal      Goal       `json:"goal,omitempty"`
	Retries   int        `json:"retries"` // how often a switch that did not happen is tried again
	Deadlines Deadlines  `json:"deadlines"`
	Pace      Pace       `json:"pace"`
	Speed     float64    `json:"speed,omitempty"` // of the laboratory's clock, for people; 0 is the field's

	// Of an eUICC, whatever is done to it: where its notices are confirmed. With
	// technique euicc it is the saga's own channel too.
	ISDR       *Channel `json:"isdr,omitempty"`
	NextNotice int      `json:"next_notice,omitempty"` // notices below it are older than this saga
	DeleteOld  bool     `json:"delete_old,omitempty"`  // POL2 of the old profile: delete on disable

	// Of technique applet: its commands, filled in. TAR and Format are those of the switch.
	Applet *AppletFacts `json:"applet,omitempty"`
}

// AppletFacts are a vendor applet's commands for one card.
type AppletFacts struct {
	Template catalog.Template  `json:"template"`
	Old      map[string]string `json:"old"` // values of the identity it has, by name of the placeholder
	New      map[string]string `json:"new"` // and of the one it shall have
}

// Side is one of the two subscriptions and how it is reached.
type Side struct {
	Subscription int64    `json:"subscription"`
	Operator     string   `json:"operator"`
	IMSI         string   `json:"imsi"`
	MSISDN       string   `json:"msisdn"`
	Links        []string `json:"links"`
	Source       string   `json:"source"`
	ISDP         string   `json:"isdp,omitempty"` // technique euicc: AID of the profile, hex
}

// decidesItself reports whether the card can leave the identity that it was
// given without being told to.
func (f Facts) decidesItself() bool {
	return f.Kind == KindSwap && (f.Technique == ByEUICC || f.Technique == ByApplet)
}

// ours reports whether an APN is one of the new operator's. Networks write
// names in any case, and some with the operator identifier behind them
// (3GPP TS 23.003, 9.1).
func (f Facts) ours(apn string) bool {
	apn = strings.ToLower(apn)
	if name, gprs := strings.CutSuffix(apn, ".gprs"); gprs {
		if i := strings.LastIndex(name, ".mnc"); i >= 0 {
			apn = name[:i]
		}
	}
	return apn != "" && slices.ContainsFunc(f.APNs, func(a string) bool { return strings.ToLower(a) == apn })
}

// Document is one configuration document for the device, or a text message in
// its place.
type Document struct {
	Name     string `json:"name"`               // "internet", "mms", "smsc", "short codes"
	Gating   bool   `json:"gating"`             // the target's state waits for it
	WBXML    []byte `json:"wbxml,omitempty"`    // empty for a text
	Text     string `json:"text,omitempty"`     // empty for a document
	Push     []byte `json:"push,omitempty"`     // a WSP push that is complete as it is, in place of both
	Security string `json:"security,omitempty"` // how it is signed; empty means "netwpin"
	PIN      string `json:"pin,omitempty"`
}

// plannedFor reports whether the documents are those for a device. All devices
// of one type allocation code are told the same; of one that nobody saw the
// documents are as good as any.
func (f Facts) plannedFor(imei string) bool {
	return imei == "" || catalog.TAC(f.Planned) == catalog.TAC(imei)
}

// Deadlines say how long a target may stay where it is.
type Deadlines struct {
	Snapshot          time.Duration `json:"snapshot"`
	Switching         time.Duration `json:"switching"`
	Switched          time.Duration `json:"switched"`
	Probing           time.Duration `json:"probing"` // from the first probe of both numbers until dark
	Waiting           time.Duration `json:"waiting"` // for a restart of the device
	Configuring       time.Duration `json:"configuring"`
	SettingsDelivered time.Duration `json:"settings_delivered"`
}

// DefaultDeadlines are those of saga.md.
func DefaultDeadlines() Deadlines {
	const day = 24 * time.Hour
	return Deadlines{
		Snapshot: 6 * time.Hour, Switching: 6 * time.Hour, Switched: 30 * time.Minute, Probing: day, Waiting: 7 * day,
		Configuring: day, SettingsDelivered: day,
	}
}

// Pace is how often questions are repeated that nothing calls for.
type Pace struct {
	Life   time.Duration   `json:"life"`   // least time between two reads that a sign of life asks for
	Gentle []time.Duration `json:"gentle"` // probes while waiting for a restart, from its beginning
	Daily  time.Duration   `json:"daily"`  // between probes after the last of Gentle
}

// DefaultPace is that of saga.md.
func DefaultPace() Pace {
	return Pace{
		Life: time.Minute, Daily: 24 * time.Hour,
		Gentle: []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour},
	}
}

// Faster divides every duration of the facts by the factor: a laboratory's clock.
func (f *Facts) Faster(factor float64) {
	d, p := &f.Deadlines, &f.Pace
	f.Speed = factor
	p.Gentle = append([]time.Duration(nil), p.Gentle...)
	all := []*time.Duration{
		&d.Snapshot, &d.Switching, &d.Switched, &d.Probing, &d.Waiting, &d.Configuring, &d.SettingsDelivered, &p.Life, &p.Daily,
	}
	for i := range p.Gentle {
		all = append(all, &p.Gentle[i])
	}
	for _, t := range all {
		*t = time.Duration(float64(*t) / factor)
	}
}
