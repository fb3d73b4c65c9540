package server

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/simota/simota/cmd/simota/internal/api"
	"github.com/simota/simota/cmd/simota/internal/config"
)

// settings are a link's configuration in words. Passwords are in files of
// their own and are not read for this.
func settings(l config.Link) (out []api.Setting) {
	say := func(name, format string, args ...any) {
		out = append(out, api.Setting{Name: name, Words: fmt.Sprintf(format, args...)})
	}
	say("address", "%s, %s", l.Address, security(l.TLS))
	say("system_id", "%s", strings.Join(words(l.SystemID, named("system_type", l.SystemType), "SMPP "+l.Version), ", "))
	say("bind", "%s, %s", l.Bind, sessions(l))
	say("window", "%d submit_sm per session without response", cmp.Or(l.Window, defaultWindow))
	say("rate", "%s", rateWords(l))
	say("weight", "%s", weightWords(l.Share()))
	say("response_timeout", "%v", cmp.Or(l.ResponseTimeout, defaultTimeout))
	say("enquire_interval", "%v of silence", cmp.Or(l.EnquireInterval, defaultTimeout))
	say("message_id", "%s in responses, %s in receipts, unique in %s", l.MessageID.Response, l.MessageID.Receipt, l.IDScope)
	if l.ProofTLV != "" {
		say("proof_tlv", "receipts carry a card's answer in %s", l.ProofTLV)
	}
	if l.AddressRange != (config.AddressRange{}) {
		say("address_range", "%s, TON %d, NPI %d", cmp.Or(l.AddressRange.Range, "no range"), l.AddressRange.TON, l.AddressRange.NPI)
	}
	if o := l.Outbind; o != nil {
		say("outbind", "taken at %s from %s", o.Listen, o.SystemID)
	}
	out = append(out, submitWords(l.Submit)...)
	return append(out, receiptWords(l.Receipts)...)
}

// What package smpp does where the configuration says nothing.
const (
	defaultWindow  = 20
	defaultTimeout = 10 * time.Second
)

// words drops what is empty.
func words(list ...string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

func named(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

func security(t *config.TLS) string {
	if t == nil {
		return "plain TCP"
	}
	authorities := "the system's authorities"
	if t.CA != "" {
		authorities = "authorities of " + t.CA
	}
	own := ""
	if t.Cert != "" {
		own = "own certificate " + t.Cert
	}
	return strings.Join(words("TLS with "+authorities, named("server name", t.ServerName), own), ", ")
}

func sessions(l config.Link) string {
	one, more := "session", "sessions"
	if l.Bind != "transceiver" {
		one, more = "pair of sessions", "pairs of sessions"
	}
	if l.Binds == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", l.Binds, more)
}

func rateWords(l config.Link) string {
	switch {
	case l.Rate == "":
		return "no limit"
	case l.Burst > 0:
		return fmt.Sprintf("%s, %d at once", l.Rate, l.Burst)
	}
	return l.Rate
}

func weightWords(share int) string {
	if share == 0 {
		return "0: stands by"
	}
	return fmt.Sprint(share)
}

// submitWords say how submit_sm is written, where it is not as usual.
func submitWords(s config.Submit) (out []api.Setting) {
	add := func(name, value, usual string) {
		if value != usual {
			out = append(out, api.Setting{Name: "submit." + name, Words: value})
		}
	}
	add("service_type", s.ServiceType, "")
	add("message_mode", s.MessageMode, "default")
	add("priority", fmt.Sprint(s.Priority), "0")
	add("validity", s.Validity, "relative")
	add("text", s.Text, "short_message")
	add("concatenation", s.Concatenation, "udh")
	add("registered_delivery", s.RegisteredDelivery, "always")
	add("user_message_reference", fmt.Sprint(s.UserMessageReference), "false")
	add("card", "PID "+s.Card.PID+", DCS "+s.Card.DCS, "PID 7F, DCS F6")
	add("device", "PID "+s.Device.PID+", DCS "+s.Device.DCS, "PID 00, DCS 04")
	add("destination.prefix", s.Destination.Prefix, "")
	if t := s.Destination.TON; t != nil {
		add("destination.ton", fmt.Sprint(*t), "")
	}
	if n := s.Destination.NPI; n != nil {
		add("destination.npi", fmt.Sprint(*n), "")
	}
	for _, tag := range slices.Sorted(maps.Keys(s.TLVs)) {
		add("tlvs."+tag, s.TLVs[tag], "")
	}
	return out
}

// receiptWords say how receipts are read, where it is not as usual.
func receiptWords(r config.Receipts) (out []api.Setting) {
	if r.Format != "auto" {
		out = append(out, api.Setting{Name: "receipts.format", Words: r.Format})
	}
	if r.Charset != "auto" {
		out = append(out, api.Setting{Name: "receipts.charset", Words: r.Charset})
	}
	for _, code := range slices.Sorted(maps.Keys(r.Causes)) {
		out = append(out, api.Setting{Name: "receipts.causes." + code, Words: r.Causes[code]})
	}
	return out
}
