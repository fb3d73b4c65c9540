package settings

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/ota/cp"
)

// CallDM is the name of a notification of the OMA DM server.
const CallDM = "dm notification"

// Notification is the push that asks a device to open a session with the
// operator's OMA DM server (package 0, OMA-TS-DM-Notification 1.2). The device
// must have its account already.
func Notification(op catalog.Operator, session uint16) ([]byte, error) {
	switch {
	case op.DM == nil:
		return nil, fmt.Errorf("settings: operator %s has no dm: there is no server to call", op.Name)
	case op.DM.ServerSecret == "":
		return nil, fmt.Errorf("settings: operator %s: dm: server_secret is missing: without it no device believes the notification", op.Name)
	}
	nonce, err := nonce(*op.DM)
	if err != nil {
		return nil, fmt.Errorf("settings: operator %s: dm: %w", op.Name, err)
	}
	n := cp.Notification{Version: cp.NotificationVersion, UI: cp.UIBackground, Server: true, Session: session, ServerID: op.DM.ID}
	n.Sign(cp.Secret(op.DM.ServerSecret), nonce)
	return n.AppendPush(nil)
}

// nonce is the octets of a server's nonce.
func nonce(s catalog.DMServer) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s.Nonce)
	if err != nil {
		return nil, errors.New("nonce is not base64, as AAUTHDATA has it")
	}
	return b, nil
}
