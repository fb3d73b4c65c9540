package rfm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/simota/simota/sat"
)

// Structure is how the octets of a file are addressed (ETSI TS 102 221, 8.2.2).
type Structure int

// The structures of elementary files, and the directory.
const (
	Transparent Structure = iota // by offset
	LinearFixed                  // by record of fixed length
	Cyclic                       // the same, and the newest record is the first
	BERTLV                       // by tag
	Directory                    // MF, DF or ADF: no elementary file
)

var structures = []string{"transparent", "linear fixed", "cyclic", "BER-TLV", "directory"}

// String returns the structure in words.
func (s Structure) String() string {
	if s < 0 || int(s) >= len(structures) {
		return strconv.Itoa(int(s))
	}
	return structures[s]
}

// Records says whether the file is read and written by record.
func (s Structure) Records() bool { return s == LinearFixed || s == Cyclic }

// Role is what a swap of subscriptions does with a file.
type Role string

// The roles.
const (
	Untouched Role = "none"
	Written   Role = "write"    // the new subscription needs another value
	Cleared   Role = "reset"    // a neutral value: what is in it belongs to the old network
	Optional  Role = "optional" // by the operator's wish
)

// Applications, by the first octets of their AIDs (ETSI TS 101 220, annex E).
var (
	usimAID = sat.AID{0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02}
	isimAID = sat.AID{0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x04}
)

// File is one elementary file.
type File struct {
	// Name is lower case. Files of the USIM, of its DF.5GS and DF.GSM-ACCESS have
	// their bare name ("imsi", "suci_calc_info"), all others have their directory
	// in front: "isim/impi", "gsm/imsi", "telecom/smsp", "mf/dir". Only "iccid",
	// which lies under the MF, has none.
	Name      string
	Title     string // as the standards write it: "IMSI", "GSM/PLMNwAcT"
	FID       sat.FID
	SFI       byte      // short file identifier, 0 if it has none; SELECT always works
	App       sat.AID   // the application whose ADF 7FFF is, by its first octets; nil is the USIM
	Path      []sat.FID // from the MF; 7FFF is the application in use
	Structure Structure
	Size      int    // octets of the file, or of one record, by the standard; 0: by the card
	Least     int    // the fewest octets of the file or record; 0: not told
	Unit      int    // the file is a multiple of so many octets; 0: it need not be
	Service   int    // number in EF_UST, of the ISIM in EF_IST, without which no phone reads the file; 0 always
	Swap      Role   // what a swap does with the file
	Reset     bool   // a swap writes a neutral value
	Whole     bool   // never written in part: the phone may rewrite it at any time, or half of it is nobody's
	Secret    bool   // content is key material
	Twin      string // name of a file of the USIM that may be this same file
	Clause    string // where the standard defines it
}

// Files returns all files, in the order of writing; files that are only read
// come behind IMSI, and ICCID is the last.
func Files() []File {
	files := make([]File, len(table))
	for i := range table {
		files[i] = table[i].file()
	}
	return files
}

// Lookup finds a file by its lower-case name.
func Lookup(name string) (File, bool) {
	i := position(name)
	if i < 0 {
		return File{}, false
	}
	return table[i].file(), true
}

// LookupRecord finds a file by a name that may end in a record: "sdn#2" is
// record 2 of "sdn". The bare name is record 1, and 0 of a transparent file.
func LookupRecord(name string) (File, int, error) {
	base, number, numbered := strings.Cut(name, "#")
	f, ok := Lookup(base)
	if !ok {
		return File{}, 0, fmt.Errorf("rfm: unknown file %q: want one of %s", base, strings.Join(names(), ", "))
	}
	if !f.Structure.Records() {
		if numbered {
			return File{}, 0, fmt.Errorf("rfm: %q: %s has no records, it is %s", name, f.Title, f.Structure)
		}
		return f, 0, nil
	}
	if !numbered {
		return f, 1, nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 2 || n > 254 || strconv.Itoa(n) != number {
		return File{}, 0, fmt.Errorf("rfm: %q: want a record from 2 to 254; %q alone is record 1", name, base)
	}
	return f, n, nil
}

// recordName is the name that LookupRecord understands.
func recordName(base string, record int) string {
	if record < 2 {
		return base
	}
	return base + "#" + strconv.Itoa(record)
}

// LookupFID finds a file by its identifier. Identifiers repeat between
// directories: files of ADF.USIM come first, then those of the directories
// below it, then others.
func LookupFID(fid sat.FID) (File, bool) {
	best, depth := -1, 0
	for i, e := range table {
		if e.FID != fid {
			continue
		}
		d := len(e.Path)
		if e.App != nil || e.Path[0] != sat.ADFUSIM {
			d += 8
		}
		if best < 0 || d < depth {
			best, depth = i, d
		}
	}
	if best < 0 {
		return File{}, false
	}
	return table[best].file(), true
}

// LookupPath finds a file by its path from the MF, which may lead the path. app
// is the AID of the application that 7FFF means, in full or its first octets;
// nil is the USIM.
func LookupPath(app sat.AID, path ...sat.FID) (File, bool) {
	if len(path) > 0 && path[0] == sat.MF {
		path = path[1:]
	}
	for _, e := range table {
		if slices.Equal(e.Path, path) && (path[0] != sat.ADFUSIM || within(app, e.App)) {
			return e.file(), true
		}
	}
	return File{}, false
}

// within says whether an AID belongs to an application of this package.
func within(aid, app sat.AID) bool {
	if app == nil {
		app = usimAID
	}
	return aid == nil && slices.Equal(app, usimAID) || aid != nil && strings.HasPrefix(string(aid), string(app))
}

// ParsePath reads a path in hex: "7FFF/6F07". The MF may lead it.
func ParsePath(s string) ([]sat.FID, error) {
	var path []sat.FID
	for step := range strings.SplitSeq(s, "/") {
		n, err := strconv.ParseUint(step, 16, 16)
		if err != nil || len(step) != 4 {
			return nil, fmt.Errorf("rfm: path %q: want file identifiers of 4 hex digits, with / between", s)
		}
		path = append(path, sat.FID(n))
	}
	if path[0] == sat.MF {
		path = path[1:]
	}
	if len(path) == 0 {
		return nil, fmt.Errorf("rfm: path %q names the MF, which is no file", s)
	}
	return path, nil
}

// FormatPath is the reverse of ParsePath.
func FormatPath(path []sat.FID) string {
	steps := make([]string, len(path))
	for i, f := range path {
		steps[i] = f.String()
	}
	return strings.Join(steps, "/")
}

// names lists the files of the table.
func names() []string {
	n := make([]string, len(table))
	for i := range table {
		n[i] = table[i].Name
	}
	return n
}

// position is the row of a file, or -1.
func position(name string) int {
	return slices.IndexFunc(table, func(e entry) bool { return e.Name == name })
}

// file returns the File with slices of its own: nobody writes into the table.
func (e entry) file() File {
	f := e.File
	f.Path, f.App = slices.Clone(f.Path), slices.Clone(f.App)
	return f
}

// checkSize says whether a value fits a file of size octets.
func (f File) checkSize(n, size int) error {
	if n > size {
		return fmt.Errorf("rfm: %s needs %d octets, the card's file has %d", f.Title, n, size)
	}
	return nil
}
