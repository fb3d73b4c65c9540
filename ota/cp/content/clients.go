package content

import "slices"

// Client is a program in devices that takes provisioning documents.
type Client struct {
	Name  string `json:"name"`  // as in [Finding.By]
	About string `json:"about"` // a sentence
}

// Names of clients.
const (
	cpclient      = "cpclient"
	sailfish      = "sailfish"
	gecko         = "gecko"
	samsung       = "samsung"
	windowsMobile = "windows-mobile"
	vodafone      = "qualcomm-vdf"
	s40           = "s40"
	mediatek      = "mediatek"
	phones        = "phones"
)

// Clients lists the clients that [Check] knows. What it does not know of a
// device is no promise: many have no client at all, iPhones and Android without
// a maker's own among them, and most gateways and modems.
func Clients() []Client {
	return []Client{
		{cpclient, "Intel's client for Linux devices, the strictest one that can be run: every rule was seen in its source or by running it."},
		{sailfish, "The provisioning service of Sailfish OS: reads access points for internet and MMS, and checks no MAC in its decoder."},
		{gecko, "Gecko, as in KaiOS and Firefox OS phones: checks NETWPIN by itself and asks for a USERPIN; no other security method."},
		{samsung, "Samsung's Android phones: an access point that is there already is not overwritten; since May 2019 nothing is taken without authentication."},
		{windowsMobile, "Windows Mobile and Windows Phone, by Microsoft's documents."},
		{vodafone, "Qualcomm's parser for one operator's Wi-Fi calling settings: shows how little some clients read."},
		{s40, "Nokia's Series 40 phones."},
		{mediatek, "MediaTek's feature phones (plutommi), whose fields have fixed lengths."},
		{phones, "What most phones of any make have in common."},
	}
}

// clientRules are in the order of Clients.
var clientRules = slices.Concat(cpclientAccess, cpclientApplications, cpclientDocument, handsetRules, mediatekRules, phonesRules)
