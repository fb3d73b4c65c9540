package rfm

import (
	"strings"

	"github.com/simota/simota/sat"
)

// entry is a row of the table: the file, how its content is coded, and how a
// swap finds its content.
type entry struct {
	File
	codec codec
	want  want // nil: the content is only known from Identity.Values or Content
	// free says that Identity.Values and Content may give the content.
	free bool
}

const (
	given = true  // free: the identity may give the content
	fixed = false // the identity determines the content, or nobody does
)

// table is the one list of the files. Its order is the order of writing: lists
// and names; then what must agree with the new IMSI; then resets, which the
// phone would undo if they came long before the refresh; then the service
// centre directly before the IMSI. Rows behind IMSI are read only. Twins of the
// 2G view stand beside what they may be the same file as, SMSP and IMSI before
// both.
//
// Services, short identifiers, sizes and rights are as in 3GPP TS 31.102, TS
// 31.103, TS 51.011 and ETSI TS 102 221. From memory are: that EHPLMN replaces
// the home network of the IMSI, the least size of HPLMNwAcT, the reset of
// 5GAUTHKEYS, and the rights of files under DF.GSM.
var table = []entry{
	{usim("PLMNwAcT", 0x6F60, 0, "4.2.5", sfi(0x0A), list(5, 40), service(20), reset, optional, phone), accessCoding, wantNoPLMNwAcT, given},
	{usim("OPLMNwAcT", 0x6F61, 0, "4.2.53", sfi(0x11), list(5, 40), service(42)), accessCoding, wantPLMNwAcT, given},
	{usim("HPLMNwAcT", 0x6F62, 0, "4.2.54", sfi(0x13), list(5, 5), service(43)), accessCoding, wantPLMNwAcT, given},
	{usim("EHPLMN", 0x6FD9, 0, "4.2.84", sfi(0x1D), list(3, 3), service(71)), plmnsCoding("EHPLMN"), wantEHPLMN, given},
	{usim("EHPLMNPI", 0x6FDB, 1, "4.2.85", service(73), optional), oneOf("none", "highest", "all"), nil, given},
	{usim("HPPLMN", 0x6F31, 1, "4.2.6", sfi(0x12), optional), periodCoding, nil, given},
	{usim("LRPLMNSI", 0x6FDC, 1, "4.2.86", service(74), optional), oneOf("last", "home"), nil, given},
	{usim("SPN", 0x6F46, 17, "4.2.12", service(19)), spnCoding, nil, given},
	{usim("SPDI", 0x6FCD, 0, "4.2.66", sfi(0x1B), service(51)), spdiCoding, wantSPDI, given},
	{usim("PNN", 0x6FC5, 0, "4.2.58", sfi(0x19), record, least(3), service(45)), pnnCoding, nil, given},
	{usim("OPL", 0x6FC6, 0, "4.2.59", sfi(0x1A), record, least(8), service(46)), oplCoding(2), nil, given},
	{usim("GID1", 0x6F3E, 0, "4.2.10", least(1), service(17)), octetsCoding, nil, given},
	{usim("GID2", 0x6F3F, 0, "4.2.11", least(1), service(18)), octetsCoding, nil, given},
	{usim("LI", 0x6F05, 0, "4.2.1", sfi(0x02), list(2, 2), optional, phone), languagesCoding, nil, given},
	{mf("PL", 0x2F05, 0, "13.3", sfi(0x05), list(2, 2), optional, phone), languagesCoding, nil, given},
	{usim("UST", 0x6F38, 0, "4.2.8", sfi(0x04), least(1), optional), servicesCoding, nil, given},
	{usim("EST", 0x6F56, 0, "4.2.47", sfi(0x05), least(1), optional, phone), estCoding, nil, given},
	{usim("ACL", 0x6F57, 0, "4.2.48", least(2), service(35), optional, phone), aclCoding, nil, given},
	{usim("ECC", 0x6FB7, 0, "4.2.21", sfi(0x01), record, least(4)), eccCoding, nil, given},
	{usim("SDN", 0x6F49, 0, "4.2.29", record, least(14), service(4)), entryCoding, nil, given},
	{usim("MBDN", 0x6FC7, 0, "4.2.60", record, least(14), service(47), phone), entryCoding, nil, given},
	{usim("MBI", 0x6FC9, 0, "4.2.62", record, least(4), service(47), optional, phone), mbiCoding, nil, given},
	{usim("FDN", 0x6F3B, 0, "4.2.24", record, least(14), service(2), optional, phone), entryCoding, nil, given},
	{usim("BDN", 0x6F4D, 0, "4.2.44", record, least(15), service(6), optional, phone), bdnCoding, nil, given},
	{usim("ePDGId", 0x6FF3, 0, "", service(106)), hostCoding, nil, given},
	{usim("ePDGSelection", 0x6FF4, 0, "", service(107)), gatewaysCoding, nil, given},
	{usim("MSISDN", 0x6F40, 0, "4.2.26", record, least(14), service(21), phone), entryCoding, wantMSISDN, fixed},
	{fiveGS("UAC_AIC", 0x4F06, 4, "4.4.11.7", sfi(0x06), service(126)), uacCoding, wantNoUAC, given},
	{fiveGS("OPL5G", 0x4F08, 0, "4.4.11.9", sfi(0x08), record, least(10), service(129)), oplCoding(3), nil, given},
	{telecom("PSISMSC", 0x6FE5, 0, "", record, service(91), phone, of(tsUSIM)), uriCoding, nil, given},
	{isim("IMPI", 0x6F02, 0, "4.2.2", sfi(0x02)), uriCoding, wantIMPI, given},
	{isim("DOMAIN", 0x6F03, 0, "4.2.3", sfi(0x05)), uriCoding, wantDomain, given},
	{isim("IMPU", 0x6F04, 0, "4.2.4", sfi(0x04), record), uriCoding, wantIMPU, given},
	{isim("IST", 0x6F07, 0, "4.2.7", sfi(0x07), least(1), optional), servicesCoding, nil, given},
	{isim("P-CSCF", 0x6F09, 0, "4.2.8", record, service(1)), hostCoding, nil, given},

	{gsm("PLMNsel", 0x6F30, 0, "10.3.4", list(3, 24), reset, optional, phone), plmnsCoding("PLMNsel"), wantFPLMN, given},
	{gsm("PLMNwAcT", 0x6F60, 0, "", list(5, 40), reset, optional, phone, twin("plmnwact")), accessCoding, wantNoPLMNwAcT, given},
	{gsm("OPLMNwAcT", 0x6F61, 0, "", list(5, 40), twin("oplmnwact")), accessCoding, wantPLMNwAcT, given},
	{gsm("HPLMNwAcT", 0x6F62, 0, "", list(5, 5), twin("hplmnwact")), accessCoding, wantPLMNwAcT, given},
	{gsm("HPPLMN", 0x6F31, 1, "", optional, twin("hpplmn")), periodCoding, nil, given},
	{gsm("SPN", 0x6F46, 17, "10.3.11", twin("spn")), spnCoding, nil, given},
	{gsm("SPDI", 0x6FCD, 0, "", twin("spdi")), spdiCoding, wantSPDI, given},
	{gsm("PNN", 0x6FC5, 0, "", record, least(3), twin("pnn")), pnnCoding, nil, given},
	{gsm("OPL", 0x6FC6, 0, "", record, least(8), twin("opl")), oplCoding(2), nil, given},
	{gsm("GID1", 0x6F3E, 0, "", least(1), twin("gid1")), octetsCoding, nil, given},
	{gsm("GID2", 0x6F3F, 0, "", least(1), twin("gid2")), octetsCoding, nil, given},
	{gsm("SST", 0x6F38, 0, "10.3.7", least(2), optional), sstCoding, nil, given},
	{gsm("ECC", 0x6FB7, 0, "10.3.27", list(3, 3)), codesCoding, nil, given},
	{gsm("MBDN", 0x6FC7, 0, "", record, least(14), phone, twin("mbdn")), entryCoding, nil, given},
	{gsm("MBI", 0x6FC9, 0, "", record, least(4), optional, phone, twin("mbi")), mbiCoding, nil, given},
	{telecom("SDN", 0x6F49, 0, "", record, least(14), twin("sdn")), entryCoding, nil, given},
	{telecom("FDN", 0x6F3B, 0, "", record, least(14), optional, phone, twin("fdn")), entryCoding, nil, given},
	{telecom("BDN", 0x6F4D, 0, "", record, least(15), optional, phone, twin("bdn")), bdnCoding, nil, given},
	{telecom("MSISDN", 0x6F40, 0, "", record, least(14), phone, twin("msisdn")), entryCoding, wantMSISDN, fixed},
	{gsm("ACC", 0x6F78, 2, "10.3.15", twin("acc")), accCoding, wantACC, fixed},
	{gsm("AD", 0x6FAD, 0, "10.3.18", least(3), twin("ad")), shortADCoding, wantShortAD, fixed},

	{usim("ACC", 0x6F78, 2, "4.2.15", sfi(0x06)), accCoding, wantACC, fixed},
	{usim("AD", 0x6FAD, 0, "4.2.18", sfi(0x03), least(4)), adCoding, wantAD, fixed},
	{fiveGS("Routing_Indicator", 0x4F0A, 4, "4.4.11.11", sfi(0x0A), service(124)), routingCoding, nil, given},
	{fiveGS("SUCI_Calc_Info", 0x4F07, 0, "4.4.11.8", sfi(0x07), service(124)), suciCoding, nil, given},

	{gsm("Kc", 0x6F20, 9, "10.3.3", reset, secret, phone, twin("kc")), keysCoding(8, false), wantNoKc, fixed},
	{gsm("KcGPRS", 0x6F52, 9, "", reset, secret, phone, twin("kcgprs")), keysCoding(8, false), wantNoKc, fixed},
	{gsm("LOCI", 0x6F7E, 11, "10.3.17", reset, phone, twin("loci")), shapeLOCI.coding(), wantLocation(EncodeLOCI), fixed},
	{gsm("LOCIGPRS", 0x6F53, 14, "", reset, phone, twin("psloci")), shapePSLOCI.coding(), wantLocation(EncodePSLOCI), fixed},
	{gsm("FPLMN", 0x6F7B, 0, "10.3.16", list(3, 12), reset, phone, twin("fplmn")), plmnsCoding("FPLMN"), wantFPLMN, fixed},
	{gsm("BCCH", 0x6F74, 16, "10.3.14", reset, phone), octetsCoding, wantBlank, fixed},
	{access("Kc", 0x4F20, 9, "4.4.3.1", sfi(0x01), reset, secret, phone), keysCoding(8, false), wantNoKc, fixed},
	{access("KcGPRS", 0x4F52, 9, "4.4.3.2", sfi(0x02), reset, secret, phone), keysCoding(8, false), wantNoKc, fixed},
	{fiveGS("5GS3GPPLOCI", 0x4F01, 20, "4.4.11.2", sfi(0x01), service(122), reset, phone), shape5GSLOCI.coding(), wantLocation(Encode5GSLOCI), fixed},
	{fiveGS("5GSN3GPPLOCI", 0x4F02, 20, "4.4.11.3", sfi(0x02), service(122), reset, phone), shape5GSLOCI.coding(), wantLocation(Encode5GSLOCI), fixed},
	{fiveGS("5GS3GPPNSC", 0x4F03, 0, "4.4.11.4", sfi(0x03), record, least(57), service(122), reset, secret, phone), contextCoding(6), wantBlank, fixed},
	{fiveGS("5GSN3GPPNSC", 0x4F04, 0, "4.4.11.5", sfi(0x04), record, least(57), service(122), reset, secret, phone), contextCoding(6), wantBlank, fixed},
	{fiveGS("5GAUTHKEYS", 0x4F05, 0, "4.4.11.6", sfi(0x05), least(68), service(123), reset, secret, phone), authKeysCoding, wantBlank, fixed},
	{usim("Keys", 0x6F08, 33, "4.2.3", sfi(0x08), reset, secret, phone), keysCoding(32, true), wantNoKeys, fixed},
	{usim("KeysPS", 0x6F09, 33, "4.2.4", sfi(0x09), reset, secret, phone), keysCoding(32, true), wantNoKeys, fixed},
	{usim("LOCI", 0x6F7E, 11, "4.2.17", sfi(0x0B), reset, phone), shapeLOCI.coding(), wantLocation(EncodeLOCI), fixed},
	{usim("PSLOCI", 0x6F73, 14, "4.2.23", sfi(0x0C), reset, phone), shapePSLOCI.coding(), wantLocation(EncodePSLOCI), fixed},
	{usim("EPSLOCI", 0x6FE3, 18, "4.2.91", sfi(0x1E), service(85), reset, phone), shapeEPSLOCI.coding(), wantLocation(EncodeEPSLOCI), fixed},
	{usim("EPSNSC", 0x6FE4, 0, "4.2.92", sfi(0x18), record, least(54), service(85), reset, secret, phone), contextCoding(5), wantBlank, fixed},
	{usim("START-HFN", 0x6F5B, 6, "4.2.51", sfi(0x0F), reset, phone), startHFNCoding, wantSTARTHFN, fixed},
	{usim("FPLMN", 0x6F7B, 0, "4.2.16", sfi(0x0D), list(3, 12), reset, phone), plmnsCoding("FPLMN"), wantFPLMN, fixed},
	{usim("NETPAR", 0x6FC4, 0, "4.2.57", reset, phone), octetsCoding, wantBlank, fixed},
	{telecom("SMSP", 0x6F42, 0, "", record, least(28), phone, twin("smsp")), smspCoding, wantSMSP, fixed},
	{gsm("IMSI", 0x6F07, 9, "10.3.2", whole, twin("imsi")), imsiCoding, wantIMSI, fixed},
	{usim("SMSP", 0x6F42, 0, "4.2.27", record, least(28), service(12), phone), smspCoding, wantSMSP, fixed},
	{usim("IMSI", 0x6F07, 9, "4.2.2", sfi(0x07), whole), imsiCoding, wantIMSI, fixed},

	{usim("THRESHOLD", 0x6F5C, 3, "4.2.52", sfi(0x10), untouched), thresholdCoding, nil, fixed},
	{usim("SMS", 0x6F3C, 176, "4.2.25", record, service(10), untouched, phone), messageCoding, nil, fixed},
	{usim("SMSS", 0x6F43, 0, "4.2.28", least(2), service(10), untouched, phone), smssCoding, nil, fixed},
	{usim("SMSR", 0x6F47, 30, "4.2.32", record, service(11), untouched, phone), messageCoding, nil, fixed},
	{usim("UICCIARI", 0x6FE7, 0, "", record, service(95), untouched), octetsCoding, nil, fixed},
	{usim("IPS", 0x6FF1, 4, "", cyclic, service(102), untouched), pairingCoding, nil, fixed},
	{usim("ARR", 0x6F06, 0, "4.2.55", sfi(0x17), record, untouched), octetsCoding, nil, fixed},
	{fiveGS("SUPI_NAI", 0x4F09, 0, "4.4.11.10", sfi(0x09), service(130), untouched), naiCoding, nil, fixed},
	{fiveGS("URSP", 0x4F0B, 0, "4.4.11.12", sfi(0x0B), berTLV, service(132), optional), octetsCoding, nil, fixed},
	{isim("AD", 0x6FAD, 0, "4.2.5", sfi(0x03), least(3), untouched), shortADCoding, nil, fixed},
	{telecom("SMS", 0x6F3C, 176, "", record, untouched, phone, twin("sms")), messageCoding, nil, fixed},
	{telecom("SMSS", 0x6F43, 0, "", least(2), untouched, phone, twin("smss")), smssCoding, nil, fixed},
	{telecom("SMSR", 0x6F47, 30, "", record, untouched, phone, twin("smsr")), messageCoding, nil, fixed},
	{telecom("ADN", 0x6F3A, 0, "", record, least(14), untouched, phone, of(tsUSIM+", 4.4.2.3")), entryCoding, nil, fixed},
	{mf("DIR", 0x2F00, 0, "13.1", sfi(0x1E), record, untouched), dirCoding, nil, fixed},
	{mf("ARR", 0x2F06, 0, "13.4", sfi(0x06), record, untouched), octetsCoding, nil, fixed},
	{mf("ICCID", 0x2FE2, 10, "13.2", sfi(0x02), untouched, bare), iccidCoding, nil, fixed},
}

