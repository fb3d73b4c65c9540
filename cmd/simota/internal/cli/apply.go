package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/cli/show"
	"github.com/simota/simota/cmd/simota/internal/config"
)

func operatorCommand(a *app) *cobra.Command {
	put := &apply[catalog.Operator]{a, "operator", config.DecodeOperator, func(ctx context.Context, c *api.Client, o catalog.Operator, file string, text []byte) (api.Applied, error) {
		return c.PutOperator(ctx, o.Name, file, text)
	}}
	list := &listing[catalog.Operator]{a, (*api.Client).Operators, show.Operators}
	return group("operator", "say how operators' networks are reached",
		command(put, "apply FILE...", "store operators from their files, new or changed", "simota operator apply operators/*.yaml"),
		a.databaseFlag(command(list, "list", "list operators", "simota operator list")))
}

func cardTypeCommand(a *app) *cobra.Command {
	put := &apply[catalog.CardType]{a, "card type", config.DecodeCardType, func(ctx context.Context, c *api.Client, t catalog.CardType, file string, text []byte) (api.Applied, error) {
		return c.PutCardType(ctx, t.Name, file, text)
	}}
	list := &listing[catalog.CardType]{a, (*api.Client).CardTypes, show.CardTypes}
	return group("card-type", "say what cards of a make can do",
		command(put, "apply FILE...", "store card types from their files, new or changed", "simota card-type apply card-types/*.yaml"),
		a.databaseFlag(command(list, "list", "list card types", "simota card-type list")))
}

// apply stores records from their files. It reads and checks all of them
// before it sends the first.
type apply[T any] struct {
	*app
	what   string
	decode func(file string, text []byte) (T, error)
	put    func(ctx context.Context, c *api.Client, record T, file string, text []byte) (api.Applied, error)
}

func (r *apply[T]) Run(ctx context.Context, files []string) error {
	texts, records, err := r.readAll(files)
	if err != nil {
		return err
	}
	c, err := r.client()
	if err != nil {
		return err
	}
	all := []api.Applied{}
	for i, file := range files {
		done, err := r.put(ctx, c, records[i], file, texts[i])
		if err != nil && i > 0 {
			err = fmt.Errorf("%w\n%d of %d files are stored, this one and those after it are not", err, i, len(files))
		}
		if err != nil {
			return err
		}
		for _, w := range done.Warnings {
			r.warn("%s: %s", file, w)
		}
		all = append(all, done)
	}
	return r.print(all, func(w io.Writer) error {
		for _, done := range all {
			if _, err := fmt.Fprintf(w, "%s %s is stored\n", r.what, done.Name); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *apply[T]) readAll(files []string) (texts [][]byte, records []T, err error) {
	var errs []error
	for _, file := range files {
		text, err := r.readFile(file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		record, err := r.decode(file, text)
		errs = append(errs, err)
		texts, records = append(texts, text), append(records, record)
	}
	return texts, records, errors.Join(errs...)
}

// listing lists all records of one kind.
type listing[T any] struct {
	*app
	get  func(*api.Client, context.Context) ([]T, error)
	show func(io.Writer, []T) error
}

func (r *listing[T]) Run(ctx context.Context, _ []string) error {
	return r.read(ctx, func(c *api.Client) error {
		records, err := r.get(c, ctx)
		if err != nil {
			return err
		}
		if records == nil {
			records = []T{} // an empty list in JSON too
		}
		return r.print(records, func(w io.Writer) error { return r.show(w, records) })
	})
}
