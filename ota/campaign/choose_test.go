package campaign

import (
	"path/filepath"
	"testing"

	"github.com/simota/simota/catalog"
	"github.com/simota/simota/catalog/sqlite"
	"github.com/simota/simota/ota/swap"
)

// BenchmarkChoose is what every card costs when it is claimed, for documents
// that thousands of others get too: the search for its model, its client, and
// the documents themselves.
func BenchmarkChoose(b *testing.B) {
	db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "simota.db"), sqlite.Options{Node: "test"})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, _, err := db.PutModels(b.Context(), "test", []catalog.Model{{First: "35693803", Last: "35693803", Client: "cpclient"}}); err != nil {
		b.Fatal(err)
	}
	op := catalog.Operator{
		Name: "Kestrel", SMSC: "+12025550100",
		APNs: []catalog.APN{
			{Purpose: "internet", Name: "web.kestrel.example", Auth: "pap", User: "guest", Secret: "guest"},
			{Purpose: "mms", Name: "mms", MMSC: "http://mmsc.kestrel.example/mms", Proxy: "10.16.18.4:8080"},
		},
		ShortCodes: catalog.ShortCodes{Voice: []catalog.ShortCode{{Name: "help", Number: "611"}}},
	}
	e := &Engine{cfg: Config{Store: db}}
	b.ReportAllocs()
	for b.Loop() {
		f := swap.Facts{IMEI: "356938030000017"}
		if _, err := e.choose(b.Context(), &f, catalog.Card{}, op, Spec{}); err != nil || len(f.Documents) != 3 {
			b.Fatalf("%+v, %v", f, err)
		}
	}
}
