package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// attachEvent is the body of POST /v1/events/attach.
type attachEvent struct {
	IMSI       string    `json:"imsi"`
	IMEI       string    `json:"imei"`
	APN        string    `json:"apn,omitempty"` // of the data connection; empty for an attach without one
	PLMN       string    `json:"plmn"`
	HappenedAt time.Time `json:"happened_at"`
}

// feed tells the server under test which device has attached with which identity and access point, as an operator's
// AAA would.
type feed struct {
	client *http.Client
	url    string
	token  string
	log    *slog.Logger
	failed atomic.Bool // the last attempt
}

// Delays before an event is posted again, in real time like those of any client, and how long one attempt may take.
const (
	feedRetryMin = 100 * time.Millisecond
	feedRetryMax = 5 * time.Second
	feedTimeout  = 10 * time.Second
	feedConns    = 16
)

func newFeed(f Feed, log *slog.Logger) (*feed, error) {
	socket, base, err := f.target()
	if err != nil || base == "" {
		return nil, err
	}
	t := &http.Transport{MaxConnsPerHost: feedConns, MaxIdleConnsPerHost: feedConns}
	if socket != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}
	}
	return &feed{client: &http.Client{Transport: t, Timeout: feedTimeout}, url: base + "/v1/events/attach", token: string(f.Token), log: log}, nil
}

// deliver posts an event until the server has taken it; false if ctx ended first.
func (f *feed) deliver(ctx context.Context, e attachEvent) bool {
	body, err := json.Marshal(e)
	if err != nil {
		return false
	}
	for delay := feedRetryMin; ; delay = min(2*delay, feedRetryMax) {
		err := f.post(ctx, body)
		if failed := err != nil && ctx.Err() == nil; f.failed.Swap(failed) != failed {
			f.log.Info("feed", "url", f.url, "failing", failed, "error", err)
		}
		if err == nil {
			return true
		}
		if !sleep(ctx, delay) {
			return false
		}
	}
}

func (f *feed) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if f.token != "" {
		req.Header.Set("Authorization", "Bearer "+f.token)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // so that the connection can be used again
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("lab: feed: %s answers %s", f.url, resp.Status)
	}
	return nil
}

// sleep is false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
