package config

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/simota/simota/ota/detect"
)

const eventsPage = "../../../../docs/events.md"

func TestExamplesOfTheEventsPageLoad(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(eventsPage)
	if err != nil {
		t.Fatal(err)
	}
	all := blocks(string(page))
	if len(all) < 3 {
		t.Fatalf("%d examples", len(all))
	}
	for _, text := range all {
		var err error
		if strings.HasPrefix(text, "tracking:") {
			_, err = DecodeCardType("events.md", []byte(untracked()+text))
		} else {
			_, err = Decode("events.md", []byte(text))
		}
		if err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
	for f := range reflect.TypeFor[detect.Mapping]().Fields() {
		if key := f.Tag.Get("yaml"); !strings.Contains(string(page), "`"+key+"`") {
			t.Errorf("%s is not on the page", key)
		}
	}
	for name := range detect.Shipped() {
		if !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("shape %s is not on the page", name)
		}
	}
}
