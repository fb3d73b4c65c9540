package cp

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the notification knows no other
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Octets of a notification (OMA-TS-DM-Notification 1.2, 5.2).
const (
	notificationDigest = md5.Size
	notificationHead   = notificationDigest + 8
	maxServerID        = 255
	// headerAppID is X-WAP-Application-Id, x-wap-application:syncml.dm.
	headerAppID  = 0xAF
	appIDofDM    = 0x87
	modeShift    = 4
	maxVersion   = 1<<10 - 1
	serverBit    = 0x08
	reservedBits = 0x07
)

// NotificationVersion is version 1.2 of DM notifications, in tenths.
const NotificationVersion = 12

// UIMode is how a device shall involve its user before it opens a session.
type UIMode byte

// UI modes.
const (
	UINotSpecified UIMode = 0
	UIBackground   UIMode = 1 // the user notices nothing
	UIInformative  UIMode = 2 // the user is told
	UIInteractive  UIMode = 3 // the user is asked
)

// String gives the word of the standard.
func (m UIMode) String() string {
	switch m {
	case UINotSpecified:
		return "not-specified"
	case UIBackground:
		return "background"
	case UIInformative:
		return "informative"
	case UIInteractive:
		return "user-interaction"
	}
	return fmt.Sprintf("UIMode(%d)", byte(m))
}

// Notification is the first message of a device management session, package 0:
// it asks the device to call the server (OMA-TS-DM-Notification 1.2).
type Notification struct {
	Digest  [notificationDigest]byte // proof that the server sent it, see [Notification.Sign]
	Version uint16                   // in tenths, below 1024; NotificationVersion
	UI      UIMode
	Server  bool   // whether the server wants the session; else it is the user
	Session uint16 // the session that the device has to open
	// ServerID is the identifier of the server in the device's account, 1 to 255
	// octets of UTF-8.
	ServerID string
}

// AppendBinary appends the body of a notification to b, 24 octets and the
// server's identifier. Sign it first.
func (n Notification) AppendBinary(b []byte) ([]byte, error) {
	if err := n.check(); err != nil {
		return b, err
	}
	return n.appendTrigger(append(b, n.Digest[:]...)), nil
}

func (n Notification) check() error {
	switch {
	case n.Version > maxVersion:
		return fmt.Errorf("cp: notification version %d, at most %d: %w", n.Version, maxVersion, ErrMalformed)
	case n.UI > UIInteractive:
		return fmt.Errorf("cp: notification UI mode %d, want 0 to 3: %w", n.UI, ErrMalformed)
	case n.ServerID == "" || len(n.ServerID) > maxServerID:
		return fmt.Errorf("cp: notification server identifier has %d octets, want 1 to %d: %w", len(n.ServerID), maxServerID, ErrMalformed)
	case !utf8.ValidString(n.ServerID):
		return fmt.Errorf("cp: notification server identifier is not UTF-8: %w", ErrMalformed)
	}
	return checkText("notification server identifier", n.ServerID)
}

// appendTrigger appends what the digest is of: version in 10 bits, UI mode in
// 2, initiator in 1, 27 reserved, session, server identifier.
func (n Notification) appendTrigger(b []byte) []byte {
	flags := byte(n.Version)<<6 | byte(n.UI)<<modeShift
	if n.Server {
		flags |= serverBit
	}
	b = append(b, byte(n.Version>>2), flags, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, n.Session)
	return append(append(b, byte(len(n.ServerID))), n.ServerID...)
}

// ParseNotification reads the body of a notification. Reserved bits that are
// set and octets after the server identifier are errors, with ErrMalformed in
// their chain. It does not check the digest.
func ParseNotification(b []byte) (Notification, error) {
	if len(b) < notificationHead {
		return Notification{}, fmt.Errorf("cp: notification has %d octets, want %d and a server identifier: %w", len(b), notificationHead, ErrMalformed)
	}
	n := Notification{Digest: [notificationDigest]byte(b)}
	head, id := b[notificationDigest:notificationHead], b[notificationHead:]
	if head[1]&reservedBits != 0 || head[2]|head[3]|head[4] != 0 {
		return Notification{}, fmt.Errorf("cp: notification has reserved bits set in %X: %w", head[1:5], ErrMalformed)
	}
	if int(head[7]) != len(id) {
		return Notification{}, fmt.Errorf("cp: notification server identifier of %d octets in %d: %w", head[7], len(id), ErrMalformed)
	}
	n.Version = uint16(head[0])<<2 | uint16(head[1]>>6)
	n.UI = UIMode(head[1] >> modeShift & 3)
	n.Server = head[1]&serverBit != 0
	n.Session = binary.BigEndian.Uint16(head[5:])
	n.ServerID = string(id)
	if err := n.check(); err != nil {
		return Notification{}, err
	}
	return n, nil
}

// Sign sets the digest: with the server's password and the nonce, raw octets,
// that the device holds for it, which may be empty.
func (n *Notification) Sign(password Secret, nonce []byte) {
	n.Digest = n.digest(password, nonce)
}

// Verify says, in constant time, whether the digest is right.
func (n Notification) Verify(password Secret, nonce []byte) bool {
	want := n.digest(password, nonce)
	return hmac.Equal(n.Digest[:], want[:])
}

func (n Notification) digest(password Secret, nonce []byte) [md5.Size]byte {
	encoded := func(b []byte) string {
		h := md5.Sum(b)
		return base64.StdEncoding.EncodeToString(h[:])
	}
	b := []byte(encoded([]byte(n.ServerID+":"+string(password))) + ":")
	b = append(append(b, nonce...), ':')
	return md5.Sum(append(b, encoded(n.appendTrigger(nil))...))
}

// AppendPush appends the WSP push of the notification to b, for port 2948. It
// names the application in the device that takes it.
func (n Notification) AppendPush(b []byte) ([]byte, error) {
	start := len(b)
	b = append(b, pushTID, pduPush, 3, shortInteger|byte(dmNotification), headerAppID, appIDofDM)
	b, err := n.AppendBinary(b)
	if err != nil {
		return b[:start], err
	}
	return b, nil
}

// ParseNotificationPush reads the push of a notification, with any transaction
// identifier and headers after the content type. Its errors are those of
// [ParseNotification] and ErrContentType.
func ParseNotificationPush(pdu []byte) (Notification, error) {
	head, body, err := pushHeaders(pdu)
	if err != nil {
		return Notification{}, err
	}
	value, _, err := contentTypeValue(head)
	if err != nil {
		return Notification{}, err
	}
	if t, _, err := mediaType(value); err != nil || t != dmNotification {
		return Notification{}, fmt.Errorf("cp: content type is not C4, a notification: %w", ErrContentType)
	}
	return ParseNotification(body)
}
