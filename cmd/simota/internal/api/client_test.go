package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answering is a client of a server that gives one answer and notes what was asked.
func answering(t *testing.T, status int, body string) (*Client, *http.Request) {
	t.Helper()
	asked := &http.Request{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = *r.Clone(r.Context())
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	c, err := New(s.URL, "secret-token")
	if err != nil {
		t.Fatal(err)
	}
	return c, asked
}

func TestRequestsCarryQueryTokenAndActor(t *testing.T) {
	t.Parallel()
	c, asked := answering(t, 200, `{"targets":[{"iccid":"1"}],"next":7}`)
	c.Actor = "alice@desk"
	page, err := c.Report(t.Context(), "a b/c", ReportQuery{States: []string{"dark", "held"}, After: 3, Limit: 10})
	if err != nil || page.Next != 7 || len(page.Targets) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	got := []string{asked.Method, asked.URL.EscapedPath(), asked.URL.RawQuery, asked.Header.Get("Authorization"), asked.Header.Get("X-Actor")}
	want := []string{"GET", "/v1/campaigns/a%20b%2Fc/report", "after=3&limit=10&state=dark%2Cheld", "Bearer secret-token", "alice@desk"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefusalsAreProblems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{422, `{"title":"Unprocessable Entity","status":422,"detail":"nothing imported","errors":["line 14, KIC1: short","line 15: empty"]}`,
			"nothing imported\n    line 14, KIC1: short\n    line 15: empty"},
		{404, `{"title":"Not Found","status":404}`, "Not Found"},
		{502, `<html>bad gateway</html>`, "server answered 502 Bad Gateway"},
	} {
		client, _ := answering(t, c.status, c.body)
		_, err := client.Campaigns(t.Context())
		var p *Problem
		if !errors.As(err, &p) || p.Status != c.status || p.Error() != c.want {
			t.Errorf("%d: got %v, want %q", c.status, err, c.want)
		}
	}
}

func TestAnswersThatMakeNoSenseAreErrors(t *testing.T) {
	t.Parallel()
	c, _ := answering(t, 200, "not JSON")
	if _, err := c.Health(t.Context()); err == nil || !strings.Contains(err.Error(), "not what was expected") {
		t.Errorf("got %v", err)
	}
}

func TestAddressesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for _, a := range []string{"", "unix:", "http://", "https://:bad:url:"} {
		if _, err := New(a, ""); err == nil {
			t.Errorf("%q is taken", a)
		}
	}
}
