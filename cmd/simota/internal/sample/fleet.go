package sample

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"

	"github.com/simota/simota/ota/lab"
)

// Fleet says what fleet to write.
type Fleet struct {
	Cards  int
	Type   string // of every card: a type of the sample world that takes plain files
	Window int    // unanswered submit_sm per session
	Binds  int    // sessions
}

// FleetCampaign is the campaign of a fleet. It costs every card one packet of
// one part: the read that finds the file as it is to be.
const FleetCampaign = "bench"

// WriteFleet makes a folder for measuring, which must be empty or not exist:
// one network and many equal cards. Nothing goes wrong there, nothing waits,
// the network keeps no logs, and neither link nor campaign has a rate.
func WriteFleet(dir string, f Fleet) error {
	if err := makeFolder(dir); err != nil {
		return err
	}
	smsc, err := freePorts(1)
	if err != nil {
		return err
	}
	cards, err := firstIdentity(lab.Sample(f.Cards, 1, f.Type).Cards)
	if err != nil {
		return err
	}
	password := random(4)
	w := &writer{dir: dir}
	w.copy("operators/nordvik.yaml", "card-types/"+f.Type+".yaml", "campaigns/"+FleetCampaign+".yaml")
	w.put("cards.csv", cards, 0o600)
	w.secret("nordvik.pw", password)
	w.template("simota.yaml", "fleet-simota.yaml", smsc[0], f.Binds, f.Window)
	w.template("lab.yaml", "fleet-lab.yaml", smsc[0], password, f.Type)
	return w.finish()
}

// firstIdentity leaves the second subscription out of a card file: the fleet
// has one operator.
func firstIdentity(file []byte) ([]byte, error) {
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("sample: card file: %w", err)
	}
	second := slices.Index(rows[0], "IMSI2")
	if second < 0 {
		return nil, fmt.Errorf("sample: card file: no column IMSI2 among %v", rows[0])
	}
	for i := range rows {
		rows[i] = rows[i][:second]
	}
	var out bytes.Buffer
	err = csv.NewWriter(&out).WriteAll(rows)
	return out.Bytes(), err
}
