package rfm_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/simota/simota/sat/rfm"
)

var (
	anyPLMN    = rapid.StringMatching(`[0-9]{5,6}`)
	anyPattern = rapid.StringMatching(`[0-9D]{5,6}`)
	anyName    = rapid.StringOfN(rapid.OneOf(rapid.RuneFrom([]rune("abz09 @£äößñ€[]~Δ")), rapid.RuneFrom([]rune("Київ")), rapid.RuneFrom([]rune("東京"))), 0, 12, -1)
	anyNumber  = rapid.StringMatching(`\+[0-9]{1,20}|[0-9*#p]{1,20}`)
	anyHost    = rapid.StringMatching(`[a-z][a-z0-9-]{0,20}(\.[a-z][a-z0-9-]{0,10}){0,2}|192\.0\.2\.[1-9]|2001:db8::[1-9]`)
	anyText    = rapid.StringMatching(`[ -~]{0,40}`)
	anyOctets  = rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 100), func(b []byte) rfm.Hex { return b })
)

// unique are numbers from 1 that stand once each, rising.
func unique(most int) *rapid.Generator[[]int] {
	return rapid.Custom(func(t *rapid.T) []int {
		var list []int
		for i := 1; i <= most; i++ {
			if rapid.IntRange(0, 9).Draw(t, "in") == 0 {
				list = append(list, i)
			}
		}
		return list
	})
}

func location(area uint32) func(*rapid.T) any {
	return func(t *rapid.T) any {
		l := rfm.Location{Area: rapid.Uint32Range(0, area).Draw(t, "area"), Status: rapid.Byte().Draw(t, "status")}
		if rapid.Bool().Draw(t, "known") {
			l.PLMN = rfm.PLMN(anyPLMN.Draw(t, "plmn"))
		}
		return l
	}
}

func opl(area uint32) func(*rapid.T) any {
	return func(t *rapid.T) any {
		from := rapid.Uint32Range(0, area).Draw(t, "from")
		return rfm.OPL{PLMN: anyPattern.Draw(t, "plmn"), From: from, To: rapid.Uint32Range(from, area).Draw(t, "to"), PNN: rapid.Byte().Draw(t, "pnn")}
	}
}

func drawn[T any](g *rapid.Generator[T]) func(*rapid.T) any {
	return func(t *rapid.T) any { return g.Draw(t, "value") }
}

func networks(t *rapid.T) any {
	return rapid.SliceOfN(rapid.Map(anyPLMN, func(s string) rfm.PLMN { return rfm.PLMN(s) }), 0, 8).Draw(t, "networks")
}

