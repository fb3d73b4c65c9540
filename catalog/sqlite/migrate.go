package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

func provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("sqlite: migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return nil, fmt.Errorf("sqlite: migrations: %w", err)
	}
	return p, nil
}

// migrate brings the schema up to this program's version. The file is marked
// as ours first: only an empty one or one of ours gets here.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return err
	}
	id, err := headerID(ctx, db, "")
	if err != nil {
		return err
	}
	if id == 0 {
		if _, err := db.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, liveID)); err != nil {
			return fmt.Errorf("sqlite: application_id: %w", err)
		}
	}
	if err := refuseNewer(ctx, p); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("sqlite: migrate: %w", err)
	}
	return nil
}

func refuseNewer(ctx context.Context, p *goose.Provider) error {
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("sqlite: schema version: %w", err)
	}
	if current > target {
		return fmt.Errorf("sqlite: schema version is %d, this program knows %d: use the newer simota", current, target)
	}
	return nil
}

// checkVersion is for those who may not migrate.
func checkVersion(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return err
	}
	var current int64
	if err := db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&current); err != nil {
		return fmt.Errorf("sqlite: schema version: %w", err)
	}
	sources := p.ListSources()
	if want := sources[len(sources)-1].Version; current != want {
		return fmt.Errorf("sqlite: schema version is %d, this program reads %d: open it for writing once to migrate it, or use the simota that wrote it", current, want)
	}
	return nil
}
