package device

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/ota/cp"
)

const userPIN = "0042"

// key is that of a method for the SIM and the user of [insert]ed devices.
func key(t *testing.T, sec cp.Security, imsi string) []byte {
	t.Helper()
	network, err := cp.NetworkPIN(imsi)
	if err != nil {
		t.Fatal(err)
	}
	switch sec {
	case cp.NETWPIN:
		return network
	case cp.USERPIN:
		return []byte(userPIN)
	}
	return append(network, userPIN...)
}

// head makes the headers of a push around the parameters of its content type.
func head(params ...byte) []byte {
	value := append([]byte{0xB6}, params...)
	return append([]byte{0x01, 0x06, byte(2 + len(value)), 0x1F, byte(len(value))}, value...)
}

func macParam(key, body []byte) []byte {
	return append(append([]byte{0x92}, hexUpper(hmacSHA1(key, body))...), 0)
}

func hexUpper(b []byte) []byte {
	const digits = "0123456789ABCDEF"
	var s []byte
	for _, c := range b {
		s = append(s, digits[c>>4], digits[c&15])
	}
	return s
}

// signedPush is a push as the standard has it.
func signedPush(sec cp.Security, key, body []byte) []byte {
	return append(head(append([]byte{0x91, 0x80 | byte(sec)}, macParam(key, body)...)...), body...)
}

// hand delivers a push in as many messages as it takes.
func hand(t *testing.T, d *Device, pdu []byte) Reaction {
	t.Helper()
	uds, err := cp.Split(pdu, 77)
	if err != nil {
		t.Fatal(err)
	}
	var last Reaction
	for _, ud := range uds {
		last = d.Receive(Message{Sender: sender, DCS: 0xF5, UDHI: true, UserData: ud}, now)
	}
	return last
}

