package uicc

// chain is a script that further packets go on with (ETSI TS 102 226, 5.2.1.3).
type chain struct {
	keep      bool // survives a reset
	selection selection
}

// Values of the chaining object, and of its errors.
const (
	chainFirst     = 0x01 // dropped by a reset
	chainFirstKeep = 0x11 // kept over a reset
	chainNext      = 0x02
	chainLast      = 0x03

	noPreviousScript  = 0x01
	chainNotSupported = 0x02
	chainNotPossible  = 0x03
)

// begin looks at the first object of a script: a chaining object goes on where the script before stopped, or says
// that this one is gone on with; without one, a script that waited is dropped.
func (e *expanded) begin(tag byte, value []byte) bool {
	before := e.realm.chains[e.app.TAR]
	delete(e.realm.chains, e.app.TAR)
	e.ex = e.executor()
	s, isFile := e.ex.(*session)
	switch {
	case tag != tagChaining:
		return true
	case !e.card.cfg.Chaining || !isFile:
		return e.fail(tagChaining, chainNotSupported)
	case len(value) != 1:
		e.bad(badLength)
		return false
	}
	switch value[0] {
	case chainFirst, chainFirstKeep:
		s.chain = &chain{keep: value[0] == chainFirstKeep}
	case chainNext, chainLast:
		if before == nil {
			return e.fail(tagChaining, noPreviousScript)
		}
		s.selection = before.selection
		if value[0] == chainNext {
			s.chain = before
		}
	default:
		return e.fail(tagChaining, chainNotPossible)
	}
	return true
}

// keepSelection remembers where a chained script stopped, unless it failed.
func (e *expanded) keepSelection() {
	if s, ok := e.ex.(*session); ok && s.chain != nil && !e.failed {
		s.chain.selection = s.selection
		e.realm.chains[e.app.TAR] = s.chain
	}
}
