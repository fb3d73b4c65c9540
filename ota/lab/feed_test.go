package lab

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

func TestAttachEventIsPostedUntilTheServerTakesItOverAUnixSocket(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "lab") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	var tries atomic.Int32
	got := make(chan map[string]any, 1)
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if tries.Add(1) < 3 {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var body map[string]any
		_ = json.NewDecoder(r.Body).Decode(&body) // a broken body shows as an empty one
		rw.WriteHeader(http.StatusAccepted)
		got <- body
	})}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	f, err := newFeed(Feed{URL: l.Addr().String()}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 2, 0, 0, 123456789, time.UTC)
	if !f.deliver(t.Context(), attachEvent{IMSI: "1", IMEI: "2", APN: "a", PLMN: "99970", HappenedAt: at}) {
		t.Fatal("the event was given up")
	}
	body := <-got
	for k, want := range map[string]string{"imsi": "1", "imei": "2", "apn": "a", "plmn": "99970", "happened_at": "2026-11-22T02:00:00.123456789Z"} {
		if body[k] != want {
			t.Errorf("%s is %v, want %s", k, body[k], want)
		}
	}
}
