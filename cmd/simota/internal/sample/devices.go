package sample

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// device is a kind of device of the sample world, as the world has it. What the
// server knows of it is in devices.csv.
type device struct {
	tac  string
	lab  string // its line of lab.yaml
	each int    // of so many cards one is in such a device
}

// Devices that differ from the rest, TAC 35693803, which nobody described to
// the server.
var devices = []device{
	{"35693804", `{imei: "35693804", client: cpclient}`, 5},
	{"35693805", `{imei: "35693805", client: mediatek, pin: "4711"}`, 7},
	{"35693806", `{imei: "35693806", client: gecko}`, 11},
	{"35693807", `{imei: "35693807", client: none, text: "DOVRE APN=${apn};USER=${user};PASS=${secret};AUTH=${auth}"}`, 13},
	{"35693808", `{imei: "35693808", client: none}`, 17},
}

// labDevices are the lines of lab.yaml.
func labDevices() string {
	var b strings.Builder
	b.WriteString("devices:\n")
	for _, d := range devices {
		fmt.Fprintf(&b, "  - %s\n", d.lab)
	}
	return b.String()
}

// intoDevices puts the cards of a card file into devices of all kinds: the n-th
// of so many, and the first of the file stays where it is.
func intoDevices(file []byte) ([]byte, error) {
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("sample: card file: %w", err)
	}
	column := slices.Index(rows[0], "IMEI")
	if column < 0 {
		return nil, fmt.Errorf("sample: card file: no column IMEI among %v", rows[0])
	}
	for n, row := range rows[1:] {
		for _, d := range devices {
			if n > 0 && n%d.each == 0 {
				row[column] = luhn(d.tac + row[column][len(d.tac):14])
			}
		}
	}
	var out bytes.Buffer
	err = csv.NewWriter(&out).WriteAll(rows)
	return out.Bytes(), err
}

// luhn appends the check digit of an IMEI (3GPP TS 23.003, B).
func luhn(s string) string {
	sum := 0
	for i, c := range []byte(s) {
		d := int(c - '0')
		if i%2 == 1 {
			d = d*2%10 + d/5
		}
		sum += d
	}
	return s + string(rune('0'+(10-sum%10)%10))
}
