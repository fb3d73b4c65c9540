package explain

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/simota/simota/ota/cp"
	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat"
	"github.com/simota/simota/sat/euicc"
	"github.com/simota/simota/sat/tlv"
	"github.com/simota/simota/smpp"
)

// fit says how well octets are what a form expects.
type fit struct {
	kind  Kind
	score int // 0 not at all, 100 beyond doubt
	why   string
}

// Scores from which a fit is called by these words.
const (
	certain  = 90
	likely   = 60
	possible = 20
	margin   = 10 // beside a certain fit, others further behind are not worth a word
)

func (f fit) confidence() string {
	switch {
	case f.score >= certain:
		return "certain"
	case f.score >= likely:
		return "likely"
	}
	return "possible"
}

// form is a kind of octets: who judges them and who draws them.
type form struct {
	kind Kind
	fits func([]byte) (score int, why string)
	draw func(*layer)
}

// forms are all kinds; of equal fits the earlier one wins.
func forms() []form {
	return []form{
		{PDU, fitsPDU, drawPDUs},
		{UserData, fitsUserData, drawUserData},
		{Command, fitsCommand, drawCommand},
		{Response, fitsResponse, drawResponse},
		{Notice, fitsNotice, drawNotice},
		{Push, fitsPush, drawPush},
		{WBXML, fitsWBXML, drawWBXML},
		{TPDU, fitsTPDU, drawTPDU},
		{Script, fitsScript, drawScript},
		{ScriptResponse, fitsScriptResponse, drawScriptResponse},
		{APDU, fitsAPDU, drawAPDU},
		{APDUResponse, fitsAPDUResponse, drawAPDUResponse},
		{ComprehensionTLV, fitsComprehension, drawComprehension},
		{BERTLV, fitsBER, drawBER},
		{Text, fitsText, drawText},
		{Unknown, func([]byte) (int, string) { return 1, "no known structure fits" }, drawUnknown},
	}
}

func formOf(k Kind) form {
	all := forms()
	return all[slices.IndexFunc(all, func(f form) bool { return f.kind == k })]
}

// judge lists what octets can be, best first.
func judge(b []byte, kinds ...Kind) []fit {
	var fits []fit
	for _, f := range forms() {
		if len(kinds) > 0 && f.kind != Unknown && !slices.Contains(kinds, f.kind) {
			continue
		}
		if score, why := f.fits(b); score > 0 {
			fits = append(fits, fit{f.kind, score, why})
		}
	}
	slices.SortStableFunc(fits, func(a, b fit) int { return cmp.Compare(b.score, a.score) })
	return fits
}

func fitsPDU(b []byte) (int, string) {
	h, err := smpp.ParseHeader(b)
	if err != nil || pduLayout(h.Command) == nil {
		return 0, ""
	}
	switch {
	case int64(h.Length) == int64(len(b)):
		return 99, "command_length is that of the octets and command_id is known"
	case int64(h.Length) < int64(len(b)) && h.Length >= smpp.HeaderLen:
		if next, err := smpp.ParseHeader(b[h.Length:]); err == nil && pduLayout(next.Command) != nil {
			return 98, "several PDUs follow each other"
		}
		return 75, "command_id is known, but octets follow behind command_length"
	case h.Length <= smpp.MaxFrame && h.Length > uint32(len(b)):
		return 75, "command_id is known, but command_length is more than the octets"
	}
	return 40, "command_id is known, but command_length is impossible"
}

func fitsUserData(b []byte) (int, string) {
	if parts := splitParts(b); len(parts) > 1 {
		return 97, "parts of one concatenated message follow each other"
	}
	head := b[:min(len(b), sms.MaxUserData)]
	u, err := sms.ParseUserData(head)
	if err != nil || len(u.Elements) == 0 {
		return 0, ""
	}
	long := len(b) > sms.MaxUserData
	_, concat := u.Concat()
	dst, _, ports := u.Ports()
	switch {
	case u.Has(sms.CommandPacket) || u.Has(sms.ResponsePacket):
		return 98, "the header names a secured packet (element 70 or 71)"
	case ports && dst == cp.Port:
		return 96, "the header names the port of WAP push"
	case long:
		return 0, ""
	case concat && len(u.Elements) == 1:
		return 95, "the header is that of a part of a concatenated message"
	case concat || ports:
		return 85, "the header has a known element"
	case len(u.Payload) > 0 && knownElements(u):
		return 30, "the first octets read as a user data header"
	}
	return 0, ""
}

func knownElements(u sms.UserData) bool {
	return !slices.ContainsFunc(u.Elements, func(e sms.Element) bool { return elementNames[e.ID] == "" })
}

func fitsCommand(b []byte) (int, string) {
	if len(b) < 16 {
		return 0, ""
	}
	cpl, chl := int(binary.BigEndian.Uint16(b)), int(b[2])
	plain := b[3]&0xE0 == 0 && b[4]&0xC0 == 0
	usual := chl == 13 || chl == 15 || chl == 17 || chl == 21
	switch {
	case cpl == len(b)-2 && usual && plain:
		return 97, "CPL is that of the octets, CHL and SPI are possible"
	case cpl == len(b)-2 && chl >= 13 && chl <= len(b)-3 && (plain || knownTAR([3]byte(b[7:10]))):
		return 70, "CPL is that of the octets and CHL fits"
	case cpl == len(b)-2 && chl >= 13 && chl <= len(b)-3:
		return 40, "CPL is that of the octets and CHL fits, but SPI and TAR are unusual"
	case usual && plain && cpl > 0 && cpl < 4096 && b[3] != 0 && knownTAR([3]byte(b[7:10])):
		return 65, "CHL, SPI and TAR are possible, but CPL is not that of the octets"
	}
	return 0, ""
}

