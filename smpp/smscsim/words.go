package smscsim

import (
	"fmt"
	"maps"
	"slices"
)

// words are the names of values in a configuration.
type words[T comparable] map[string]T

func (w words[T]) read(to *T, what string, b []byte) error {
	v, ok := w[string(b)]
	if !ok {
		return fmt.Errorf("smscsim: %s %q: want one of %v", what, b, slices.Sorted(maps.Keys(w)))
	}
	*to = v
	return nil
}

func (w words[T]) write(v T) []byte {
	for name, other := range w {
		if other == v {
			return []byte(name)
		}
	}
	return nil
}
