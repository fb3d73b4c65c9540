package uicc

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat"
)

// Protocol identifier and data coding of a data download (3GPP TS 31.111, 7.1.1 and TS 23.040, 9.2.3.9): USIM data
// download, 8-bit data of class 2.
const (
	pidDownload   = 0x7F
	dcsClass2     = 0xF6
	dcsClass2Old  = 0x16
	headerSize    = 10  // CPL to TAR
	maxReport     = 128 // octets of user data that a card can hand over for the SMS-DELIVER-REPORT
	swNothingDone = sat.Status(0x6200)
	swWithReport  = sat.Status(0x62F3) // failed, response data available: the phone sends an RP-ERROR with them
)

// Answer is what comes of one message. Toolkit commands that wait are in Submit and Refresh; SW does not announce
// them with 91xx.
type Answer struct {
	// SW answers the ENVELOPE. It is 0 if the message is no data download: the phone did not give it to the card.
	SW sat.Status
	// Report is the user data, header included, for the SMS-DELIVER-REPORT; nil for none.
	Report []byte
	// Submit are messages the card sends by SEND SHORT MESSAGE, in this order.
	Submit []OutgoingSMS
	// Refresh is a REFRESH that follows the messages; nil for none.
	Refresh *Refresh
	// Actions are other proactive commands that a script asked for, as DISPLAY TEXT: their COMPREHENSION-TLV objects.
	Actions [][]byte
}

// OutgoingSMS is an SMS-SUBMIT of the card's own, with a user data header (TP-UDHI).
type OutgoingSMS struct {
	// Destination is the TP-DA, SMSC the service centre to hand it to: numbers with + if international.
	Destination, SMSC string
	UserData          []byte
	UDHI              bool
	PID, DCS          byte
}

