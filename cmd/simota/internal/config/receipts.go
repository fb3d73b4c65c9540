package config

import (
	"cmp"
	"maps"
	"slices"

	"github.com/simota/simota/smpp/receipt"
)

// Receipts says how an SMSC writes delivery receipts, and what its error codes mean.
type Receipts struct {
	Format  string `yaml:"format"`  // "auto", the default, "tlv" or "text": what is believed
	Charset string `yaml:"charset"` // "auto", the default: by data_coding; "ascii", "latin1" or "ucs2"
	Causes  Codes  `yaml:"causes"`  // by the err field as written, or by "type:code" of a network_error_code
}

func (r *Receipts) fillIn() {
	r.Format = cmp.Or(r.Format, string(receipt.FormatAuto))
	r.Charset = cmp.Or(r.Charset, string(receipt.CharsetAuto))
}

func (r Receipts) check(field string) (out []error) {
	switch receipt.Format(r.Format) {
	case receipt.FormatAuto, receipt.FormatTLV, receipt.FormatText:
	default:
		out = append(out, bad(field+".format", "%q is not known: auto, tlv or text", r.Format))
	}
	switch receipt.Charset(r.Charset) {
	case receipt.CharsetAuto, receipt.CharsetASCII, receipt.CharsetLatin1, receipt.CharsetUCS2:
	default:
		out = append(out, bad(field+".charset", "%q is not known: auto, ascii, latin1 or ucs2", r.Charset))
	}
	for _, key := range slices.Sorted(maps.Keys(r.Causes)) {
		if _, err := receipt.ParseTable(map[string]string{key: r.Causes[key]}); err != nil {
			out = append(out, bad(field+".causes", "%v", err))
		}
	}
	if len(out) == 0 {
		if _, err := receipt.ParseTable(r.Causes); err != nil { // keys that differ in case only
			out = append(out, bad(field+".causes", "%v", err))
		}
	}
	return out
}

// Options are the receipts of the link for package receipt.
func (r Receipts) Options() (receipt.Options, error) {
	causes, err := receipt.ParseTable(r.Causes)
	return receipt.Options{Format: receipt.Format(r.Format), Charset: receipt.Charset(r.Charset), Causes: causes}, err
}
