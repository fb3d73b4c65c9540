package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// model is what the server wrote for one card: the bare store writes as much,
// in the same operations, for every one.
type model struct {
	target     ledger.Target
	attempt    ledger.Attempt
	submission ledger.Submission
	proof      ledger.Evidence
	begun      ledger.Advance // with the packet
	done       ledger.Advance
	receiptRow ledger.InboxRow
	proofRow   ledger.InboxRow
}

func (b *bench) newModel(ctx context.Context, campaign int64) (m model, err error) {
	targets, err := b.db.Targets(ctx, campaign, nil, 0, 1)
	if err != nil {
		return m, err
	}
	d, err := b.db.Dossier(ctx, targets[0].ID)
	if err != nil {
		return m, err
	}
	if e := d.Stored; len(e) != 3 || e[0].Kind != ledger.EvState || e[1].Kind != ledger.EvProof || e[2].Kind != ledger.EvState {
		return m, errors.New("bench: a card's evidence is not state, proof, state: bring life.go up to what the server does")
	}
	a, begun, done := d.Attempts[0], d.Stored[0], d.Stored[2]
	m = model{
		target: d.Target, attempt: a, submission: a.Parts[0].Submissions[0], proof: d.Stored[1],
		begun: ledger.Advance{State: begun.Body.State, Step: a.Step, DueAt: a.Deadline, Evidence: []ledger.Evidence{begun}},
		done:  ledger.Advance{State: done.Body.State, Cause: done.Body.Text, Step: d.Target.Step, Closed: true, Evidence: []ledger.Evidence{done}},
	}
	rows, err := b.db.InboxByID(ctx, m.proof.InboxID)
	if err != nil {
		return m, err
	}
	m.proofRow = rows[0]
	settled, err := b.db.Inbox(ctx, ledger.InboxSettled, 0, group)
	for _, r := range settled {
		if r.Kind == "receipt" {
			m.receiptRow = r
			return m, err
		}
	}
	return m, errors.Join(errors.New("bench: the server's inbox has no receipt"), err)
}

// life is one card in the bare store.
type life struct {
	card       catalog.Entry
	lease      ledger.Lease
	attempt    int64
	submission int64
	inbox      int64 // the row to settle next
}

// release makes targets of cards.
func (s *bareStore) release(ctx context.Context, cards []catalog.Entry) ([]*life, error) {
	now := time.Now()
	add := &ledger.AddTargets{CampaignID: s.campaign, At: now}
	for _, c := range cards {
		add.CardIDs = append(add.CardIDs, c.Card.ID)
	}
	free := &ledger.Release{CampaignID: s.campaign, Limit: len(cards), At: now, Node: "bench", Until: now.Add(time.Hour)}
	if err := s.apply(ctx, add, free); err != nil {
		return nil, err
	}
	if len(free.Leases) != len(cards) {
		return nil, fmt.Errorf("bench: bare store: %d targets of %d cards", len(free.Leases), len(cards))
	}
	lives := make([]*life, len(cards))
	for i, c := range cards {
		lives[i] = &life{card: c, lease: free.Leases[i]}
	}
	return lives, nil
}

func (s *bareStore) claim(ctx context.Context, lives []*life) error {
	now := time.Now()
	_, err := each(ctx, s, lives, func(l *life) *ledger.Claim {
		return &ledger.Claim{Lease: l.lease, Facts: s.model.target.Facts, From: l.card.Subscriptions[0].ID, At: now}
	})
	return err
}

// advance is like what the server stored of a card.
func (l *life) advance(like ledger.Advance, now time.Time) *ledger.Advance {
	like.Lease, like.At, like.Evidence = l.lease, now, slices.Clone(like.Evidence)
	for i := range like.Evidence {
		e := &like.Evidence[i]
		e.TargetID, e.CardID, e.SeenAt = l.lease.TargetID, l.card.Card.ID, now
	}
	return &like
}

