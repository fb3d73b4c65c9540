package receipt

import (
	"strconv"
	"strings"
)

const networkGSM = "3:" // type GSM of a network_error_code (SMPP 3.4, 5.3.2.31)

// gsmCauses are the codes that SMSCs put into a network_error_code of type GSM. Three lists share the
// numbers: errors of MAP for short messages (3GPP TS 29.002, 17.6), what the phone answered (TP-FCS,
// 3GPP TS 23.040, 9.2.3.22, from 80 hex on), and of RP causes (3GPP TS 24.011, 8.2.5.4) those that
// are no error of MAP for short messages.
var gsmCauses = map[uint64]Cause{
	1:  CauseUnknownSubscriber,
	3:  CauseNetwork,           // unknown MSC
	5:  CauseUnknownSubscriber, // unidentified: the MSC does not know whom the HLR sent
	6:  CauseAbsent,
	8:  CauseIllegalSubscriber, // roaming not allowed
	9:  CauseIllegalSubscriber,
	10: CauseNoTeleservice, // bearer service not provisioned
	11: CauseNoTeleservice,
	12: CauseIllegalSubscriber, // illegal equipment
	13: CauseCallBarred,
	21: CauseNoFacility,
	22: CauseMemoryFull, // RP
	27: CauseAbsent,
	31: CauseBusy,
	32: CauseEquipment,  // SM delivery failure: of the phone, but which is not told
	33: CauseAbsent,     // message waiting list full: absent, and nobody will alert
	34: CauseNetwork,    // system failure
	35: CauseNetwork,    // data missing
	36: CauseNetwork,    // unexpected data value
	42: CauseCongestion, // RP
	51: CauseCongestion, // resource limitation

	0x80: CauseEquipment, // telematic interworking not supported
	0x81: CauseEquipment, // short message type 0 not supported
	0x82: CauseEquipment, // cannot replace
	0x8F: CauseEquipment, // protocol identifier
	0x90: CauseEquipment, // alphabet
	0x91: CauseEquipment, // message class
	0x9F: CauseEquipment, // data coding
	0xB0: CauseEquipment, // TPDU not supported
	0xC0: CauseCongestion,
	0xC1: CauseRejected, // no subscription at the SMSC
	0xC2: CauseNetwork,
	0xC3: CauseUnknownSubscriber, // invalid address
	0xC4: CauseIllegalSubscriber, // destination barred
	0xC5: CauseRejected,          // a duplicate
	0xD0: CauseMemoryFull,        // message storage of the SIM
	0xD1: CauseEquipment,         // the SIM has no message storage
	0xD2: CauseEquipment,
	0xD3: CauseMemoryFull,
	0xD4: CauseBusy,      // toolkit of the SIM
	0xD5: CauseEquipment, // data download to the SIM
	0xFF: CauseEquipment, // not specified
}

// gsmCause is what an error as "3:code" means.
func gsmCause(err string) (Cause, bool) {
	digits, gsm := strings.CutPrefix(err, networkGSM)
	code, bad := strconv.ParseUint(digits, 10, 16)
	if !gsm || bad != nil {
		return 0, false
	}
	c, ok := gsmCauses[code]
	return c, ok
}
