package main_test

import (
	"bytes"
	"testing"

	"github.com/simota/simota/ota/lab/uicc"
	"github.com/simota/simota/smpp"
)

// TestAnswersInDeliveryReportsProveACampaign has cards that answer in their
// SMS-DELIVER-REPORT, and SMSCs that hand it on in a parameter of receipts.
func TestAnswersInDeliveryReportsProveACampaign(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds of real processes")
	}
	t.Parallel()
	const cards = 12
	w := newWorld(t, cards, 3, "")
	w.change("lab.yaml", "system_id: ota1", `system_id: ota1, proof_tlv: "1401"`)
	w.change("simota.yaml", "system_id: ota1", `system_id: ota1, proof_tlv: "1401"`)
	w.change("card-types/sja5-aes.yaml", `spi: "1639"`, `spi: "1619"`)
	w.startLab()
	server := w.startServer()
	w.ready()
	w.furnish()
	w.start("campaign: reports\nkind: rfm\nselect: {card_type: sja5-aes}\nwrite: {lrplmnsi: \"01\"}\n")
	reporting := sampleCards(t, cards, 3, "sja5-aes")
	w.done("reports", len(reporting), "written")
	server.stop()
	reports, messages := 0, 0
	for _, f := range logged[frame](w, "wire.jsonl") {
		if f.Command != "deliver_sm" {
			continue
		}
		d, err := smpp.ParseDelivery(f.octets(t))
		if err != nil {
			t.Fatal(err)
		}
		if report, there := d.TLV(0x1401); there {
			reports++
			if !bytes.HasPrefix(report, []byte{0x02, 0x71, 0x00}) {
				t.Errorf("report %x", report)
			}
		}
		if bytes.HasPrefix(d.UserData, []byte{0x02, 0x71, 0x00}) {
			messages++
		}
	}
	packets := 0
	for _, p := range logged[uicc.LogEntry](w, "card.jsonl") {
		if p.Result == uicc.ResultExecuted {
			packets++
		}
	}
	if packets == 0 || reports != packets || messages != 0 {
		t.Errorf("%d packets were executed, %d answers came in receipts and %d by themselves", packets, reports, messages)
	}
	w.writtenOnce(reporting)
	w.lawful()
}