func TestClientsReadThePushInTheirOwnWays(t *testing.T) {
	t.Parallel()
	body := wbxml(web)
	network := key(t, cp.NETWPIN, oldIMSI)
	mac := macParam(network, body)
	good := signedPush(cp.NETWPIN, network, body)
	lower := slices.Concat(head(slices.Concat([]byte{0x91, 0x80, 0x92}, bytes.ToLower(mac[1:]))...), body)
	macFirst := slices.Concat(head(append(slices.Clone(mac), 0x91, 0x80)...), body)
	wrong := signedPush(cp.NETWPIN, key(t, cp.NETWPIN, newIMSI), body)
	// X-Wap-Application-Id behind the content type, counted by the length of the headers.
	behind := slices.Concat(head(append([]byte{0x91, 0x80}, mac...)...), []byte{0xAF, 0x82}, body)
	behind[2] += 2
	plainBehind := slices.Concat([]byte{0x01, 0x06, 3, 0xB6, 0xAF, 0x82}, body)
	named := slices.Concat([]byte{0x01, 0x06, byte(len(contentName) + 1)}, []byte(contentName), []byte{0}, body)
	shortForm := slices.Concat([]byte{0x01, 0x06, 2, 0x01, 0xB6}, body)
	unknown := slices.Concat(head(append([]byte{0x91, 0x80, 0x81, 0x83, 0x99, 0x02, 1, 2}, mac...)...), body)
	vendorToken := bytes.Replace(wbxml(vendor, web), []byte("\x50\x03VENDORCONFIG\x00"), []byte{0x57}, 1)

	everyone := slices.DeleteFunc(Clients(), func(c Client) bool { return c == None })
	unchecked := []Client{Samsung, Samsung2018, Sailfish, Lenient}
	unsigned := []Client{Strict, Samsung2018, Sailfish, Lenient}
	except := func(cs ...Client) []Client {
		return slices.DeleteFunc(slices.Clone(everyone), func(c Client) bool { return slices.Contains(cs, c) })
	}
	for _, tc := range []struct {
		name  string
		push  []byte
		taken []Client // by these and no others
	}{
		{"as the standard has it", good, everyone},
		{"another transaction", append([]byte{0xFE}, good[1:]...), everyone},
		{"another IMSI", wrong, unchecked},
		{"lower-case MAC", lower, except(Careful, Strict)},
		{"MAC before SEC", macFirst, except(Careful, Strict)},
		{"a header behind the content type", behind, except(Careful, Strict)},
		{"unknown parameters", unknown, everyone},
		{"no SEC", slices.Concat([]byte{0x01, 0x06, 1, 0xB6}, body), unsigned},
		{"no SEC and a header behind", plainBehind, []Client{Samsung2018, Sailfish, Lenient}},
		{"content type as a text", named, []Client{Samsung2018, Sailfish, Lenient}},
		{"length in the short form", shortForm, []Client{Samsung2018, Sailfish, Lenient}},
		{"VENDORCONFIG as a token", signedPush(cp.NETWPIN, network, vendorToken), except(Gecko)},
		{"another content type", slices.Concat([]byte{0x01, 0x06, 1, 0xB5}, body), nil},
		{"another PDU", append([]byte{0x01, 0x07}, good[2:]...), nil},
		{"headers that are not there", []byte{0x01, 0x06, 0x7F, 0xB6}, nil},
		{"no body", []byte{0x01, 0x06, 0x01, 0xB6}, nil},
		{"a length without end", slices.Concat([]byte{0x01, 0x06, 0xFF, 0xFF, 0xFF, 0xFF, 0xB6}, body), nil},
		{"no document", slices.Concat([]byte{0x01, 0x06, 0x01, 0xB6}, []byte{0x03, 0x0B, 0x6A, 0x00, 0xFF}), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var taken []Client
			for _, c := range everyone {
				if hand(t, insert(t, Config{Client: c}), tc.push).Outcome == CPApplied {
					taken = append(taken, c)
				}
			}
			if diff := cmp.Diff(tc.taken, taken); diff != "" {
				t.Errorf("taken by (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClientsKnowSomeMethodsAndTheirUsersAPIN(t *testing.T) {
	t.Parallel()
	body := wbxml(web)
	unchecked := []Client{Samsung, Samsung2018, Sailfish, Lenient}
	all := slices.DeleteFunc(Clients(), func(c Client) bool { return c == None })
	for _, tc := range []struct {
		name  string
		pin   cp.Secret
		sec   cp.Security
		taken []Client
	}{
		{"USERPIN", userPIN, cp.USERPIN, all},
		{"USERPIN, nobody there", "", cp.USERPIN, unchecked},
		{"USERPIN, another typed", "42", cp.USERPIN, unchecked},
		{"USERNETWPIN", userPIN, cp.USERNETWPIN, slices.DeleteFunc(slices.Clone(all), func(c Client) bool { return c == Gecko })},
		{"USERNETWPIN, nobody there", "", cp.USERNETWPIN, unchecked},
		{"NETWPIN, and somebody there", userPIN, cp.NETWPIN, all},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			pdu := signedPush(tc.sec, key(t, tc.sec, oldIMSI), body)
			var taken []Client
			for _, c := range all {
				if hand(t, insert(t, Config{Client: c, PIN: tc.pin}), pdu).Outcome == CPApplied {
					taken = append(taken, c)
				}
			}
			if diff := cmp.Diff(tc.taken, taken); diff != "" {
				t.Errorf("taken by (-want +got):\n%s", diff)
			}
		})
	}
}

// The PINs were made from these octets by another implementation of HMAC.
func TestUSERPINMACIsCheckedByItsDigits(t *testing.T) {
	t.Parallel()
	const ten, twelve, eight = "1357947073", "135790557235", "13577706"
	body := wbxml(web)
	alone := slices.Concat(head(0x91, 0x83), body)
	withMAC := slices.Concat(head(append([]byte{0x91, 0x83}, macParam([]byte("13579"), body)...)...), body)
	for _, tc := range []struct {
		name   string
		client Client
		pin    string
		push   []byte
		want   Outcome
	}{
		{"without MAC", Strict, ten, alone, CPApplied},
		{"with MAC", Strict, ten, withMAC, CPApplied},
		{"twelve digits", Strict, twelve, alone, CPApplied},
		{"one digit wrong", Strict, "1357947074", alone, CPRefused},
		{"eight digits", Strict, eight, alone, CPRefused},
		{"an odd number", Strict, ten + "0", alone, CPRefused},
		{"nobody there", Strict, "", alone, CPRefused},
		{"MediaTek", MediaTek, ten, alone, CPApplied},
		{"MediaTek, more than ten", MediaTek, twelve, alone, CPRefused},
		{"not known", Windows, ten, alone, CPRefused},
		{"not known either", Gecko, ten, alone, CPRefused},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if r := hand(t, insert(t, Config{Client: tc.client, PIN: cp.Secret(tc.pin)}), tc.push); r.Outcome != tc.want {
				t.Errorf("%q, want %q", r.Outcome, tc.want)
			}
		})
	}
}

