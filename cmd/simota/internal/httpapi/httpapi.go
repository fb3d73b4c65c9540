// Package httpapi is the HTTP API of a server: it turns requests into calls of
// the rooms behind it, and what they know into the records of package api. It
// decides nothing; OpenAPI 3.1 of it is at /openapi.json.
package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/rs/zerolog"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/cardfile"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/cmd/simota/internal/trace"
	"github.com/simota/simota/ota/campaign"
	"github.com/simota/simota/ota/detect"
)

// Store is what the API reads and changes.
type Store interface {
	catalog.Store
	ledger.Store
}

// Services are the rooms behind the API.
type Services struct {
	Store     Store
	Campaigns *campaign.Engine
	Shapes    map[string]*detect.Shape // of the feed, by name
	Vault     cardfile.Sealer          // seals the keys of an import
	Links     func() []api.Link        // health of every SMPP link
	Link      func(name string) (api.LinkDetail, bool)
	Trace     func(trace.Query) (*trace.Tap, error)
	Backup    func(ctx context.Context, actor, path string) error
	Check     func(ctx context.Context) (any, error) // of the database; the result may have an OK() bool
	Health    func() api.Health
	Now       func() time.Time
	Log       zerolog.Logger
}

const (
	maxYAML    = 1 << 20   // octets of a file in a request
	maxImport  = 256 << 20 // octets of an import, base64 included
	importTime = 5 * time.Minute
)

// server is the API over its services.
type server struct{ Services }

// New makes the handler of the API. Whoever reaches it may do everything: it
// is meant for a unix socket of mode 0600. Serve it with [ConnContext], so that
// the audit names the user at the other end.
func New(s Services) http.Handler {
	if s.Links == nil {
		s.Links = func() []api.Link { return nil }
	}
	if s.Link == nil {
		s.Link = func(string) (api.LinkDetail, bool) { return api.LinkDetail{}, false }
	}
	if s.Trace == nil {
		s.Trace = trace.New(nil).Open
	}
	if s.Health == nil {
		s.Health = func() api.Health { return api.Health{OK: true, Links: []api.Link{}, Inbox: map[string]int{}} }
	}
	problems()
	mux := http.NewServeMux()
	cfg := huma.DefaultConfig("simota", "1")
	cfg.CreateHooks, cfg.DocsPath, cfg.SchemasPath = nil, "", ""
	cfg.RejectUnknownQueryParameters = true
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	a := &server{s}
	routes(humago.New(mux, cfg), a)
	mux.HandleFunc("GET /healthz", a.alive)
	mux.HandleFunc("/", unknownPath)
	return mux
}

// problems makes huma's own errors ours, in the one shape that is documented.
// huma keeps this function in a variable of the package.
var problems = sync.OnceFunc(func() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		p := problem(status, msg)
		for _, e := range errs {
			if e != nil {
				p.Errors = append(p.Errors, e.Error())
			}
		}
		return p
	}
})

// schemaName keeps records of the catalog apart from those of the API that
// have the same name.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if strings.HasSuffix(t.PkgPath(), "/catalog") {
		return "Catalog" + name
	}
	return name
}

