package settings

import (
	"cmp"
	"fmt"
)

// CheckSecurity says whether a document can be signed by a method, empty being
// "netwpin", with a PIN of 4 to 10 digits for those that use one. The PIN of
// "userpinmac" is another for every document, and somebody has to type it: no
// campaign can use it.
func CheckSecurity(method, pin string) error {
	switch method {
	case "", "netwpin", "none":
		if pin != "" {
			return fmt.Errorf("settings: security %s uses no pin: userpin and usernetwpin do", cmp.Or(method, "netwpin"))
		}
	case "userpin", "usernetwpin":
		if len(pin) < 4 || len(pin) > 10 || !digits(pin) {
			return fmt.Errorf("settings: security %s: pin has %d characters, want 4 to 10 digits", method, len(pin))
		}
	case "userpinmac":
		return fmt.Errorf("settings: security userpinmac: its PIN differs from document to document and has to be typed: simota cp encode makes such a message")
	default:
		return fmt.Errorf("settings: security %q is not known: netwpin, userpin, usernetwpin or none", method)
	}
	return nil
}
