package rfm_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/sat/rfm"
)

// key is a public key of no network.
var key = strings.Repeat("42", 32)

// worked are octets with their value: the value gives them on a card of their
// size, and they give the value.
var worked = []struct{ file, octets, value, words string }{
	{"imsi", "080910101032547698", `"001010123456789"`, "001010123456789"},
	{"imsi", "0801101010325476F8", `"00101012345678"`, "00101012345678"},
	{"gsm/imsi", "080910101032547698", `"001010123456789"`, "001010123456789"},
	{"iccid", "988812010000407643F3", `"8988211000000467343"`, "8988211000000467343"},
	{"iccid", "98881201000040764373", `"89882110000004673437"`, "89882110000004673437"},
	{"loci", "FFFFFFFF00F1100000FF01", `{"plmn":"00101","area":0,"status":1}`, "001-01, LAC 0000, not updated"},
	{"loci", "FFFFFFFFFFFFFFFFFEFF01", `{"area":65534,"status":1}`, "no network, LAC FFFE, not updated"},
	{"gsm/loci", "FFFFFFFF1300140102FF00", `{"plmn":"310410","area":258,"status":0}`, "310-410, LAC 0102, updated"},
	{"psloci", "FFFFFFFFFFFFFF00F1100000FF01", `{"plmn":"00101","area":0,"status":1}`, "001-01, LAC 0000, not updated"},
	{"gsm/locigprs", "FFFFFFFFFFFFFF00F1100000FF01", `{"plmn":"00101","area":0,"status":1}`, "001-01, LAC 0000, not updated"},
	{"epsloci", "FFFFFFFFFFFFFFFFFFFFFFFF00F110000001", `{"plmn":"00101","area":0,"status":1}`, "001-01, TAC 0000, not updated"},
	{"5gs3gpploci", ff(13) + "00F11000000001", `{"plmn":"00101","area":0,"status":1}`, "001-01, TAC 000000, not updated"},
	{"5gsn3gpploci", ff(13) + "00F110ABCDEF02", `{"plmn":"00101","area":11259375,"status":2}`, "001-01, TAC ABCDEF, status 02"},
	{"keys", "07" + ff(32), `{"ksi":7}`, "no key"},
	{"keysps", "07" + ff(32), `{"ksi":7}`, "no key"},
	{"kc", ff(8) + "07", `{"ksi":7}`, "no key"},
	{"kcgprs", ff(8) + "07", `{"ksi":7}`, "no key"},
	{"gsm/kc", ff(8) + "07", `{"ksi":7}`, "no key"},
	{"start-hfn", "F00000F00000", `{"cs":15728640,"ps":15728640}`, "CS F00000, PS F00000"},
	{"threshold", "FFFFFF", `16777215`, "FFFFFF"},
	{"epsnsc", "A034 800107 8120" + ff(32) + "820400000000 830400000000 840100", `{"ksi":7,"uplink":0,"downlink":0,"algorithms":0,"eps_algorithms":0}`, "no key"},
	{"epsnsc", ff(54), `{"empty":true,"ksi":0,"uplink":0,"downlink":0,"algorithms":0,"eps_algorithms":0}`, "no key"},
	{"5gs3gppnsc", "A037 800107 8120" + ff(32) + "820400000000 830400000000 840100 850100" + ff(5),
		`{"ksi":7,"uplink":0,"downlink":0,"algorithms":0,"eps_algorithms":0}`, "no key"},
	{"5gsn3gppnsc", "A037 800107 8120" + ff(32) + "820401020304 830400000005 840111 850122",
		`{"ksi":7,"uplink":16909060,"downlink":5,"algorithms":17,"eps_algorithms":34}`, "no key"},
	{"5gauthkeys", ff(110), `{"empty":true}`, "no key"},
	{"fplmn", "00F110 FFFFFF FFFFFF FFFFFF", `["00101"]`, "001-01"},
	{"ehplmn", "42F618 130014 FFFFFF", `["24681","310410"]`, "246-81, 310-410"},
	{"gsm/plmnsel", "001100" + ff(21), `["001001"]`, "001-001"},
	{"oplmnwact", "00F1104000 FFFFFF0000", `[{"plmn":"00101","act":"E-UTRAN"}]`, "001-01 E-UTRAN"},
	{"hplmnwact", "00F110C880 1300146800", `[{"plmn":"00101","act":"UTRAN+E-UTRAN+NG-RAN+GSM"},{"plmn":"310410","act":"E-UTRAN WB-S1+NG-RAN"}]`,
		"001-01 UTRAN+E-UTRAN+NG-RAN+GSM, 310-410 E-UTRAN WB-S1+NG-RAN"},
	{"plmnwact", "00F1105000 00F1100084", `[{"plmn":"00101","act":"E-UTRAN NB-S1"},{"plmn":"00101","act":"GSM+0004"}]`,
		"001-01 E-UTRAN NB-S1, 001-01 GSM+0004"},
	{"plmnwact", "FFFFFF0000 FFFFFF0000", `null`, "none"},
	{"ehplmnpi", "02", `"all"`, "all"},
	{"lrplmnsi", "01", `"home"`, "home"},
	{"hpplmn", "0A", `60`, "every 60 minutes"},
	{"hpplmn", "00", `0`, "off"},
	{"ad", "00000002", `{"mode":0,"ciphering":false,"csg":false,"prose":false,"edrx":false,"mnc_length":2}`, "normal, MNC of 2 digits"},
	{"ad", "00000103", `{"mode":0,"ciphering":true,"csg":false,"prose":false,"edrx":false,"mnc_length":3}`, "normal, MNC of 3 digits"},
	{"ad", "80000E02", `{"mode":128,"ciphering":false,"csg":true,"prose":true,"edrx":true,"mnc_length":2}`, "mode 80, MNC of 2 digits"},
	{"isim/ad", "000000", `{"mode":0,"ciphering":false,"csg":false,"prose":false,"edrx":false}`, "normal"},
	{"gsm/ad", "00000102", `{"mode":0,"ciphering":true,"csg":false,"prose":false,"edrx":false,"mnc_length":2}`, "normal, MNC of 2 digits"},
	{"acc", "0020", `[5]`, "class 5"},
	{"acc", "0001", `[0]`, "class 0"},
	{"acc", "0200", `[9]`, "class 9"},
	{"gsm/acc", "8002", `[1,15]`, "class 1, 15"},
	{"spn", "0173696D6F7461" + ff(10), `{"name":"simota","show_plmn":true}`, `"simota", network shown at home`},
	{"spn", "0247727C1E65" + ff(11), `{"name":"Größe","hide_abroad":true}`, `"Größe", hidden abroad`},
	{"gsm/spn", "018104089AB8D7B2" + ff(9), `{"name":"Київ","show_plmn":true}`, `"Київ", network shown at home`},
	{"spdi", "A308 8006 00F110 62F210" + ff(7), `["00101","26201"]`, "001-01, 262-01"},
	{"spdi", "A305 8003 130014", `["310410"]`, "310-410"},
	{"opl", "00F110 0000 FFFE 01", `{"plmn":"00101","from":0,"to":65534,"pnn":1}`, "001-01, areas 0000 to FFFE: name 1"},
	{"gsm/opl", "10DDDD 0001 0002 00", `{"plmn":"01DDDD","from":1,"to":2,"pnn":0}`, "01DDDD, areas 0001 to 0002: name 0"},
	{"opl5g", "130014 000000 FFFFFE 02", `{"plmn":"310410","from":0,"to":16777214,"pnn":2}`, "310-410, areas 000000 to FFFFFE: name 2"},
	{"pnn", "4307 86 F374FB4D0F03" + ff(3), `{"full":"simota"}`, `"simota"`},
	{"pnn", "430A82D432BBBC7EB75DE432", `{"full":"Telekom.de"}`, `"Telekom.de"`},
	{"gsm/pnn", "430590 6771 4EAC 4502 81 41", `{"full":"東京","short":"A"}`, `"東京", short "A"`},
	{"msisdn", "FF 07 91 3316325476F8FFFFFFFF FFFF", `{"number":"+33612345678"}`, "+33612345678"},
	{"msisdn", ff(15), `{"number":""}`, "empty"},
	{"mbdn", "566F6963656D61696CFF 07 91 332143658709FFFFFFFF FF FF", `{"name":"Voicemail","number":"+331234567890"}`, "+331234567890 Voicemail"},
	{"sdn", "48656C70FFFFFFFFFFFF 03 81 16F1FFFFFFFFFFFFFFFF FF FF", `{"name":"Help","number":"611"}`, "611 Help"},
	{"telecom/adn", "04 81 1A00FBFFFFFFFFFFFFFF FF FF", `{"number":"*100#"}`, "*100#"},
	{"bdn", "41 03 81 16F1FFFFFFFFFFFFFFFF FF FF 01", `{"name":"A","number":"611","comparison":1}`, "611 A"},
	{"telecom/bdn", "03 81 16F1FFFFFFFFFFFFFFFF FF FF FF", `{"number":"611","comparison":255}`, "611"},
	{"mbi", "0100000000", `{"voice":1,"fax":0,"mail":0,"other":0}`, "voice 1, fax 0, mail 0, other 0, video 0"},
	{"mbi", "01000002", `{"voice":1,"fax":0,"mail":0,"other":2}`, "voice 1, fax 0, mail 0, other 2, video 0"},
	{"gsm/mbi", "0100000003", `{"voice":1,"fax":0,"mail":0,"other":0,"video":3}`, "voice 1, fax 0, mail 0, other 0, video 3"},
	{"smsp", "FD" + ff(12) + "07 91 33 06 09 10 93 F0 FFFFFFFF FFFFFF", `{"smsc":"+33609001390","pid":-1,"dcs":-1,"validity":-1}`, "SMSC +33609001390"},
	{"smsp", "534D5343FFFFFFFFFFFF E1" + ff(12) + "07913306091093F0FFFFFFFF 00 00 A7",
		`{"alpha":"SMSC","smsc":"+33609001390","pid":0,"dcs":0,"validity":167}`, "SMSC +33609001390"},
	{"telecom/smsp", "FE" + "0B911111111111F1FFFFFFFF" + ff(12) + "FFFFFF", `{"destination":"+11111111111","pid":-1,"dcs":-1,"validity":-1}`, "no SMSC"},
	{"ecc", "11F2FF00", `{"number":"112","category":0}`, "112, category 00"},
	{"ecc", "19F1FF01", `{"number":"911","category":1}`, "911, category 01"},
	{"ecc", "81FFFF 53414D55 04", `{"number":"18","alpha":"SAMU","category":4}`, "18 SAMU, category 04"},
	{"gsm/ecc", "11F2FF 19F1FF FFFFFF", `["112","911"]`, "112, 911"},
	{"acl", "01 DD09 08 696E7465726E6574" + ff(3), `["internet"]`, "internet"},
	{"acl", "02DD0908696E7465726E6574DD1003696F74076578616D706C6503636F6D", `["internet","iot.example.com"]`, "internet, iot.example.com"},
	{"acl", "01DD00", `[""]`, "the network's APN"},
	{"acl", "00" + ff(9), `null`, "none"},
	{"ust", "0A081F0C06760400400010000000000A00", `[2,4,12,17,18,19,20,21,27,28,34,35,42,43,45,46,47,51,71,85,122,124]`,
		"services 2, 4, 12, 17, 18, 19, 20, 21, 27, 28, 34, 35, 42, 43, 45, 46, 47, 51, 71, 85, 122, 124"},
	{"isim/ist", "91", `[1,5,8]`, "services 1, 5, 8"},
	{"gsm/sst", "C31C", `{"allocated":[1,4,6,7],"activated":[1,4,6]}`, ""},
	{"est", "05", `{"fdn":true,"bdn":false,"acl":true}`, "FDN, ACL"},
	{"est", "00", `{"fdn":false,"bdn":false,"acl":false}`, "none"},
	{"uac_aic", "00000000", `{"mps":false,"mcs":false}`, "none"},
	{"uac_aic", "03000000", `{"mps":true,"mcs":true}`, "MPS, MCS"},
	{"routing_indicator", "F0FFFFFF", `"0"`, "0"},
	{"routing_indicator", "71FFFFFF", `"17"`, "17"},
	{"routing_indicator", "21F3FFFF", `"123"`, "123"},
	{"routing_indicator", "2143FFFF", `"1234"`, "1234"},
	{"suci_calc_info", "A002 0000 A100" + ff(4), `{"schemes":[{"scheme":"null","key":0}]}`, "null"},
	{"suci_calc_info", "A004 0101 0000 A125 80010A 8120" + key,
		`{"schemes":[{"scheme":"profile-a","key":1},{"scheme":"null","key":0}],"keys":[{"id":10,"key":"` + key + `"}]}`, "profile-a with key 10, null"},
	{"suci_calc_info", "A004 0201 0501 A126 800101 812102" + key,
		`{"schemes":[{"scheme":"profile-b","key":1},{"scheme":"5","key":1}],"keys":[{"id":1,"key":"02` + key + `"}]}`, "profile-b with key 1, 5 with key 1"},
	{"supi_nai", "8003 612E62 FFFF", `{"nsi":"a.b"}`, "a.b"},
	{"supi_nai", "8101 61 8201 62", `{"gli":"a","gci":"b"}`, "a b"},
	{"isim/impi", "8031" + fmt.Sprintf("%X", "001010123456789@ims.mnc001.mcc001.3gppnetwork.org"), `"001010123456789@ims.mnc001.mcc001.3gppnetwork.org"`,
		"001010123456789@ims.mnc001.mcc001.3gppnetwork.org"},
	{"isim/impu", "8035" + fmt.Sprintf("%X", "sip:001010123456789@ims.mnc001.mcc001.3gppnetwork.org"),
		`"sip:001010123456789@ims.mnc001.mcc001.3gppnetwork.org"`, "sip:001010123456789@ims.mnc001.mcc001.3gppnetwork.org"},
	{"isim/impu", ff(40), `""`, "empty"},
	{"isim/domain", "8021" + fmt.Sprintf("%X", "ims.mnc001.mcc001.3gppnetwork.org"), `"ims.mnc001.mcc001.3gppnetwork.org"`, "ims.mnc001.mcc001.3gppnetwork.org"},
	{"telecom/psismsc", "800D" + fmt.Sprintf("%X", "tel:+47580001") + "FF", `"tel:+47580001"`, "tel:+47580001"},
	{"isim/p-cscf", "8012 00" + fmt.Sprintf("%X", "pcscf.example.org"), `"pcscf.example.org"`, "pcscf.example.org"},
	{"isim/p-cscf", "8005 01 C0000201" + ff(8), `"192.0.2.1"`, "192.0.2.1"},
	{"epdgid", "8011 02 20010DB8000000000000000000000001", `"2001:db8::1"`, "2001:db8::1"},
	{"epdgselection", "800C 00F110 0001 00 13D014 0002 01", `[{"plmn":"00101","priority":1},{"plmn":"31041D","priority":2,"location":true}]`, ""},
	{"li", "656E6672FFFF", `["en","fr"]`, "en, fr"},
	{"mf/pl", "656EFFFF", `["en"]`, "en"},
	{"gid1", "0102FF", `"0102FF"`, "0102FF"},
	{"gid2", "AA", `"AA"`, "AA"},
	{"netpar", "A000", `"A000"`, "A000"},
	{"gsm/bcch", "00" + ff(15), `"00` + ff(15) + `"`, "00" + ff(15)},
	{"sms", "01" + strings.Repeat("61", 175), `{"status":1,"octets":"` + strings.Repeat("61", 175) + `"}`, "status 01, 175 octets"},
	{"smsr", "00" + ff(29), `{"status":0,"octets":"` + ff(29) + `"}`, "status 00, 29 octets"},
	{"smss", "05FE", `{"last_reference":5,"memory_full":true}`, "last reference 5, memory full"},
	{"telecom/smss", "05FF", `{"last_reference":5,"memory_full":false}`, "last reference 5"},
	{"ips", "4F4B01FF", `{"result":"OK","record":1}`, "OK, record 1"},
	{"mf/dir", "6113 4F07 A0000000871002 5008 5553494D20313233 FFFF", `{"aid":"A0000000871002","label":"USIM 123"}`, "A0000000871002 USIM 123"},
	{"arr", "800101 90", `"80010190"`, "80010190"},
	{"ursp", "8000", `"8000"`, "8000"},
}

