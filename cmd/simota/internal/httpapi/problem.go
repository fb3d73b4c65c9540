package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/campaign"
)

func problem(status int, detail string) *api.Problem {
	return &api.Problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

// refuse says that what was sent cannot be taken as it is.
func refuse(detail string) error { return problem(http.StatusUnprocessableEntity, detail) }

// fail turns an error of a room into an answer. What nobody expected is logged
// too: the one who asked may not be the one who can mend it.
func (s *server) fail(err error) error {
	var p *api.Problem
	var field campaign.FieldError
	detail := strings.TrimPrefix(err.Error(), "campaign: ")
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, catalog.ErrNotFound):
		return problem(http.StatusNotFound, detail)
	case errors.Is(err, catalog.ErrConflict), errors.Is(err, campaign.ErrExists), errors.Is(err, campaign.ErrState):
		return problem(http.StatusConflict, detail)
	case errors.As(err, &field):
		return problem(http.StatusUnprocessableEntity, detail)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return problem(http.StatusServiceUnavailable, "not done: "+detail)
	}
	s.Log.Error().Err(err).Msg("request failed")
	return problem(http.StatusInternalServerError, detail)
}

// missing names what was not found; other errors pass.
func (s *server) missing(err error, what string) error {
	if errors.Is(err, catalog.ErrNotFound) {
		return problem(http.StatusNotFound, what+" is not known")
	}
	return s.fail(err)
}

func write(w http.ResponseWriter, p *api.Problem) {
	writeJSON(w, p.Status, "application/problem+json", p)
}

func writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"status":500,"title":"Internal Server Error","detail":"answer cannot be written"}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the caller went away: nobody is left to tell
}
