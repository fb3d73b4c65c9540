package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/settings"
	"github.com/simota/simota/sat/rfm"
)

const (
	tonInternational = 1 // SMPP 3.4, 5.2.5
	npiISDN          = 1 // E.164
)

var (
	international = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)
	numeric       = regexp.MustCompile(`^\+?[0-9]{3,15}$`)
	country       = regexp.MustCompile(`^[A-Z]{2}$`)
)

// DecodeOperator reads an operator file; name is the file's, for messages. The
// error lists every problem.
func DecodeOperator(name string, text []byte) (catalog.Operator, error) {
	o, err := decode[catalog.Operator](text)
	if err == nil {
		if a := &o.SourceAddress; strings.HasPrefix(a.Number, "+") && a.TON == 0 && a.NPI == 0 {
			a.TON, a.NPI = tonInternational, npiISDN
		}
		err = errors.Join(checkOperator(o)...)
	}
	if err != nil {
		return catalog.Operator{}, Explain(name, text, err)
	}
	return o, nil
}

func checkOperator(o catalog.Operator) (out []error) {
	add := func(field, format string, args ...any) { out = append(out, bad(field, format, args...)) }
	if err := checkName(o.Name); err != nil {
		add("operator", "%v", err)
	}
	if len(o.PLMNs) == 0 {
		add("plmns", "is missing: the home network, MCC and MNC, as [\"99970\"]")
	}
	for i, p := range o.PLMNs {
		field := fmt.Sprintf("plmns[%d]", i)
		if err := rfm.PLMN(p).Check(); err != nil {
			add(field, "%q is no network: MCC and MNC, 5 or 6 digits", p)
		}
		if slices.Index(o.PLMNs, p) < i {
			add(field, "%q stands here twice", p)
		}
	}
	if o.Country != "" && !country.MatchString(o.Country) {
		add("country", "%q is no country: two capital letters (ISO 3166), as BR", o.Country)
	}
	if len(o.Links) == 0 {
		add("links", "is missing: without a link nothing can be sent by this operator")
	}
	for i, l := range o.Links {
		field := fmt.Sprintf("links[%d]", i)
		if err := checkName(l); err != nil {
			add(field, "%v", err)
		}
		if slices.Index(o.Links, l) < i {
			add(field, "%q stands here twice", l)
		}
	}
	if !international.MatchString(o.SMSC) {
		add("smsc", "%q is no service centre number: + and 5 to 15 digits, as \"+5511900000001\"", o.SMSC)
	}
	if o.POL2.DeleteNotAllowed && o.POL2.DeleteOnDisable {
		add("pol2", "delete_not_allowed and delete_on_disable contradict each other: a profile cannot be kept and deleted")
	}
	out = append(out, checkSource(o.SourceAddress)...)
	return append(out, checkSettings(o)...)
}

func checkSource(a catalog.SourceAddress) (out []error) {
	add := func(field, format string, args ...any) {
		out = append(out, bad("source_address."+field, format, args...))
	}
	plus := strings.HasPrefix(a.Number, "+")
	switch {
	case !numeric.MatchString(a.Number):
		add("number", "%q is no number: cards answer to it, so it has 3 to 15 digits that the network can route, no letters", a.Number)
	case a.TON > tonInternational:
		add("ton", "%d is not sent in this version: 1 international, 0 unknown", a.TON)
	case a.NPI > npiISDN:
		add("npi", "%d is not sent in this version: 1 E.164, 0 unknown", a.NPI)
	case plus && a.TON != tonInternational:
		add("ton", "%d contradicts the plus of %s: international is 1", a.TON, a.Number)
	}
	return out
}

// checkSettings has package settings make the documents: what it cannot say,
// no device can be told.
func checkSettings(o catalog.Operator) (out []error) {
	if o.Name == "" {
		return nil
	}
	for _, p := range settings.Check(o) {
		if p.Field != "smsc" { // checked more strictly above
			out = append(out, bad(p.Field, "%s", strings.TrimPrefix(p.Err.Error(), "cp: ")))
		}
	}
	return out
}
