package config

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/simota/simota/smpp"
)

// Submit is how an SMSC wants its submit_sm (SMPP 3.4, 4.4.1). What is left
// out suits most.
type Submit struct {
	ServiceType          string            `yaml:"service_type"`
	MessageMode          string            `yaml:"message_mode"`           // default, datagram, transaction or store
	Priority             byte              `yaml:"priority"`               // 0 to 3
	Validity             string            `yaml:"validity"`               // relative, absolute or none
	Text                 string            `yaml:"text"`                   // short_message or message_payload
	Concatenation        string            `yaml:"concatenation"`          // udh, or sar: in optional parameters
	RegisteredDelivery   string            `yaml:"registered_delivery"`    // always, failure or none
	UserMessageReference bool              `yaml:"user_message_reference"` // send one
	Card                 Octets            `yaml:"card"`                   // of messages to cards; default PID 7F, DCS F6
	Device               Octets            `yaml:"device"`                 // of messages to devices; default PID 00, DCS 04
	Destination          Destination       `yaml:"destination"`
	TLVs                 map[string]string `yaml:"tlvs"` // tag to value, hex, in every submit_sm
}

// Octets are protocol_id and data_coding in hex; empty is the default.
type Octets struct {
	PID string `yaml:"pid"`
	DCS string `yaml:"dcs"`
}

// Destination is how numbers of cards are written. Left out: international,
// digits only.
type Destination struct {
	TON    *byte  `yaml:"ton"`
	NPI    *byte  `yaml:"npi"`
	Prefix string `yaml:"prefix"` // before the digits: "+" or "00"
}

// AddressRange are the numbers a link is bound for, as the SMSC wants them.
type AddressRange struct {
	TON   byte   `yaml:"ton"`
	NPI   byte   `yaml:"npi"`
	Range string `yaml:"range"` // at most 40 characters
}

// Outbind is where an SMSC may ask for a session.
type Outbind struct {
	Listen       string `yaml:"listen"` // host:port
	SystemID     string `yaml:"system_id"`
	PasswordFile string `yaml:"password_file"`
}

var (
	versions     = map[string]byte{"3.3": 0x33, "3.4": 0x34, "5.0": 0x50}
	messageModes = map[string]byte{"default": 0, "datagram": 1, "transaction": 2, "store": 3}
	validities   = []string{"relative", "absolute", "none"}
	texts        = []string{"short_message", "message_payload"}
	concats      = []string{"udh", "sar"}
	registered   = map[string]byte{"none": 0, "always": 1, "failure": 2}
)

// ownTags are those that submit_sm carries by other settings: user_message_reference,
// the three of sar, message_payload (SMPP 3.4, 5.3.2).
var ownTags = []uint16{smpp.TagUserMessageReference, 0x020C, 0x020E, 0x020F, smpp.TagMessagePayload}

// receiptTags are those in which receipts carry what else they tell: receipted_message_id, message_state,
// network_error_code, user_message_reference, message_payload (SMPP 3.4, 5.3.2).
var receiptTags = []uint16{smpp.TagReceiptedMessageID, smpp.TagMessageState, smpp.TagNetworkErrorCode, smpp.TagUserMessageReference, smpp.TagMessagePayload}

func (s *Submit) fillIn() {
	s.MessageMode, s.Validity = cmp.Or(s.MessageMode, "default"), cmp.Or(s.Validity, "relative")
	s.Text, s.Concatenation = cmp.Or(s.Text, "short_message"), cmp.Or(s.Concatenation, "udh")
	s.RegisteredDelivery = cmp.Or(s.RegisteredDelivery, "always")
	s.Card.PID, s.Card.DCS = cmp.Or(s.Card.PID, "7F"), cmp.Or(s.Card.DCS, "F6") // 3GPP TS 31.115, 4.1
	s.Device.PID, s.Device.DCS = cmp.Or(s.Device.PID, "00"), cmp.Or(s.Device.DCS, "04")
}

