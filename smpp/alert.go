package smpp

import (
	"fmt"
	"time"
)

// Alert is an alert_notification: a subscriber that could not be reached is there again (SMPP 3.4, 4.12.1).
type Alert struct {
	Link         string
	Source, ESME Address
	Available    byte // ms_availability_status, TLV 0422: 0 available, 1 denied, 2 unavailable
	HasStatus    bool // Available was sent
	At           time.Time
}

// parseAlert reads a whole alert_notification frame. Link and At stay zero.
func parseAlert(pdu []byte) (a Alert, err error) {
	f := fields{b: pdu[HeaderLen:]}
	var source, esme []byte
	a.Source.TON, a.Source.NPI, source = f.address("source_addr", StatusInvalidSource)
	a.ESME.TON, a.ESME.NPI, esme = f.address("esme_addr", StatusInvalidDestination)
	for f.err == nil && len(f.b) > 0 {
		tag, v := f.tlv()
		if f.err == nil && tag == tagAvailabilityStatus && f.exactly("ms_availability_status", v, 1) {
			a.Available, a.HasStatus = v[0], true
		}
	}
	if f.err != nil {
		return Alert{}, fmt.Errorf("smpp: alert_notification: %w", f.err)
	}
	a.Source.Number, a.ESME.Number = string(source), string(esme)
	return a, nil
}
