package world

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"
)

// Usage is what a process has used of the machine so far. While it runs only
// Linux tells: elsewhere both are zero until it has ended, and Peak for ever.
type Usage struct {
	CPU  time.Duration // in user mode and in the kernel; of a running process in steps of 10 ms
	Peak int           // octets of memory in use at the most; zero when it has ended
}

// Usage is that of the process of that name, [Lab] or [Server].
func (w *World) Usage(name string) Usage {
	for _, c := range w.cmds {
		if c.name != name {
			continue
		}
		select {
		case <-c.done:
			s := c.cmd.ProcessState
			return Usage{CPU: s.UserTime() + s.SystemTime()}
		default:
			return running(c.cmd.Process.Pid)
		}
	}
	return Usage{}
}

// running reads proc(5). What getrusage says of the peak is no use: it begins
// with that of the process that started this one.
func running(pid int) (u Usage) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if i := bytes.LastIndexByte(stat, ')'); i >= 0 {
		var user, system int64
		if f := strings.Fields(string(stat[i+1:])); len(f) > 12 {
			_, _ = fmt.Sscan(f[11]+" "+f[12], &user, &system)
		}
		u.CPU = time.Duration(user+system) * tick
	}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			_, _ = fmt.Sscan(text, &u.Peak)
			u.Peak <<= 10 // it is in KiB
		}
	}
	return u
}
