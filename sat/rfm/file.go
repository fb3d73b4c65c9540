package rfm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simota/simota/sat"
)

// Structure is how the octets of a file are addressed (ETSI TS 102 221, 8.2.2).
type Structure int

// The two structures a swap meets.
const (
	Transparent Structure = iota // by offset
	LinearFixed                  // by record of fixed length; this package handles record 1
)

// String returns the structure in words.
func (s Structure) String() string {
	if s == LinearFixed {
		return "linear fixed"
	}
	return "transparent"
}

// File is one elementary file that a subscription swap touches.
type File struct {
	Name      string // lower case: "imsi", "plmnwact"
	Title     string // as the standards write it: "IMSI", "PLMNwAcT"
	FID       sat.FID
	Path      []sat.FID // from the MF; 7FFF is the USIM in use
	Structure Structure
	Size      int    // octets of the file, or of one record, by the standard; 0: by the card
	Reset     bool   // a swap writes a neutral value
	Secret    bool   // content is key material
	Clause    string // where the standard defines it
}

// entry is a row of the table: the file, and how a swap finds its content.
type entry struct {
	File
	want want // nil: the content is only known from Identity.Values
	// free says that Identity.Values may give the content.
	free bool
}

// table is the one list of the files. Its order is the order of writing: lists
// and names; then what must agree with the new IMSI; then resets, which the
// phone would undo if they came long before the refresh; then the service
// centre directly before the IMSI. ICCID, the last row, is read only.
var table = []entry{
	{usim("PLMNwAcT", 0x6F60, 0, "4.2.5", reset), wantNoPLMNwAcT, true},
	{usim("OPLMNwAcT", 0x6F61, 0, "4.2.53"), wantPLMNwAcT, true},
	{usim("HPLMNwAcT", 0x6F62, 0, "4.2.54"), wantPLMNwAcT, true},
	{usim("EHPLMN", 0x6FD9, 0, "4.2.84"), wantEHPLMN, true},
	{usim("HPPLMN", 0x6F31, 1, "4.2.6"), nil, true},
	{usim("LRPLMNSI", 0x6FDC, 1, "4.2.86"), nil, true},
	{usim("SPN", 0x6F46, 17, "4.2.12"), nil, true},
	{usim("GID1", 0x6F3E, 0, "4.2.10"), nil, true},
	{usim("ECC", 0x6FB7, 0, "4.2.21", record), nil, true},
	{usim("SDN", 0x6F49, 0, "4.2.29", record), nil, true},
	{usim("MBDN", 0x6FC7, 0, "4.2.60", record), nil, true},
	{usim("MSISDN", 0x6F40, 0, "4.2.26", record), wantMSISDN, false},
	{usim("ACC", 0x6F78, 2, "4.2.15"), wantACC, false},
	{usim("AD", 0x6FAD, 0, "4.2.18"), wantAD, false},
	{usim("Keys", 0x6F08, 33, "4.2.3", reset, secret), wantNoKeys, false},
	{usim("KeysPS", 0x6F09, 33, "4.2.4", reset, secret), wantNoKeys, false},
	{usim("LOCI", 0x6F7E, 11, "4.2.17", reset), wantLocation(EncodeLOCI), false},
	{usim("PSLOCI", 0x6F73, 14, "4.2.23", reset), wantLocation(EncodePSLOCI), false},
	{usim("EPSLOCI", 0x6FE3, 18, "4.2.91", reset), wantLocation(EncodeEPSLOCI), false},
	{usim("EPSNSC", 0x6FE4, 0, "4.2.92", record, reset, secret), wantBlank, false},
	{usim("START-HFN", 0x6F5B, 6, "4.2.51", reset), wantSTARTHFN, false},
	{usim("FPLMN", 0x6F7B, 0, "4.2.16", reset), wantFPLMN, false},
	{usim("NETPAR", 0x6FC4, 0, "4.2.57", reset), wantBlank, false},
	{usim("SMSP", 0x6F42, 0, "4.2.27", record), wantSMSP, false},
	{usim("IMSI", 0x6F07, 9, "4.2.2"), wantIMSI, false},
	{File{Name: "iccid", Title: "ICCID", FID: 0x2FE2, Path: []sat.FID{0x2FE2}, Size: 10, Clause: "ETSI TS 102 221, 13.2"}, nil, false},
}

func record(f *File) { f.Structure = LinearFixed }
func reset(f *File)  { f.Reset = true }
func secret(f *File) { f.Secret = true }

// usim is a file directly under ADF.USIM.
func usim(title string, fid sat.FID, size int, clause string, traits ...func(*File)) File {
	f := File{
		Name: strings.ToLower(title), Title: title, FID: fid, Path: []sat.FID{sat.ADFUSIM, fid},
		Size: size, Clause: "3GPP TS 31.102, " + clause,
	}
	for _, t := range traits {
		t(&f)
	}
	return f
}

// Files returns all files, in the order of writing; ICCID, which is only read,
// is the last.
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

// position is the row of a file, or -1.
func position(name string) int {
	return slices.IndexFunc(table, func(e entry) bool { return e.Name == name })
}

// LookupFID finds a file by its identifier, which is unique in this table.
func LookupFID(fid sat.FID) (File, bool) {
	i := slices.IndexFunc(table, func(e entry) bool { return e.FID == fid })
	if i < 0 {
		return File{}, false
	}
	return table[i].file(), true
}

// file returns the File with a path of its own: nobody writes into the table.
func (e entry) file() File {
	f := e.File
	f.Path = slices.Clone(f.Path)
	return f
}

// Select is the command that selects the file. Files of the USIM are selected
// by identifier, which works in a TAR bound to ADF.USIM where SELECT 7FFF may
// be refused; ICCID by its path, and the MF is the current directory after it.
func (f File) Select() sat.Command {
	if len(f.Path) > 0 && f.Path[0] == sat.ADFUSIM {
		return sat.Select(f.FID)
	}
	return sat.SelectPath(f.Path...)
}

// ReadCommands are SELECT and READ of a file: length octets of a transparent
// file or of record 1. Length 0 asks for everything up to 256 octets (Le 00).
// Read ICCID last in a script, since its SELECT leaves the USIM.
func ReadCommands(f File, length int) []sat.Command {
	if length == 0 {
		length = 256
	}
	if f.Structure == LinearFixed {
		return []sat.Command{f.Select(), sat.ReadRecord(1, length)}
	}
	return []sat.Command{f.Select(), sat.ReadBinary(0, length)}
}

// checkSize says whether a value fits a file of size octets.
func (f File) checkSize(n, size int) error {
	if n > size {
		return fmt.Errorf("rfm: %s needs %d octets, the card's file has %d", f.Title, n, size)
	}
	return nil
}