func TestValuesBothWays(t *testing.T) {
	t.Parallel()
	done := map[string]bool{}
	for _, c := range worked {
		f, ok := rfm.Lookup(c.file)
		if !ok {
			t.Fatal(c.file)
		}
		want := octets(t, c.octets)
		done[c.file] = true
		v, err := f.Decode(want)
		if err != nil {
			t.Errorf("%s %X: %v", c.file, want, err)
			continue
		}
		shown, err := json.Marshal(v)
		if err != nil || string(shown) != c.value && c.words != "" {
			t.Errorf("%s %X: %s, %v; want %s", c.file, want, shown, err, c.value)
		}
		if got := f.Describe(want); c.words != "" && got != f.Title+" "+c.words {
			t.Errorf("%s %X: %q, want %q", c.file, want, got, c.words)
		}
		for form, v := range map[string]any{"value": v, "JSON": json.RawMessage(c.value)} {
			got, err := f.Encode(v, bytes.Repeat([]byte{0xFF}, len(want)))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s from %s %s: %X, %v; want %X", c.file, form, c.value, got, err, want)
			}
		}
	}
	for _, f := range rfm.Files() {
		base := f.Name[strings.LastIndex(f.Name, "/")+1:]
		if twin := done[base] && f.Twin != ""; !done[f.Name] && !twin && base != "arr" && base != "fdn" && base != "uicciari" {
			t.Errorf("no octets are worked out for %s", f.Name)
		}
	}
}

func TestValuesAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	smsp := "534D5343" + "E3" + ff(12) + ff(12) + "0000A7"
	for _, c := range []struct{ file, old, value, want string }{
		{"spn", "", `{"name":"Acme","hide_abroad":true}`, "0241636D65" + ff(12)},
		{"fplmn", "62F210 62F220", `[]`, ff(6)},
		{"fplmn", "", `[]`, ff(3)},
		{"acl", ff(20), `["iot.acme","ims"]`, "02 DD09 03696F74 0461636D65 DD04 03696D73" + ff(2)},
		{"isim/impi", "", `"user@realm"`, "800A 75736572407265616C6D"},
		{"msisdn", ff(15), `"+33612345678"`, "FF 07 91 3316325476F8FFFFFFFF FFFF"},
		{"sdn", "", `{"name":"Help","number":"611"}`, "48656C70 03 81 16F1" + ff(8) + "FFFF"},
		{"sdn", "", `""`, ff(14)},
		{"bdn", "", `{"number":"611"}`, "03 81 16F1" + ff(8) + "FFFF FF"},
		{"smsp", smsp, `{"smsc":"+33609001390"}`, "534D5343 E1" + ff(12) + "07913306091093F0FFFFFFFF 0000A7"},
		{"smsp", "", `{"smsc":"+33609001390","alpha":"A"}`, "41 FD" + ff(12) + "07913306091093F0FFFFFFFF FFFFFF"},
		{"ad", "810001F3AABB", `{"mnc_length":2}`, "810001F2AABB"},
		{"ad", ff(4), `{"mnc_length":2}`, "00000002"},
		{"gsm/ad", "000000", `{"ciphering":true}`, "000001"},
		{"est", "F9", `{"acl":true}`, "FD"},
		{"routing_indicator", "F0FF0000", `"17"`, "71FF0000"},
		{"oplmnwact", "", `[{"plmn":"00101","act":"gsm+e-utran"}]`, "00F1104080"},
		{"ecc", "", `{"number":"18","alpha":"SAMU","category":4}`, "81FFFF 53414D55 04"},
		{"ust", "", `[1,9]`, "0101"},
		{"ust", "00000000", `[1,9]`, "01010000"},
		{"gid1", ff(4), `"01 02"`, "0102FFFF"},
		{"epsnsc", "", `{"empty":true}`, ff(54)},
		{"5gs3gppnsc", "", `{"empty":true}`, ff(57)},
		{"mf/pl", "", `["en"]`, "656E"},
		{"acc", "", `[]`, "0000"},
		{"hpplmn", "", `0`, "00"},
	} {
		f, _ := rfm.Lookup(c.file)
		got, err := f.Encode(json.RawMessage(c.value), octets(t, c.old))
		if err != nil || !bytes.Equal(got, octets(t, c.want)) {
			t.Errorf("%s %s on %q: %X, %v; want %s", c.file, c.value, c.old, got, err, c.want)
		}
	}
	// What a YAML document decodes to.
	spn, _ := rfm.Lookup("spn")
	if got, err := spn.Encode(map[string]any{"name": "Acme"}, nil); err != nil || !bytes.Equal(got, octets(t, "0041636D65"+ff(12))) {
		t.Errorf("%X, %v", got, err)
	}
	if got, err := (rfm.File{Name: "x", Title: "EF_X"}).Encode("0102", nil); err != nil || !bytes.Equal(got, []byte{1, 2}) {
		t.Errorf("%X, %v", got, err)
	}
}

