package lab

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/smscsim"
)

// Event is something that happened in the world: a line of world.jsonl.
type Event struct {
	At       time.Time `json:"at"`
	Kind     string    `json:"event"` // one of the Event constants
	ICCID    string    `json:"iccid,omitempty"`
	IMEI     string    `json:"imei,omitempty"`
	Operator string    `json:"operator,omitempty"`
	// MSISDN and IMSI are of the subscription concerned.
	MSISDN string `json:"msisdn,omitempty"`
	IMSI   string `json:"imsi,omitempty"`
	APN    string `json:"apn,omitempty"`
	// MessageID and No are of an SMS for the device: as in submit_sm_resp, and counting its deliveries from 1. Messages
	// and notices of the card are counted likewise.
	MessageID string `json:"message_id,omitempty"`
	No        int    `json:"no,omitempty"`
	Copy      bool   `json:"copy,omitempty"` // the network's own duplicate
	Detail    string `json:"detail,omitempty"`
}

// Kinds of events.
const (
	EventSubmissionLost = "submission lost"  // a submit_sm that never arrived
	EventStored         = "stored"           // the SMSC keeps a message: the device is not attached with that number
	EventDelivered      = "delivered"        // to the device; detail is what it did with it
	EventExpired        = "expired"          // in the SMSC
	EventCancelled      = "cancelled"        // by the ESME, in the SMSC
	EventReplaced       = "replaced"         // likewise, by another content
	EventAlert          = "alert"            // the ESME was told that the device is back
	EventUnknownNumber  = "unknown number"   // submitted to a number the network does not have
	EventCardReset      = "card reset"       // between two parts
	EventProvisioned    = "provisioned"      // settings applied; APN is that of the data connection now
	EventSession        = "session"          // the data connection was opened with APN, and the feed will be told
	EventRejected       = "session rejected" // the network does not open the data connection; detail says why
	EventMoved          = "card moved"       // into the device with IMEI; detail is the IMEI of the one before
	EventRefresh        = "refresh"          // REFRESH obeyed; detail is the qualifier
	EventRefreshIgnored = "refresh ignored"  // by the modem
	EventRestart        = "restart"          // of the device
	EventDetach         = "detach"
	EventAttach         = "attach"
	EventRefused        = "refused" // by the network; the device searches on
	EventVanished       = "vanished"
	EventSubmit         = "submit"        // a message of the card, taken by the SMSC in detail
	EventSubmitLost     = "submit lost"   // a message of the card; detail says where
	EventSubmitFailed   = "submit failed" // the ESME refused it
	EventReceiptLost    = "receipt lost"
	EventFed            = "fed"       // the feed took the attach event
	EventAccounted      = "accounted" // the AAA server answered the accounting of a session

	EventProfileChanged  = "profile changed"     // an ordered profile or slot is in use; detail names it
	EventRolledBack      = "profile rolled back" // an eUICC has gone back to the profile before
	EventFellBack        = "profile fell back"   // an eUICC without service has gone to its fall-back profile
	EventNotice          = "notice sent"         // by an eUICC to its SM-SR; detail is its type and sequence number
	EventNoticeConfirmed = "notice confirmed"    // the card has the confirmation
	EventAppletUndo      = "applet undo"         // a multi-IMSI applet went back by itself; detail names the slot
)

// wireLine is a line of wire.jsonl: one frame between an ESME and an SMSC.
type wireLine struct {
	At        time.Time `json:"at"`
	Operator  string    `json:"operator"`
	Session   uint64    `json:"session"`
	SystemID  string    `json:"system_id,omitempty"` // empty before the bind
	Direction string    `json:"direction"`           // in: from the ESME; out: to it
	Command   string    `json:"command"`
	Sequence  uint32    `json:"sequence"`
	Status    uint32    `json:"status"`
	MessageID string    `json:"message_id,omitempty"` // in submit_sm_resp
	PDU       string    `json:"pdu"`                  // the whole frame, passwords masked
}

// logs are the three files of a world. Each line is written at once: they outlive whatever is killed.
type logs struct{ wire, card, world lines }

func openLogs(dir string) (*logs, error) {
	l := &logs{}
	if dir == "" {
		return l, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lab: logs: %w", err)
	}
	for name, to := range map[string]*lines{"wire.jsonl": &l.wire, "card.jsonl": &l.card, "world.jsonl": &l.world} {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lab: logs: %w", err), l.close())
		}
		to.file = f
	}
	return l, nil
}

func (l *logs) close() error { return errors.Join(l.wire.close(), l.card.close(), l.world.close()) }

// lines is a file of JSON objects, one per line; without a file it takes them and forgets them.
type lines struct {
	mu   sync.Mutex
	file *os.File
	err  error // the first
}

func (l *lines) write(v any) {
	if l.file == nil {
		return
	}
	b, err := json.Marshal(v)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		_, err = l.file.Write(append(b, '\n'))
	}
	if l.err == nil {
		l.err = err
	}
}

func (l *lines) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	return errors.Join(l.err, l.file.Close())
}

func (l *logs) frame(operator string, e smscsim.Event) {
	if l.wire.file == nil {
		return
	}
	direction := "out"
	if e.Inbound {
		direction = "in"
	}
	l.wire.write(wireLine{
		At: e.At, Operator: operator, Session: e.Session, SystemID: e.System, Direction: direction, Command: smpp.Command(e.Command).String(),
		Sequence: e.Sequence, Status: e.Status, MessageID: e.MessageID, PDU: hex.EncodeToString(e.Raw),
	})
}