// The keys were computed by hand from the digits: first digit in the low half of an octet.
func TestGeckoHasAnotherKeyForAnEvenIMSI(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		imsi string
		want []byte
		same bool
	}{
		{"001010123456789", []byte{0x09, 0x10, 0x10, 0x10, 0x32, 0x54, 0x76, 0x98}, true},
		{"00101012345678", []byte{0x01, 0x10, 0x10, 0x10, 0x32, 0x54, 0x76, 0x08}, false},
		{"0010101234567", []byte{0x09, 0x10, 0x10, 0x10, 0x32, 0x54, 0x76, 0x00}, false},
	} {
		got, err := geckoKey(tc.imsi)
		if err != nil || !bytes.Equal(got, tc.want) {
			t.Errorf("%s: %X, %v, want %X", tc.imsi, got, err, tc.want)
		}
		if right, err := standardKey(tc.imsi); err != nil || bytes.Equal(right, got) != tc.same {
			t.Errorf("%s: %X, and the standard has %X, %v", tc.imsi, got, right, err)
		}
	}
	if _, err := geckoKey("12"); err == nil {
		t.Error("an IMSI of two digits has a key")
	}
}

// A 14-digit IMSI is in the SIM: gecko refuses what all others take.
func TestGeckoRefusesWhatIsSignedForAnEvenIMSI(t *testing.T) {
	t.Parallel()
	const even = "99940000000001"
	body := wbxml(web)
	for _, c := range []Client{Gecko, MediaTek} {
		d := insert(t, Config{Client: c})
		if err := d.Card().WriteFile("IMSI", []byte{0x08, 0x91, 0x99, 0x04, 0, 0, 0, 0, 0xF1}); err != nil {
			t.Fatal(err)
		}
		r := hand(t, d, signedPush(cp.NETWPIN, key(t, cp.NETWPIN, even), body))
		if taken := r.Outcome == CPApplied; taken != (c == MediaTek) {
			t.Errorf("%s: %q with IMSI %s", c, r.Outcome, d.Card().IMSI())
		}
	}
}

func FuzzPush(f *testing.F) {
	f.Add(signedPush(cp.NETWPIN, []byte{1}, wbxml(web, vendor)))
	f.Add([]byte{0x01, 0x06, 0x03, 0xB6, 0xAF, 0x82, 0x03, 0x0B, 0x6A, 0x00, 0x45, 0x01})
	f.Fuzz(func(_ *testing.T, pdu []byte) {
		p, ok := parsePush(pdu)
		if !ok {
			return
		}
		hasVendorToken(p.body)
		doc, err := cp.ParseWBXML(p.body)
		if err != nil {
			return
		}
		for _, r := range clients {
			r.read(doc)
		}
	})
}
