package smpp_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/simota/simota/smpp"
)

// patience is how long a test waits for a program it did not write before it says what is missing.
const patience = 20 * time.Second

// find gives the path of a program, or skips the test.
func find(t *testing.T, name, debianPackage string, folders ...string) string {
	t.Helper()
	for _, f := range append(folders, "/usr/sbin", "/usr/local/sbin") {
		if path, err := exec.LookPath(filepath.Join(f, name)); err == nil {
			return path
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed: apt-get install %s", name, debianPackage)
	}
	return path
}

// program is a foreign program that runs until the test ends.
type program struct {
	name string
	gone chan struct{} // closed when it has ended

	mu      sync.Mutex // guards what follows
	log     bytes.Buffer
	changed chan struct{} // closed when log grows
}

// Write takes what the program prints.
func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
	return p.log.Write(b)
}

// says waits until the program has printed words.
func (p *program) says(ctx context.Context, t *testing.T, words string) {
	t.Helper()
	for {
		p.mu.Lock()
		said, changed := bytes.Contains(p.log.Bytes(), []byte(words)), p.changed
		p.mu.Unlock()
		if said {
			return
		}
		select {
		case <-changed:
		case <-p.gone:
			t.Fatalf("%s ended before it said %q", p.name, words)
		case <-ctx.Done():
			t.Fatalf("%s did not say %q", p.name, words)
		}
	}
}

// launch starts a program in dir and kills it when the test ends; a failed test prints what it said.
func launch(t *testing.T, dir string, env []string, path string, args ...string) *program {
	t.Helper()
	p := &program{name: filepath.Base(path), gone: make(chan struct{}), changed: make(chan struct{})}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(os.Environ(), env...), p, p
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(p.gone); _ = cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.gone
		if t.Failed() {
			t.Logf("%s said:\n%s", p.name, p.log.Bytes())
		}
	})
	return p
}

// confined compiles the library that keeps a program on the loopback interface and gives it TCP for SCTP,
// and returns what to put into the environment for it. Without a compiler the test is skipped.
func confined(t *testing.T) []string {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is not installed, and this program needs testdata/confine.c: apt-get install gcc libc6-dev")
	}
	library := filepath.Join(t.TempDir(), "confine.so")
	if out, err := exec.Command(gcc, "-shared", "-fPIC", "-o", library, filepath.Join("testdata", "confine.c"), "-ldl").CombinedOutput(); err != nil {
		t.Skipf("gcc does not compile testdata/confine.c: %v\n%s", err, out)
	}
	return []string{"LD_PRELOAD=" + library}
}

// freePort gives a TCP port of 127.0.0.1 that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// ownAddress gives an address of the loopback network for a program whose ports are fixed, or would else
// be taken by some outgoing connection before it listens.
func ownAddress(t *testing.T) string {
	t.Helper()
	port, err := strconv.ParseUint(freePort(t), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return net.IPv4(127, 1, byte(port>>8), byte(port)).String()
}

// next takes a value from a channel, or fails when the foreign side does not produce one.
func next[T any](ctx context.Context, t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-ctx.Done():
		t.Fatalf("no %s: %v", what, context.Cause(ctx))
		panic("unreachable")
	}
}

// rises waits for n sessions of a link whose SMSC may still be starting.
func (x *running) rises(ctx context.Context, t *testing.T, n int) {
	t.Helper()
	var down error
	for x.Status().Sessions < n {
		select {
		case s := <-x.states:
			var refused *smpp.BindError
			if down = s.Reason; errors.As(s.Reason, &refused) {
				t.Fatal(refused)
			}
		case <-ctx.Done():
			t.Fatalf("%d of %d sessions bound: %v", x.Status().Sessions, n, down)
		}
	}
}

// result is the next result of a link.
func (x *running) result(ctx context.Context, t *testing.T) smpp.Result {
	t.Helper()
	return next(ctx, t, "result", x.results)
}
