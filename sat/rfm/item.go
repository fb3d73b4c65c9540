package rfm

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/sat"
)

// Item are octets for one place that the table does not know: a vendor's file,
// as for the keys of a profile. Which application (TAR) reaches it is the
// caller's business. Its octets are treated as key material: nothing prints
// them, only JSON and the card get them.
type Item struct {
	Path   []sat.FID // from the MF; 7FFF is the USIM in use
	Record int       // number from 1, 0 for a transparent file
	Offset int       // in a transparent file
	Data   []byte    // of a record: all its octets
}

// Check says whether the item is a place outside the table that commands
// reach.
func (i Item) Check() error {
	if len(i.Path) == 0 || i.Path[0] == sat.MF || slices.Contains(i.Path[1:], sat.ADFUSIM) || len(i.Path) == 1 && i.Path[0] == sat.ADFUSIM {
		return fmt.Errorf("rfm: item %s: want a path from the MF, which it does not name", i.Name())
	}
	if len(i.Path) == 1 && i.Path[0]>>8 != 0x2F { // ETSI TS 102 221, 8.6
		return fmt.Errorf("rfm: item %s: the path counts from the MF, whose files are 2FXX; the file of the USIM is 7FFF/%s", i.Name(), i.Path[0])
	}
	if f, ok := LookupPath(nil, i.Path...); ok {
		return fmt.Errorf("rfm: item %s is %s: give it by that name", i.Name(), f.Name)
	}
	switch {
	case len(i.Data) == 0:
		return fmt.Errorf("rfm: item %s without octets", i.Name())
	case i.Record < 0 || i.Record > 254 || i.Offset < 0 || i.Offset+len(i.Data) > longest:
		return fmt.Errorf("rfm: item %s of %d octets: want a record up to 254 or an offset up to 7FFF", i.Name(), len(i.Data))
	case i.Record > 0 && (i.Offset > 0 || len(i.Data) > most):
		return fmt.Errorf("rfm: item %s of %d octets: a record is written whole, 1 to 255 octets from offset 0", i.Name(), len(i.Data))
	}
	return nil
}

// Name is the name of the item in a Snapshot: "7FFF/6FFE", "7F50/4F01#2"
// for a record, "7FFF/6FFE@16" for an offset. The octets there are those that
// Data would replace.
func (i Item) Name() string {
	name := FormatPath(i.Path)
	switch {
	case i.Record > 0:
		return fmt.Sprintf("%s#%d", name, i.Record)
	case i.Offset > 0:
		return fmt.Sprintf("%s@%d", name, i.Offset)
	}
	return name
}

// File is the file of the item, as far as the item tells.
func (i Item) File() File {
	f := File{
		Name: FormatPath(i.Path), Path: slices.Clone(i.Path), Swap: Written, Secret: true, Whole: true, Clause: "card's own",
	}
	f.Title = f.Name
	if len(f.Path) > 0 {
		f.FID = f.Path[len(f.Path)-1]
	}
	if i.Record > 0 {
		f.Structure = LinearFixed
	}
	return f
}

// items are those whose place was read.
func (id Identity) items(snap Snapshot) ([]wish, error) {
	var wishes []wish
	for _, i := range id.Items {
		if old, read := snap[i.Name()]; read {
			if len(old) != len(i.Data) {
				return nil, fmt.Errorf("rfm: item %s was read with %d octets, it has %d: code it for this card", i.Name(), len(old), len(i.Data))
			}
			wishes = append(wishes, wish{file: i.File(), record: i.Record, offset: i.Offset, old: old, wanted: i.Data})
		}
	}
	return wishes, nil
}

// Format writes the place and the length only, whatever the verb.
func (i Item) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%s (%d octets)", i.Name(), len(i.Data)) }

type itemText struct {
	Path   string `json:"path"`
	Record int    `json:"record,omitempty"`
	Offset int    `json:"offset,omitempty"`
	Data   Hex    `json:"data"`
}

// MarshalJSON returns path and data in hex. The data are shown: keep them where
// keys may be.
func (i Item) MarshalJSON() ([]byte, error) {
	return json.Marshal(itemText{FormatPath(i.Path), i.Record, i.Offset, i.Data})
}

// UnmarshalJSON reads what MarshalJSON writes. Its errors do not repeat data.
func (i *Item) UnmarshalJSON(b []byte) error {
	var t struct {
		itemText
		Data string `json:"data"`
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return err
	}
	path, err := ParsePath(t.Path)
	if err != nil {
		return err
	}
	var data Hex
	if data.UnmarshalText([]byte(t.Data)) != nil {
		return errors.New("rfm: data of item " + t.Path + " are not hex octets")
	}
	*i = Item{Path: path, Record: t.Record, Offset: t.Offset, Data: data}
	return nil
}
