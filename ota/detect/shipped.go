package detect

import (
	"fmt"
	"strings"
)

// Shipped are the shapes that need no configuration:
//
//	t8          3GPP TS 29.122, 5.3: MonitoringNotification of an SCEF or NEF
//	nudm-ee     3GPP TS 29.503, 6.4: MonitoringReport of a UDM (newPei, gpsi)
//	emnify      emnify's data streamer and event API, as its documentation
//	            shows them (event types 1, 2, 3, 5, 15 and 16)
//	1nce        1NCE's data streamer: emnify's records, by 1NCE's documentation;
//	            it wants to be answered 200
//	thingspace  Verizon ThingSpace, the list of devices whose IMEI and ICCID do
//	            not match, by the documentation of its API. It is asked for, not
//	            sent: post what you were answered. The body of its callbacks is
//	            not documented in the open, so there is no shape for it.
//	radius      an accounting record with attribute names as keys, values plain,
//	            in arrays, or as FreeRADIUS's rlm_rest writes them; attributes of
//	            RFC 2866 and 3GPP TS 29.061, 16.4.7
//
// It panics if one of them does not compile, which a test rules out.
func Shipped() map[string]*Shape {
	out := map[string]*Shape{}
	for name, m := range shipped() {
		s, err := m.Compile(name)
		if err != nil {
			panic(fmt.Sprintf("detect: shape %s: %v", name, err))
		}
		out[name] = s
	}
	return out
}

func shipped() map[string]Mapping {
	emnify := Mapping{
		Only: map[string]string{"$.event_source.id": "0"}, // the network; a policy that rejects a session is source 1
		Time: "$.timestamp", IMSI: "$.imsi.imsi", IMEI: "$.detail.pdp_context.imeisv | $.endpoint.imei",
		ICCID: "$.sim.iccid", MSISDN: "$.sim.msisdn", APN: "$.detail.pdp_context.apn",
		MCC: "$.detail.pdp_context.mcc", MNC: "$.detail.pdp_context.mnc", // elsewhere an operator has a list of MNCs
		Kind:  "$.event_type.id",
		Kinds: map[string]Kind{"1": Attach, "2": Attach, "3": Session, "5": Detach, "15": Detach, "16": Detach},
	}
	once := emnify
	once.Answer = 200
	return map[string]Mapping{
		"t8": {
			Each: "$.monitoringEventReports", Time: "$.eventTime", MSISDN: "$.msisdn", PLMN: "$.plmnId",
			Kind: "$.monitoringType", Kinds: map[string]Kind{"CHANGE_OF_IMSI_IMEI_ASSOCIATION": IMEIChange, "ROAMING_STATUS": Attach},
			Answer: 204,
		},
		"nudm-ee": {
			Time: "$.timeStamp", MSISDN: "$.gpsi", IMEI: "$.report.newPei",
			Kind: "$.eventType", Kinds: map[string]Kind{"CHANGE_OF_SUPI_PEI_ASSOCIATION": IMEIChange}, Answer: 204,
		},
		"emnify": emnify,
		"1nce":   once,
		"thingspace": {
			Each: "$.devices", Time: "$.simOtaDate", ICCID: "$.iccid", IMEI: "$.postImei", Kind: string(IMEIChange),
		},
		"radius": {
			Time: attribute("Event-Timestamp"), IMSI: attribute("3GPP-IMSI"), IMEI: attribute("3GPP-IMEISV"),
			MSISDN: attribute("Calling-Station-Id"), APN: attribute("Called-Station-Id"), PLMN: attribute("3GPP-SGSN-MCC-MNC"),
			Kind: attribute("Acct-Status-Type"),
			Kinds: map[string]Kind{
				"Start": Session, "1": Session, "Interim-Update": Session, "Alive": Session, "3": Session, "Stop": Detach, "2": Detach,
			},
		},
	}
}

// attribute is where exporters of RADIUS records put the value of an attribute.
func attribute(name string) string {
	at := "$['" + name + "']"
	return strings.Join([]string{at, at + "[0]", at + ".value[0]", at + ".value"}, " | ")
}
