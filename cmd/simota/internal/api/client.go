package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/simota/simota/catalog"
)

// ErrNoServer says that nothing answers at an address.
var ErrNoServer = errors.New("no server")

// Error is the detail, one more line per row or field.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, e := range p.Errors {
		text += "\n    " + e
	}
	return text
}

// GetStatus is the HTTP status that a Problem is answered with.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457 in place of plain JSON.
func (p *Problem) ContentType(ct string) string {
	if ct == "application/json" {
		return "application/problem+json"
	}
	return ct
}

// Client speaks to a server. Its methods may be called from any goroutine;
// their errors are a *[Problem] when the server refused, and wrap
// [ErrNoServer] when there is none.
type Client struct {
	// Actor is who is recorded as having asked, "user@host". New fills it in.
	Actor string

	address string // as it was given, for messages
	base    string
	token   string
	http    *http.Client
}

// New makes a client. The address is "unix:PATH", the path of a socket, or an
// http or https URL, for which the bearer token is. Nothing is connected yet.
func New(address, token string) (*Client, error) {
	c := &Client{Actor: localActor(), address: address, token: token}
	transport := &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute}
	c.http = &http.Client{Transport: transport}
	if strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://") {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("server address %q is no URL", address)
		}
		transport.Proxy = http.ProxyFromEnvironment
		c.base = strings.TrimRight(address, "/")
		return c, nil
	}
	path := strings.TrimPrefix(address, "unix:")
	if path == "" {
		return nil, errors.New("server address is empty: give the path of a socket or a URL")
	}
	c.address, c.base = path, "http://simota"
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return c, nil
}

func localActor() string {
	name := "uid " + strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

// Health asks how the server is.
func (c *Client) Health(ctx context.Context) (Health, error) {
	return get[Health](ctx, c, "/v1/healthz", nil)
}

// Cards lists one page of cards.
func (c *Client) Cards(ctx context.Context, q CardQuery) (CardPage, error) {
	v := page(q.After, q.Limit)
	for name, value := range map[string]string{"operator": q.Operator, "country": q.Country, "type": q.Type} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if len(q.Tags) > 0 {
		v.Set("tag", strings.Join(q.Tags, ","))
	}
	return get[CardPage](ctx, c, "/v1/cards", v)
}

// Card is one card's timeline.
func (c *Client) Card(ctx context.Context, iccid string) (Timeline, error) {
	return get[Timeline](ctx, c, "/v1/cards/"+url.PathEscape(iccid), nil)
}

// Import stores the cards of a card file.
func (c *Client) Import(ctx context.Context, r ImportRequest) (ImportResult, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return ImportResult{}, err
	}
	return send[ImportResult](ctx, c, http.MethodPost, "/v1/cards/import", nil, "application/json", b)
}

// PutOperator stores an operator from its file; file is the name that errors show.
func (c *Client) PutOperator(ctx context.Context, name, file string, text []byte) (Applied, error) {
	return sendYAML[Applied](ctx, c, http.MethodPut, "/v1/operators/"+url.PathEscape(name), url.Values{}, file, text)
}

// Operators lists all operators; the secrets of their access points are redacted.
func (c *Client) Operators(ctx context.Context) ([]catalog.Operator, error) {
	return get[[]catalog.Operator](ctx, c, "/v1/operators", nil)
}

// PutCardType stores a card type from its file; file is the name that errors show.
func (c *Client) PutCardType(ctx context.Context, name, file string, text []byte) (Applied, error) {
	return sendYAML[Applied](ctx, c, http.MethodPut, "/v1/card-types/"+url.PathEscape(name), url.Values{}, file, text)
}

// CardTypes lists all card types.
func (c *Client) CardTypes(ctx context.Context) ([]catalog.CardType, error) {
	return get[[]catalog.CardType](ctx, c, "/v1/card-types", nil)
}

// CheckCampaign says what a campaign would do; nothing is stored.
func (c *Client) CheckCampaign(ctx context.Context, file string, text []byte) (Forecast, error) {
	r, err := sendYAML[CampaignResult](ctx, c, http.MethodPost, "/v1/campaigns", url.Values{"check": {"true"}}, file, text)
	return r.Forecast, err
}

// CreateCampaign stores a campaign and gives its forecast. It does not start it.
func (c *Client) CreateCampaign(ctx context.Context, file string, text []byte) (CampaignResult, error) {
	return sendYAML[CampaignResult](ctx, c, http.MethodPost, "/v1/campaigns", url.Values{}, file, text)
}

// Campaigns lists all campaigns, newest first.
func (c *Client) Campaigns(ctx context.Context) ([]Campaign, error) {
	return get[[]Campaign](ctx, c, "/v1/campaigns", nil)
}

// Campaign is one campaign and its progress.
func (c *Client) Campaign(ctx context.Context, name string) (Campaign, error) {
	return get[Campaign](ctx, c, "/v1/campaigns/"+url.PathEscape(name), nil)
}

// Start lets a campaign run.
func (c *Client) Start(ctx context.Context, name string) (Campaign, error) {
	return c.steer(ctx, name, "start", nil)
}

// Pause holds a campaign back.
func (c *Client) Pause(ctx context.Context, name string) (Campaign, error) {
	return c.steer(ctx, name, "pause", nil)
}

// Resume lets a paused campaign go on.
func (c *Client) Resume(ctx context.Context, name string) (Campaign, error) {
	return c.steer(ctx, name, "resume", nil)
}

