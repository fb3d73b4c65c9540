package settings

import "github.com/simota/simota/ota/sms"

// TextParts is how many short messages a text takes.
func TextParts(text string) (int, error) {
	t, err := sms.SplitText(text, 0)
	return len(t.Parts), err
}
