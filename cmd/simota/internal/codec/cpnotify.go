package codec

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/simota/simota/ota/cp"
)

// cpNotify makes a notification of device management.
type cpNotify struct {
	server, password phrase
	nonce            octets
	session          number
	ui               word
	user             bool
	ref              number
}

func (h Host) cpNotify() *cobra.Command {
	cmd := h.command(&cpNotify{}, "notify", "ask a device to call its device management server (package 0)",
		`simota cp notify --server-id simota --password @password.txt --nonce 6E6F6E6365 --session 1
simota cp notify --jsonl < requests.jsonl > messages.jsonl`)
	cmd.Long = `Makes the notification of OMA Device Management 1.2, wraps it in a WSP push and splits
that into the user data of short messages.`
	return cmd
}

func (r *cpNotify) reset() { *r = cpNotify{ui: word(cp.UIBackground.String())} }

func (r *cpNotify) fields() []field {
	return []field{
		{"server_id", &r.server, true, "identifier of the server in the device's account"},
		{"password", &r.password, true, "password of the server there, or @FILE"},
		{"nonce", &r.nonce, false, "server nonce that the device holds, in hex [none]"},
		{"session", &r.session, true, "session that the device opens, 0 to 65535"},
		{"ui", &r.ui, false, "not-specified, background, informative or user-interaction [background]"},
		{"user_initiated", &r.user, false, "the user wants the session, not the server"},
		{"reference", &r.ref, false, referenceUsage},
	}
}

func (r *cpNotify) run() (answer, error) {
	if r.session.n < 0 || r.session.n > 0xFFFF {
		return nil, fmt.Errorf("session: %d: want 0 to 65535", r.session.n)
	}
	n := cp.Notification{
		Version: cp.NotificationVersion, Server: !r.user, Session: uint16(r.session.n), ServerID: string(r.server),
	}
	for n.UI.String() != string(r.ui) {
		if n.UI++; n.UI > cp.UIInteractive {
			return nil, errors.New("ui: want not-specified, background, informative or user-interaction")
		}
	}
	n.Sign(cp.Secret(r.password), r.nonce)
	a := &cpNotified{}
	var err error
	if a.Body, err = n.AppendBinary(nil); err != nil {
		return nil, err
	}
	if a.PDU, err = n.AppendPush(nil); err != nil {
		return nil, err
	}
	a.UDs, err = splitPush(a.PDU, r.ref)
	return a, err
}

type cpNotified struct {
	tagged
	Body octets   `json:"body"`
	PDU  octets   `json:"pdu"`
	UDs  []octets `json:"uds"`
}

func (a *cpNotified) text(w io.Writer) error {
	return messageText(w, [][]string{{"body", count(len(a.Body), "octet"), a.Body.String()}}, a.PDU, a.UDs)
}
