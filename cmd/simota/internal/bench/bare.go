package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/catalog/sqlite"
)

// bareStore is a second database, which one goroutine fills in groups with the
// rows of the campaign: what the store can do when nothing else is to be done.
type bareStore struct {
	db       *sqlite.DB
	model    model
	campaign int64
	messages int           // ids given
	took     time.Duration // by Apply alone
}

// bare writes what the server wrote once more, and says how long it took. It
// fails when the rows are not the same: a store that writes fewer would flatter.
func (b *bench) bare(ctx context.Context, like ledger.Campaign, want Rows) (took time.Duration, err error) {
	s := &bareStore{}
	if s.model, err = b.newModel(ctx, like.ID); err != nil {
		return 0, err
	}
	if s.db, err = sqlite.Open(ctx, filepath.Join(b.dir, "bare.db"), sqlite.Options{Node: "bench"}); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	if err := b.stock(ctx, s); err != nil {
		return 0, err
	}
	if err := s.begin(ctx, like); err != nil {
		return 0, err
	}
	if err := b.fill(ctx, s); err != nil {
		return 0, err
	}
	got, err := b.read(ctx, s.db, s.campaign, "reading what the bare store wrote")
	if err == nil && got.rows != want {
		err = fmt.Errorf("bench: the bare store wrote %+v, the server %+v: bring bare.go up to what the server does", got.rows, want)
	}
	return s.took, err
}

// stock copies the cards, before the clock runs: the campaign found them too.
func (b *bench) stock(ctx context.Context, s *bareStore) error {
	for after := int64(0); ; {
		entries, err := b.db.Cards(ctx, catalog.Filter{}, after, group)
		if err != nil || len(entries) == 0 {
			return err
		}
		after = entries[len(entries)-1].Card.ID
		if _, err := s.db.Import(ctx, "bench", entries); err != nil {
			return err
		}
	}
}

// begin makes the same campaign and starts it.
func (s *bareStore) begin(ctx context.Context, like ledger.Campaign) error {
	now := time.Now()
	c := &ledger.CreateCampaign{Actor: "bench", Campaign: ledger.Campaign{
		Name: like.Name, Kind: like.Kind, Spec: like.Spec, State: ledger.CampaignCreated, CreatedAt: now,
	}}
	if err := s.apply(ctx, c); err != nil {
		return err
	}
	s.campaign = c.ID
	return s.apply(ctx, &ledger.SetCampaign{
		Actor: "bench", ID: c.ID, From: []ledger.CampaignState{ledger.CampaignCreated}, To: ledger.CampaignRunning, At: now, Quota: -1,
	})
}

// fill takes every card through its life, a group at a time.
func (b *bench) fill(ctx context.Context, s *bareStore) error {
	bar := b.progress("bare store")
	defer bar.end()
	done := 0
	for after := int64(0); ; {
		entries, err := s.db.Cards(ctx, catalog.Filter{}, after, group)
		if err != nil || len(entries) == 0 {
			return err
		}
		after = entries[len(entries)-1].Card.ID
		lives, err := s.release(ctx, entries)
		for _, stage := range []func(context.Context, []*life) error{s.claim, s.bind, s.send, s.receipt, s.proof, s.close} {
			if err == nil {
				err = stage(ctx, lives)
			}
		}
		if err != nil {
			return err
		}
		done += len(entries)
		bar.at(done)
	}
}

// apply commits operations together, and counts how long that takes.
func (s *bareStore) apply(ctx context.Context, ops ...ledger.Op) error {
	began := time.Now()
	errs := s.db.Apply(ctx, ops...)
	s.took += time.Since(began)
	return errors.Join(errs...)
}

// each commits one operation for every card.
func each[O ledger.Op](ctx context.Context, s *bareStore, lives []*life, of func(*life) O) ([]O, error) {
	var made []O
	var ops []ledger.Op
	for _, l := range lives {
		op := of(l)
		made, ops = append(made, op), append(ops, op)
	}
	return made, s.apply(ctx, ops...)
}
