package cp

// Global tokens of WBXML 1.3 (WAP-192-WBXML, 7.1). LITERAL is a tag like any
// other, so it comes with and without attributes and content; the three of
// each EXT are consecutive.
const (
	tokSwitchPage = 0x00
	tokEnd        = 0x01
	tokEntity     = 0x02
	tokStrI       = 0x03
	tokLiteral    = 0x04
	tokExtI       = 0x40
	tokPI         = 0x43
	tokLiteralC   = 0x44
	tokExtT       = 0x80
	tokStrT       = 0x83
	tokLiteralA   = 0x84
	tokExt        = 0xC0
	tokOpaque     = 0xC3
	tokLiteralAC  = 0xC4

	tagHasAttributes = 0x80
	tagHasContent    = 0x40
	tagMask          = 0x3F
	valueBit         = 0x80 // of attribute values, clear in attribute starts
)

// Header of every body written here: WBXML 1.3, PROV 1.0, UTF-8, no string
// table.
const (
	wbxmlVersion  = 0x03
	publicIDProv  = 0x0B
	charsetUTF8   = 0x6A
	publicIDText  = "-//WAPFORUM//DTD PROV 1.0//EN"
	tagRoot       = 0x05
	tagChar       = 0x06
	tagParm       = 0x07
	startName     = 0x05
	startValue    = 0x06
	startVersion  = 0x45
	startVersion1 = 0x46
	startType     = 0x50
)

// words has, at each token of one code page, the word it stands for; empty
// where there is none.
type words [256]string

// run numbers consecutive tokens; an empty word leaves a gap.
func run(first byte, list ...string) words {
	var w words
	copy(w[first:], list)
	return w
}

func merge(parts ...words) words {
	var all words
	for _, p := range parts {
		for t, s := range p {
			if s != "" {
				all[t] = s
			}
		}
	}
	return all
}

// nameTokens are the attribute starts name="..." of both pages (ProvCont 1.1), beside the bare name= (05).
var nameTokens = [2]words{
	merge(
		run(0x07, "NAME", "NAP-ADDRESS", "NAP-ADDRTYPE", "CALLTYPE", "VALIDUNTIL", "AUTHTYPE", "AUTHNAME", "AUTHSECRET", "LINGER"),
		run(0x10, "BEARER", "NAPID", "COUNTRY", "NETWORK", "INTERNET", "PROXY-ID", "PROXY-PROVIDER-ID", "DOMAIN"),
		run(0x18, "PROVURL", "PXAUTH-TYPE", "PXAUTH-ID", "PXAUTH-PW", "STARTPAGE", "BASAUTH-ID", "BASAUTH-PW", "PUSHENABLED"),
		run(0x20, "PXADDR", "PXADDRTYPE", "TO-NAPID", "PORTNBR", "SERVICE", "LINKSPEED", "DNLINKSPEED", "LOCAL-ADDR"),
		run(0x28, "LOCAL-ADDRTYPE", "CONTEXT-ALLOW", "TRUST", "MASTER", "SID", "SOC", "WSP-VERSION", "PHYSICAL-PROXY-ID"),
		run(0x30, "CLIENT-ID", "DELIVERY-ERR-SDU", "DELIVERY-ORDER", "TRAFFIC-CLASS", "MAX-SDU-SIZE", "MAX-BITRATE-UPLINK", "MAX-BITRATE-DNLINK", "RESIDUAL-BER"),
		run(0x38, "SDU-ERROR-RATIO", "TRAFFIC-HANDL-PRIO", "TRANSFER-DELAY", "GUARANTEED-BITRATE-UPLINK", "GUARANTEED-BITRATE-DNLINK", "PXADDR-FQDN", "PROXY-PW", "PPGAUTH-TYPE"),
		run(0x47, "PULLENABLED", "DNS-ADDR", "MAX-NUM-RETRY", "FIRST-RETRY-TIMEOUT", "REREG-THRESHOLD", "T-BIT", "", "AUTH-ENTITY", "SPI"),
	),
	merge(
		run(0x07, "NAME"), run(0x14, "INTERNET"), run(0x1C, "STARTPAGE"), run(0x22, "TO-NAPID", "PORTNBR", "SERVICE"),
		run(0x2E, "AACCEPT", "AAUTHDATA", "AAUTHLEVEL", "AAUTHNAME", "AAUTHSECRET", "AAUTHTYPE", "ADDR", "ADDRTYPE", "APPID", "APROTOCOL", "PROVIDER-ID", "TO-PROXY", "URI", "RULE"),
		run(0x3C, "APPREF", "TO-APPREF"), // of Kannel
	),
}