func TestValuesThatDoNotFit(t *testing.T) {
	t.Parallel()
	for file, values := range map[string][]string{
		"imsi":              {`1010123456789`, `""`, `"00101"`, `null`, `{`, `"001010123456789" 1`, `["001010123456789"]`},
		"iccid":             {`"1"`},
		"spn":               {`{"name":"abcdefghijklmnopq"}`, `{"nam":"a"}`, `"a"`},
		"loci":              {`{"plmn":"0010","area":0,"status":1}`, `{"plmn":"00101","area":65536}`, `{"plmn":"00101","status":256}`},
		"5gs3gpploci":       {`{"plmn":"00101","area":16777216}`},
		"keys":              {`{"ksi":0}`, `{"ksi":7,"ck":"00"}`, `{}`},
		"kc":                {`{"ksi":3}`},
		"epsnsc":            {`{"ksi":0}`, `{"ksi":7,"eps_algorithms":1}`},
		"5gauthkeys":        {`{}`, `{"empty":false}`},
		"start-hfn":         {`{"cs":16777216}`, `{"ps":16777216}`, `{"cs":-1}`},
		"threshold":         {`16777216`},
		"plmnwact":          {`[{"plmn":"00101","act":"LTE"}]`, `[{"plmn":"00101","act":""}]`, `[{"plmn":"0010","act":"GSM"}]`, `[{"plmn":"00101","rat":"GSM"}]`},
		"ehplmn":            {`["0010"]`, `"00101"`},
		"ehplmnpi":          {`"some"`, `3`},
		"hpplmn":            {`5`, `-6`, `1536`},
		"ad":                {`{"mnc_length":1}`, `{}`, `{"mode":256,"mnc_length":2}`},
		"isim/ad":           {`{"mnc_length":4}`},
		"acc":               {`[10]`, `[16]`, `[-1]`},
		"spdi":              {`["0010"]`},
		"opl":               {`{"plmn":"00101","from":2,"to":1}`, `{"plmn":"00101","to":65536}`, `{"plmn":"0010X"}`, `{"plmn":"0010"}`, `{"plmn":"0010-"}`},
		"pnn":               {`{}`, `{"full":"😀"}`, `{"full":"A","short":"😀"}`},
		"sdn":               {`"12x"`, `{"number":""  ,"name":"A"}`, `{"nummer":"1"}`, `5`, `{"number":"1","name":"😀"}`},
		"bdn":               {`{"number":"x","comparison":1}`},
		"smsp":              {`{"pid":256}`, `{"validity":-2}`, `{"smsc":"x"}`, `{"destination":"x"}`, `{"alpha":"😀"}`},
		"ecc":               {`{"number":"1234567"}`, `{"number":"1","alpha":"😀"}`},
		"gsm/ecc":           {`["1234567"]`},
		"acl":               {`["a..b"]`, `["a b"]`, `["` + strings.Repeat("a", 64) + `"]`, `["` + strings.Repeat("abcdefghi.", 10) + `a"]`},
		"ust":               {`[0]`, `[2041]`},
		"gsm/sst":           {`{"allocated":[0]}`, `{"activated":[1021]}`},
		"routing_indicator": {`""`, `"12345"`, `"a"`},
		"suci_calc_info": {`{}`, `{"schemes":[{"scheme":"null","key":1}]}`, `{"schemes":[{"scheme":"profile-a","key":1}]}`,
			`{"schemes":[{"scheme":"profile-a","key":0}]}`, `{"schemes":[{"scheme":"profile-a","key":1}],"keys":[{"id":1,"key":"00"}]}`,
			`{"schemes":[{"scheme":"profile-b","key":1}],"keys":[{"id":1,"key":"` + key + `"}]}`, `{"schemes":[{"scheme":"16","key":0}]}`,
			`{"schemes":[{"scheme":"profile-c","key":0}]}`},
		"isim/impi":     {`"a\nb"`},
		"isim/p-cscf":   {`"a b"`, `"a..b"`, `"fe80::1%eth0"`},
		"epdgselection": {`[{"plmn":"001"}]`},
		"supi_nai":      {`{"nsi":"\u0000"}`},
		"li":            {`["eng"]`, `["EN"]`},
		"ips":           {`{"result":"XX"}`},
		"mf/dir":        {`{"aid":"A000"}`},
		"gid1":          {`"0"`, `"xx"`},
	} {
		f, ok := rfm.Lookup(file)
		if !ok {
			t.Fatal(file)
		}
		for _, v := range values {
			if got, err := f.Encode(json.RawMessage(v), nil); err == nil || !strings.HasPrefix(err.Error(), "rfm: "+f.Title+": ") {
				t.Errorf("%s %s: %X, %v", file, v, got, err)
			}
		}
	}
	for file, v := range map[string]struct {
		value string
		size  int
	}{
		"spdi": {`["00101","00102"]`, 9}, "acl": {`["internet"]`, 11}, "ust": {`[9]`, 1}, "mbi": {`{"video":1}`, 4}, "msisdn": {`"1"`, 13},
		"fplmn": {`["00101","00102"]`, 3}, "ehplmn": {`[]`, 4}, "smsp": {`{"pid":0}`, 27}, "isim/impi": {`"user@realm"`, 11}, "pnn": {`{"full":"abc"}`, 5},
	} {
		f, _ := rfm.Lookup(file)
		if got, err := f.Encode(json.RawMessage(v.value), bytes.Repeat([]byte{0xFF}, v.size)); err == nil {
			t.Errorf("%s %s in %d octets: %X", file, v.value, v.size, got)
		}
	}
	f, _ := rfm.Lookup("imsi")
	if got, err := f.Encode(func() {}, nil); err == nil {
		t.Errorf("a function is %X", got)
	}
}

