package server

import (
	"slices"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/trace"
)

// link is one link for the API.
func (s *server) link(name string) (api.LinkDetail, bool) {
	i := slices.IndexFunc(s.ports, func(p *port) bool { return p.name == name })
	if i < 0 {
		return api.LinkDetail{}, false
	}
	return s.ports[i].detail(), true
}

// detail is all that is known of the link.
func (p *port) detail() api.LinkDetail {
	s := p.link.Status()
	out := api.LinkDetail{
		Link: p.health(), SMSC: s.SMSC, Sessions: s.Sessions, Stuck: s.Stuck, Answered: s.Answered, ThrottledTotal: s.Throttled,
		Ambiguous: s.Ambiguous, MalformedTotal: s.Malformed, Settings: settings(p.cfg), Malformed: []api.Malformed{},
	}
	if s.LastError != nil {
		out.LastError = s.LastError.Error()
	}
	for _, m := range p.link.Malformed() {
		out.Malformed = append(out.Malformed, api.Malformed{At: m.At, Session: m.Session, Reason: m.Reason, Report: trace.Explain(m.Raw, true)})
	}
	return out
}