func record(f *File)    { f.Structure = LinearFixed }
func cyclic(f *File)    { f.Structure = Cyclic }
func berTLV(f *File)    { f.Structure = BERTLV }
func reset(f *File)     { f.Reset, f.Swap = true, Cleared }
func secret(f *File)    { f.Secret = true }
func phone(f *File)     { f.Whole = true }
func whole(f *File)     { f.Whole = true }
func optional(f *File)  { f.Swap = Optional }
func untouched(f *File) { f.Swap = Untouched }
func bare(f *File)      { f.Name, f.Title = "iccid", "ICCID" }

func sfi(n byte) func(*File)       { return func(f *File) { f.SFI = n } }
func least(n int) func(*File)      { return func(f *File) { f.Least = n } }
func service(n int) func(*File)    { return func(f *File) { f.Service = n } }
func twin(name string) func(*File) { return func(f *File) { f.Twin = name } }

func of(clause string) func(*File) { return func(f *File) { f.Clause = clause } }

// list is a file of entries of unit octets, least octets or more.
func list(unit, least int) func(*File) { return func(f *File) { f.Unit, f.Least = unit, least } }

// row is a file; title may begin with its directory.
func row(title string, path []sat.FID, size int, standard, clause string, traits []func(*File)) File {
	f := File{
		Name: strings.ToLower(title), Title: title, FID: path[len(path)-1], Path: path, Size: size, Least: size,
		Swap: Written, Clause: standard,
	}
	if clause != "" {
		f.Clause += ", " + clause
	}
	for _, t := range traits {
		t(&f)
	}
	return f
}

