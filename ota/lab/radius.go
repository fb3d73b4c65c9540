package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"

	"layeh.com/radius"

	"github.com/simota/simota/smpp"
)

// RADIUS says where opened data connections are reported by accounting (RFC 2866), as a gateway of a mobile network
// does. Attaches without a data connection are not seen there.
type RADIUS struct {
	Address string      `yaml:"address"` // host:port, UDP; empty for none
	Secret  smpp.Secret `yaml:"secret"`  // shared with the server
}

func (r RADIUS) check() error {
	if r.Address == "" {
		return nil
	}
	if host, port, err := net.SplitHostPort(r.Address); err != nil || host == "" || port == "" {
		return fmt.Errorf("lab: radius: address %q: want host:port", r.Address)
	}
	if r.Secret == "" {
		return errors.New("lab: radius: secret is missing")
	}
	return nil
}

// Attributes of an Accounting-Request (RFC 2865, 5; RFC 2866, 5; RFC 2869, 5.3).
const (
	attrVendor         = 26
	attrCalledStation  = 30 // APN
	attrCallingStation = 31 // MSISDN
	attrNASIdentifier  = 32 // the operator
	attrStatusType     = 40
	attrSessionID      = 44
	attrEventTime      = 55

	statusStart = 1
)

// Attributes of vendor 3GPP (3GPP TS 29.061, 16.4.7.2).
const (
	vendor3GPP = 10415
	attrIMSI   = 1
	attrSGSN   = 18 // MCC and MNC of the network the device is in
	attrIMEISV = 20
	attrRAT    = 21

	ratEUTRAN = 6
)

// accounting is the gateways' client of one AAA server.
type accounting struct {
	RADIUS
	log     *slog.Logger
	session atomic.Uint32 // number of the last
	failed  atomic.Bool   // the last attempt
}

// newAccounting is nil without an address.
func newAccounting(r RADIUS, log *slog.Logger) *accounting {
	if r.Address == "" {
		return nil
	}
	return &accounting{RADIUS: r, log: log}
}

// start reports a data connection until the server has answered; false if ctx ended first or it cannot be said.
func (a *accounting) start(ctx context.Context, e attachEvent, operator, msisdn string) bool {
	request, err := a.request(e, operator, msisdn)
	if err != nil {
		a.log.Error("accounting not sent", "imsi", e.IMSI, "error", err)
		return false
	}
	for delay := feedRetryMin; ; delay = min(2*delay, feedRetryMax) {
		err := a.exchange(ctx, request)
		if failed := err != nil && ctx.Err() == nil; a.failed.Swap(failed) != failed {
			a.log.Info("accounting", "address", a.Address, "failing", failed, "error", err)
		}
		if err == nil {
			return true
		}
		if !sleep(ctx, delay) {
			return false
		}
	}
}

// exchange sends the request, again every second, and waits for its answer.
func (a *accounting) exchange(ctx context.Context, request *radius.Packet) error {
	ctx, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	answer, err := radius.Exchange(ctx, request, a.Address)
	if err == nil && answer.Code != radius.CodeAccountingResponse {
		err = fmt.Errorf("lab: accounting: %s answers %v", a.Address, answer.Code)
	}
	return err
}

// request is an Accounting-Request that says Start.
func (a *accounting) request(e attachEvent, operator, msisdn string) (*radius.Packet, error) {
	imeisv := e.IMEI
	if len(imeisv) != 16 { // the software version is not known
		imeisv = deviceKey(e.IMEI) + "00"
	}
	p := radius.New(radius.CodeAccountingRequest, []byte(a.Secret))
	p.Add(attrStatusType, radius.NewInteger(statusStart))
	p.Add(attrEventTime, radius.NewInteger(uint32(e.HappenedAt.Unix())))
	var errs []error
	add := func(t radius.Type, s string) {
		v, err := radius.NewString(s)
		errs = append(errs, err)
		p.Add(t, v)
	}
	add(attrSessionID, fmt.Sprintf("%08X", a.session.Add(1)))
	add(attrNASIdentifier, operator)
	add(attrCallingStation, strings.TrimPrefix(msisdn, "+"))
	if e.APN != "" {
		add(attrCalledStation, e.APN)
	}
	for _, v := range []struct {
		kind  byte
		value string
	}{{attrIMSI, e.IMSI}, {attrIMEISV, imeisv}, {attrSGSN, e.PLMN}, {attrRAT, string([]byte{ratEUTRAN})}} {
		inner := append([]byte{v.kind, byte(2 + len(v.value))}, v.value...)
		attr, err := radius.NewVendorSpecific(vendor3GPP, inner)
		errs = append(errs, err)
		p.Add(attrVendor, attr)
	}
	return p, errors.Join(errs...)
}
