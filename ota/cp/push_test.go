package cp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/simota/simota/ota/sms"
)

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	network := func(imsi string) func() (Credential, error) {
		return func() (Credential, error) { return NetworkPIN(imsi) }
	}
	user := func(pin string) func() (Credential, error) {
		return func() (Credential, error) { return UserPIN(pin) }
	}
	both := func(imsi, pin string) func() (Credential, error) {
		return func() (Credential, error) { return UserNetworkPIN(imsi, pin) }
	}
	for _, tc := range []struct {
		name string
		make func() (Credential, error)
		want string // empty: refused
	}{
		{"15 digits", network("001010123456789"), "0910101032547698"},
		{"14 digits have a filler", network("00101012345678"), "01101010325476f8"},
		{"6 digits", network("001011"), "011010f1"},
		{"5 digits", network("00101"), ""},
		{"16 digits", network("0010101234567890"), ""},
		{"letter", network("00101012345678A"), ""},
		{"Arabic digits", network("٠٠١٠١٠١٢"), ""},
		{"PIN keeps leading zeros", user("00000001"), "3030303030303031"},
		{"PIN of 1", user("7"), "37"},
		{"no PIN", user(""), ""},
		{"PIN of 33", user(strings.Repeat("1", 33)), ""},
		{"PIN with a letter", user("12a4"), ""},
		{"IMSI, then PIN", both("001010123456789", "0000"), "091010103254769830303030"},
		{"bad IMSI", both("1", "0000"), ""},
		{"bad PIN", both("001010123456789", ""), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			key, err := tc.make()
			if tc.want == "" {
				if err == nil || key != nil {
					t.Fatal("accepted")
				}
				return
			}
			if err != nil || !bytes.Equal(key, unhex(t, tc.want)) {
				t.Errorf("%x, %v", []byte(key), err)
			}
		})
	}
}

func TestPushOctets(t *testing.T) {
	t.Parallel()
	key := must[Credential](t)(NetworkPIN("001010123456789"))
	push := must[[]byte](t)(Push([]byte("body"), NETWPIN, key))
	if want := unhex(t, "01062f1f2db6918092"); !bytes.HasPrefix(push, want) {
		t.Errorf("head %X, want %X", push[:len(want)], want)
	}
	if !bytes.HasSuffix(push, []byte("\x00body")) || len(push) != 50+len("body") {
		t.Errorf("%d octets: %X", len(push), push)
	}
	text := string(push[9:49])
	if text != strings.ToUpper(text) || strings.Trim(text, "0123456789ABCDEF") != "" {
		t.Errorf("MAC %q is not upper-case hex", text)
	}
	plain := must[[]byte](t)(PushPlain([]byte("body")))
	if want := append(unhex(t, "010601b6"), "body"...); !bytes.Equal(plain, want) {
		t.Errorf("plain %X, want %X", plain, want)
	}
}

func TestPushRefuses(t *testing.T) {
	t.Parallel()
	key := []byte("1234")
	if _, err := Push([]byte("body"), 4, key); err == nil {
		t.Error("SEC 4: accepted")
	}
	if _, err := Push([]byte("body"), USERPIN, nil); err == nil {
		t.Error("no key: accepted")
	}
	for _, body := range [][]byte{nil, make([]byte, MaxBody+1)} {
		if _, err := Push(body, USERPIN, key); !errors.Is(err, ErrMalformed) {
			t.Errorf("body of %d: %v", len(body), err)
		}
		if _, err := PushPlain(body); !errors.Is(err, ErrMalformed) {
			t.Errorf("plain body of %d: %v", len(body), err)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	key := must[Credential](t)(UserPIN("1234"))
	push := must[[]byte](t)(Push([]byte("body"), USERPIN, key))
	m := must[Message](t)(ParsePush(push))
	if !m.Verify(key) {
		t.Error("right key refused")
	}
	if m.Verify([]byte("1235")) || m.Verify(nil) {
		t.Error("wrong key accepted")
	}
	lower := m
	lower.MAC = strings.ToLower(m.MAC)
	if lower.Verify(key) {
		t.Error("lower-case MAC accepted")
	}
	push[len(push)-1] ^= 1
	if must[Message](t)(ParsePush(push)).Verify(key) {
		t.Error("changed body accepted")
	}
	plain := must[Message](t)(ParsePush(must[[]byte](t)(PushPlain([]byte("body")))))
	if plain.HasSecurity || plain.Verify(key) {
		t.Error("message without MAC verified")
	}
	m.Security = USERPINMAC
	if m.Verify(key) {
		t.Error("USERPINMAC verified")
	}
}

func TestParsePushReadsSecurityAlone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a706051f03b6918341", "a7060403b6918341"} {
		m, err := ParsePush(unhex(t, text))
		if err != nil || !m.HasSecurity || m.Security != USERPINMAC || m.MAC != "" || string(m.Body) != "A" {
			t.Errorf("%s: %+v %v", text, m, err)
		}
	}
}