const (
	tsUSIM = "3GPP TS 31.102"
	tsISIM = "3GPP TS 31.103"
	tsSIM  = "3GPP TS 51.011"
	tsUICC = "ETSI TS 102 221"
)

// usim is a file directly under ADF.USIM.
func usim(title string, fid sat.FID, size int, clause string, traits ...func(*File)) File {
	return row(title, []sat.FID{sat.ADFUSIM, fid}, size, tsUSIM, clause, traits)
}

// fiveGS is a file of DF.5GS under ADF.USIM.
func fiveGS(title string, fid sat.FID, size int, clause string, traits ...func(*File)) File {
	return row(title, []sat.FID{sat.ADFUSIM, 0x5FC0, fid}, size, tsUSIM, clause, traits)
}

// access is a file of DF.GSM-ACCESS under ADF.USIM, service 27.
func access(title string, fid sat.FID, size int, clause string, traits ...func(*File)) File {
	return row(title, []sat.FID{sat.ADFUSIM, 0x5F3B, fid}, size, tsUSIM, clause, append(traits, service(27)))
}

// isim is a file directly under ADF.ISIM.
func isim(title string, fid sat.FID, size int, clause string, traits ...func(*File)) File {
	f := row("ISIM/"+title, []sat.FID{sat.ADFUSIM, fid}, size, tsISIM, clause, traits)
	f.App = isimAID
	return f
}

// gsm is a file of DF.GSM, the 2G view.
func gsm(title string, fid sat.FID, size int, clause string, traits ...func(*File)) File {
	return row("GSM/"+title, []sat.FID{sat.GSM, fid}, size, tsSIM, clause, traits)
}

// telecom is a file of DF.TELECOM, the 2G place of what ADF.USIM has too.
func telecom(title string, fid sat.FID, size int, clause string, traits ...func(*File)) File {
	return row("TELECOM/"+title, []sat.FID{sat.Telecom, fid}, size, tsSIM, clause, traits)
}

// mf is a file directly under the MF.
func mf(title string, fid sat.FID, size int, clause string, traits ...func(*File)) File {
	return row("MF/"+title, []sat.FID{fid}, size, tsUICC, clause, traits)
}