// typeTokens are the attribute starts type="...", beside the bare type= (50).
var typeTokens = [2]words{
	merge(
		run(0x51, "PXLOGICAL", "PXPHYSICAL", "PORT", "VALIDITY", "NAPDEF", "BOOTSTRAP", "VENDORCONFIG", "CLIENTIDENTITY", "PXAUTHINFO", "NAPAUTHINFO", "ACCESS"),
		run(0x5C, "BEARERINFO", "DNS-ADDRINFO"), // of Kannel
	),
	merge(
		run(0x53, "PORT", "", "APPLICATION", "APPADDR", "APPAUTH", "CLIENTIDENTITY", "RESOURCE"),
		run(0x5A, "WLAN", "SEC-SSID", "EAP", "CERT", "WEPKEY"), // of Kannel
	),
}

// valueTokens are the attribute values. The 80 to 83 of the candidate of 2002
// on page 1 cannot be told from global tokens and are not read.
var valueTokens = [2]words{
	merge(
		run(0x85, "IPV4", "IPV6", "E164", "ALPHA", "APN", "SCODE", "TETRA-ITSI", "MAN"),
		run(0x90, "ANALOG-MODEM", "V.120", "V.110", "X.31", "BIT-TRANSPARENT", "DIRECT-ASYNCHRONOUS-DATA-SERVICE"),
		run(0x9A, "PAP", "CHAP", "HTTP-BASIC", "HTTP-DIGEST", "WTLS-SS", "MD5"),
		run(0xA2, "GSM-USSD", "GSM-SMS", "ANSI-136-GUTS", "IS-95-CDMA-SMS", "IS-95-CDMA-CSD", "IS-95-CDMA-PACKET", "ANSI-136-CSD", "ANSI-136-GPRS"),
		run(0xAA, "GSM-CSD", "GSM-GPRS", "AMPS-CDPD", "PDC-CSD", "PDC-PACKET", "IDEN-SMS", "IDEN-CSD", "IDEN-PACKET"),
		run(0xB2, "FLEX/REFLEX", "PHS-SMS", "PHS-CSD", "TETRA-SDS", "TETRA-PACKET", "ANSI-136-GHOST", "MOBITEX-MPAK", "CDMA2000-1X-SIMPLE-IP", "CDMA2000-1X-MOBILE-IP"),
		run(0xBB, "3G-GSM", "WLAN"), // of Kannel
		run(0xC5, "AUTOBAUDING"),
		run(0xCA, "CL-WSP", "CO-WSP", "CL-SEC-WSP", "CO-SEC-WSP", "CL-SEC-WTA", "CO-SEC-WTA", "OTA-HTTP-TO", "OTA-HTTP-TLS-TO", "OTA-HTTP-PO", "OTA-HTTP-TLS-PO"),
		run(0xE0, "AAA", "HA"),
	),
	merge(
		run(0x86, "IPV6", "E164", "ALPHA"),
		run(0x8D, "APPSRV", "OBEX"),
		run(0x90, ",", "HTTP-", "BASIC", "DIGEST"),
	),
}

// contested lists words that some known client's table spells otherwise or
// lacks, and the extensions that only Kannel knows: they are read as tokens and
// written as strings.
var contested = map[string]bool{
	"DELIVERY-ERR-SDU": true, "IS-95-CDMA-PACKET": true, "AUTOBAUDING": true,
	"TETRA-SDS": true, "TETRA-PACKET": true, "CDMA2000-1X-SIMPLE-IP": true, "CDMA2000-1X-MOBILE-IP": true,
	"AAA": true, "HA": true, "VENDORCONFIG": true,
	"APPREF": true, "TO-APPREF": true, "BEARERINFO": true, "DNS-ADDRINFO": true, "3G-GSM": true, "WLAN": true,
	"SEC-SSID": true, "EAP": true, "CERT": true, "WEPKEY": true,
}

// code is an attribute token and the page it is on.
type code struct{ page, token byte }

// codes inverts a table; a word on both pages is written on page 0.
func codes(pages ...words) map[string]code {
	inverse := make(map[string]code)
	for page, table := range pages {
		for token, word := range table {
			if _, onLower := inverse[word]; word != "" && !onLower && !contested[word] {
				inverse[word] = code{byte(page), byte(token)}
			}
		}
	}
	return inverse
}

// Values are written with page 0 alone, so that value= and its token are never
// parted by a page switch.
var (
	nameCodes  = codes(nameTokens[:]...)
	typeCodes  = codes(typeTokens[:]...)
	valueCodes = codes(valueTokens[0])
)

// attrStarts are all attribute starts of both pages as the decoder wants them.
var attrStarts = [2][256]attr{startsOf(0), startsOf(1)}

func startsOf(page int) (list [256]attr) {
	for token := range list {
		switch name, typ := nameTokens[page][token], typeTokens[page][token]; {
		case name != "":
			list[token] = attr{name: attrName, value: name}
		case typ != "":
			list[token] = attr{name: attrType, value: typ}
		default:
			list[token] = attr{unknown: true}
		}
	}
	list[startName] = attr{name: attrName}
	list[startValue] = attr{name: attrValue}
	list[startType] = attr{name: attrType}
	if page == 0 {
		list[startVersion] = attr{name: attrVersion}
		list[startVersion1] = attr{name: attrVersion, value: "1.0"}
	}
	return list
}