func TestOctetsThatSayNothing(t *testing.T) {
	t.Parallel()
	for file, list := range map[string][]string{
		"keys":              {"", "07", ff(32)},
		"epsnsc":            {"", "A1028000", "A000", "A034 800107 8120" + ff(31) + "820400000000 830400000000 840100FF", "A034"},
		"5gs3gppnsc":        {"A034 800107 8120" + ff(32) + "820400000000 830400000000 840100"},
		"5gauthkeys":        {"830100", "8001"},
		"start-hfn":         {"0000", "F00000F0000000"},
		"threshold":         {"00", "00000000"},
		"ehplmnpi":          {"", "03", "0000"},
		"isim/ad":           {"0000", "00000001"},
		"spdi":              {"", "A30180", "A3058003130014 00", "A4058003130014", "A3058103130014", "A30480020013"},
		"pnn":               {"4300", "430180", "4303A06771", "43028141 43028141", "440181", "43028141 00", "4303906771 FF00", "430490677100"},
		"opl":               {"00F110 0000 FFFE", "00A110 0000 FFFE 01", "00F110 0000 FFFE 01 00"},
		"li":                {"656E66", "4546"},
		"bdn":               {ff(14)},
		"mbi":               {"010203", "010203040506"},
		"gsm/ecc":           {"11F2", "1AF2FF"},
		"sms":               {"01"},
		"smss":              {"01", "01FF00"},
		"est":               {""},
		"uac_aic":           {"000000", "0000000000"},
		"hpplmn":            {"0A0A"},
		"ips":               {"4F4B01", "4F4F01FF"},
		"acl":               {"", "01", "01DC00", "01DD0108", "01DD0101 61", "00 00", "01DD020121", "01DD0100"},
		"isim/p-cscf":       {"8001 03", "8005 02 C0000201", "8002 0020", "80", "8009 00 312E322E332E34 2E"},
		"isim/impi":         {"800161 00", "8101 61", "8001 FF", "8001 0A"},
		"epdgselection":     {"8001 00", "8006 00F110 0001 02", "8006 00A110 0001 00", "81"},
		"mf/dir":            {"6101", "620100", "61024F"},
		"suci_calc_info":    {"", "A100", "A00100", "A0020000 A200", "A0020000 A1028000", "A0020000 A103800101", "A0020000A100A100", "A0020100 A100", "A0020000 A1048001018100 00"},
		"routing_indicator": {"F0FFFF", "FFFFFFFF", "FAFFFFFF"},
		"supi_nai":          {"8301 61", "8001 61 8001 61", "8001 00", "80"},
	} {
		f, ok := rfm.Lookup(file)
		if !ok {
			t.Fatal(file)
		}
		for _, s := range list {
			if v, err := f.Decode(octets(t, s)); err == nil || !strings.HasPrefix(err.Error(), "rfm: "+f.Title+": ") {
				t.Errorf("%s %s: %v, %v", file, s, v, err)
			}
		}
	}
}

