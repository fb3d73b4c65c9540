package delivery

import (
	"fmt"
	"sync"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota"
)

const keyCacheSize = 4096

// keyCache keeps opened keysets for a short while: every answer of a card
// needs the keys that its command was made with a moment ago.
type keyCache struct {
	mu   sync.Mutex
	sets map[int64]ota.Keyset
}

func (c *keyCache) get(id int64) (ota.Keyset, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ks, ok := c.sets[id]
	return ks, ok
}

// put forgets everything when the cache is full: simple, and keys in clear do
// not stay for ever.
func (c *keyCache) put(id int64, ks ota.Keyset) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sets == nil || len(c.sets) >= keyCacheSize {
		c.sets = make(map[int64]ota.Keyset)
	}
	c.sets[id] = ks
}

// keyset opens a keyset's sealed keys.
func (d *Desk) keyset(iccid string, rec catalog.Keyset) (ota.Keyset, error) {
	if ks, ok := d.keys.get(rec.ID); ok {
		return ks, nil
	}
	ks := ota.Keyset{Version: rec.Version, CCLength: rec.CCLength}
	open := func(kind, algorithm string, sealed []byte, into *ota.Key) error {
		alg, err := ota.ParseAlgorithm(algorithm)
		if err != nil {
			return err
		}
		return d.cfg.Keys.Use(rec.KEKID, sealed, d.cfg.KeyAAD(iccid, rec.Domain, rec.Version, kind), func(raw []byte) error {
			*into, err = ota.NewKey(alg, raw)
			return err
		})
	}
	if err := open("kic", rec.KIcAlg, rec.SealedKIc, &ks.KIc); err != nil {
		return ota.Keyset{}, fmt.Errorf("KIc of key version %d: %w", rec.Version, err)
	}
	if err := open("kid", rec.KIDAlg, rec.SealedKID, &ks.KID); err != nil {
		return ota.Keyset{}, fmt.Errorf("KID of key version %d: %w", rec.Version, err)
	}
	d.keys.put(rec.ID, ks)
	return ks, nil
}

// Room is how many octets of script fit into the short messages that a card
// takes, with this keyset and SPI.
func (d *Desk) Room(iccid string, rec catalog.Keyset, spi ota.SPI, parts int) (int, error) {
	ks, err := d.keyset(iccid, rec)
	if err != nil {
		return 0, err
	}
	return ota.MaxData(spi, ks, parts), nil
}
