package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/cmd/simota/internal/config"
)

func databaseCommand(a *app) *cobra.Command {
	adopt := &adoptRestore{app: a}
	adoptCmd := command(adopt, "adopt-restore", "make a restored database safe to use", "simota db adopt-restore -c simota.yaml")
	adoptCmd.Long = `Makes a database that was restored from a backup safe to use: cards may have seen
packets that it knows nothing of. Running campaigns are paused, every counter is
lifted by 65,536, and every key set is suspect until a read has cleared it. The
server must be stopped.`
	configFlag(adoptCmd, &adopt.config)
	return group("db", "back the database up, check it, adopt a restored one",
		command(&backup{a}, "backup FILE", "let the server write a copy of its database", "simota db backup /backup/simota-2026-11-03.db"),
		a.databaseFlag(command(&databaseCheck{a}, "check", "look for everything that can be seen to be wrong with the database",
			"simota db check\nsimota db check --db demo.db")),
		adoptCmd)
}

// backup asks the server for a copy of its database.
type backup struct{ *app }

func (r *backup) Run(ctx context.Context, args []string) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	path := args[0]
	if address, err := r.address(); err != nil {
		return err
	} else if !strings.Contains(address, "://") { // on this machine, but in another working directory
		if path, err = filepath.Abs(path); err != nil {
			return err
		}
	}
	if err := c.Backup(ctx, path); err != nil {
		return err
	}
	record := api.BackupRequest{Path: path}
	return r.print(record, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s is a complete copy; to use it, put it in the database's place and run simota db adopt-restore\n", path)
		return err
	})
}

// databaseCheck checks the database of a server, or a file.
type databaseCheck struct{ *app }

func (r *databaseCheck) Run(ctx context.Context, _ []string) error {
	return r.read(ctx, func(c *api.Client) error {
		result, err := c.CheckDB(ctx)
		if err != nil {
			return err
		}
		report, err := reportOf(result)
		if err != nil {
			return err
		}
		if err := r.print(result, func(w io.Writer) error { return showCheck(w, report) }); err != nil {
			return err
		}
		switch {
		case result.OK:
			return nil
		case report.Sound():
			return errors.New("the file is sound, but what it tells of cards breaks a law: pause their campaigns and look at them with simota card show; a backup would only make the counters older")
		}
		return errors.New("the database is not in order: keep this copy of it, restore a backup, then run simota db adopt-restore")
	})
}

func reportOf(result api.CheckResult) (r sqlite.Report, err error) {
	b, err := json.Marshal(result.Report)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("the server's report is not what was expected: %w", err)
	}
	return r, nil
}

// showCheck writes what was looked at, with the laws that are broken.
func showCheck(w io.Writer, r sqlite.Report) error {
	rows := [][]string{{"LOOKED AT", "FOUND"}, {"pages and indexes", found(len(r.Integrity))}, {"rows that point nowhere", found(len(r.ForeignKeys))}}
	audit := fmt.Sprintf("ok, %d rows", r.AuditRows)
	if r.AuditBroken != "" {
		audit = "broken: " + r.AuditBroken
	}
	rows = append(rows, []string{"chain of the audit", audit})
	for _, l := range r.Laws {
		text := found(l.Broken)
		if l.ICCID != "" {
			text += ", as card " + l.ICCID
		}
		rows = append(rows, []string{l.Law, text})
	}
	if err := show.Table(w, rows); err != nil {
		return err
	}
	for _, line := range append(r.Integrity, r.ForeignKeys...) {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

func found(n int) string {
	if n == 0 {
		return "ok"
	}
	return fmt.Sprintf("%d wrong", n)
}

// adoptRestore works on the file of a stopped server.
type adoptRestore struct {
	*app
	config string
}

func (r *adoptRestore) Run(ctx context.Context, _ []string) error {
	c, err := config.Read(r.config)
	if err != nil {
		return err
	}
	actor, err := api.New(defaultSocket, "")
	if err != nil {
		return err
	}
	done, err := sqlite.AdoptRestore(ctx, c.Database, actor.Actor, time.Now())
	if err != nil {
		return err
	}
	record := struct {
		Database   string   `json:"database"`
		Generation int64    `json:"generation"`
		Paused     []string `json:"paused"`
		Keysets    int      `json:"keysets"`
	}{c.Database, done.Generation, append([]string{}, done.Paused...), done.Keysets}
	return r.print(record, func(w io.Writer) error {
		paused := "no campaign was running"
		if len(done.Paused) > 0 {
			paused = "paused: " + strings.Join(done.Paused, ", ") + " (go on with simota campaign resume NAME)"
		}
		_, err := fmt.Fprintf(w, "%s is adopted as generation %d\n%s\n%d key sets are suspect; each is cleared by a read before its next write\n",
			c.Database, done.Generation, paused, done.Keysets)
		return err
	})
}
