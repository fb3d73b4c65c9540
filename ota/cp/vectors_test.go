package cp

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type vector struct {
	ID     string
	XML    string
	WBXML  map[string]string `json:"wbxml_by"`
	Sec    Security
	IMSI   string
	PIN    string
	MAC    map[string]string `json:"mac_hex"`
	KeyHex string            `json:"key_hex"`
}

func vectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("../../testdata/cp/oma-cp.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Documents []vector }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Documents) != 5 {
		t.Fatalf("%d vectors, want 5", len(file.Documents))
	}
	return file.Documents
}

func (v vector) credential(t testing.TB) Credential {
	t.Helper()
	var key Credential
	var err error
	switch v.Sec {
	case NETWPIN:
		key, err = NetworkPIN(v.IMSI)
	case USERPIN:
		key, err = UserPIN(v.PIN)
	default:
		key, err = UserNetworkPIN(v.IMSI, v.PIN)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			want, err := ParseXML([]byte(v.XML))
			if err != nil {
				t.Fatal(err)
			}
			key := v.credential(t)
			if got := hex.EncodeToString(key); got != v.KeyHex {
				t.Errorf("key %s, want %s", got, v.KeyHex)
			}
			for by, text := range v.WBXML {
				body := unhex(t, text)
				got, err := ParseWBXML(body)
				if err != nil {
					t.Fatalf("%s: %v", by, err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: (-XML +WBXML)\n%s", by, diff)
				}
				push, err := Push(body, v.Sec, key)
				if err != nil {
					t.Fatal(err)
				}
				m, err := ParsePush(push)
				if err != nil {
					t.Fatal(err)
				}
				if m.MAC != v.MAC[by] || m.Security != v.Sec || !m.Verify(key) {
					t.Errorf("%s: MAC %s SEC %v, want %s %v", by, m.MAC, m.Security, v.MAC[by], v.Sec)
				}
			}
			sameTree(t, want)
		})
	}
}

// sameTree fails unless the document survives WBXML and XML.
func sameTree(t testing.TB, want Document) []byte {
	t.Helper()
	body, err := want.AppendWBXML(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseWBXML(body)
	if err != nil {
		t.Fatalf("%v in %X", err, body)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("WBXML (-want +got)\n%s", diff)
	}
	if got, err = ParseXML([]byte(want.XML())); err != nil {
		t.Fatalf("%v in %s", err, want.XML())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("XML (-want +got)\n%s", diff)
	}
	return body
}

// Kannel writes the same form, so ours must be the same octets wherever no
// word of page 1 is a value.
func TestEncoderWritesWhatKannelWrites(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		if v.ID == "14-dm-w7" { // has APPSRV and DIGEST, which Kannel writes as tokens
			continue
		}
		d, err := ParseXML([]byte(v.XML))
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.AppendWBXML([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("before"+string(unhex(t, v.WBXML["kannel-1.4.5"])), string(got)); diff != "" {
			t.Errorf("%s (-kannel +ours)\n%s", v.ID, diff)
		}
	}
}
