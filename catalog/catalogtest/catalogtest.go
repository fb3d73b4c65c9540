// Package catalogtest says what a store of the catalog and the ledger must
// hold, as a test that every store has to pass.
//
// It knows nothing of any database: it speaks to a store through its interface
// alone, as the engine does.
package catalogtest

import (
	"testing"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
)

// Store is what is tested.
type Store interface {
	catalog.Store
	ledger.Store
}

// law is one thing that a store holds.
type law struct {
	name string
	test func(*world)
}

// Run tests a store. open gives a fresh, empty one to each law, and closes it
// with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, group := range []struct {
		name string
		laws []law
	}{
		{"inventory", inventoryLaws},
		{"euicc", euiccLaws},
		{"lease", leaseLaws},
		{"bind", bindLaws},
		{"send", sendLaws},
		{"settle", settleLaws},
		{"device", deviceLaws},
		{"target", targetLaws},
		{"campaign", campaignLaws},
		{"read", readLaws},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, l := range group.laws {
				t.Run(l.name, func(t *testing.T) {
					t.Parallel()
					l.test(newWorld(t, open(t)))
				})
			}
		})
	}
}
