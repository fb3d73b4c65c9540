// Package server wires the rooms into one running process: database, keys,
// links, delivery, campaigns and the API, started in the order in which they
// need each other and stopped in the other.
package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/catalog/vault"
	"github.com/simota/simota/cmd/simota/internal/aaa"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/cmd/simota/internal/httpapi"
	"github.com/simota/simota/cmd/simota/internal/trace"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/ota/swap"
	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/receipt"
	"github.com/simota/simota/smpp/route"
)

// Version is what `simota version` and the API say.
const Version = "0.1.0"

const (
	generationEvery = time.Minute
	httpGrace       = 5 * time.Second
)

// server is one run.
type server struct {
	cfg     config.Config
	log     zerolog.Logger
	db      *sqlite.DB
	vault   *vault.Vault
	desk    *delivery.Desk
	engine  *campaign.Engine
	table   *route.Table
	ports   []*port
	tracer  *trace.Tracer
	started time.Time
}

// Run serves until ctx ends, then stops: no new work, outstanding responses
// awaited, links unbound, database closed.
func Run(ctx context.Context, cfg config.Config, log zerolog.Logger) (err error) {
	s := &server{cfg: cfg, log: log, started: time.Now()}
	kek, err := vault.LoadKEK(cfg.KeyFile)
	if err != nil {
		return fmt.Errorf("%w (make one with: simota key create %s)", err, cfg.KeyFile)
	}
	s.vault = vault.New(kek)
	if s.db, err = sqlite.Open(ctx, cfg.Database, sqlite.Options{Node: cfg.Node}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	if err := s.db.RaiseGeneration(ctx); err != nil {
		return err
	}
	if err := s.wire(); err != nil {
		return err
	}
	return s.run(ctx)
}

// wire makes links, routes, desk and engine know each other.
func (s *server) wire() error {
	speed := s.cfg.Speed()
	links, proof := map[string]delivery.Connection{}, map[string]uint16{}
	var names []string
	var lanes []*route.Lane
	traced := map[string]trace.Link{}
	for _, l := range s.cfg.Links {
		p, err := s.port(l)
		if err != nil {
			return err
		}
		receipts, err := l.Receipts.Options()
		if err != nil {
			return fmt.Errorf("link %s: receipts: %w", l.Name, err)
		}
		s.ports, lanes, names = append(s.ports, p), append(lanes, p.lane), append(names, l.Name)
		traced[l.Name] = trace.Link{Trace: p.link.Trace, Receipts: receipts}
		proof[l.Name] = l.Proof()
		links[l.Name] = delivery.Connection{
			IDScope: l.IDScope, ResponseBase: receipt.Base(l.MessageID.Response), ReceiptBase: receipt.Base(l.MessageID.Receipt),
			Receipts: receipts, References: l.Submit.UserMessageReference,
		}
	}
	book := &operatorBook{read: s.db.Operator}
	s.tracer = trace.New(traced)
	s.table = route.New(lanes, book.links)
	s.engine = campaign.New(campaign.Config{
		Store: s.db, Links: names, Node: s.cfg.Node, Speed: speed, Log: s.log,
	})
	s.desk = delivery.New(delivery.Config{
		Store: s.db, Keys: s.vault, Links: links, Timing: delivery.Field().Faster(speed), Parse: reader(proof), KeyAAD: vault.AAD,
		Ways: func(operator string) delivery.Way { return &way{s.table.Way(operator), operator, book} },
		Wake: s.engine.Wake, WakeWithin: s.engine.WakeWithin, Urgent: s.engine.WakeFirst,
		Notices: campaign.Notices(), Ran: swap.Ran, Types: s.db.CardType, Log: s.log,
	})
	s.engine.SetDesk(s.desk)
	for _, p := range s.ports {
		p.desk, p.table = s.desk, s.table
	}
	return nil
}

// port makes the port of a link.
func (s *server) port(l config.Link) (*port, error) {
	c, err := l.SMPP()
	if err != nil {
		return nil, err
	}
	lane, err := l.Lane()
	if err != nil {
		return nil, err
	}
	p := &port{name: l.Name, addr: l.Address, cfg: l, log: s.log}
	if p.form, err = l.Submit.Form(); err != nil {
		return nil, fmt.Errorf("link %s: submit: %w", l.Name, err)
	}
	if p.link, err = smpp.NewLink(c, p); err != nil {
		return nil, fmt.Errorf("link %s: %w", l.Name, err)
	}
	p.lane = route.NewLane(p, lane)
	return p, nil
}

func (s *server) run(ctx context.Context) error {
	api, feed, err := s.listen()
	if err != nil {
		return err
	}
	radius, err := s.accounting()
	if err != nil {
		return errors.Join(err, closeAll(api, feed))
	}
	// Links outlive the engines, so that what is under way is answered.
	linkCtx, stopLinks := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLinks()
	var links, work sync.WaitGroup
	for _, p := range s.ports {
		links.Go(func() {
			if err := p.link.Run(linkCtx); err != nil {
				s.log.Error().Err(err).Str("link", p.name).Msg("link given up")
			}
		})
	}
	workCtx, stopWork := context.WithCancel(ctx)
	defer stopWork()
	failed := make(chan error, 6) // one for each of those below
	run := func(what string, fn func(context.Context) error) {
		work.Go(func() {
			if err := fn(workCtx); err != nil && workCtx.Err() == nil {
				failed <- fmt.Errorf("%s: %w", what, err)
			}
		})
	}
	run("routes", func(ctx context.Context) error { s.table.Run(ctx); return nil })
	run("delivery", s.desk.Run)
	run("campaigns", s.engine.Run)
	run("api", func(ctx context.Context) error { return serve(ctx, api) })
	if feed != nil {
		run("feed", func(ctx context.Context) error { return serve(ctx, feed) })
	}
	if radius != nil {
		run("radius", func(ctx context.Context) error { return aaa.Serve(ctx, *radius) })
	}
	work.Go(func() {
		every(workCtx, generationEvery, func() {
			if err := s.db.RaiseGeneration(workCtx); err != nil && workCtx.Err() == nil {
				s.log.Error().Err(err).Msg("generation not raised: an old backup might not be recognised")
			}
		})
	})
	s.log.Info().Str("database", s.cfg.Database).Str("socket", s.cfg.Socket).Str("timing", s.cfg.Timing).Int("links", len(s.ports)).Msg("serving")
	select {
	case <-ctx.Done():
		s.log.Info().Msg("stopping")
	case err = <-failed:
	}
	stopWork()
	work.Wait()
	for _, p := range s.ports {
		p.stopping.Store(true)
	}
	stopLinks()
	links.Wait()
	settleCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), httpGrace)
	defer cancel()
	if serr := s.desk.Settle(settleCtx); serr != nil {
		s.log.Warn().Err(serr).Msg("the last of the inbox is settled at the next start")
	}
	s.log.Info().Msg("stopped")
	return err
}

