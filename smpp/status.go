package smpp

import "fmt"

// Command is a command_id (SMPP 3.4, 5.1.2.1). Bit 31 marks a response.
type Command uint32

// The commands this package and its simulator know.
const (
	GenericNack         Command = 0x80000000
	BindReceiver        Command = 0x00000001
	BindTransmitter     Command = 0x00000002
	QuerySM             Command = 0x00000003
	QuerySMResp         Command = 0x80000003
	SubmitSM            Command = 0x00000004
	SubmitSMResp        Command = 0x80000004
	DeliverSM           Command = 0x00000005
	DeliverSMResp       Command = 0x80000005
	Unbind              Command = 0x00000006
	UnbindResp          Command = 0x80000006
	ReplaceSM           Command = 0x00000007
	ReplaceSMResp       Command = 0x80000007
	CancelSM            Command = 0x00000008
	CancelSMResp        Command = 0x80000008
	BindTransceiver     Command = 0x00000009
	BindTransceiverResp Command = 0x80000009
	Outbind             Command = 0x0000000B
	EnquireLink         Command = 0x00000015
	EnquireLinkResp     Command = 0x80000015
	AlertNotification   Command = 0x00000102
	DataSM              Command = 0x00000103
	DataSMResp          Command = 0x80000103
)

var commandNames = map[Command]string{
	BindReceiver: "bind_receiver", BindTransmitter: "bind_transmitter", QuerySM: "query_sm",
	SubmitSM: "submit_sm", DeliverSM: "deliver_sm", Unbind: "unbind", ReplaceSM: "replace_sm",
	CancelSM: "cancel_sm", BindTransceiver: "bind_transceiver", Outbind: "outbind",
	EnquireLink: "enquire_link", AlertNotification: "alert_notification", DataSM: "data_sm",
}

// Response is the command that answers c: the same identifier with bit 31 set.
func (c Command) Response() Command { return c | GenericNack }

// IsResponse reports whether c answers a request; generic_nack does.
func (c Command) IsResponse() bool { return c&GenericNack != 0 }

// String gives the standard's name, such as "submit_sm_resp", or the number.
func (c Command) String() string {
	if c == GenericNack {
		return "generic_nack"
	}
	name, ok := commandNames[c&^GenericNack]
	if !ok {
		return fmt.Sprintf("command %#08x", uint32(c))
	}
	if c.IsResponse() {
		name += "_resp"
	}
	return name
}

// Values of command_status (SMPP 3.4, 5.1.3) that decide something here or in the simulator.
const (
	StatusOK                   uint32 = 0x00
	StatusInvalidMessageLength uint32 = 0x01
	StatusInvalidLength        uint32 = 0x02
	StatusInvalidCommand       uint32 = 0x03
	StatusInvalidBindState     uint32 = 0x04
	StatusAlreadyBound         uint32 = 0x05
	StatusInvalidPriority      uint32 = 0x06
	StatusInvalidRegistered    uint32 = 0x07
	StatusSystemError          uint32 = 0x08
	StatusInvalidSource        uint32 = 0x0A
	StatusInvalidDestination   uint32 = 0x0B
	StatusInvalidMessageID     uint32 = 0x0C
	StatusBindFailed           uint32 = 0x0D
	StatusInvalidPassword      uint32 = 0x0E
	StatusInvalidSystemID      uint32 = 0x0F
	StatusCancelFailed         uint32 = 0x11
	StatusReplaceFailed        uint32 = 0x13
	StatusQueueFull            uint32 = 0x14
	StatusInvalidServiceType   uint32 = 0x15
	StatusInvalidESMClass      uint32 = 0x43
	StatusSubmitFailed         uint32 = 0x45
	StatusInvalidSourceTON     uint32 = 0x48
	StatusInvalidSourceNPI     uint32 = 0x49
	StatusInvalidDestTON       uint32 = 0x50
	StatusInvalidDestNPI       uint32 = 0x51
	StatusInvalidSystemType    uint32 = 0x53
	StatusInvalidReplaceFlag   uint32 = 0x54
	StatusThrottled            uint32 = 0x58
	StatusInvalidSchedule      uint32 = 0x61
	StatusInvalidValidity      uint32 = 0x62
	StatusReceiverTemporary    uint32 = 0x64
	StatusReceiverPermanent    uint32 = 0x65
	StatusReceiverReject       uint32 = 0x66
	StatusQueryFailed          uint32 = 0x67
	StatusInvalidTLVStream     uint32 = 0xC0
	StatusTLVNotAllowed        uint32 = 0xC1
	StatusInvalidTLVLength     uint32 = 0xC2
	StatusMissingTLV           uint32 = 0xC3
	StatusInvalidTLVValue      uint32 = 0xC4
	StatusDeliveryFailure      uint32 = 0xFE
	StatusUnknownError         uint32 = 0xFF
)