// Cancel stops a campaign; hard also stops cards that something was written to.
func (c *Client) Cancel(ctx context.Context, name string, hard bool) (Campaign, error) {
	return c.steer(ctx, name, "cancel", url.Values{"hard": {strconv.FormatBool(hard)}})
}

// Retry begins a new round for one card of a campaign.
func (c *Client) Retry(ctx context.Context, name, iccid string) (Campaign, error) {
	return c.steer(ctx, name, "retry", url.Values{"card": {iccid}})
}

func (c *Client) steer(ctx context.Context, name, verb string, v url.Values) (Campaign, error) {
	return send[Campaign](ctx, c, http.MethodPost, "/v1/campaigns/"+url.PathEscape(name)+"/"+verb, v, "", nil)
}

// Report lists one page of a campaign's targets.
func (c *Client) Report(ctx context.Context, name string, q ReportQuery) (ReportPage, error) {
	v := page(q.After, q.Limit)
	if len(q.States) > 0 {
		v.Set("state", strings.Join(q.States, ","))
	}
	return get[ReportPage](ctx, c, "/v1/campaigns/"+url.PathEscape(name)+"/report", v)
}

// Links is the health of every SMPP link.
func (c *Client) Links(ctx context.Context) ([]Link, error) {
	return get[[]Link](ctx, c, "/v1/links", nil)
}

// Link is all that is known of one SMPP link.
func (c *Client) Link(ctx context.Context, name string) (LinkDetail, error) {
	return get[LinkDetail](ctx, c, "/v1/links/"+url.PathEscape(name), nil)
}

// Inbox lists one page of the PDUs that came in.
func (c *Client) Inbox(ctx context.Context, q InboxQuery) (InboxPage, error) {
	v := page(q.After, q.Limit)
	for name, value := range map[string]string{"state": q.State, "link": q.Link} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.UTC().Format(time.RFC3339))
	}
	return get[InboxPage](ctx, c, "/v1/inbox", v)
}

// InboxRow is one PDU that came in, with its octets.
func (c *Client) InboxRow(ctx context.Context, id int64) (InboxRow, error) {
	return get[InboxRow](ctx, c, "/v1/inbox/"+strconv.FormatInt(id, 10), nil)
}

// Backup writes a copy of the database to a path on the server.
func (c *Client) Backup(ctx context.Context, path string) error {
	b, err := json.Marshal(BackupRequest{Path: path})
	if err != nil {
		return err
	}
	_, err = send[struct{}](ctx, c, http.MethodPost, "/v1/db/backup", nil, "application/json", b)
	return err
}

// CheckDB looks for everything that can be seen to be wrong with the database.
func (c *Client) CheckDB(ctx context.Context) (CheckResult, error) {
	return get[CheckResult](ctx, c, "/v1/db/check", nil)
}

// Audit lists one page of what persons and programs asked for.
func (c *Client) Audit(ctx context.Context, after int64, limit int) (AuditPage, error) {
	return get[AuditPage](ctx, c, "/v1/audit", page(after, limit))
}

// Attach tells a feed of an identity that attached. The client is one of the
// feed's address and token.
func (c *Client) Attach(ctx context.Context, e AttachEvent) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = send[struct{}](ctx, c, http.MethodPost, "/v1/events/attach", nil, "application/json", b)
	return err
}

func page(after int64, limit int) url.Values {
	v := url.Values{}
	if after > 0 {
		v.Set("after", strconv.FormatInt(after, 10))
	}
	if limit > 0 {
		v.Set("limit", strconv.Itoa(limit))
	}
	return v
}

func get[T any](ctx context.Context, c *Client, path string, v url.Values) (T, error) {
	return send[T](ctx, c, http.MethodGet, path, v, "", nil)
}

func sendYAML[T any](ctx context.Context, c *Client, method, path string, v url.Values, file string, text []byte) (T, error) {
	if file != "" {
		v.Set("file", file)
	}
	return send[T](ctx, c, method, path, v, "application/yaml", text)
}

func send[T any](ctx context.Context, c *Client, method, path string, v url.Values, contentType string, body []byte) (out T, err error) {
	resp, err := c.ask(ctx, method, path, v, contentType, body)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return out, fmt.Errorf("server at %s: answer broke off: %w", c.address, err)
	}
	if len(b) == 0 {
		return out, nil
	}
	if err := json.Unmarshal(b, &out); err != nil {
		return out, fmt.Errorf("server at %s: answer is not what was expected: %w", c.address, err)
	}
	return out, nil
}

// ask sends a request; the answer is no refusal, and its body is not read yet.
func (c *Client) ask(ctx context.Context, method, path string, v url.Values, contentType string, body []byte) (*http.Response, error) {
	target := c.base + path
	if len(v) > 0 {
		target += "?" + v.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.Actor != "" {
		r.Header.Set("X-Actor", c.Actor)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreached(err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("server at %s: answer broke off: %w", c.address, err)
	}
	return nil, problem(resp, b)
}

// unreached says that there is no server when nothing could be connected.
func (c *Client) unreached(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("%w at %s: start one with simota serve (%w)", ErrNoServer, c.address, op.Err)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the URL of a socket tells nobody anything
	}
	return fmt.Errorf("server at %s: %w", c.address, err)
}

func problem(resp *http.Response, b []byte) *Problem {
	var p Problem
	if json.Unmarshal(b, &p) != nil || p.Detail == "" && p.Title == "" {
		p = Problem{Title: http.StatusText(resp.StatusCode), Detail: "server answered " + resp.Status}
	}
	p.Status = resp.StatusCode
	return &p
}
