package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// benchCommand is `simota bench` with its temporary folders in a folder of the test.
func benchCommand(t *testing.T, args ...string) (cmd *exec.Cmd, folder string) {
	t.Helper()
	folder = t.TempDir()
	cmd = exec.CommandContext(t.Context(), binary, append([]string{"bench"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+folder)
	return cmd, folder
}

// leftovers are the files in a folder.
func leftovers(t *testing.T, folder string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func TestBenchMeasuresOnePartPerCard(t *testing.T) {
	t.Parallel()
	for _, keys := range []string{"3des", "aes"} {
		t.Run(keys, func(t *testing.T) {
			t.Parallel()
			cmd, folder := benchCommand(t, "--cards", "50", "--keys", keys, "--binds", "2", "--json")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, &stderr)
			}
			if stderr.Len() > 0 {
				t.Errorf("standard error is no terminal, and yet it got %q", &stderr)
			}
			checkFigures(t, out, 50)
			if left := leftovers(t, folder); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func checkFigures(t *testing.T, out []byte, cards float64) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	positive := []string{
		"cards", "parts", "seconds", "parts_per_s", "store_parts_per_s", "store_rows_ratio", "cpu_us_per_part", "lab_cpu_us_per_part", "p50_ms", "p99_ms",
	}
	if runtime.GOOS == "linux" {
		positive = append(positive, "peak_rss_mb")
	}
	for _, key := range positive {
		if v, ok := got[key].(float64); !ok || v <= 0 {
			t.Errorf("%s is %v, want a number above zero", key, got[key])
		}
	}
	for key, want := range map[string]float64{"cards": cards, "parts": cards} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	if got["p99_ms"].(float64) < got["p50_ms"].(float64) {
		t.Errorf("p99 %v is below p50 %v", got["p99_ms"], got["p50_ms"])
	}
	rows, _ := got["rows"].(map[string]any)
	for key, want := range map[string]float64{"targets": cards, "attempts": cards, "parts": cards, "submissions": cards, "inbox": 2 * cards} {
		if rows[key] != want {
			t.Errorf("rows: %s is %v, want %v", key, rows[key], want)
		}
	}
}

func TestBenchThatIsInterruptedLeavesNothing(t *testing.T) {
	t.Parallel()
	cmd, folder := benchCommand(t, "--cards", "5000")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	serving := func() bool {
		sockets, err := filepath.Glob(filepath.Join(folder, "*", "simota.sock"))
		return err == nil && len(sockets) == 1
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !serving() {
		select {
		case err := <-done:
			t.Fatalf("it ended before its server listened: %v\n%s", err, &stderr)
		case <-tick.C:
		}
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil {
		t.Error("an interrupted measurement ended with status 0")
	}
	if left := leftovers(t, folder); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if running := processesIn(t, folder); len(running) > 0 {
		t.Errorf("still running: %v", running)
	}
}

// processesIn are the commands that work in a folder or below.
func processesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*/cwd") // none where there is no /proc
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if to, err := os.Readlink(d); err == nil && strings.HasPrefix(to, folder) {
			names = append(names, d+" -> "+to)
		}
	}
	slices.Sort(names)
	return names
}