var statusNames = map[uint32]string{
	StatusOK: "ESME_ROK", StatusInvalidMessageLength: "ESME_RINVMSGLEN", StatusInvalidLength: "ESME_RINVCMDLEN",
	StatusInvalidCommand: "ESME_RINVCMDID", StatusInvalidBindState: "ESME_RINVBNDSTS", StatusAlreadyBound: "ESME_RALYBND",
	StatusInvalidPriority: "ESME_RINVPRTFLG", StatusInvalidRegistered: "ESME_RINVREGDLVFLG", StatusSystemError: "ESME_RSYSERR",
	StatusInvalidSource: "ESME_RINVSRCADR", StatusInvalidDestination: "ESME_RINVDSTADR", StatusInvalidMessageID: "ESME_RINVMSGID",
	StatusBindFailed: "ESME_RBINDFAIL", StatusInvalidPassword: "ESME_RINVPASWD", StatusInvalidSystemID: "ESME_RINVSYSID",
	StatusCancelFailed: "ESME_RCANCELFAIL", StatusReplaceFailed: "ESME_RREPLACEFAIL", StatusQueueFull: "ESME_RMSGQFUL",
	StatusInvalidServiceType: "ESME_RINVSERTYP", StatusInvalidESMClass: "ESME_RINVESMCLASS", StatusSubmitFailed: "ESME_RSUBMITFAIL",
	StatusInvalidSourceTON: "ESME_RINVSRCTON", StatusInvalidSourceNPI: "ESME_RINVSRCNPI", StatusInvalidDestTON: "ESME_RINVDSTTON",
	StatusInvalidDestNPI: "ESME_RINVDSTNPI", StatusInvalidSystemType: "ESME_RINVSYSTYP", StatusInvalidReplaceFlag: "ESME_RINVREPFLAG",
	StatusThrottled: "ESME_RTHROTTLED", StatusInvalidSchedule: "ESME_RINVSCHED", StatusInvalidValidity: "ESME_RINVEXPIRY",
	StatusReceiverTemporary: "ESME_RX_T_APPN", StatusReceiverPermanent: "ESME_RX_P_APPN", StatusReceiverReject: "ESME_RX_R_APPN",
	StatusQueryFailed: "ESME_RQUERYFAIL", StatusInvalidTLVStream: "ESME_RINVOPTPARSTREAM", StatusTLVNotAllowed: "ESME_ROPTPARNOTALLWD",
	StatusInvalidTLVLength: "ESME_RINVPARLEN", StatusMissingTLV: "ESME_RMISSINGOPTPARAM",
	StatusInvalidTLVValue: "ESME_RINVOPTPARAMVAL", StatusDeliveryFailure: "ESME_RDELIVERYFAILURE", StatusUnknownError: "ESME_RUNKNOWNERR",
}

// StatusName writes a command_status as the standard does, with its number: "ESME_RTHROTTLED (0x58)".
func StatusName(status uint32) string {
	name, ok := statusNames[status]
	if !ok {
		name = "vendor or reserved status"
	}
	return fmt.Sprintf("%s (0x%02X)", name, status)
}

// Outcome is what is certain about a submitted message.
type Outcome byte

const (
	// Accepted: the SMSC took the message and answered with status 0.
	Accepted Outcome = iota + 1
	// Temporary: the SMSC did not take it now (throttled, queue full, system busy); it may later.
	Temporary
	// Refused: the SMSC, or this package before writing anything, will not take it as it is.
	Refused
	// Ambiguous: the write began and no answer came; the SMSC may have it or not.
	Ambiguous
	// Unsent: not one octet of it was written to the socket.
	Unsent
)

// String gives the outcome as a lower-case word.
func (o Outcome) String() string {
	switch o {
	case Accepted:
		return "accepted"
	case Temporary:
		return "temporary"
	case Refused:
		return "refused"
	case Ambiguous:
		return "ambiguous"
	case Unsent:
		return "unsent"
	}
	return fmt.Sprintf("outcome %d", byte(o))
}

// OutcomeOf says what the command_status of a response means for its message.
func OutcomeOf(status uint32) Outcome {
	switch status {
	case StatusOK:
		return Accepted
	case StatusThrottled, StatusQueueFull, StatusSystemError, StatusReceiverTemporary:
		return Temporary
	}
	return Refused
}