// endpoint is a listener and what it serves.
type endpoint struct {
	listener net.Listener
	server   *http.Server
}

func (s *server) listen() (apiEnd, feedEnd *endpoint, err error) {
	services := httpapi.Services{
		Store: s.db, Campaigns: s.engine, Vault: s.vault, Links: s.links, Link: s.link, Trace: s.tracer.Open, Backup: s.db.Backup, Health: s.health,
		Check: func(ctx context.Context) (any, error) { return s.db.Check(ctx) }, Now: time.Now, Log: s.log,
	}
	l, err := listenUnix(s.cfg.Socket)
	if err != nil {
		return nil, nil, err
	}
	apiEnd = newEndpoint(l, httpapi.New(services))
	apiEnd.server.RegisterOnShutdown(s.tracer.Close)
	if s.cfg.Feed == nil {
		return apiEnd, nil, nil
	}
	token, err := os.ReadFile(s.cfg.Feed.TokenFile)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("feed.token_file: %w", err), l.Close())
	}
	if services.Shapes, err = s.cfg.Feed.Compile(); err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	f, err := net.Listen("tcp", s.cfg.Feed.Listen)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("feed.listen: %w", err), l.Close())
	}
	return apiEnd, newEndpoint(f, httpapi.NewFeed(services, strings.TrimSpace(string(token)))), nil
}

// listenUnix takes the socket over from a server that died; one that lives
// holds the lock of the database, so it cannot be meant here.
func listenUnix(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	const ownerOnly = 0o600
	if err := os.Chmod(path, ownerOnly); err != nil {
		return nil, errors.Join(fmt.Errorf("socket: %w", err), l.Close())
	}
	return l, nil
}

func newEndpoint(l net.Listener, h http.Handler) *endpoint {
	return &endpoint{listener: l, server: &http.Server{
		Handler: h, ConnContext: httpapi.ConnContext, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Minute,
		IdleTimeout: 2 * time.Minute,
	}}
}

func serve(ctx context.Context, e *endpoint) error {
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), httpGrace)
		defer cancel()
		_ = e.server.Shutdown(grace)
	})
	defer stop()
	if err := e.server.Serve(e.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *server) links() []api.Link {
	out := make([]api.Link, 0, len(s.ports))
	for _, p := range s.ports {
		out = append(out, p.health())
	}
	return out
}

func (s *server) health() api.Health {
	h := api.Health{
		OK: true, Node: s.cfg.Node, Version: Version, Timing: s.cfg.Timing, Links: s.links(), Inbox: map[string]int{}, StartedAt: s.started,
	}
	ctx, cancel := context.WithTimeout(context.Background(), httpGrace)
	defer cancel()
	counts, err := s.db.InboxCounts(ctx)
	h.OK = err == nil
	for state, n := range counts {
		h.Inbox[string(state)] = n
	}
	return h
}
