package uicc

import (
	"slices"
	"strings"
)

// row is a file of the standard tree. Records is 0 for a transparent file; size is that of the file or a record.
// Without data the file is erased; data fills the first record.
type row struct {
	name, path    string
	sfi           byte
	records, size int
	data          []byte
}

// links are the 2G places of USIM files: one content, two paths, as on dual-mode cards.
var links = []struct{ name, path, of string }{
	{"GSM/IMSI", "7F20/6F07", "IMSI"}, {"GSM/LOCI", "7F20/6F7E", "LOCI"}, {"GSM/FPLMN", "7F20/6F7B", "FPLMN"},
	{"GSM/Kc", "7F20/6F20", "Kc"}, {"GSM/KcGPRS", "7F20/6F52", "KcGPRS"}, {"GSM/LOCIGPRS", "7F20/6F53", "PSLOCI"},
	{"GSM/SPN", "7F20/6F46", "SPN"}, {"GSM/ACC", "7F20/6F78", "ACC"}, {"GSM/AD", "7F20/6FAD", "AD"},
	{"GSM/GID1", "7F20/6F3E", "GID1"}, {"GSM/GID2", "7F20/6F3F", "GID2"}, {"GSM/HPPLMN", "7F20/6F31", "HPPLMN"},
	{"GSM/PLMNwAcT", "7F20/6F60", "PLMNwAcT"}, {"GSM/OPLMNwAcT", "7F20/6F61", "OPLMNwAcT"},
	{"GSM/HPLMNwAcT", "7F20/6F62", "HPLMNwAcT"}, {"GSM/PNN", "7F20/6FC5", "PNN"}, {"GSM/OPL", "7F20/6FC6", "OPL"},
	{"GSM/MBDN", "7F20/6FC7", "MBDN"}, {"GSM/MBI", "7F20/6FC9", "MBI"}, {"GSM/SPDI", "7F20/6FCD", "SPDI"},
	{"TELECOM/SMS", "7F10/6F3C", "SMS"}, {"TELECOM/MSISDN", "7F10/6F40", "MSISDN"}, {"TELECOM/SMSP", "7F10/6F42", "SMSP"},
	{"TELECOM/SMSS", "7F10/6F43", "SMSS"}, {"TELECOM/SMSR", "7F10/6F47", "SMSR"}, {"TELECOM/FDN", "7F10/6F3B", "FDN"},
	{"TELECOM/SDN", "7F10/6F49", "SDN"}, {"TELECOM/BDN", "7F10/6F4D", "BDN"},
}

// cyclic are the files of the standard tree with cyclic structure.
var cyclic = []string{"IPS", "ACM"}

