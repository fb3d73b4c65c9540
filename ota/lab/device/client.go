package device

import (
	"fmt"
	"slices"

	"github.com/simota/simota/ota/cp"
)

// Client is the kind of provisioning client that a device has: what it checks, refuses, drops and merges.
type Client string

// Clients. All but Careful, Lenient and None behave as far as is known like a real one.
const (
	Careful     Client = "careful"        // does what the standard says and trusts nothing without NETWPIN or a PIN; the default
	Strict      Client = "cpclient"       // Intel's cpclient: reads octets exactly, wants everything complete
	Samsung     Client = "samsung"        // since May 2019: wants SEC and never checks the MAC
	Samsung2018 Client = "samsung-2018"   // the same before: takes messages without SEC
	Sailfish    Client = "sailfish"       // one internet and one MMS context, from a flat table of parms
	Gecko       Client = "gecko"          // KaiOS and Firefox OS: cannot read VENDORCONFIG, has a wrong key for an even IMSI
	Windows     Client = "windows-mobile" // Windows Mobile: GPRS and CSD only, short NAPIDs
	MediaTek    Client = "mediatek"       // feature phones: every text has a limit
	Lenient     Client = "lenient"        // takes whatever can be read
	None        Client = "none"           // no client: messages are acknowledged and thrown away
)

// Clients lists all kinds, the default first.
func Clients() []Client {
	return []Client{Careful, Strict, Samsung, Samsung2018, Sailfish, Gecko, Windows, MediaTek, Lenient, None}
}

// check is nil for the empty name, too, which means Careful.
func (c Client) check() error {
	if c != "" && !slices.Contains(Clients(), c) {
		return fmt.Errorf("device: client %q: want one of %v", c, Clients())
	}
	return nil
}

// rules are a client's. The zero value of each is what the standard has a client do.
type rules struct {
	signature

	// Of the push.
	octetType     bool // the content type is known as octet B6 only
	longLength    bool // its length is read in the long form only
	skipsHeaders  bool // headers behind the content type are skipped; without it they are taken for the document
	noVendorToken bool // a document with the token of VENDORCONFIG cannot be read

	content
}

// content is what a client makes of a document.
type content struct {
	flat         bool           // a characteristic is one table, with the parms of those inside it; see [flatten]
	napdefNeeds  []string       // parms without which a NAPDEF is dropped
	bearers      []string       // of which a NAPDEF must have one; nil for any
	firstBearer  bool           // and only its first counts
	untyped      string         // NAP-ADDRTYPE of a NAPDEF that has none
	logicalNeeds []string       // parms without which a PXLOGICAL is dropped
	proxyNeeds   []string       // and a PXPHYSICAL
	authTypes    []string       // of credentials; others are dropped
	appIDs       []string       // applications it knows; nil for all
	mms          []string       // those of them that are MMS
	limits       map[string]int // characters of "TYPE.PARM"; a characteristic with a longer one is dropped
	noApps       []string       // and those it takes nothing from
	thorough     bool           // demands more, and compares what is left: see thorough.go
	smsc, codes  bool           // takes a NAPDEF of GSM-SMS for the message centre, bookmarks sms: and tel: for short codes
	keepsAnyRest bool           // a document is good if anything in it is left; without it, if anything in it is of use
	// replaces says whether a new access point takes the place of an old one; nil means one of the same address and use.
	replaces func(old, new APN) bool
}

var (
	noPINMAC    = []cp.Security{cp.NETWPIN, cp.USERPIN, cp.USERNETWPIN}
	allMethods  = []cp.Security{cp.NETWPIN, cp.USERPIN, cp.USERNETWPIN, cp.USERPINMAC}
	papOrCHAP   = []string{"PAP", "CHAP"}
	cellular    = []string{"GSM-GPRS", "GSM-CSD"}
	mmsOnly     = []string{"w4"}
	mmsAndOther = []string{"w4", "ap0005"}
	anyNAPDEF   = []string{"NAPID", "NAP-ADDRESS"}
	wholeNAPDEF = []string{"NAPID", "NAME", "NAP-ADDRESS"}
	wholePXPHYS = []string{"PHYSICAL-PROXY-ID", "PXADDR", "TO-NAPID"}
)

