package world

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/simota/simota/cmd/simota/internal/api"
)

// importChunk is how many cards go in one request: a fleet in one would be all
// that the server's peak of memory tells.
const importChunk = 5000

// Furnish does what a person would do first: it applies the operators, card
// types and clients of the folder, imports its devices and cards and creates the campaign of that name.
func (w *World) Furnish(ctx context.Context, client *api.Client, campaign string) error {
	err := w.each("operators", func(name, file string, text []byte) error {
		_, err := client.PutOperator(ctx, name, file, text)
		return err
	})
	if err != nil {
		return err
	}
	err = w.each("card-types", func(name, file string, text []byte) error {
		_, err := client.PutCardType(ctx, name, file, text)
		return err
	})
	if err != nil {
		return err
	}
	err = w.each("clients", func(name, file string, text []byte) error {
		_, err := client.PutDeviceClient(ctx, name, file, text)
		return err
	})
	if err != nil {
		return err
	}
	if err := w.importModels(ctx, client); err != nil {
		return err
	}
	if err := w.importCards(ctx, client); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(w.dir, "campaigns", campaign+".yaml"))
	if err != nil {
		return err
	}
	_, err = client.CreateCampaign(ctx, campaign+".yaml", text)
	return err
}

// each gives every file of a folder.
func (w *World) each(folder string, apply func(name, file string, text []byte) error) error {
	files, err := filepath.Glob(filepath.Join(w.dir, folder, "*.yaml"))
	if err != nil {
		return err
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if err := apply(strings.TrimSuffix(filepath.Base(f), ".yaml"), filepath.Base(f), text); err != nil {
			return err
		}
	}
	return nil
}

// importModels imports the TAC table, if the folder has one.
func (w *World) importModels(ctx context.Context, client *api.Client) error {
	text, err := os.ReadFile(filepath.Join(w.dir, "devices.csv"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = client.ImportModels(ctx, api.ModelImport{File: text})
	return err
}

func (w *World) importCards(ctx context.Context, client *api.Client) error {
	text, err := os.ReadFile(filepath.Join(w.dir, "cards.csv"))
	if err != nil {
		return err
	}
	lines := bytes.SplitAfter(bytes.TrimRight(text, "\n"), []byte("\n"))
	for from := 1; from < len(lines); from += importChunk {
		chunk := bytes.Join(lines[from:min(from+importChunk, len(lines))], nil)
		if _, err := client.Import(ctx, api.ImportRequest{File: append(bytes.Clone(lines[0]), chunk...)}); err != nil {
			return fmt.Errorf("world: cards from line %d: %w", from+1, err)
		}
	}
	return nil
}
