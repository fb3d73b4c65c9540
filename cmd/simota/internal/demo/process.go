package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

const (
	startTime = 20 * time.Second
	stopTime  = 15 * time.Second
)

// processes are the world and the server, as they really run: the server knows
// nothing of the world but addresses and credentials.
type processes struct {
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

func start(ctx context.Context, dir string, stderr io.Writer) (*processes, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &processes{dir: dir, died: make(chan struct{})}
	for _, args := range [][]string{{"lab", "-c", "lab.yaml"}, {"serve", "-c", "simota.yaml"}} {
		if err := p.launch(ctx, self, args); err != nil {
			return nil, errors.Join(err, p.stop())
		}
	}
	return p, nil
}

func (p *processes) launch(ctx context.Context, self string, args []string) error {
	c := &child{name: args[0], done: make(chan struct{})}
	var err error
	if c.log, err = os.Create(filepath.Join(p.dir, c.name+".log")); err != nil {
		return err
	}
	c.cmd = exec.CommandContext(ctx, self, args...)
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = p.dir, c.log, c.log
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.WaitDelay = stopTime
	if err := c.cmd.Start(); err != nil {
		return errors.Join(err, c.log.Close())
	}
	p.cmds = append(p.cmds, c)
	go func() {
		c.err = errors.Join(c.cmd.Wait(), c.log.Close())
		close(c.done)
		p.once.Do(func() { close(p.died) })
	}()
	return nil
}

// failure says which process ended before its time, with the end of its log.
func (p *processes) failure() error {
	for _, c := range p.cmds {
		select {
		case <-c.done:
			text, _ := os.ReadFile(c.log.Name())
			const most = 2000
			return fmt.Errorf("demo: simota %s ended: %v\n%s", c.name, c.err, text[max(0, len(text)-most):])
		default:
		}
	}
	return errors.New("demo: a process ended")
}

// ready waits until the server is bound to both networks.
func (p *processes) ready(ctx context.Context, client *api.Client) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
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
		case <-ctx.Done():
			return fmt.Errorf("demo: the server is not ready after %v: %w", startTime, errors.Join(last, ctx.Err()))
		case <-p.died:
			return p.failure()
		case <-tick.C:
		}
	}
}

// cards asks the world how its cards and devices really are.
func (p *processes) cards(ctx context.Context) (map[string]lab.CardState, error) {
	control := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(p.dir, "lab.sock"))
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
		return nil, fmt.Errorf("demo: lab: %w", err)
	}
	out := make(map[string]lab.CardState, len(states))
	for _, s := range states {
		out[s.ICCID] = s
	}
	return out, nil
}

// stop ends the server first, so that it says goodbye to a living world.
func (p *processes) stop() error {
	for i := len(p.cmds) - 1; i >= 0; i-- {
		c := p.cmds[i]
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-c.done:
		case <-time.After(stopTime):
			_ = c.cmd.Process.Kill()
			<-c.done
			p.end = errors.Join(p.end, fmt.Errorf("demo: simota %s did not stop within %v", c.name, stopTime))
		}
	}
	p.cmds = nil
	return p.end
}
