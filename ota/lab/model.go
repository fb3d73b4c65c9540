package lab

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/lab/device"
)

// Model says what the devices are whose IMEI begins alike. The longest IMEI that fits a device counts.
type Model struct {
	// IMEI is the first digits, at most 15: the eight of a TAC for a model, all for one device, none for all others.
	IMEI   Digits        `yaml:"imei"`
	Client device.Client `yaml:"client"` // kind of its provisioning client; empty is careful
	PIN    PIN           `yaml:"pin"`    // what its user types, or what is built in, when a message wants a PIN
	// NeedsRestart: settings are used after a restart of the device only.
	NeedsRestart bool   `yaml:"needs_restart"`
	Text         string `yaml:"text"` // form of a text message with settings, see [device.ParseText]; empty for none
}

func (m Model) config(imei string) device.Config {
	return device.Config{IMEI: imei, Client: m.Client, PIN: cp.Secret(m.PIN), NeedsRestart: m.NeedsRestart, Text: m.Text}
}

// Digits are digits as they stand in YAML, which would read those with a zero in front as an octal number.
type Digits string

// UnmarshalYAML takes the text of a scalar.
func (d *Digits) UnmarshalYAML(text []byte) error {
	*d = Digits(strings.Trim(strings.TrimSpace(string(text)), `"'`))
	return nil
}

// PIN is Digits that show themselves in no output.
type PIN cp.Secret

// UnmarshalYAML takes the text of a scalar.
func (p *PIN) UnmarshalYAML(text []byte) error {
	var d Digits
	err := d.UnmarshalYAML(text)
	*p = PIN(d)
	return err
}

// Format writes a mark in place of the PIN, for every verb.
func (p PIN) Format(f fmt.State, verb rune) { cp.Secret(p).Format(f, verb) }

// MarshalText writes a mark in place of the PIN.
func (p PIN) MarshalText() ([]byte, error) { return cp.Secret(p).MarshalText() }

func checkModels(models []Model) error {
	seen := map[Digits]bool{}
	for _, m := range models {
		switch {
		case strings.Trim(string(m.IMEI), "0123456789") != "" || len(m.IMEI) > 15:
			return fmt.Errorf("lab: devices: imei %q: want the first digits of an IMEI, at most 15", m.IMEI)
		case seen[m.IMEI]:
			return fmt.Errorf("lab: devices: imei %q is there twice", m.IMEI)
		}
		seen[m.IMEI] = true
		if _, err := device.NewBody(m.config("")); err != nil {
			return fmt.Errorf("lab: devices: imei %q: %w", m.IMEI, err)
		}
	}
	return nil
}

// deviceConfig is what a device is, by its IMEI.
func (c Config) deviceConfig(imei string) device.Config {
	var best Model
	for _, m := range c.Devices {
		if strings.HasPrefix(imei, string(m.IMEI)) && len(m.IMEI) >= len(best.IMEI) {
			best = m
		}
	}
	return best.config(imei)
}

// slots is where the cards are. Its mutex is held while one is moved.
type slots struct {
	sync.Mutex
	cards map[string]*subscriber // by the device they are in
	empty map[string]device.Body // devices that have no card any more
}

// deviceKey is what two writings of one IMEI have in common: the 14 digits before check digit or software version.
func deviceKey(imei string) string { return imei[:14] }

// Move puts a card into the device with an IMEI of 14 to 16 digits, which starts with it. If there is a card in it
// already, that goes into the first device. A device nobody has seen yet comes without settings; one without a card keeps
// its own.
func (w *World) Move(ctx context.Context, iccid, imei string) error {
	if !digits(imei) || len(imei) < 14 || len(imei) > 16 {
		return fmt.Errorf("%w: imei %q: want 14 to 16 digits", ErrInput, imei)
	}
	w.slots.Lock()
	defer w.slots.Unlock()
	s, key := w.byICCID[iccid], deviceKey(imei)
	other := w.slots.cards[key]
	if s != nil && s == other {
		return fmt.Errorf("%w: card %s is in device %s already", ErrInput, iccid, imei)
	}
	next, err := device.NewBody(w.cfg.deviceConfig(imei))
	if err != nil {
		return err
	}
	if b, ok := w.slots.empty[key]; ok {
		next = b
	}
	var was device.Body
	if err := w.ask(ctx, iccid, func(s *subscriber) { was = s.takeOut() }); err != nil {
		return err
	}
	ctx = w.ctx // what is begun is ended: no card stays outside
	if other != nil {
		if err := w.ask(ctx, other.iccid, func(o *subscriber) { next = o.takeOut(); o.putInto(was) }); err != nil {
			return err
		}
	}
	if err := w.ask(ctx, iccid, func(s *subscriber) { s.putInto(next) }); err != nil {
		return err
	}
	w.slots.note(s, key, other, was)
	return nil
}

// note writes down that a card is in a device now, and what is in the device it came from.
func (l *slots) note(s *subscriber, key string, other *subscriber, was device.Body) {
	l.cards[key] = s
	delete(l.empty, key)
	if old := deviceKey(was.IMEI()); other != nil {
		l.cards[old] = other
	} else {
		delete(l.cards, old)
		l.empty[old] = was
	}
}

// takeOut switches the device off and takes the card out.
func (s *subscriber) takeOut() device.Body {
	s.detach("card taken out")
	s.down = true
	s.epoch++
	s.arm()
	return s.device.Copy()
}

// putInto puts the card into another device and switches that on.
func (s *subscriber) putInto(b device.Body) {
	was := s.device.IMEI()
	s.device = b.Insert(s.device.Card())
	s.event(Event{Kind: EventMoved, IMEI: b.IMEI(), Detail: "was in " + was}.about(s.byIMSI(s.device.IMSI())))
	s.watch()
	s.start("card moved")
}

// TypePIN tells what the user of a device will type from now on when a message wants a PIN; nothing for no user.
func (w *World) TypePIN(ctx context.Context, iccid, pin string) error {
	if strings.Trim(pin, "0123456789") != "" {
		return fmt.Errorf("%w: the PIN is not all digits (value not shown)", ErrInput)
	}
	return w.ask(ctx, iccid, func(s *subscriber) { s.device.TypePIN(cp.Secret(pin)) })
}