// generators draw a value of each coding.
var generators = map[string]func(*rapid.T) any{
	"imsi":  drawn(rapid.StringMatching(`[0-9]{6,15}`)),
	"iccid": drawn(rapid.StringMatching(`[0-9]{18,20}`)),
	"loci":  location(0xFFFF), "psloci": location(0xFFFF), "epsloci": location(0xFFFF), "5gs3gpploci": location(0xFFFFFF),
	"keys": func(*rapid.T) any { return rfm.KeySet{KSI: 7} }, "kc": func(*rapid.T) any { return rfm.KeySet{KSI: 7} },
	"epsnsc": func(t *rapid.T) any {
		return rfm.NASContext{KSI: 7, Uplink: rapid.Uint32().Draw(t, "up"), Downlink: rapid.Uint32().Draw(t, "down"), Algorithms: rapid.Byte().Draw(t, "algorithms")}
	},
	"5gs3gppnsc": func(t *rapid.T) any {
		return rfm.NASContext{KSI: 7, Uplink: rapid.Uint32().Draw(t, "up"), EPSAlgorithms: rapid.Byte().Draw(t, "algorithms")}
	},
	"start-hfn": func(t *rapid.T) any {
		return rfm.StartHFN{CS: rapid.Uint32Range(0, 0xFFFFFF).Draw(t, "cs"), PS: rapid.Uint32Range(0, 0xFFFFFF).Draw(t, "ps")}
	},
	"threshold": drawn(rapid.Uint32Range(0, 0xFFFFFF)),
	"fplmn":     networks, "spdi": networks,
	"plmnwact": func(t *rapid.T) any {
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rfm.Access {
			return rfm.Access{PLMN: rfm.PLMN(anyPLMN.Draw(t, "plmn")), AcT: rfm.AcT(rapid.Uint16().Draw(t, "act"))}
		}), 0, 8).Draw(t, "list")
	},
	"ehplmnpi": drawn(rapid.SampledFrom([]string{"none", "highest", "all"})),
	"hpplmn":   drawn(rapid.Map(rapid.Byte(), func(b byte) int { return 6 * int(b) })),
	"ad": func(t *rapid.T) any {
		return rfm.AD{
			Mode: rapid.Byte().Draw(t, "mode"), Ciphering: rapid.Bool().Draw(t, "c"), CSG: rapid.Bool().Draw(t, "csg"), ProSe: rapid.Bool().Draw(t, "p"),
			EDRX: rapid.Bool().Draw(t, "e"), MNCLength: rapid.IntRange(2, 3).Draw(t, "mnc"),
		}
	},
	"isim/ad": func(t *rapid.T) any { return rfm.AD{Mode: rapid.Byte().Draw(t, "mode")} },
	"acc":     drawn(unique(9)),
	"spn": func(t *rapid.T) any {
		return rfm.SPN{Name: rapid.StringMatching(`[a-z€]{0,8}`).Draw(t, "name"), ShowPLMN: rapid.Bool().Draw(t, "show"), HideAbroad: rapid.Bool().Draw(t, "hide")}
	},
	"opl": opl(0xFFFF), "opl5g": opl(0xFFFFFF),
	"pnn": func(t *rapid.T) any {
		return rfm.PNN{Full: rapid.StringMatching(`[a-z€]{1,20}|[京東Кї]{1,9}`).Draw(t, "full"), Short: rapid.StringMatching(`[a-z]{0,9}|[東a]{0,9}`).Draw(t, "short")}
	},
	"sdn": func(t *rapid.T) any {
		return rfm.Entry{Name: anyName.Draw(t, "name"), Number: anyNumber.Draw(t, "number")}
	},
	"bdn": func(t *rapid.T) any {
		return rfm.BDN{Name: anyName.Draw(t, "name"), Number: anyNumber.Draw(t, "number"), Comparison: rapid.Byte().Draw(t, "cmp")}
	},
	"mbi": func(t *rapid.T) any {
		return rfm.MBI{Voice: rapid.Byte().Draw(t, "voice"), Mail: rapid.Byte().Draw(t, "mail"), Video: rapid.Byte().Draw(t, "video")}
	},
	"smsp": func(t *rapid.T) any {
		one := rapid.IntRange(-1, 255)
		s := rfm.SMSP{Alpha: anyName.Draw(t, "alpha"), PID: one.Draw(t, "pid"), DCS: one.Draw(t, "dcs"), Validity: one.Draw(t, "vp")}
		if rapid.Bool().Draw(t, "centre") {
			s.SMSC, s.Destination = anyNumber.Draw(t, "smsc"), anyNumber.Draw(t, "destination")
		}
		return s
	},
	"ecc": func(t *rapid.T) any {
		return rfm.ECC{Number: rapid.StringMatching(`[0-9]{1,6}`).Draw(t, "number"), Alpha: anyName.Draw(t, "alpha"), Category: rapid.Byte().Draw(t, "category")}
	},
	"gsm/ecc": drawn(rapid.SliceOfN(rapid.StringMatching(`[0-9]{1,6}`), 0, 5)),
	"sms": func(t *rapid.T) any {
		return rfm.Message{Status: rapid.Byte().Draw(t, "status"), Octets: rapid.SliceOfN(rapid.Byte(), 175, 175).Draw(t, "octets")}
	},
	"smss": func(t *rapid.T) any {
		return rfm.SMSS{LastReference: rapid.Byte().Draw(t, "mr"), MemoryFull: rapid.Bool().Draw(t, "full")}
	},
	"ust": drawn(unique(140)),
	"gsm/sst": func(t *rapid.T) any {
		return rfm.Services2G{Allocated: unique(60).Draw(t, "a"), Activated: unique(60).Draw(t, "b")}
	},
	"est": func(t *rapid.T) any {
		return rfm.EST{FDN: rapid.Bool().Draw(t, "f"), BDN: rapid.Bool().Draw(t, "b"), ACL: rapid.Bool().Draw(t, "a")}
	},
	"uac_aic": func(t *rapid.T) any {
		return rfm.UAC{MPS: rapid.Bool().Draw(t, "mps"), MCS: rapid.Bool().Draw(t, "mcs")}
	},
	"routing_indicator": drawn(rapid.StringMatching(`[0-9]{1,4}`)),
	"suci_calc_info": func(t *rapid.T) any {
		s := rfm.SUCI{Schemes: []rfm.ProtectionScheme{{Scheme: rfm.NullScheme}}}
		for i := range rapid.IntRange(0, 3).Draw(t, "keys") {
			scheme := rapid.SampledFrom([]rfm.Scheme{rfm.ProfileA, rfm.ProfileB}).Draw(t, "scheme")
			n := 31 + int(scheme)
			s.Keys = append(s.Keys, rfm.HomeNetworkKey{ID: rapid.Byte().Draw(t, "id"), Key: rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "key")})
			s.Schemes = append(s.Schemes, rfm.ProtectionScheme{Scheme: scheme, Key: byte(i + 1)})
		}
		return s
	},
	"supi_nai":    func(t *rapid.T) any { return rfm.NAI{NSI: anyText.Draw(t, "nsi"), GLI: anyText.Draw(t, "gli")} },
	"isim/impi":   drawn(anyText),
	"isim/p-cscf": drawn(anyHost),
	"acl":         drawn(rapid.SliceOfN(rapid.StringMatching(`|[A-Za-z0-9-]{1,20}(\.[a-z0-9]{1,10}){0,3}`), 0, 5)),
	"epdgselection": func(t *rapid.T) any {
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) rfm.Gateway {
			return rfm.Gateway{PLMN: anyPattern.Draw(t, "plmn"), Priority: rapid.Uint16().Draw(t, "priority"), Location: rapid.Bool().Draw(t, "location")}
		}), 0, 5).Draw(t, "list")
	},
	"ips": func(t *rapid.T) any {
		return rfm.Pairing{Result: rapid.SampledFrom([]string{"OK", "KO"}).Draw(t, "result"), Record: rapid.Byte().Draw(t, "record")}
	},
	"mf/dir": func(t *rapid.T) any {
		return rfm.Application{AID: rapid.SliceOfN(rapid.Byte(), 5, 16).Draw(t, "aid"), Label: anyText.Draw(t, "label")}
	},
	"li":   drawn(rapid.SliceOfN(rapid.StringMatching(`[a-z]{2}`), 0, 5)),
	"gid1": drawn(anyOctets),
}

// Every value comes back from its octets, from its JSON form, and through a
// file of the card that is longer.
func TestValuesRoundTrip(t *testing.T) {
	t.Parallel()
	for name, generate := range generators {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := file(t, name)
			rapid.Check(t, func(t *rapid.T) {
				v := generate(t)
				b, err := f.Encode(v, nil)
				if err != nil {
					t.Fatal(err)
				}
				same := func(b []byte) {
					got, err := f.Decode(b)
					if diff := cmp.Diff(v, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
						t.Fatalf("%X: %v\n%s", b, err, diff)
					}
				}
				same(b)
				text, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				if again, err := f.Encode(json.RawMessage(text), nil); err != nil || !bytes.Equal(again, b) {
					t.Fatalf("%s: %X, %v; want %X", text, again, err, b)
				}
				if f.Size == 0 && name != "gid1" && name != "ust" && name != "gsm/sst" && name != "est" {
					unit := max(1, f.Unit)
					if long, err := f.Encode(v, bytes.Repeat([]byte{0xFF}, len(b)+3*unit)); err == nil {
						same(long)
					} else if len(b) < 200 {
						t.Fatal(err)
					}
				}
			})
		})
	}
}