func (s Submit) check(field string) (out []error) {
	add := func(name, format string, args ...any) { out = append(out, bad(field+"."+name, format, args...)) }
	oneOf := func(name, value string, known []string) {
		if !slices.Contains(known, value) {
			add(name, "%q is not known: %s", value, strings.Join(known, ", "))
		}
	}
	oneOf("message_mode", s.MessageMode, slices.Sorted(maps.Keys(messageModes)))
	oneOf("validity", s.Validity, validities)
	oneOf("text", s.Text, texts)
	oneOf("concatenation", s.Concatenation, concats)
	oneOf("registered_delivery", s.RegisteredDelivery, slices.Sorted(maps.Keys(registered)))
	if p := s.Destination.Prefix; p != "" && p != "+" && p != "00" {
		add("destination.prefix", "%q is not known: + or 00; leave it out for digits alone", p)
	}
	if len(s.ServiceType) > 5 {
		add("service_type", "%q has %d characters, at most 5 fit", s.ServiceType, len(s.ServiceType))
	}
	if s.Priority > 3 {
		add("priority", "%d is out of range: 0 to 3", s.Priority)
	}
	for name, v := range map[string]string{"card.pid": s.Card.PID, "card.dcs": s.Card.DCS, "device.pid": s.Device.PID, "device.dcs": s.Device.DCS} {
		if _, err := octet(v); err != nil {
			add(name, "%v", err)
		}
	}
	if s.Card.PID == s.Device.PID && s.Card.DCS == s.Device.DCS {
		add("device", "has pid and dcs of messages to cards: phones would hand them to the card")
	}
	out = append(out, checkTypes(field+".destination", s.Destination.TON, s.Destination.NPI)...)
	if _, err := s.tlvs(); err != nil {
		add("tlvs", "%v", err)
	}
	return out
}

// checkTypes checks type of number and numbering plan (SMPP 3.4, 5.2.5, 5.2.6); nil is not given.
func checkTypes(field string, ton, npi *byte) (out []error) {
	if ton != nil && *ton > 6 {
		out = append(out, bad(field+".ton", "%d is out of range: 0 to 6", *ton))
	}
	if npi != nil && *npi > 18 {
		out = append(out, bad(field+".npi", "%d is out of range: 0 to 18", *npi))
	}
	return out
}

// optional reports whether a submit_sm needs optional parameters.
func (s Submit) optional() bool {
	return s.Text == "message_payload" || s.Concatenation == "sar" || s.UserMessageReference || len(s.TLVs) > 0
}

// octet reads two hex digits.
func octet(s string) (byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 1 {
		return 0, fmt.Errorf("%q is no octet: two hex digits, as F6", s)
	}
	return b[0], nil
}

// tlvs are the optional parameters of every submit_sm, by tag.
func (s Submit) tlvs() (out []smpp.TLV, err error) {
	for _, name := range slices.Sorted(maps.Keys(s.TLVs)) {
		tag, err := tagOf(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(ownTags, tag) {
			return nil, fmt.Errorf("%q is a parameter that simota sends itself", name)
		}
		value, err := hex.DecodeString(s.TLVs[name])
		if err != nil {
			return nil, fmt.Errorf("value of %s is not whole hex octets", name)
		}
		out = append(out, smpp.TLV{Tag: tag, Value: value})
	}
	return out, nil
}

// tagOf reads the tag of an optional parameter.
func tagOf(s string) (uint16, error) {
	tag, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(s), "0x"), 16, 16)
	if err != nil || tag == 0 {
		return 0, fmt.Errorf("%q is no tag: four hex digits, as \"1401\"", s)
	}
	return uint16(tag), nil
}

// profile is the part of it that package smpp does.
func (s Submit) profile() (smpp.Profile, error) {
	tlvs, err := s.tlvs()
	return smpp.Profile{
		ServiceType: s.ServiceType, MessageMode: messageModes[s.MessageMode], Priority: s.Priority,
		Payload: s.Text == "message_payload", AbsoluteValidity: s.Validity == "absolute", NoValidity: s.Validity == "none",
		UserMessageReference: s.UserMessageReference, TLVs: tlvs,
	}, err
}

// Form is how the single message is written for a link.
type Form struct {
	CardPID, CardDCS     byte
	DevicePID, DeviceDCS byte
	RegisteredDelivery   byte
	SAR                  bool  // parts are numbered in optional parameters
	TON, NPI             *byte // of destinations; nil is as the number says
	Prefix               string
}

// Form is how messages to cards and devices are written; call it after Load.
func (s Submit) Form() (f Form, err error) {
	for _, v := range []struct {
		to   *byte
		text string
	}{{&f.CardPID, s.Card.PID}, {&f.CardDCS, s.Card.DCS}, {&f.DevicePID, s.Device.PID}, {&f.DeviceDCS, s.Device.DCS}} {
		if *v.to, err = octet(v.text); err != nil {
			return f, err
		}
	}
	f.RegisteredDelivery, f.SAR = registered[s.RegisteredDelivery], s.Concatenation == "sar"
	f.TON, f.NPI, f.Prefix = s.Destination.TON, s.Destination.NPI, s.Destination.Prefix
	return f, nil
}

// Number writes the number of a card as the SMSC wants it.
func (f Form) Number(a smpp.Address) smpp.Address {
	if f.Prefix != "" && a.TON == 1 && !strings.HasPrefix(a.Number, f.Prefix) {
		a.Number = f.Prefix + a.Number
	}
	if f.TON != nil {
		a.TON = *f.TON
	}
	if f.NPI != nil {
		a.NPI = *f.NPI
	}
	return a
}
