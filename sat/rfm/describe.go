package rfm

import (
	"fmt"
	"strings"
)

// Describe says in plain words what a file holds: "IMSI 999700000000017". What
// cannot be read is shown in hex, except for files of key material, whose
// octets are never shown.
func Describe(f File, value []byte) string {
	words, err := f.codec().words(f.used(value))
	switch {
	case f.Secret && (err != nil || position(f.Name) < 0):
		words = fmt.Sprintf("%d octets, not shown", len(value))
	case err != nil:
		words = fmt.Sprintf("%X, not readable", value)
	}
	return f.Title + " " + words
}

// Describe says in plain words what the file holds, given its octets or those
// of one record.
func (f File) Describe(value []byte) string { return Describe(f, value) }

// String shows the network and its access technologies.
func (a Access) String() string { return a.PLMN.String() + " " + a.AcT.String() }

// join lists values; none is "none".
func join[T any](list []T) string {
	if len(list) == 0 {
		return "none"
	}
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

// flags lists the words whose flag is set; none is "none".
func flags(words []string, set ...bool) string {
	var on []string
	for i, w := range words {
		if set[i] {
			on = append(on, w)
		}
	}
	return join(on)
}
