package uicc

import (
	"errors"

	"github.com/simota/simota/ota"
)

// refusal is why a packet is not executed. A response to it is secured only if the packet has been opened.
type refusal struct {
	result  string
	status  ota.Status
	secured bool
	silent  bool
}

// cntr is the counter of a packet that is not ciphered; ParseHeader has checked that it is there.
func cntr(packet []byte) uint64 {
	var n uint64
	for _, o := range packet[headerSize : headerSize+5] {
		n = n<<8 | uint64(o)
	}
	return n
}

// admit checks all that stands in clear: application, keys and level, in this order.
func (r *reception) admit() *refusal {
	if r.app == nil {
		return &refusal{result: ResultUnknownTAR, status: ota.StatusTARUnknown}
	}
	por := r.SPI.PoR() != ota.PoRNone
	needKIc := r.SPI.Ciphered() || por && r.SPI.PoRCiphered()
	needKID := r.SPI.Check() == ota.CC || por && r.SPI.PoRCheck() == ota.CC
	if needKIc || needKID || r.SPI.ReplayDetected() {
		ks, ok := r.realm.keyset(r.KIc >> 4)
		if !ok || r.KIc>>4 != r.KID>>4 || needKIc && !names(r.KIc, ks.KIc) || needKID && !names(r.KID, ks.KID) {
			return &refusal{result: ResultKeyset, status: ota.StatusSecurityError}
		}
		r.keyset = ks
	}
	if !r.SPI.Covers(r.app.MSL) {
		return &refusal{result: ResultMSL, status: ota.StatusInsufficientSecurity}
	}
	if r.SPI.Check() == ota.RC { // the answer's CRC has the length of the command's
		r.keyset.CRC = r.CRC()
	}
	return r.supported(por)
}

// names says whether a KIc or KID octet has the algorithm of the key (ETSI TS 102 225, 5.1.2 and 5.1.3).
func names(octet byte, k ota.Key) bool {
	return k.Algorithm() != 0 && octet&0x0F == k.Algorithm().Nibble()
}

// supported refuses reserved bits, DS and, if it is not this card's, RC; also for the response: after execution it
// would be too late.
func (r *reception) supported(por bool) *refusal {
	known := func(c ota.Check) bool { return c == ota.NoCheck || c == ota.CC || c == ota.RC && r.card.cfg.RC }
	reserved := r.SPI[0]&0xE0 != 0 || r.SPI[1]&0xC0 != 0 || r.SPI.PoR() > ota.PoROnError
	if reserved || !known(r.SPI.Check()) || por && !known(r.SPI.PoRCheck()) {
		return &refusal{result: ResultSecurity, status: ota.StatusSecurityError}
	}
	return nil
}

// open deciphers and checks the packet. What level is enough, the application has said: the card knows no "weak".
func (r *reception) open() (ota.Command, *refusal) {
	if r.SPI.Ciphered() && (len(r.packet)-headerSize)%r.keyset.KIc.Algorithm().BlockSize() != 0 {
		return ota.Command{}, &refusal{result: ResultCiphering, status: ota.StatusCipheringError}
	}
	cmd, err := ota.OpenCommand(r.packet, r.keyset, ota.Options{AllowWeak: true})
	switch {
	case err == nil:
	case errors.Is(err, ota.ErrCheckFailed):
		return cmd, &refusal{result: ResultCheck, status: ota.StatusCheckFailed}
	case errors.Is(err, ota.ErrPadding):
		return cmd, &refusal{result: ResultCiphering, status: ota.StatusCipheringError}
	default:
		return cmd, &refusal{result: ResultSecurity, status: ota.StatusSecurityError}
	}
	r.counter = cmd.Counter
	r.entry.Counter, r.entry.Hash = cmd.Counter, hash(r.packet, cmd)
	return cmd, nil
}

// count compares the counter with the stored one and stores it before anything is executed (ETSI TS 102 225, 5.1.4).
func (r *reception) count() *refusal {
	if !r.SPI.ReplayDetected() {
		return nil
	}
	id := counterID{kvn: r.keyset.Version}
	if r.app.OwnCounter {
		id.own, id.tar = true, r.TAR
	}
	stored := r.realm.counters[id]
	switch {
	case stored == maxCounter:
		return &refusal{result: ResultBlocked, status: ota.StatusCounterBlocked, secured: true}
	case r.counter <= stored:
		return r.replayed()
	case r.SPI.CounterMode() == ota.CounterExact && r.counter != stored+1:
		return &refusal{result: ResultTooHigh, status: ota.StatusCounterHigh, secured: true}
	}
	r.realm.counters[id] = r.counter
	return nil
}

func (r *reception) replayed() *refusal {
	switch r.card.cfg.Replay {
	case ReplayUnsecured:
		return &refusal{result: ResultReplayed, status: ota.StatusSecurityError}
	case ReplaySilent:
		return &refusal{result: ResultReplayed, status: ota.StatusCounterLow, silent: true}
	}
	return &refusal{result: ResultReplayed, status: ota.StatusCounterLow, secured: true}
}
