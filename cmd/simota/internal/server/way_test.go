package server

import (
	"testing"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/ledger"
	"github.com/simota/simota/ota/delivery"
)

func TestTextsAreToldFromPacketsAndDocuments(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		m      delivery.Message
		pid    byte
		coding byte
		header bool
	}{
		"a packet":                {delivery.Message{Card: true}, forCard, 0, true},
		"a document":              {delivery.Message{}, 0, 0, true},
		"a text":                  {delivery.Message{Text: ledger.TextGSM}, forReader, 0, false},
		"a part of a text":        {delivery.Message{Text: ledger.TextGSMHeader}, forReader, 0, true},
		"a text of other letters": {delivery.Message{Text: ledger.TextUCS2}, forReader, ucs2, false},
		"a part of one":           {delivery.Message{Text: ledger.TextUCS2Header}, forReader, ucs2, true},
	} {
		tt.m.Source, tt.m.Destination = "12345", "+5511900000017"
		got := message(tt.m, catalog.SourceAddress{Number: "12345", TON: 3, NPI: 1})
		if got.ProtocolID != tt.pid || got.DataCoding != tt.coding || got.UDHI != tt.header || got.ID != tt.m.Submission || got.Source.TON != 3 || got.Destination.Number == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