func TestValuesOfKeysHoldNoKeys(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("5A", 32)
	for file, s := range map[string]string{
		"keys": "02" + secret, "keysps": "02" + secret, "kc": "5A5A5A5A5A5A5A5A02", "gsm/kcgprs": "5A5A5A5A5A5A5A5A02",
		"epsnsc":     "A034 800102 8120" + secret + "820400000000 830400000000 840100",
		"5gs3gppnsc": "A037 800102 8120" + secret + "820400000000 830400000000 840100 850100",
		"5gauthkeys": "8020" + secret + "8120" + secret,
	} {
		f, _ := rfm.Lookup(file)
		if !f.Secret {
			t.Errorf("%s is not secret", file)
		}
		v, err := f.Decode(octets(t, s))
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		shown, _ := json.Marshal(v)
		for _, words := range []string{string(shown), f.Describe(octets(t, s)), f.Describe(octets(t, s[:4]+"5A5A")), fmt.Sprintf("%+v %#v", v, v)} {
			if strings.Contains(strings.ToUpper(words), "5A5A") || strings.Contains(words, "90, 90") || strings.Contains(words, "ZZ") {
				t.Errorf("%s shows a key: %s", file, words)
			}
		}
		if diff := cmp.Diff(`{"ksi":2`, string(shown[:min(8, len(shown))])); diff != "" && file != "5gauthkeys" {
			t.Errorf("%s: %s", file, shown)
		}
	}
}
