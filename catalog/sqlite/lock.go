package sqlite

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// lockFile takes the advisory lock that keeps two servers from writing to one
// database: their leases, generations and interrupted submissions would mix.
// The lock is the kernel's and ends with the process; the file stays.
func lockFile(path string) (*os.File, error) {
	name := path + ".lock"
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlite: lock: %w", err)
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		pid, _ := os.ReadFile(name) // only to say more
		return nil, errors.Join(fmt.Errorf("%w: process %s writes to %s: stop it first, or ask it through its socket",
			ErrLocked, strings.TrimSpace(string(pid)), path), f.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("sqlite: lock %s: %w", name, err), f.Close())
	}
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: lock %s: %w", name, err), f.Close())
	}
	if _, err := fmt.Fprintf(f, "%d\n", os.Getpid()); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: lock %s: %w", name, err), f.Close())
	}
	return f, nil
}