// Download gives the card the SMS-DELIVER with these TP-OA, TP-PID, TP-DCS and user data (header included, TP-UDHI
// set), as a phone does that received it. now is the phone's clock.
func (c *Card) Download(sender string, pid, dcs byte, ud []byte, now time.Time) Answer {
	if pid != pidDownload || dcs != dcsClass2 && dcs != dcsClass2Old {
		return Answer{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told(now)
	if c.euicc != nil {
		c.euicc.onAir = false
	}
	u, err := sms.ParseUserData(ud)
	if err != nil {
		return Answer{SW: swOK} // no application is interested
	}
	if part, ok := u.Concat(); ok && int(part.Total) > c.cfg.BufferParts {
		return c.tooLong(u, sender, now)
	}
	packet, elements, complete, _ := c.joiner.Add(sender, u, now) // a reused reference begins a new packet
	if !complete || !(sms.UserData{Elements: elements}).Has(sms.CommandPacket) {
		return Answer{SW: swOK}
	}
	return c.receive(packet, sender, now)
}

// tooLong refuses a packet that has more parts than the card can join. Only the first tells who is asking what.
func (c *Card) tooLong(u sms.UserData, sender string, now time.Time) Answer {
	p := u.Payload
	if !u.Has(sms.CommandPacket) || len(p) < headerSize {
		return Answer{SW: swOK}
	}
	h := ota.Header{SPI: ota.SPI(p[3:5]), KIc: p[5], KID: p[6], TAR: ota.TAR(p[7:10])}
	r := c.reception(h, nil, sender, now)
	return r.refuse(&refusal{result: ResultTooLong, status: ota.StatusNoMemory})
}

// reception is one secured packet on its way through the card.
type reception struct {
	card *Card
	ota.Header
	packet  []byte
	sender  string
	realm   *realm
	app     *Application // nil for an unknown TAR
	keyset  ota.Keyset
	counter uint64 // 0 until it can be read
	entry   LogEntry
}

// reception finds out whom a packet is for. The ISD-R of an eUICC comes first, then the subscription in use.
func (c *Card) reception(h ota.Header, packet []byte, sender string, now time.Time) *reception {
	r := &reception{card: c, Header: h, packet: packet, sender: sender, realm: c.active}
	r.entry = LogEntry{At: now, ICCID: c.active.iccid(), EID: c.cfg.EID, KVN: h.KIc >> 4, TAR: h.TAR.String()}
	if c.euicc != nil {
		if r.app = c.euicc.isdr.application(h.TAR); r.app != nil {
			r.realm, r.entry.Domain = c.euicc.isdr, isdrAID.String()
			return r
		}
		r.entry.Domain = c.euicc.enabled.aid.String()
	}
	r.app = c.active.application(h.TAR)
	return r
}

func (c *Card) receive(packet []byte, sender string, now time.Time) Answer {
	h, err := ota.ParseHeader(packet)
	r := c.reception(h, packet, sender, now)
	if err != nil { // its SPI cannot be trusted to say what answer it wants
		r.entry.Result = ResultMalformed
		c.log(r.entry)
		return Answer{SW: swNothingDone}
	}
	if !h.SPI.Ciphered() {
		r.counter = cntr(packet)
		r.entry.Counter = r.counter
	}
	if no := r.admit(); no != nil {
		return r.refuse(no)
	}
	cmd, no := r.open()
	if no == nil {
		no = r.count()
	}
	if no != nil {
		return r.refuse(no)
	}
	return r.execute(cmd.Data)
}

// execute runs the script, answers and lets REFRESH follow. What a script changes about the sender's own way back
// (EF_SMSP) is true for the answer already; a change of profiles is not, it waits for the reset.
func (r *reception) execute(data []byte) Answer {
	c := r.card
	before := r.imsi()
	j := &job{card: c, realm: r.realm, app: r.app, kvn: r.keyset.Version}
	var out outcome
	if r.app.Kind == kindApplet {
		out = outcome{answer: []byte{0x90, 0x00}, executed: 1, sw: swOK}
	} else {
		out = j.script(data)
	}
	r.entry.Result, r.entry.Executed, r.entry.Writes = ResultExecuted, out.executed, j.writes
	if out.executed > 0 {
		r.entry.SW = fmt.Sprintf("%04X", uint16(out.sw))
	}
	a := r.respond(ota.StatusOK, out.answer, true)
	a.Actions = j.actions
	switch {
	case j.refresh != nil:
		a.Refresh = j.refresh
	case c.cfg.Refresh == RefreshByCard && !slices.Equal(before, r.imsi()):
		a.Refresh = identityRefresh(c.cfg.RefreshQualifier, c.cfg.RefreshDelay)
	}
	return a
}

func (r *reception) imsi() []byte {
	if r.realm.files == nil {
		return nil
	}
	return r.realm.imsi()
}

// refuse answers a packet that is not executed.
func (r *reception) refuse(no *refusal) Answer {
	r.entry.Result = no.result
	if no.silent || r.card.cfg.SilentOnFailure || r.app != nil && r.app.Silent {
		r.entry.Status = byte(no.status)
		r.card.log(r.entry)
		return Answer{SW: swNothingDone}
	}
	return r.respond(no.status, nil, no.secured)
}

// respond makes the proof of receipt that the SPI asks for and logs the packet.
func (r *reception) respond(status ota.Status, data []byte, secured bool) Answer {
	r.entry.Status = byte(status)
	r.card.log(r.entry)
	a := Answer{SW: swOK}
	if status != ota.StatusOK {
		a.SW = swNothingDone
	}
	mode := r.SPI.PoR()
	if mode != ota.PoRAlways && (mode != ota.PoROnError || status == ota.StatusOK) {
		return a
	}
	packet, err := r.seal(status, data, secured)
	if err != nil {
		return Answer{SW: swNothingDone}
	}
	if r.bySubmit() {
		a.Submit, _ = r.card.submit(r.sender, sms.ResponsePacket, packet)
		return a
	}
	if 3+len(packet) > maxReport {
		a.Submit, _ = r.card.submit(r.sender, sms.ResponsePacket, packet)
		if packet, err = r.seal(ota.StatusResponseBySubmit, nil, secured); err != nil {
			return a
		}
	}
	if status != ota.StatusOK {
		a.SW = swWithReport
	}
	a.Report = append([]byte{0x02, sms.ResponsePacket, 0x00}, packet...)
	return a
}

func (r *reception) bySubmit() bool {
	switch r.card.cfg.PoR {
	case PoRBySubmit:
		return true
	case PoRByReport:
		return false
	}
	return r.SPI.PoRBySubmit()
}

// seal secures a response as the SPI asks, or leaves it in clear if that has to be, or is this card's habit.
func (r *reception) seal(status ota.Status, data []byte, secured bool) ([]byte, error) {
	p := ota.Response{TAR: r.TAR, Counter: r.counter, Status: status, Data: data}
	if secured && (r.SPI.PoRCheck() != ota.NoCheck || r.SPI.PoRCiphered()) {
		r.card.proofs++
		if n := r.card.cfg.ClearPoREvery; n == 0 || r.card.proofs%n != 0 {
			return p.Seal(r.SPI, r.keyset)
		}
		secured = false
	}
	if !secured && r.SPI.Ciphered() {
		p.Counter = 0
	}
	return p.SealUnsecured()
}

// submit wraps a packet into the card's own messages, through the service centre that EF_SMSP names now.
func (c *Card) submit(to string, element byte, packet []byte) ([]OutgoingSMS, error) {
	c.ref++
	parts, err := sms.SplitPacket(element, packet, c.ref)
	if err != nil {
		return nil, err
	}
	smsc := c.active.smsc()
	var out []OutgoingSMS
	for _, ud := range parts {
		out = append(out, OutgoingSMS{
			Destination: to, SMSC: smsc, UserData: ud, UDHI: true, PID: pidDownload, DCS: dcsClass2,
		})
	}
	return out, nil
}

func (c *Card) log(e LogEntry) {
	if c.cfg.Log != nil {
		c.cfg.Log(e)
	}
}

// hash identifies a packet: one counter must always come with the same.
func hash(packet []byte, cmd ota.Command) string {
	h := sha256.New()
	h.Write(packet[:headerSize])
	n := cmd.Counter
	h.Write([]byte{byte(n >> 32), byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	h.Write(cmd.Data)
	return hex.EncodeToString(h.Sum(nil))
}
