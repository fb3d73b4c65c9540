package codec

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/simota/simota/ota"
	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/ota/sms"
	"github.com/simota/simota/sat/rfm"
	"github.com/simota/simota/sat/tlv"
)

// Protocol identifier and data coding scheme of an SMS for the card (3GPP TS 31.115, 4).
const (
	pidDownload = 0x7F
	dcsClass2   = 0xF6
)

// bench is a virtual card with somebody who sees everything: the messages, the keys and the files.
type bench struct {
	card   *uicc.Card
	keyset ota.Keyset
	sender string
	log    []uicc.LogEntry // of the message under way
	// headers of packets whose first part has come, by the concatenation of their parts without number.
	headers map[sms.Concat]ota.Header
	files   map[string][]byte // content by path
}

// maxHeaders is how many packets under way are remembered.
const maxHeaders = 1024

func newBench(cfg uicc.Config, ks ota.Keyset, sender string) (*bench, error) {
	b := &bench{keyset: ks, sender: sender, headers: make(map[sms.Concat]ota.Header)}
	cfg.Log = func(e uicc.LogEntry) { b.log = append(b.log, e) }
	var err error
	if b.card, err = uicc.New(cfg); err != nil {
		return nil, fmt.Errorf("no card can be made of this: %w", err)
	}
	b.files = b.read()
	return b, nil
}

// read is what all files hold that the standards name and the card has.
func (b *bench) read() map[string][]byte {
	files := make(map[string][]byte)
	for _, f := range rfm.Files() {
		if content, err := b.card.ReadFile(pathOf(f)); err == nil {
			files[pathOf(f)] = content
		}
	}
	return files
}

// pathOf is a file's path as the card writes it: 7FFF is the USIM there.
func pathOf(f rfm.File) string {
	path := rfm.FormatPath(f.Path)
	if rest, ok := strings.CutPrefix(path, "7FFF/"); ok && len(f.App) > 0 {
		return "ISIM/" + rest
	}
	return path
}

// download gives the card one message.
func (b *bench) download(ud octets) (*download, error) {
	if len(ud) > sms.MaxUserData {
		return nil, fmt.Errorf("user data of %d octets: a short message has at most %d", len(ud), sms.MaxUserData)
	}
	h := b.header(ud)
	b.log = b.log[:0]
	a := b.card.Download(b.sender, pidDownload, dcsClass2, ud, time.Now())
	d := &download{SW: fmt.Sprintf("%04x", uint16(a.SW)), Proofs: []proof{}, Proactive: []proactive{}, Files: []change{}}
	wrote := false
	for _, e := range b.log {
		d.Packet = fateOf(e)
		wrote = wrote || e.Writes > 0
	}
	if a.Report != nil {
		d.Proofs = append(d.Proofs, b.prove("report", h, [][]byte{a.Report}))
	}
	if len(a.Submit) > 0 {
		d.Proofs = append(d.Proofs, b.prove("submit", h, userData(a.Submit)))
	}
	d.Proactive = commandsOf(a)
	if b.card.EID() != "" && a.Refresh != nil {
		// Only a terminal that refreshes it makes an eUICC do what it accepted.
		b.card.Reset()
		d.Proactive = append(d.Proactive, commandsOf(b.card.Attached(terminalIMEI, time.Now()))...)
		wrote = true
	}
	if wrote {
		d.Files = b.changes()
	}
	return d, nil
}

// terminalIMEI is the IMEI of the terminal that the card is in.
const terminalIMEI = "350000000000000"

// header is the clear part of the packet that a message belongs to, as far as it has come.
func (b *bench) header(ud []byte) ota.Header {
	u, err := sms.ParseUserData(ud)
	if err != nil {
		return ota.Header{}
	}
	key, _ := u.Concat()
	key.Seq = 0
	if p := u.Payload; u.Has(sms.CommandPacket) && len(p) >= 10 {
		if len(b.headers) == maxHeaders {
			clear(b.headers)
		}
		b.headers[key] = ota.Header{SPI: ota.SPI(p[3:5]), KIc: p[5], KID: p[6], TAR: ota.TAR(p[7:10])}
	}
	return b.headers[key]
}

func userData(messages []uicc.OutgoingSMS) [][]byte {
	parts := make([][]byte, len(messages))
	for i, m := range messages {
		parts[i] = m.UserData
	}
	return parts
}

// prove opens a proof of receipt with the keys of the card.
func (b *bench) prove(way string, h ota.Header, parts [][]byte) proof {
	p := proof{Way: way, UserData: octetsOf(parts)}
	packet, _, err := join(p.UserData)
	if err == nil {
		ks := b.keyset
		ks.CRC = h.CRC()
		var r ota.Response
		if r, err = ota.OpenResponse(packet, h.SPI, ks, ota.Options{AllowWeak: true}); err == nil {
			p.Status, p.Cntr, p.Data, p.Authenticated = byte(r.Status), cntr(r.Counter), r.Data, r.Authenticated
			return p
		}
	}
	p.Error = err.Error()
	return p
}

