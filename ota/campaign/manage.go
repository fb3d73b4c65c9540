package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/swap"
)

// Sentinels for what a person asked for.
var (
	ErrExists = errors.New("campaign: a campaign of this name exists")
	ErrState  = errors.New("campaign: not in this state")
)

// Forecast is what a campaign would do.
type Forecast struct {
	Cards int            `json:"cards"`
	Ready int            `json:"ready"` // preflight found nothing against them
	Skips map[string]int `json:"skips"` // reason to number of cards
}

// Forecast runs the selection and preflight of a campaign, and sends nothing.
func (e *Engine) Forecast(ctx context.Context, spec Spec) (Forecast, error) {
	f := Forecast{Skips: map[string]int{}}
	if err := e.known(ctx, spec.Select.ICCIDs); err != nil {
		return f, err
	}
	for after := int64(0); ; {
		entries, err := e.cfg.Store.Cards(ctx, spec.Select.filter(), after, selectChunk)
		if err != nil {
			return f, err
		}
		for _, en := range entries {
			after = en.Card.ID
			f.Cards++
			var why skip
			_, err := e.preflight(ctx, spec, en, ledger.Target{})
			switch {
			case errors.As(err, &why):
				f.Skips[err.Error()]++
			case err != nil:
				return f, err
			default:
				f.Ready++
			}
		}
		if len(entries) < selectChunk {
			return f, nil
		}
	}
}

// known refuses ICCIDs that no card has: a card that was left out by a typing
// error would be missed by nobody.
func (e *Engine) known(ctx context.Context, iccids []string) error {
	var strangers []string
	for chunk := range slices.Chunk(iccids, selectChunk) {
		entries, err := e.cfg.Store.Cards(ctx, catalog.Filter{ICCIDs: chunk}, 0, len(chunk))
		if err != nil {
			return err
		}
		found := map[string]bool{}
		for _, en := range entries {
			found[en.Card.ICCID] = true
		}
		for _, id := range chunk {
			if !found[id] {
				strangers = append(strangers, id)
			}
		}
	}
	const named = 3
	switch n := len(strangers); {
	case n == 0:
		return nil
	case n > named:
		strangers = append(strangers[:named], fmt.Sprintf("and %d more", n-named))
	}
	return FieldError{Field: "select.iccids", Msg: "not in the catalog: " + strings.Join(strangers, ", ") + ": import these cards, or take them out"}
}

// Create stores a campaign as it is written.
func (e *Engine) Create(ctx context.Context, actor string, text []byte) (ledger.Campaign, error) {
	spec, err := ParseSpec(text)
	if err != nil {
		return ledger.Campaign{}, err
	}
	if spec.Select.File != "" {
		return ledger.Campaign{}, FieldError{Field: "select.file", Msg: "a server reads no files of its callers: give iccids (the command line does it for you)"}
	}
	if spec.To != "" {
		if _, err := e.cfg.Store.Operator(ctx, spec.To); errors.Is(err, catalog.ErrNotFound) {
			return ledger.Campaign{}, FieldError{Field: "to", Msg: fmt.Sprintf("operator %q is not known: apply it", spec.To)}
		}
	}
	if err := e.known(ctx, spec.Select.ICCIDs); err != nil {
		return ledger.Campaign{}, err
	}
	op := &ledger.CreateCampaign{Actor: actor, Campaign: ledger.Campaign{
		Name: spec.Name, Kind: string(spec.Kind), Spec: text, State: ledger.CampaignCreated, CreatedAt: e.cfg.Now(),
	}}
	if err := e.cfg.Store.Apply(ctx, op)[0]; errors.Is(err, ledger.ErrStale) {
		return ledger.Campaign{}, fmt.Errorf("%w: %s", ErrExists, spec.Name)
	} else if err != nil {
		return ledger.Campaign{}, err
	}
	return e.cfg.Store.Campaign(ctx, spec.Name)
}

// Start lets a campaign run; its schedule says when its first targets go.
func (e *Engine) Start(ctx context.Context, actor, name string) error {
	c, err := e.cfg.Store.Campaign(ctx, name)
	if err != nil {
		return err
	}
	spec, err := e.specs.get(c)
	if err != nil {
		return err
	}
	s, err := ParseSchedule(spec.Schedule)
	if err != nil {
		return err
	}
	now := e.cfg.Now()
	op := &ledger.SetCampaign{
		Actor: actor, ID: c.ID, From: []ledger.CampaignState{ledger.CampaignCreated}, To: ledger.CampaignRunning, At: now, Quota: -1,
	}
	if spec.Schedule.Cron != "" || spec.Schedule.At != "" {
		op.Quota, op.NextRun = 0, s.First(now)
	}
	return e.set(ctx, c, op)
}

// Pause holds back everything that is not needed to settle what is under way.
func (e *Engine) Pause(ctx context.Context, actor, name string) error {
	c, err := e.cfg.Store.Campaign(ctx, name)
	if err != nil {
		return err
	}
	return e.set(ctx, c, &ledger.SetCampaign{
		Actor: actor, ID: c.ID, From: []ledger.CampaignState{ledger.CampaignRunning}, To: ledger.CampaignPaused, At: e.cfg.Now(),
	})
}