// standardTree is the tree of 3GPP TS 31.102, 31.103 and 51.011 for a subscription that has just been made.
func standardTree(id identity) (*tree, error) {
	t := newTree()
	if id.mncLength == 0 {
		id.mncLength = 2
	}
	home := plmn(id.imsi, id.mncLength)
	for _, rows := range [][]row{
		sharedRows(id), identityRows(id), locationRows(home), networkRows(home), serviceRows(id), fiveGRows(home), isimRows(id),
	} {
		for _, r := range rows {
			c := &content{data: padded(r.size*max(1, r.records), r.data), cyclic: slices.Contains(cyclic, r.name)}
			if r.records > 0 {
				c.recLen = r.size
			}
			if err := t.place(r.path, &node{name: r.name, sfi: r.sfi, content: c}); err != nil {
				return nil, err
			}
		}
	}
	t.find("ICCID").readOnly = true
	for _, l := range links {
		if err := t.place(l.path, &node{name: l.name, content: t.find(l.of).content}); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// directory is a record of EF_DIR: the application template with its AID (ETSI TS 102 221, 13.1).
func directory(aid []byte) []byte {
	return padded(32, []byte{0x61, 0x12, 0x4F, 0x10}, aid)
}

func sharedRows(id identity) []row {
	return []row{
		{"ICCID", "2FE2", 0x02, 0, 10, bcd(id.iccid, 10)},
		{"DIR", "2F00", 0x1E, 2, 32, slices.Concat(directory(aidUSIM), directory(aidISIM))},
		{"PL", "2F05", 0x05, 0, 4, []byte("en")},
		{"ARR", "2F06", 0x06, 1, 32, accessRule},
		{"ADN", "7F10/6F3A", 0, 10, 28, nil},
		{"PSISMSC", "7F10/6FE5", 0, 1, 48, nil},
		{"RMA", "7F10/6F53", 0, 2, 32, nil},
		{"TELECOM/ARR", "7F10/6F06", 0, 1, 32, accessRule},
		{"PLMNsel", "7F20/6F30", 0, 0, 24, nil},
		{"BCCH", "7F20/6F74", 0, 0, 16, nil},
		{"GSM/SST", "7F20/6F38", 0, 0, 15, []byte{0xFF, 0x33, 0xFF, 0xFF, 0x3F}},
		{"GSM/ECC", "7F20/6FB7", 0, 0, 15, []byte{0x11, 0xF2, 0xFF}},
	}
}

// accessRule is a record of EF_ARR: read always, everything else with ADM1 (ETSI TS 102 221, 9.5).
var accessRule = []byte{0x80, 0x01, 0x01, 0x90, 0x00, 0x80, 0x01, 0x1A, 0xA4, 0x06, 0x83, 0x01, 0x0A, 0x95, 0x01, 0x08}

func identityRows(id identity) []row {
	class := 1 << (id.imsi[len(id.imsi)-1] - '0')
	noKey := []byte{0x07}
	noKc := slices.Concat(filled(8), noKey)
	return []row{
		{"IMSI", "7FFF/6F07", 0x07, 0, 9, encodeIMSI(id.imsi)},
		{"Keys", "7FFF/6F08", 0x08, 0, 33, noKey},
		{"KeysPS", "7FFF/6F09", 0x09, 0, 33, noKey},
		{"Kc", "7FFF/5F3B/4F20", 0x01, 0, 9, noKc},
		{"KcGPRS", "7FFF/5F3B/4F52", 0x02, 0, 9, noKc},
		{"ACC", "7FFF/6F78", 0x06, 0, 2, []byte{byte(class >> 8), byte(class)}},
		{"AD", "7FFF/6FAD", 0x03, 0, 4, []byte{0, 0, 0, byte(id.mncLength)}},
		{"MSISDN", "7FFF/6F40", 0, 2, 24, dialling(id.msisdn, 24)},
		{"GID1", "7FFF/6F3E", 0, 0, 8, nil},
		{"GID2", "7FFF/6F3F", 0, 0, 8, nil},
	}
}

// locationRows are the files of a phone that has not been on the air yet.
func locationRows(home []byte) []row {
	unknown, notUpdated := []byte{0, 0}, []byte{0xFF, 0x01}
	return []row{
		{"LOCI", "7FFF/6F7E", 0x0B, 0, 11, slices.Concat(filled(4), home, unknown, notUpdated)},
		{"PSLOCI", "7FFF/6F73", 0x0C, 0, 14, slices.Concat(filled(7), home, unknown, notUpdated)},
		{"EPSLOCI", "7FFF/6FE3", 0x1E, 0, 18, slices.Concat(filled(12), home, unknown, []byte{0x01})},
		{"EPSNSC", "7FFF/6FE4", 0x18, 1, 54, nil},
		{"START-HFN", "7FFF/6F5B", 0x0F, 0, 6, []byte{0xF0, 0, 0, 0xF0, 0, 0}},
		{"THRESHOLD", "7FFF/6F5C", 0x10, 0, 3, nil},
		{"NETPAR", "7FFF/6FC4", 0, 0, 128, nil},
		{"FPLMN", "7FFF/6F7B", 0x0D, 0, 12, nil},
		{"LRPLMNSI", "7FFF/6FDC", 0, 0, 1, []byte{0}},
		{"IPS", "7FFF/6FF1", 0, 2, 4, nil},
	}
}

func networkRows(home []byte) []row {
	access := []byte{0xC8, 0x80} // UTRAN, E-UTRAN, NG-RAN, GSM
	return []row{
		{"PLMNwAcT", "7FFF/6F60", 0x0A, 0, 40, holes(8)},
		{"OPLMNwAcT", "7FFF/6F61", 0x11, 0, 40, slices.Concat(home, access, holes(7))},
		{"HPLMNwAcT", "7FFF/6F62", 0x13, 0, 10, slices.Concat(home, access, holes(1))},
		{"EHPLMN", "7FFF/6FD9", 0x1D, 0, 15, nil},
		{"EHPLMNPI", "7FFF/6FDB", 0, 0, 1, []byte{0}},
		{"HPPLMN", "7FFF/6F31", 0x12, 0, 1, []byte{0x0A}},
		{"SPN", "7FFF/6F46", 0, 0, 17, []byte("\x01simota lab")},
		{"SPDI", "7FFF/6FCD", 0x1B, 0, 17, slices.Concat([]byte{0xA3, 0x05, 0x80, 0x03}, home)},
		{"PNN", "7FFF/6FC5", 0x19, 2, 24, nil},
		{"OPL", "7FFF/6FC6", 0x1A, 4, 8, nil},
		{"ePDGId", "7FFF/6FF3", 0, 0, 48, nil},
		{"ePDGSelection", "7FFF/6FF4", 0, 0, 48, nil},
	}
}

// holes are unused entries of a list of networks with access technologies.
func holes(n int) []byte {
	var b []byte
	for range n {
		b = append(b, 0xFF, 0xFF, 0xFF, 0, 0)
	}
	return b
}

func serviceRows(id identity) []row {
	// Services 2 4 12 17 18 19 20 21 27 28 34 35 42 43 45 46 47 51 71 85 122 124.
	services := []byte{0x0A, 0x08, 0x1F, 0x0C, 0x06, 0x76, 0x04, 0x00, 0x40, 0x00, 0x10, 0, 0, 0, 0, 0x0A, 0}
	return []row{
		{"LI", "7FFF/6F05", 0x02, 0, 4, []byte("en")},
		{"USIM/ARR", "7FFF/6F06", 0x17, 1, 32, accessRule},
		{"UST", "7FFF/6F38", 0x04, 0, 17, services},
		{"EST", "7FFF/6F56", 0x05, 0, 1, []byte{0}},
		{"ACL", "7FFF/6F57", 0, 0, 101, []byte{0}},
		{"ACM", "7FFF/6F39", 0, 3, 3, make([]byte, 9)},
		{"ECC", "7FFF/6FB7", 0x01, 5, 8, []byte{0x11, 0xF2, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0}},
		{"SMS", "7FFF/6F3C", 0, 5, 176, make([]byte, 5*176)},
		{"SMSP", "7FFF/6F42", 0, 2, 38, smsParameters(id.smsc, 38)},
		{"SMSS", "7FFF/6F43", 0, 0, 2, nil},
		{"SMSR", "7FFF/6F47", 0, 2, 30, []byte{0}},
		{"FDN", "7FFF/6F3B", 0, 5, 24, nil},
		{"SDN", "7FFF/6F49", 0, 5, 24, nil},
		{"BDN", "7FFF/6F4D", 0, 2, 25, nil},
		{"MBDN", "7FFF/6FC7", 0, 2, 24, nil},
		{"MBI", "7FFF/6FC9", 0, 1, 4, []byte{1, 0, 0, 0}},
		{"UICCIARI", "7FFF/6FE7", 0, 1, 32, nil},
	}
}

func fiveGRows(home []byte) []row {
	location := slices.Concat(filled(13), home, []byte{0, 0, 0, 0x01})
	return []row{
		{"5GS3GPPLOCI", "7FFF/5FC0/4F01", 0x01, 0, 20, location},
		{"5GSN3GPPLOCI", "7FFF/5FC0/4F02", 0x02, 0, 20, location},
		{"5GS3GPPNSC", "7FFF/5FC0/4F03", 0x03, 1, 62, nil},
		{"5GSN3GPPNSC", "7FFF/5FC0/4F04", 0x04, 1, 62, nil},
		{"5GAUTHKEYS", "7FFF/5FC0/4F05", 0x05, 0, 110, nil},
		{"UAC_AIC", "7FFF/5FC0/4F06", 0x06, 0, 4, make([]byte, 4)},
		{"SUCI_Calc_Info", "7FFF/5FC0/4F07", 0x07, 0, 64, []byte{0xA0, 0x02, 0, 0, 0xA1, 0}},
		{"OPL5G", "7FFF/5FC0/4F08", 0x08, 2, 10, nil},
		{"SUPI_NAI", "7FFF/5FC0/4F09", 0x09, 0, 64, nil},
		{"Routing_Indicator", "7FFF/5FC0/4F0A", 0x0A, 0, 4, []byte{0xF0}},
	}
}

// isimRows are the files of the ISIM, with the private and public identities that follow from the IMSI (3GPP TS 23.003,
// 13; TS 31.103).
func isimRows(id identity) []row {
	mnc := id.imsi[3 : 3+id.mncLength]
	domain := "ims.mnc" + strings.Repeat("0", 3-len(mnc)) + mnc + ".mcc" + id.imsi[:3] + ".3gppnetwork.org"
	text := func(s string) []byte { return append([]byte{0x80, byte(len(s))}, s...) }
	return []row{
		{"ISIM/IMPI", "ISIM/6F02", 0x02, 0, 80, text(id.imsi + "@" + domain)},
		{"ISIM/DOMAIN", "ISIM/6F03", 0x05, 0, 64, text(domain)},
		{"ISIM/IMPU", "ISIM/6F04", 0x04, 3, 80, text("sip:" + id.imsi + "@" + domain)},
		{"ISIM/AD", "ISIM/6FAD", 0x03, 0, 3, make([]byte, 3)},
		{"ISIM/ARR", "ISIM/6F06", 0x06, 1, 32, accessRule},
		{"ISIM/IST", "ISIM/6F07", 0x07, 0, 2, []byte{0x01, 0}},
		{"ISIM/P-CSCF", "ISIM/6F09", 0, 2, 48, nil},
	}
}
