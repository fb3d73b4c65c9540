package settings

import (
	"fmt"
	"strings"
)

// CheckSecurity says whether a document can be signed by a method, empty being
// "netwpin", with a PIN: 4 to 10 digits, for userpinmac 10 to 20 and an even
// number of them.
func CheckSecurity(method, pin string) error {
	least, most := 0, 0
	switch method {
	case "", "netwpin", "none":
	case "userpin", "usernetwpin":
		least, most = 4, 10
	case "userpinmac":
		least, most = 10, 20
	default:
		return fmt.Errorf("settings: security %q is not known: netwpin, userpin, usernetwpin, userpinmac or none", method)
	}
	switch {
	case most == 0 && pin != "":
		return fmt.Errorf("settings: security %s uses no pin", method)
	case len(pin) < least || len(pin) > most || !digits(pin) || method == "userpinmac" && len(pin)%2 != 0:
		return fmt.Errorf("settings: security %s: pin has %d characters, want %d to %d digits%s", method, len(pin), least, most,
			map[bool]string{true: ", an even number"}[strings.HasSuffix(method, "mac")])
	}
	return nil
}