// clients has the rules of all kinds but None.
var clients = map[Client]rules{
	Careful: {
		signature: signature{methods: noPINMAC, secFirst: true, upperCase: true, netwpin: standardKey},
		octetType: true,
		content: content{
			napdefNeeds: wholeNAPDEF, bearers: []string{"GSM-GPRS", "GSM-SMS"}, firstBearer: true, untyped: "E164",
			logicalNeeds: []string{"PROXY-ID", "NAME"}, proxyNeeds: wholePXPHYS, authTypes: papOrCHAP,
			mms: mmsAndOther, smsc: true, codes: true,
		},
	},
	Strict: {
		signature: signature{methods: allMethods, unsigned: true, secFirst: true, upperCase: true, netwpin: standardKey},
		octetType: true, longLength: true,
		content: content{
			napdefNeeds: wholeNAPDEF, bearers: cellular, firstBearer: true, untyped: "E164",
			logicalNeeds: []string{"PROXY-ID", "NAME"}, proxyNeeds: wholePXPHYS, authTypes: papOrCHAP,
			appIDs: []string{"w2", "w4", "w5", "w7", "25", "110", "143"}, mms: mmsOnly,
			thorough: true, codes: true, keepsAnyRest: true,
		},
	},
	Samsung: samsung(false), Samsung2018: samsung(true),
	Sailfish: {
		signature: signature{unsigned: true, unchecked: true}, skipsHeaders: true,
		content: content{
			flat: true, napdefNeeds: anyNAPDEF, authTypes: papOrCHAP, mms: mmsAndOther,
			replaces: func(old, new APN) bool { return old.MMS == new.MMS },
		},
	},
	Gecko: {
		signature:    signature{methods: []cp.Security{cp.NETWPIN, cp.USERPIN}, netwpin: geckoKey},
		skipsHeaders: true, noVendorToken: true,
		content: content{napdefNeeds: anyNAPDEF, untyped: "APN", proxyNeeds: []string{"PXADDR"}, authTypes: papOrCHAP, mms: mmsOnly},
	},
	Windows: {
		signature: signature{methods: noPINMAC, netwpin: standardKey}, skipsHeaders: true,
		content: content{
			napdefNeeds: anyNAPDEF, bearers: cellular, untyped: "APN", proxyNeeds: wholePXPHYS, authTypes: papOrCHAP, mms: mmsOnly,
			limits: map[string]int{"NAPDEF.NAPID": 16},
		},
	},
	MediaTek: {
		signature: signature{methods: allMethods, maxPIN: 10, netwpin: standardKey}, skipsHeaders: true,
		content: content{
			napdefNeeds: anyNAPDEF, untyped: "APN", proxyNeeds: []string{"PXADDR"}, authTypes: papOrCHAP, mms: mmsOnly,
			limits: map[string]int{
				"APPLICATION.APPID": 16, "NAPDEF.NAPID": 16, "PXLOGICAL.PROXY-ID": 32, "PXLOGICAL.NAME": 31,
				"PXPHYSICAL.PXADDR": 40, "PXAUTHINFO.PXAUTH-ID": 16, "PXAUTHINFO.PXAUTH-PW": 16,
			},
		},
	},
	Lenient: {
		signature: signature{unsigned: true, unchecked: true}, skipsHeaders: true,
		content: content{
			napdefNeeds: []string{"NAP-ADDRESS"}, untyped: "APN", proxyNeeds: []string{"PXADDR"}, mms: mmsAndOther,
			smsc: true, codes: true, keepsAnyRest: true,
		},
	},
}

// samsung are the rules of wsomacp. It has room for many access points and replaces none by its address.
func samsung(unsigned bool) rules {
	return rules{
		signature: signature{unsigned: unsigned, unchecked: true}, skipsHeaders: true,
		content: content{
			napdefNeeds: anyNAPDEF, untyped: "APN", proxyNeeds: []string{"PXADDR"}, authTypes: papOrCHAP, mms: mmsOnly,
			noApps:   []string{"w7"}, // SUPPORT_OMADM_BOOTSTRAP is false
			replaces: func(old, new APN) bool { return old == new },
		},
	}
}
