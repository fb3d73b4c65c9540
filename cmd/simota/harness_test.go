package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/sample"
	"github.com/simota/simota/ota/lab"
)

// binary is simota, built once for all tests of real processes.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "simota-test-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "simota")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// world is a folder with a simulated world and a server for it, and their processes.
type world struct {
	t      *testing.T
	dir    string
	client *api.Client
	shown  bool // the logs of a failed test
}

// newWorld writes a world. faults are the lines of lab.yaml below "faults:".
func newWorld(t *testing.T, cards int, seed int64, faults string) *world {
	t.Helper()
	return writeWorld(t, sample.Options{Cards: cards, Seed: seed, Faults: faults})
}

// writeWorld writes a world at ports that are free.
func writeWorld(t *testing.T, o sample.Options) *world {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "w")
	o.LinkRate, o.AnyPort = "2000/s", true
	if err := sample.Write(dir, o); err != nil {
		t.Fatal(err)
	}
	client, err := api.New(filepath.Join(dir, "simota.sock"), "")
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, dir: dir, client: client}
}

// change replaces text in a file of the world.
func (w *world) change(file, from, to string) {
	w.t.Helper()
	path := filepath.Join(w.dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(from)) {
		w.t.Fatalf("%s does not say %q", file, from)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte(from), []byte(to)), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// process is a running simota.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  *os.File
	done chan struct{}
}

func (w *world) run(args ...string) *process {
	w.t.Helper()
	return w.runUnder(nil, args...)
}

func (w *world) runUnder(tracer []string, args ...string) *process {
	w.t.Helper()
	log, err := os.OpenFile(filepath.Join(w.dir, args[0]+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	line := append(append([]string(nil), tracer...), append([]string{binary}, args...)...)
	p := &process{t: w.t, cmd: exec.Command(line[0], line[1:]...), log: log, done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = w.dir, log, log
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); _ = log.Close(); close(p.done) }()
	w.t.Cleanup(func() {
		p.kill()
		if w.t.Failed() && !w.shown {
			w.shown = true
			p.showLog()
		}
	})
	return p
}

func (w *world) startLab() *process    { return w.run("lab", "-c", "lab.yaml") }
func (w *world) startServer() *process { return w.run("serve", "-c", "simota.yaml") }

func (p *process) showLog() {
	f, err := os.Open(p.log.Name())
	if err != nil {
		return
	}
	defer f.Close()
	text, _ := io.ReadAll(f)
	const most = 3000
	p.t.Logf("%s:\n%s", filepath.Base(p.log.Name()), text[max(0, len(text)-most):])
}

// kill is SIGKILL: nothing is written, said or closed.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// stop is SIGTERM, and must end the process in good order.
func (p *process) stop() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		p.t.Error("the process does not stop")
		p.kill()
	}
}

// ready waits until the server is bound to both networks.
func (w *world) ready() {
	w.t.Helper()
	last := ""
	defer func() { w.t.Log(last) }()
	w.eventually("the server is bound", func(ctx context.Context) bool {
		h, err := w.client.Health(ctx)
		last = fmt.Sprint(h, err)
		if err != nil || len(h.Links) == 0 {
			return false
		}
		for _, l := range h.Links {
			if !l.Bound {
				return false
			}
		}
		return true
	})
}

// eventually asks again and again, for a minute at most.
func (w *world) eventually(what string, ask func(context.Context) bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ask(ctx) {
		select {
		case <-ctx.Done():
			w.t.Fatalf("not within a minute: %s", what)
		case <-tick.C:
		}
	}
}

// furnish applies operators and card types and imports the cards.
func (w *world) furnish() {
	w.t.Helper()
	ctx := w.t.Context()
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(w.dir, name))
		if err != nil {
			w.t.Fatal(err)
		}
		return b
	}
	var errs []error
	for _, n := range []string{"nordvik", "aurora"} {
		_, err := w.client.PutOperator(ctx, n, n+".yaml", read("operators/"+n+".yaml"))
		errs = append(errs, err)
	}
	for _, n := range lab.SampleCardTypes() {
		_, err := w.client.PutCardType(ctx, n, n+".yaml", read("card-types/"+n+".yaml"))
		errs = append(errs, err)
	}
	_, err := w.client.Import(ctx, api.ImportRequest{File: read("cards.csv")})
	if err := errors.Join(append(errs, err)...); err != nil {
		w.t.Fatal(err)
	}
}

// start creates and starts a campaign.
func (w *world) start(text string) {
	w.t.Helper()
	ctx := w.t.Context()
	c, err := w.client.CreateCampaign(ctx, "test.yaml", []byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.client.Start(ctx, c.Campaign.Name); err != nil {
		w.t.Fatal(err)
	}
}

// count counts the lines of a log that hold every one of the words.
func (w *world) count(log string, words ...string) (n int) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "logs", log))
	if err != nil {
		w.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		all := true
		for _, word := range words {
			all = all && strings.Contains(line, word)
		}
		if all {
			n++
		}
	}
	return n
}
