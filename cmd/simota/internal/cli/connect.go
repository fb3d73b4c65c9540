package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/config"
	"github.com/simota/simota/cmd/simota/internal/httpapi"
)

// Where a client looks for its server when nobody tells it.
const (
	defaultConfig = "simota.yaml"
	defaultSocket = "simota.sock"
)

// client speaks to the server that the flags, the environment or the
// configuration in the working directory name.
func (a *app) client() (*api.Client, error) {
	address, err := a.address()
	if err != nil {
		return nil, err
	}
	return api.New(address, cmp.Or(a.token, a.Getenv("SIMOTA_TOKEN")))
}

func (a *app) address() (string, error) {
	if address := cmp.Or(a.server, a.Getenv("SIMOTA_SERVER")); address != "" {
		return address, nil
	}
	return socketOf(defaultConfig)
}

// socketOf finds the socket in a configuration, if there is one.
func socketOf(file string) (string, error) {
	c, err := config.Read(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return defaultSocket, nil
	case err != nil:
		return "", fmt.Errorf("%w\n    so the server's socket is not known: repair the file, or give --server", err)
	}
	return c.Socket, nil
}

// databaseFlag lets a read command look into a file instead of asking a server.
func (a *app) databaseFlag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&a.db, "db", "", "read this database file instead of asking a server")
	return cmd
}

// read lets fn ask the server, or the database file of --db in its place. A
// file is read by the server's own handlers, so both say the same.
func (a *app) read(ctx context.Context, fn func(*api.Client) error) (err error) {
	if a.db == "" {
		c, err := a.client()
		if err != nil {
			return err
		}
		return fn(c)
	}
	db, err := sqlite.Open(ctx, a.db, sqlite.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c, stop, err := inside(db)
	if err != nil {
		return err
	}
	defer stop()
	return fn(c)
}

// inside serves an open database on a socket of its own, out of everybody
// else's reach.
func inside(db *sqlite.DB) (*api.Client, func(), error) {
	dir, err := os.MkdirTemp("", "simota-")
	if err != nil {
		return nil, nil, err
	}
	path := filepath.Join(dir, defaultSocket)
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: httpapi.New(httpapi.Services{
		Store: db, Now: time.Now, Log: zerolog.Nop(),
		Check: func(ctx context.Context) (any, error) { return db.Check(ctx) },
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with Close
	}()
	stop := func() {
		_ = server.Close()
		<-done
		_ = os.RemoveAll(dir) // a directory of our own, empty by now
	}
	c, err := api.New(path, "")
	if err != nil {
		stop()
		return nil, nil, err
	}
	return c, stop, nil
}
