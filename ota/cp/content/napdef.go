package content

import "github.com/simota/simota/ota/cp"

// NAPDef is a network access point (NAPDEF).
type NAPDef struct {
	NAPID         string   // what others refer to
	Bearers       []string // as "GSM-GPRS"; the first is the one that counts
	Name          string   // shown to the user
	Address       string   // NAP-ADDRESS: the APN or a telephone number
	AddrType      string   // NAP-ADDRTYPE, as "APN"; empty means "E164"
	Internet      bool     // access to everything, not to one service
	DNSAddrs      []string // DNS-ADDR
	CallType      string   // of GSM-CSD; empty means "ANALOG-MODEM"
	LocalAddr     string   // the device's own address
	LocalAddrType string   // "IPV4" or "IPV6"; empty means "IPV6"
	LinkSpeed     string   // bit/s, or "AUTOBAUDING"
	DNLinkSpeed   string   // the same for the way down
	Linger        string   // seconds without traffic until the bearer is closed
	QoS           QoS
	MobileIP      MobileIP
	Auth          []NAPAuthInfo
	Validity      []Validity
	Rest
}

// QoS is the quality of service of a NAPDEF. Values are hexadecimal, coded as
// in TS 24.008, 10.5.6.5.
type QoS struct {
	DeliveryErrSDU, DeliveryOrder, TrafficClass, MaxSDUSize string
	MaxBitrateUplink, MaxBitrateDnlink                      string
	ResidualBER, SDUErrorRatio, TrafficHandlPrio            string
	TransferDelay                                           string
	GuaranteedBitrateUplink, GuaranteedBitrateDnlink        string
}

// MobileIP is what a NAPDEF of the bearer CDMA2000-1X-MOBILE-IP has more.
type MobileIP struct {
	MaxNumRetry, FirstRetryTimeout, ReregThreshold string // hexadecimal
	TBit                                           bool   // reverse tunnel
}

func (n *NAPDef) parms() []parm {
	q, m := &n.QoS, &n.MobileIP
	return []parm{
		{name: "NAPID", to: &n.NAPID}, {name: "BEARER", to: &n.Bearers}, {name: "NAME", to: &n.Name},
		{name: "NAP-ADDRESS", to: &n.Address}, {name: "NAP-ADDRTYPE", to: &n.AddrType}, {name: "INTERNET", to: &n.Internet},
		{name: "DNS-ADDR", to: &n.DNSAddrs}, {name: "CALLTYPE", to: &n.CallType},
		{name: "LOCAL-ADDR", to: &n.LocalAddr}, {name: "LOCAL-ADDRTYPE", to: &n.LocalAddrType},
		{name: "LINKSPEED", to: &n.LinkSpeed}, {name: "DNLINKSPEED", to: &n.DNLinkSpeed}, {name: "LINGER", to: &n.Linger},
		{name: "DELIVERY-ERR-SDU", to: &q.DeliveryErrSDU}, {name: "DELIVERY-ORDER", to: &q.DeliveryOrder},
		{name: "TRAFFIC-CLASS", to: &q.TrafficClass}, {name: "MAX-SDU-SIZE", to: &q.MaxSDUSize},
		{name: "MAX-BITRATE-UPLINK", to: &q.MaxBitrateUplink}, {name: "MAX-BITRATE-DNLINK", to: &q.MaxBitrateDnlink},
		{name: "RESIDUAL-BER", to: &q.ResidualBER}, {name: "SDU-ERROR-RATIO", to: &q.SDUErrorRatio},
		{name: "TRAFFIC-HANDL-PRIO", to: &q.TrafficHandlPrio}, {name: "TRANSFER-DELAY", to: &q.TransferDelay},
		{name: "GUARANTEED-BITRATE-UPLINK", to: &q.GuaranteedBitrateUplink},
		{name: "GUARANTEED-BITRATE-DNLINK", to: &q.GuaranteedBitrateDnlink},
		{name: "MAX-NUM-RETRY", to: &m.MaxNumRetry}, {name: "FIRST-RETRY-TIMEOUT", to: &m.FirstRetryTimeout},
		{name: "REREG-THRESHOLD", to: &m.ReregThreshold}, {name: "T-BIT", to: &m.TBit},
	}
}

func (n *NAPDef) children() []child {
	return []child{list("NAPAUTHINFO", &n.Auth), list("VALIDITY", &n.Validity)}
}

// NAPAuthInfo is how a device proves itself to a network access point
// (NAPAUTHINFO).
type NAPAuthInfo struct {
	Type     string // AUTHTYPE: "PAP", "CHAP" or "MD5"
	Name     string // AUTHNAME
	Secret   cp.Secret
	Entities []string // AUTH-ENTITY of Mobile IP: "AAA", "HA"
	SPI      string   // of Mobile IP
	Rest
}

func (a *NAPAuthInfo) parms() []parm {
	return []parm{
		{name: "AUTHTYPE", to: &a.Type}, {name: "AUTHNAME", to: &a.Name}, {name: "AUTHSECRET", to: &a.Secret},
		{name: "AUTH-ENTITY", to: &a.Entities}, {name: "SPI", to: &a.SPI},
	}
}

// Validity is where and until when a network access point may be used
// (VALIDITY). Hardly a device looks at it.
type Validity struct {
	Country, Network string // mobile country and network; the latter needs the former
	SID, SOC         string // of CDMA networks; the former needs the latter
	ValidUntil       string
	Rest
}

func (v *Validity) parms() []parm {
	return []parm{
		{name: "COUNTRY", to: &v.Country}, {name: "NETWORK", to: &v.Network}, {name: "SID", to: &v.SID},
		{name: "SOC", to: &v.SOC}, {name: "VALIDUNTIL", to: &v.ValidUntil},
	}
}