// Resume goes on. Dark cards count against max_unproven no more, and the
// canary counts as passed: a person has looked.
func (e *Engine) Resume(ctx context.Context, actor, name string) error {
	c, err := e.cfg.Store.Campaign(ctx, name)
	if err != nil {
		return err
	}
	return e.set(ctx, c, &ledger.SetCampaign{
		Actor: actor, ID: c.ID, From: []ledger.CampaignState{ledger.CampaignPaused}, To: ledger.CampaignRunning, At: e.cfg.Now(),
		NextRun: c.NextRun, Quota: c.Quota,
	})
}

// Cancel stops a campaign: targets that nothing was written to stop now, the
// others run to their end, for a moved card without settings is off the net.
// hard stops these too, once their open write is settled.
func (e *Engine) Cancel(ctx context.Context, actor, name string, hard bool) error {
	c, err := e.cfg.Store.Campaign(ctx, name)
	if err != nil {
		return err
	}
	from := []ledger.CampaignState{ledger.CampaignCreated, ledger.CampaignRunning, ledger.CampaignPaused}
	if hard {
		from = append(from, ledger.CampaignCancelled)
	}
	err = e.set(ctx, c, &ledger.SetCampaign{
		Actor: actor, ID: c.ID, From: from, To: ledger.CampaignCancelled, At: e.cfg.Now(),
		Close: []string{string(swap.Selected), string(swap.Snapshot)}, State: string(swap.Cancelled),
	})
	if err != nil || !hard {
		return err
	}
	return e.eachOpen(ctx, c.ID, func(t ledger.TargetRow) error {
		err := e.cfg.Store.Apply(ctx, &ledger.Witness{Evidence: ledger.Evidence{
			TargetID: t.ID, CardID: t.CardID, Kind: ledger.EvPerson, SeenAt: e.cfg.Now(),
			Body: ledger.Body{Actor: actor, Decision: swap.DecisionCancelHard},
		}})[0]
		e.Wake(t.ID)
		return err
	})
}

func (e *Engine) eachOpen(ctx context.Context, campaignID int64, do func(ledger.TargetRow) error) error {
	return e.each(ctx, campaignID, func(t ledger.TargetRow) error {
		if !t.ClosedAt.IsZero() {
			return nil
		}
		return do(t)
	})
}

func (e *Engine) each(ctx context.Context, campaignID int64, do func(ledger.TargetRow) error) error {
	for after := int64(0); ; {
		rows, err := e.cfg.Store.Targets(ctx, campaignID, nil, after, selectChunk)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, t := range rows {
			after = t.ID
			if err := do(t); err != nil {
				return err
			}
		}
	}
}

func (e *Engine) set(ctx context.Context, c ledger.Campaign, op *ledger.SetCampaign) error {
	err := e.cfg.Store.Apply(ctx, op)[0]
	if errors.Is(err, ledger.ErrStale) {
		return fmt.Errorf("%w: %s is %s; only one that is %s can be told that", ErrState, c.Name, c.State, either(op.From))
	}
	if err != nil {
		return err
	}
	poke(e.nudge)
	return e.wakeOpen(ctx, c.ID, op)
}

// either writes states as "created, running or paused".
func either(states []ledger.CampaignState) string {
	text := string(states[0])
	for i, s := range states[1:] {
		if i == len(states)-2 {
			text += " or " + string(s)
		} else {
			text += ", " + string(s)
		}
	}
	return text
}

// wakeOpen lets targets look at once at what a person decided.
func (e *Engine) wakeOpen(ctx context.Context, id int64, op *ledger.SetCampaign) error {
	if op.To != ledger.CampaignRunning {
		return nil
	}
	return e.eachOpen(ctx, id, func(t ledger.TargetRow) error {
		if !t.ReleasedAt.IsZero() {
			e.Wake(t.ID)
		}
		return nil
	})
}

// Retry begins a new round for a closed target.
func (e *Engine) Retry(ctx context.Context, actor, name, iccid string) error {
	c, err := e.cfg.Store.Campaign(ctx, name)
	if err != nil {
		return err
	}
	card, err := e.cfg.Store.Card(ctx, iccid)
	if err != nil {
		return err
	}
	targets, err := e.cfg.Store.TargetsOfCard(ctx, card.Card.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(targets, func(t ledger.Target) bool { return t.CampaignID == c.ID })
	if i < 0 {
		return fmt.Errorf("campaign: card %s is not in %s: %w", iccid, name, catalog.ErrNotFound)
	}
	err = e.cfg.Store.Apply(ctx, &ledger.Retry{
		Actor: actor, TargetID: targets[i].ID, Decision: swap.DecisionRetry, At: e.cfg.Now(), State: string(swap.Selected),
	})[0]
	if errors.Is(err, ledger.ErrStale) {
		return fmt.Errorf("%w: card %s is %s in %s: only a closed target can be tried again", ErrState, iccid, targets[i].State, name)
	}
	if err == nil {
		e.Wake(targets[i].ID)
	}
	return err
}