func (s *bareStore) bind(ctx context.Context, lives []*life) error {
	now := time.Now()
	bound, err := each(ctx, s, lives, func(l *life) *ledger.Bind {
		k := l.card.Keysets[0]
		op := &ledger.Bind{
			Lease: l.lease, Old: k.Counter, New: k.Counter + 1, IfRunning: true, Attempt: s.model.attempt, State: l.advance(s.model.begun, now),
		}
		a := &op.Attempt
		a.TargetID, a.CardID, a.KeysetID, a.Counter, a.CreatedAt = l.lease.TargetID, l.card.Card.ID, k.ID, op.New, now
		for _, p := range a.Parts {
			op.Parts = append(op.Parts, p.UserData)
		}
		m := s.model.submission
		op.Submissions = []ledger.Submission{{
			PartSeq: 1, Operator: m.Operator, SubscriptionID: l.card.Subscriptions[0].ID, Source: m.Source, Destination: m.Destination,
			State: ledger.Ready, ValidUntil: m.ValidUntil,
		}}
		return op
	})
	if err != nil {
		return err
	}
	for i, op := range bound {
		lives[i].attempt = op.AttemptID
	}
	return nil
}

func (s *bareStore) send(ctx context.Context, lives []*life) error {
	now := time.Now()
	ready, _, err := s.db.Outbox(ctx, s.model.submission.Operator, now, len(lives))
	if err != nil {
		return err
	}
	if len(ready) != len(lives) {
		return fmt.Errorf("bench: bare store: %d submissions of %d cards are ready", len(ready), len(lives))
	}
	op := &ledger.Sending{At: now}
	for i, r := range ready { // oldest first: as they were bound
		lives[i].submission = r.ID
		op.IDs = append(op.IDs, r.ID)
	}
	if err := s.apply(ctx, op); err != nil {
		return err
	}
	m := s.model.submission
	_, err = each(ctx, s, lives, func(l *life) *ledger.Respond {
		s.messages++
		id := fmt.Sprintf("%0*x", len(m.MessageID), s.messages)
		return &ledger.Respond{
			SubmissionID: l.submission, Link: m.Link, State: ledger.Accepted, MessageID: id, IDNormal: id, IDScope: s.model.receiptRow.IDScope, At: now,
		}
	})
	return err
}

// receive stores a PDU of every card.
func (s *bareStore) receive(ctx context.Context, lives []*life, like ledger.InboxRow) error {
	now := time.Now()
	received, err := each(ctx, s, lives, func(*life) *ledger.Receive {
		return &ledger.Receive{Row: ledger.InboxRow{Link: like.Link, IDScope: like.IDScope, ReceivedAt: now, PDU: like.PDU, State: ledger.InboxNew}}
	})
	if err != nil {
		return err
	}
	for i, op := range received {
		lives[i].inbox = op.ID
	}
	return nil
}

func (s *bareStore) receipt(ctx context.Context, lives []*life) error {
	if err := s.receive(ctx, lives, s.model.receiptRow); err != nil {
		return err
	}
	now := time.Now()
	_, err := each(ctx, s, lives, func(l *life) *ledger.Settle {
		return &ledger.Settle{
			InboxIDs: []int64{l.inbox}, State: ledger.InboxSettled, Kind: s.model.receiptRow.Kind,
			Finals: []ledger.Final{{SubmissionID: l.submission, State: ledger.Arrived, At: now}},
		}
	})
	return err
}

func (s *bareStore) proof(ctx context.Context, lives []*life) error {
	if err := s.receive(ctx, lives, s.model.proofRow); err != nil {
		return err
	}
	now := time.Now()
	_, err := each(ctx, s, lives, func(l *life) *ledger.Settle {
		e := s.model.proof
		e.TargetID, e.CardID, e.AttemptID, e.InboxID, e.SeenAt = l.lease.TargetID, l.card.Card.ID, l.attempt, l.inbox, now
		return &ledger.Settle{
			InboxIDs: []int64{l.inbox}, State: ledger.InboxSettled, Kind: s.model.proofRow.Kind, Evidence: []ledger.Evidence{e},
			Conclusions: []ledger.Conclusion{{AttemptID: l.attempt, Outcome: ledger.Executed, At: now}},
		}
	})
	return err
}

func (s *bareStore) close(ctx context.Context, lives []*life) error {
	now := time.Now()
	_, err := each(ctx, s, lives, func(l *life) *ledger.Advance { return l.advance(s.model.done, now) })
	return err
}
