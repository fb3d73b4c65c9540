// Package aaa takes RADIUS accounting (RFC 2866) of network gateways: who opened
// a data connection, in which device, with which access point (3GPP TS 29.061,
// 16.4.7).
package aaa

import (
	"encoding/binary"
	"fmt"

	"layeh.com/radius"

	"github.com/simota/simota/ota/detect"
)

// Status is the Acct-Status-Type of a record (RFC 2866, 5.1).
type Status uint32

// Status types that say something of a session.
const (
	Start   Status = 1
	Stop    Status = 2
	Interim Status = 3
)

// Types of attributes.
const (
	vendorSpecific   radius.Type = 26
	calledStationID  radius.Type = 30
	callingStationID radius.Type = 31
	proxyState       radius.Type = 33
	acctStatusType   radius.Type = 40
	eventTimestamp   radius.Type = 55
)

// Attributes of vendor 3GPP (TS 29.061, table 15a).
const (
	vendor3GPP   = 10415
	imsi         = 1
	sgsnMCCMNC   = 18
	imeisv       = 20
	userLocation = 22
)

// Record is what one accounting request says.
type Record struct {
	Status Status
	Event  detect.Event // empty unless the status is one of a session
}

// ParseRecord reads the attributes of an accounting request. Of an attribute
// that is there twice the first counts. A Calling-Station-Id that is no number
// is left out where an IMSI is there: gateways write many things into it.
func ParseRecord(attributes radius.Attributes) (Record, error) {
	status, err := radius.Integer(attributes.Get(acctStatusType))
	if err != nil {
		return Record{}, fmt.Errorf("radius: Acct-Status-Type has %d octets, want 4", len(attributes.Get(acctStatusType)))
	}
	r := Record{Status: Status(status)}
	switch r.Status {
	case Start, Interim:
		r.Event.Kind = detect.Session
	case Stop:
		r.Event.Kind = detect.Detach
	default:
		return r, nil
	}
	of3GPP, err := vendor(attributes)
	if err != nil {
		return r, err
	}
	e := &r.Event
	e.Source = "radius"
	e.IMSI = string(of3GPP[imsi])
	e.APN = string(attributes.Get(calledStationID))
	if v := string(attributes.Get(callingStationID)); v != "" {
		if e.MSISDN, err = detect.ParseMSISDN(v); err != nil && e.IMSI == "" {
			return r, fmt.Errorf("radius: there is no 3GPP-IMSI, and Calling-Station-Id: %w", err)
		}
	}
	if e.IMEI, err = device(of3GPP[imeisv]); err != nil {
		return r, fmt.Errorf("radius: 3GPP-IMEISV: %w", err)
	}
	if e.MCC, e.MNC, err = network(of3GPP); err != nil {
		return r, err
	}
	if v := attributes.Get(eventTimestamp); v != nil {
		seconds, err := radius.Integer(v)
		if err != nil {
			return r, fmt.Errorf("radius: Event-Timestamp has %d octets, want 4 (RFC 2869, 5.3)", len(v))
		}
		if e.Time, err = detect.ParseTime(fmt.Sprint(seconds)); err != nil {
			return r, fmt.Errorf("radius: Event-Timestamp: %w", err)
		}
	}
	if r.Event, err = e.Normal(); err != nil {
		err = fmt.Errorf("radius: %w", err)
	}
	return r, err
}

// vendor collects the attributes of 3GPP by type (RFC 2865, 5.26). One attribute
// may hold several.
func vendor(attributes radius.Attributes) (map[byte][]byte, error) {
	out := map[byte][]byte{}
	for _, a := range attributes {
		if a.Type != vendorSpecific || len(a.Attribute) < 4 || binary.BigEndian.Uint32(a.Attribute) != vendor3GPP {
			continue
		}
		for b := a.Attribute[4:]; len(b) > 0; {
			if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
				return nil, fmt.Errorf("radius: an attribute of 3GPP is longer than the one that holds it (type %d)", b[0])
			}
			if _, twice := out[b[0]]; !twice {
				out[b[0]] = b[2:b[1]]
			}
			b = b[b[1]:]
		}
	}
	return out, nil
}

// device reads 3GPP-IMEISV: octets of swapped digits, or text.
func device(b []byte) (string, error) {
	const octets = 8
	switch len(b) {
	case 0:
		return "", nil
	case octets:
		return detect.IMEIOctets(b)
	}
	return detect.ParseIMEI(string(b))
}

// network is the visited network: 3GPP-SGSN-MCC-MNC, which an S-GW fills too,
// else what leads the user's location, behind the octet that says its kind.
func network(of3GPP map[byte][]byte) (mcc, mnc string, err error) {
	if v := of3GPP[sgsnMCCMNC]; len(v) > 0 {
		if mcc, mnc, err = detect.ParsePLMN(string(v)); err != nil {
			err = fmt.Errorf("radius: 3GPP-SGSN-MCC-MNC: %w", err)
		}
		return mcc, mnc, err
	}
	if v := of3GPP[userLocation]; len(v) >= 4 && located(v[0]) {
		if mcc, mnc, err = detect.PLMNOctets(v[1:4]); err != nil {
			err = fmt.Errorf("radius: 3GPP-User-Location-Info: %w", err)
		}
	}
	return mcc, mnc, err
}

// located says whether a kind of location begins with a network's code: CGI,
// SAI, RAI, TAI, ECGI, and TAI with ECGI.
func located(kind byte) bool { return kind <= 2 || kind >= 128 && kind <= 130 }