func fitsResponse(b []byte) (int, string) {
	if len(b) < 13 {
		return 0, ""
	}
	rpl, rhl := int(binary.BigEndian.Uint16(b)), int(b[2])
	usual := (rhl == 10 || rhl == 12 || rhl == 14 || rhl == 18) && rhl <= len(b)-3
	switch {
	case rpl == len(b)-2 && usual:
		return 96, "RPL is that of the octets and RHL is possible"
	case usual && rpl > 0 && rpl < 4096 && knownTAR([3]byte(b[3:6])):
		return 60, "RHL and TAR are possible, but RPL is not that of the octets"
	case rpl == len(b)-2 && knownTAR([3]byte(b[3:6])):
		return 50, "RPL is that of the octets, but RHL is not possible"
	}
	return 0, ""
}

func fitsNotice(b []byte) (int, string) {
	if _, err := euicc.ParseNotice(b); err == nil {
		return 98, "it is a notice with EID, type and sequence number"
	}
	return 0, ""
}

func fitsPush(b []byte) (int, string) {
	switch _, err := cp.ParsePush(b); {
	case err == nil:
		return 96, "the headers are those of a provisioning push"
	case errors.Is(err, cp.ErrContentType) && len(b) > 3 && b[3]&0x80 != 0:
		return 30, "it begins like a WSP push"
	case len(b) > 6 && b[1] == 0x06 && slices.Contains(b[:min(len(b), 8)], 0xB6):
		return 55, "it begins like a provisioning push"
	}
	return 0, ""
}

func fitsWBXML(b []byte) (int, string) {
	if _, err := cp.ParseWBXML(b); err == nil {
		return 97, "it is a whole provisioning document"
	}
	if len(b) > 3 && b[0] >= 1 && b[0] <= 3 && b[1] == 0x0B && b[2] == 0x6A {
		return 70, "it begins like a provisioning document"
	}
	return 0, ""
}

func fitsScript(b []byte) (int, string) {
	if b[0] == 0xAA || b[0] == 0xAE {
		switch _, err := script.Parse(script.Expanded, b); {
		case err == nil || errors.Is(err, script.ErrUnsupported):
			return 97, "it is a whole template of commands (AA, AE)"
		case len(b) > 3 && (slices.Contains(b[1:min(len(b), 8)], 0x22)):
			return 65, "it begins like a template of commands (AA, AE)"
		}
		return 0, ""
	}
	cs, err := sat.ParseCommands(b)
	if err != nil || slices.ContainsFunc(cs, func(c sat.Command) bool { return !knownCommand(c) }) {
		if n := firstCommands(b); n > 1 {
			return 62, "it begins with C-APDUs back to back"
		}
		return 0, ""
	}
	if len(cs) == 1 {
		return 80, "it is one C-APDU"
	}
	return 93, "it is C-APDUs back to back"
}

// firstCommands counts the commands in front that are known.
func firstCommands(b []byte) (n int) {
	for len(b) > 0 {
		size := commandSize(b)
		if size > len(b) || size < 5 {
			return n
		}
		c, err := sat.ParseCommands(b[:size])
		if err != nil || len(c) != 1 || !knownCommand(c[0]) {
			return n
		}
		b = b[size:]
		n++
	}
	return n
}

func fitsScriptResponse(b []byte) (int, string) {
	if b[0] == 0xAB || b[0] == 0xAF {
		if _, err := script.ParseResponse(script.Expanded, b); err == nil {
			return 97, "it is a whole template of results (AB, AF)"
		}
		if len(b) > 3 && (b[2] == 0x80 || b[2] == 0x23) {
			return 62, "it begins like a template of results (AB, AF)"
		}
		return 0, ""
	}
	r, err := script.ParseResponse(script.Compact, b)
	if err != nil || r.Executed < 1 || !knownStatus(r.Results[0].Status) {
		return 0, ""
	}
	switch {
	case r.Executed <= 30 && len(r.Results[0].Data) <= 256:
		return 72, "it is a count and a status word, as a compact script is answered"
	}
	return 0, ""
}

func fitsAPDU(b []byte) (int, string) {
	c, err := sat.ParseCommand(b)
	if err != nil || !knownCommand(c) {
		return 0, ""
	}
	if len(b) == 4 {
		return 35, "it reads as the header of a C-APDU"
	}
	if c.CLA&0x0F != 0 && c.CLA != 0x84 {
		return 60, "it reads as a C-APDU on another channel"
	}
	return 91, "it is one C-APDU, Lc and all"
}

func fitsAPDUResponse(b []byte) (int, string) {
	n := len(b)
	if n < 2 || n > 258 || !knownStatus(sat.Status(b[n-2])<<8|sat.Status(b[n-1])) {
		return 0, ""
	}
	switch {
	case n == 2:
		return 80, "it is a status word"
	case b[0] == 0x62 || b[0] == 0x6F || b[0] == 0xE3:
		if _, err := tlv.ParseBER(b[:n-2]); err == nil {
			return 82, "it is one object that cards answer with, and a status word"
		}
		return 40, "it ends in a status word"
	case b[n-2] == 0x90 && b[n-1] == 0x00:
		return 50, "it ends in the status word 9000"
	}
	return 25, "it ends in a status word"
}

func fitsText(b []byte) (int, string) {
	if slices.ContainsFunc(b, func(o byte) bool { return (o < ' ' || o > '~') && o != '\n' && o != '\r' && o != '\t' }) {
		return 0, ""
	}
	if receiptText(b) {
		return 92, "it is the text of a delivery receipt"
	}
	if len(b) < 4 {
		return 0, ""
	}
	return 45, "every octet is a printable character"
}