// changes are the files that differ from what they were at the last call.
func (b *bench) changes() []change {
	out := []change{}
	now := b.read()
	for _, f := range rfm.Files() {
		path := pathOf(f)
		was, had := b.files[path]
		is, has := now[path]
		if had == has && bytes.Equal(was, is) {
			continue
		}
		c := change{Name: f.Name, Path: path, Before: was, After: is, file: f, created: !had, deleted: !has}
		if f.Secret {
			c.Secret, c.Before, c.After = true, nil, nil
		}
		out = append(out, c)
	}
	b.files = now
	return out
}

// cardMessage is one message for the card, of a stream.
type cardMessage struct {
	bench    *bench
	userData octets
}

func (r *cardMessage) reset() { *r = cardMessage{bench: r.bench} }

func (r *cardMessage) fields() []field {
	return []field{{"user_data", &r.userData, true, "user data of a short message, header included"}}
}

func (r *cardMessage) run() (answer, error) {
	d, err := r.bench.download(r.userData)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// downloads are all messages of one call.
type downloads struct {
	Messages []*download `json:"messages"`
}

// download is what the card did with one message.
type download struct {
	tagged
	SW        string      `json:"sw"` // answer to the ENVELOPE
	Packet    *fate       `json:"packet,omitempty"`
	Proofs    []proof     `json:"proofs"`
	Proactive []proactive `json:"proactive"`
	Files     []change    `json:"files"`
}

// fate is what became of a packet once all its parts were there.
type fate struct {
	TAR      string `json:"tar"`
	Version  byte   `json:"key_version"`
	Cntr     cntr   `json:"cntr"` // 0 if it was not read
	Result   string `json:"result"`
	Executed int    `json:"executed"`
	Writes   int    `json:"writes"`
	SW       string `json:"sw"` // of the last command, empty if none ran

	read bool // the card could read the counter
}

func fateOf(e uicc.LogEntry) *fate {
	return &fate{
		TAR: strings.ToLower(e.TAR), Version: e.KVN, Cntr: cntr(e.Counter), Result: e.Result,
		Executed: e.Executed, Writes: e.Writes, SW: strings.ToLower(e.SW), read: e.Counter != 0 || e.Hash != "",
	}
}

// proof is a proof of receipt. Error says why it could not be opened.
type proof struct {
	Way           string `json:"way"` // report or submit
	UserData      list   `json:"user_data"`
	Status        byte   `json:"status"`
	Cntr          cntr   `json:"cntr"`
	Data          octets `json:"data"`
	Authenticated bool   `json:"authenticated"`
	Error         string `json:"error,omitempty"`
}

// proactive is a toolkit command of the card.
type proactive struct {
	Command     string   `json:"command"`
	Destination string   `json:"destination,omitempty"` // of SEND SHORT MESSAGE
	SMSC        string   `json:"smsc,omitempty"`
	UserData    octets   `json:"user_data,omitempty"`
	Qualifier   *octets  `json:"qualifier,omitempty"` // of REFRESH
	Files       []string `json:"files,omitempty"`
	After       string   `json:"after,omitempty"`
	Objects     octets   `json:"objects,omitempty"` // of others
}

func commandsOf(a uicc.Answer) []proactive {
	out := []proactive{}
	for _, m := range a.Submit {
		out = append(out, proactive{Command: "SEND SHORT MESSAGE", Destination: m.Destination, SMSC: m.SMSC, UserData: m.UserData})
	}
	for _, objects := range a.Actions {
		out = append(out, proactive{Command: actionName(objects), Objects: objects})
	}
	if r := a.Refresh; r != nil {
		p := proactive{Command: "REFRESH", Qualifier: &octets{r.Qualifier}, Files: r.Files}
		if r.After > 0 {
			p.After = r.After.String()
		}
		out = append(out, p)
	}
	return out
}

// actionName is the name of a toolkit command (ETSI TS 102 223, 9.4).
func actionName(objects []byte) string {
	parsed, err := tlv.ParseComprehension(objects)
	if err != nil || len(parsed) == 0 || len(parsed[0].Value) != 3 {
		return "unknown command"
	}
	switch kind := parsed[0].Value[1]; kind {
	case 0x20:
		return "PLAY TONE"
	case 0x21:
		return "DISPLAY TEXT"
	default:
		return fmt.Sprintf("command %02X", kind)
	}
}

// change is a file that a message has changed. Session keys are not shown.
type change struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	Secret bool   `json:"secret,omitempty"`
	Before octets `json:"before,omitempty"` // nothing for a new file
	After  octets `json:"after,omitempty"`  // nothing for a deleted one

	file             rfm.File
	created, deleted bool
}