// routes binds paths to methods.
func routes(a huma.API, s *server) {
	get(a, "/v1/healthz", "How the server is", s.health)
	get(a, "/v1/links", "Health of every SMPP link", s.links)
	get(a, "/v1/links/{name}", "All that is known of one SMPP link", s.link)
	huma.Register(a, huma.Operation{
		OperationID: "get-trace", Method: http.MethodGet, Path: "/v1/trace", Summary: "PDUs of SMPP links as they pass, one JSON object per line",
	}, s.watch)

	get(a, "/v1/inbox", "PDUs that came in, by page, and why each stands where it does", s.inbox)
	get(a, "/v1/inbox/{id}", "One PDU that came in", s.inboxRow)

	get(a, "/v1/cards", "Cards, by page", s.cards)
	get(a, "/v1/cards/{iccid}", "One card and all that happened to it", s.card)
	change(a, http.MethodPost, "/v1/cards/import", "Store the cards of a card file", s.importCards, func(o *huma.Operation) {
		o.MaxBodyBytes, o.BodyReadTimeout = maxImport, importTime
	})
	get(a, "/v1/operators", "Operators; secrets are redacted", s.operators)
	change(a, http.MethodPut, "/v1/operators/{name}", "Store an operator file", s.putOperator)
	get(a, "/v1/card-types", "Card types", s.cardTypes)
	change(a, http.MethodPut, "/v1/card-types/{name}", "Store a card type file", s.putCardType)

	get(a, "/v1/settings/plan", "What a device would be told of an operator's network, and why", s.plan)
	get(a, "/v1/clients", "Kinds of provisioning clients; PINs are not shown", s.clients)
	get(a, "/v1/clients/{name}", "One kind of provisioning client", s.client)
	change(a, http.MethodPut, "/v1/clients/{name}", "Store a client file", s.putClient)
	get(a, "/v1/models", "Models of devices, by page", s.models)
	change(a, http.MethodPost, "/v1/models/import", "Store the rows of a TAC table", s.importModels, func(o *huma.Operation) {
		o.MaxBodyBytes, o.BodyReadTimeout = maxImport, importTime
	})
	get(a, "/v1/devices/{device}", "One device by IMEI, or a model by TAC or name", s.device)
	get(a, "/v1/moves", "Cards in other devices than before, devices with other cards", s.moves)

	get(a, "/v1/campaigns", "Campaigns, newest first", s.campaigns)
	get(a, "/v1/campaigns/{name}", "One campaign and its progress", s.campaign)
	get(a, "/v1/campaigns/{name}/report", "Targets of a campaign, by page", s.report)
	change(a, http.MethodPost, "/v1/campaigns", "Store a campaign file, or only check it", s.createCampaign)
	change(a, http.MethodPost, "/v1/campaigns/{name}/start", "Let a campaign run", s.start)
	change(a, http.MethodPost, "/v1/campaigns/{name}/pause", "Hold a campaign back", s.pause)
	change(a, http.MethodPost, "/v1/campaigns/{name}/resume", "Let a paused campaign go on", s.resume)
	change(a, http.MethodPost, "/v1/campaigns/{name}/cancel", "Stop a campaign", s.cancel)
	change(a, http.MethodPost, "/v1/campaigns/{name}/retry", "Begin a new round for one card", s.retry)

	change(a, http.MethodPost, "/v1/events", "Store what was seen of cards and devices", s.events)

	change(a, http.MethodPost, "/v1/db/backup", "Copy the database", s.backup)
	get(a, "/v1/db/check", "Look for everything that is wrong with the database", s.checkDB)
	get(a, "/v1/audit", "What was asked for, oldest first", s.audit)
}

// body is an answer.
type body[T any] struct{ Body T }

type none struct{}

func get[I, T any](a huma.API, path, summary string, fn func(context.Context, *I) (T, error)) {
	bind(a, http.MethodGet, path, summary, fn)
}

func change[I, T any](a huma.API, method, path, summary string, fn func(context.Context, *I) (T, error), more ...func(*huma.Operation)) {
	bind(a, method, path, summary, fn, more...)
}

func bind[I, T any](a huma.API, method, path, summary string, fn func(context.Context, *I) (T, error), more ...func(*huma.Operation)) {
	op := huma.Operation{
		OperationID: strings.ToLower(method) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(strings.TrimPrefix(path, "/v1")),
		Method:      method, Path: path, Summary: summary, MaxBodyBytes: config.MaxFile,
	}
	for _, m := range more {
		m(&op)
	}
	huma.Register(a, op, func(ctx context.Context, in *I) (*body[T], error) {
		v, err := fn(ctx, in)
		if err != nil {
			return nil, err
		}
		return &body[T]{v}, nil
	})
}

func unknownPath(w http.ResponseWriter, r *http.Request) {
	write(w, problem(http.StatusNotFound, r.Method+" "+r.URL.Path+" is not part of this API: see /openapi.json"))
}

// alive answers load balancers and supervisors: 200 or 503.
func (s *server) alive(w http.ResponseWriter, _ *http.Request) {
	h := s.Health()
	status := http.StatusOK
	if !h.OK {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, "application/json", h)
}

func (s *server) health(context.Context, *none) (api.Health, error) { return s.Health(), nil }