func TestParsePushRefuses(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("41", 40)
	for _, tc := range []struct {
		name, pdu string
		want      error
	}{
		{"nothing", "", ErrMalformed},
		{"three octets", "010601", ErrMalformed},
		{"another PDU", "010401b641", ErrMalformed},
		{"no headers", "010600b641", ErrMalformed},
		{"headers beyond the end", "010605b641", ErrMalformed},
		{"headers of two-octet length", "01068101b641", ErrMalformed},
		{"no body", "010601b6", ErrMalformed},
		{"XML", "010601b541", ErrContentType},
		{"content type as text", "010603614100" + "41", ErrContentType},
		{"notification", "010603c4af8741", ErrContentType},
		{"quoted notification", "01060403c4af8741", ErrContentType},
		{"header after the content type", "010603b6af8441", ErrMalformed},
		{"header after a quoted content type", "01062f" + "1f2b" + "b69180" + "92" + digits + "00" + "af84", ErrMalformed},
		{"quoted length alone", "0106011f41", ErrMalformed},
		{"empty content type", "0106010041", ErrMalformed},
		{"SEC 4", "01060403b6918441", ErrMalformed},
		{"NETWPIN without MAC", "01060403b6918041", ErrMalformed},
		{"MAC before SEC", "01062f1f2db692" + digits + "00918041", ErrMalformed},
		{"MAC of 39 digits", "01062e1f2cb6918092" + digits[2:] + "0041", ErrMalformed},
		{"MAC not hex", "01062f1f2db6918092" + digits[2:] + "580041", ErrMalformed},
		{"MAC without end", "01062f1f2db6918092" + digits + "4141", ErrMalformed},
	} {
		if m, err := ParsePush(unhex(t, tc.pdu)); !errors.Is(err, tc.want) {
			t.Errorf("%s: %+v, %v", tc.name, m, err)
		}
	}
}

func TestSplitFillsPartsExactly(t *testing.T) {
	t.Parallel()
	for octets, parts := range map[int]int{83: 1, 84: 2, 206: 2, 207: 3, 334: 3, 335: 4} {
		overhead := len(must[[]byte](t)(napWith(set("NAME", "")).AppendWBXML(nil)))
		body := must[[]byte](t)(napWith(set("NAME", strings.Repeat("x", octets-overhead))).AppendWBXML(nil))
		push := must[[]byte](t)(Push(body, USERPIN, []byte("1234")))
		uds := must[[][]byte](t)(Split(push, 0xFF))
		if len(body) != octets || len(uds) != parts {
			t.Errorf("%d octets in %d parts, want %d", len(body), len(uds), parts)
		}
		var got []sms.UserData
		for i, raw := range uds {
			if i < len(uds)-1 && octets != 84 && len(raw) != sms.MaxUserData {
				t.Errorf("%d octets: part %d has %d", octets, i+1, len(raw))
			}
			ud := must[sms.UserData](t)(sms.ParseUserData(raw))
			if dst, src, ok := ud.Ports(); !ok || dst != 2948 || src != 9200 {
				t.Errorf("ports %d %d", dst, src)
			}
			got = append(got, ud)
		}
		joined, _, err := sms.Join(got)
		if err != nil || !bytes.Equal(joined, push) {
			t.Errorf("%d octets: joined %v", octets, err)
		}
	}
}

func TestSplitWritesTheHeaderOfTheStandard(t *testing.T) {
	t.Parallel()
	one := must[[][]byte](t)(Split([]byte("x"), 7))
	if want := unhex(t, "0605040b8423f078"); len(one) != 1 || !bytes.Equal(one[0], want) {
		t.Errorf("%X, want %X", one, want)
	}
	two := must[[][]byte](t)(Split(make([]byte, 134), 0xFF))
	for i, ud := range two {
		if want := unhex(t, fmt.Sprintf("0b05040b8423f00003ff02%02x", i+1)); !bytes.HasPrefix(ud, want) {
			t.Errorf("%X, want %X", ud, want)
		}
	}
	if _, err := Split(make([]byte, 256*128), 0); err == nil {
		t.Error("more than 255 parts accepted")
	}
}

func TestSecretsShowNowhere(t *testing.T) {
	t.Parallel()
	key := must[Credential](t)(UserPIN("7391"))
	hidden := set("AUTHSECRET", "hunter2")
	d := doc(Characteristic{Type: "NAPDEF", Children: []Characteristic{{Type: "NAPAUTHINFO", Parms: []Parm{set("AUTHTYPE", "PAP"), hidden}}}})
	for _, v := range []any{key, &key, Secret("hunter2"), d, d.Children, hidden} {
		texts := []string{string(must[[]byte](t)(json.Marshal(v)))}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			texts = append(texts, fmt.Sprintf(verb, v))
		}
		for _, text := range texts {
			for _, secret := range []string{"7391", "37333931", "55 51 57 49", "NzM5MQ", "hunter2", "68756e74657232", "68756E74657232", "104 117"} {
				if strings.Contains(text, secret) {
					t.Errorf("%T shows %q: %s", v, secret, text)
				}
			}
		}
	}
	if text := d.Redacted().XML(); strings.Contains(text, "hunter2") || !strings.Contains(text, redacted) {
		t.Errorf("redacted: %s", text)
	}
	if !strings.Contains(d.XML(), "hunter2") {
		t.Error("Redacted changed the document itself")
	}
}

func TestSecurityNames(t *testing.T) {
	t.Parallel()
	for sec, want := range map[Security]string{NETWPIN: "NETWPIN", USERPIN: "USERPIN", USERNETWPIN: "USERNETWPIN", USERPINMAC: "USERPINMAC", 9: "Security(9)"} {
		if got := sec.String(); got != want {
			t.Errorf("%d: %s, want %s", byte(sec), got, want)
		}
	}
}
