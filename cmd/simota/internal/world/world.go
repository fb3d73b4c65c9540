// Package world runs the simulated networks and the server of a folder as the
// processes that they really are, and gives the server what it needs to begin.
// `simota demo` and `simota bench` stand on it.
package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/ota/lab"
)

// Names of the processes.
const (
	Lab    = "lab"
	Server = "serve"
)

const (
	startTime = 3 * time.Minute // a network of 200,000 cards takes half of it to populate
	stopTime  = 15 * time.Second
)

// World is a folder and its two processes: the server knows nothing of the
// networks but addresses and credentials.
type World struct {
	dir  string
	cmds []*child
	died chan struct{}
	once sync.Once
	end  error
}

// child is one process and the log it writes.
type child struct {
	name string
	cmd  *exec.Cmd
	log  *os.File
	done chan struct{}
	err  error
}

// Folder is keep, made absolute, or a temporary folder that clean removes when
// keep is empty.
func Folder(keep, purpose string) (dir string, clean func(), err error) {
	if keep != "" {
		dir, err = filepath.Abs(keep)
		return dir, func() {}, err
	}
	if dir, err = os.MkdirTemp("", "simota-"+purpose+"-"); err != nil {
		return "", nil, err
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}

// Start starts `simota lab` and `simota serve` in dir, which package sample has
// written. Each logs to a file of its name there.
func Start(ctx context.Context, dir string) (*World, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	w := &World{dir: dir, died: make(chan struct{})}
	for _, args := range [][]string{{Lab, "-c", "lab.yaml"}, {Server, "-c", "simota.yaml"}} {
		if err := w.launch(ctx, self, args); err != nil {
			return nil, errors.Join(err, w.Stop())
		}
	}
	return w, nil
}

func (w *World) launch(ctx context.Context, self string, args []string) error {
	c := &child{name: args[0], done: make(chan struct{})}
	var err error
	if c.log, err = os.Create(filepath.Join(w.dir, c.name+".log")); err != nil {
		return err
	}
	c.cmd = exec.CommandContext(ctx, self, args...)
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = w.dir, c.log, c.log
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.WaitDelay = stopTime
	if err := c.cmd.Start(); err != nil {
		return errors.Join(err, c.log.Close())
	}
	w.cmds = append(w.cmds, c)
	go func() {
		c.err = errors.Join(c.cmd.Wait(), c.log.Close())
		close(c.done)
		w.once.Do(func() { close(w.died) })
	}()
	return nil
}

// Died is closed when the first process ends.
func (w *World) Died() <-chan struct{} { return w.died }

// Failure says which process ended before its time, with the end of its log.
func (w *World) Failure() error {
	for _, c := range w.cmds {
		select {
		case <-c.done:
			text, _ := os.ReadFile(c.log.Name())
			const most = 2000
			return fmt.Errorf("world: simota %s ended: %v\n%s", c.name, c.err, text[max(0, len(text)-most):])
		default:
		}
	}
	return errors.New("world: a process ended")
}

// Ready waits until the server is bound to every network.
func (w *World) Ready(caller context.Context, client *api.Client) error {
	ctx, cancel := context.WithTimeout(caller, startTime)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		h, err := client.Health(ctx)
		bound := 0
		for _, l := range h.Links {
			if l.Bound {
				bound++
			}
		}
		if err == nil && bound == len(h.Links) && bound > 0 {
			return nil
		}
		last = err
		select {
		case <-caller.Done():
			return fmt.Errorf("world: stopped before the server was ready: %w", context.Cause(caller))
		case <-ctx.Done():
			return fmt.Errorf("world: the server is not ready after %v: %w", startTime, errors.Join(last, ctx.Err()))
		case <-w.died:
			return w.Failure()
		case <-tick.C:
		}
	}
}

// Cards asks the networks how their cards and devices really are, by ICCID.
func (w *World) Cards(ctx context.Context) (map[string]lab.CardState, error) {
	control := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(w.dir, "lab.sock"))
	}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://lab/cards", nil)
	if err != nil {
		return nil, err
	}
	resp, err := control.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var states []lab.CardState
	if err := json.NewDecoder(resp.Body).Decode(&states); err != nil {
		return nil, fmt.Errorf("world: lab: %w", err)
	}
	out := make(map[string]lab.CardState, len(states))
	for _, s := range states {
		out[s.ICCID] = s
	}
	return out, nil
}

// Stop ends the server first, so that it says goodbye to living networks. A
// second Stop does nothing more.
func (w *World) Stop() error {
	for i := len(w.cmds) - 1; i >= 0; i-- {
		c := w.cmds[i]
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-c.done:
		case <-time.After(stopTime):
			_ = c.cmd.Process.Kill()
			<-c.done
			w.end = errors.Join(w.end, fmt.Errorf("world: simota %s did not stop within %v", c.name, stopTime))
		}
	}
	return w.end
}
