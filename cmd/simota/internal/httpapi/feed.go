package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/detect"
)

const maxEvent = 64 << 10 // octets

// NewFeed makes the handler of the feed: POST /v1/events/attach, alone or with
// the name of a shape, and nothing else. The token is the bearer's, or the
// password of basic authentication, for senders that know nothing else. An event
// is stored when it is answered 204. An empty token lets nobody in.
func NewFeed(s Services, token string) http.Handler {
	f := &server{s}
	want := sha256.Sum256([]byte(token))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/events/attach", limited(maxEvent, f.attach))
	mux.HandleFunc("POST /v1/events/attach/{shape}", limited(detect.MaxBody, f.shaped))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		write(w, problem(http.StatusNotFound, "a feed takes POST /v1/events/attach and /v1/events/attach/SHAPE only"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if _, password, basic := r.BasicAuth(); basic {
			given, ok = password, true
		}
		have := sha256.Sum256([]byte(given))
		if same := subtle.ConstantTimeCompare(have[:], want[:]); same != 1 || !ok || token == "" {
			w.Header().Set("WWW-Authenticate", "Bearer")
			write(w, problem(http.StatusUnauthorized, "the bearer token is missing or wrong"))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// limited is a handler of bodies up to that many octets.
func limited(most int64, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, most)
		h(w, r)
	}
}

func (s *server) attach(w http.ResponseWriter, r *http.Request) {
	e, err := readEvent(r.Body)
	if err == nil {
		err = s.Campaigns.Attach(r.Context(), event(e))
	}
	var tooLong *http.MaxBytesError
	var p *api.Problem
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.As(err, &tooLong):
		write(w, problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("an event has at most %d octets", maxEvent)))
	case errors.Is(err, catalog.ErrNotFound):
		write(w, problem(http.StatusNotFound, fmt.Sprintf("no card has IMSI %s", e.IMSI)))
	case errors.As(s.fail(err), &p):
		write(w, p)
	}
}

func readEvent(body io.Reader) (e api.AttachEvent, err error) {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, misread(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return e, refuse("one event per request: something follows it")
	}
	switch {
	case !digits(e.IMSI, 6, 15):
		return e, refuse(fmt.Sprintf("imsi %q: 6 to 15 digits", e.IMSI))
	case e.IMEI != "" && !digits(e.IMEI, 14, 16):
		return e, refuse(fmt.Sprintf("imei %q: 14 to 16 digits", e.IMEI))
	case e.PLMN != "" && !digits(e.PLMN, 5, 6):
		return e, refuse(fmt.Sprintf("plmn %q: 5 or 6 digits", e.PLMN))
	case len(e.APN) > 100:
		return e, refuse("apn: at most 100 octets (3GPP TS 23.003, 9.1)")
	}
	return e, nil
}

// misread says in the feed's words what the decoder says in Go's.
func misread(err error) error {
	var tooLong *http.MaxBytesError
	var kind *json.UnmarshalTypeError
	var clock *time.ParseError
	switch {
	case errors.As(err, &tooLong):
		return err
	case errors.As(err, &kind) && kind.Field != "":
		return refuse(fmt.Sprintf("%s: want text in quotes, found a %s", kind.Field, kind.Value))
	case errors.As(err, &clock):
		return refuse(fmt.Sprintf("happened_at: %q is no time: write it with its zone, as 2026-11-23T02:00:00Z", clock.Value))
	}
	return refuse("event is not readable: " + err.Error())
}

// event is one of the feed's own form.
func event(e api.AttachEvent) detect.Event {
	imei, _ := detect.ParseIMEI(e.IMEI) // its digits are counted; zeros are no device
	out := detect.Event{Time: e.HappenedAt, IMSI: e.IMSI, IMEI: imei, APN: e.APN, Kind: detect.Attach, Source: "attach feed"}
	if e.PLMN != "" {
		out.MCC, out.MNC = e.PLMN[:3], e.PLMN[3:]
	}
	return out
}

func digits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}
