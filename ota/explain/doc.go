// Package explain says in plain words what octets are, for the command line,
// the API and the console alike: what a tired engineer pastes comes back as a
// tree of layers and fields, with what is wrong or suspicious marked.
//
//	b, err := explain.Octets("02 70 00 00 80 15 16 39 ...")
//	r, err := explain.Decode(b, explain.Options{Keysets: keys})
//	err = r.Text(os.Stdout, false)
//
// What octets are is found by structure alone. Every kind has a judge that
// says how well they fit; the best fit is drawn, the others are named. Drawing
// is lenient where judging is strict: a wrong length costs a mark and not the
// rest of the tree.
//
//	pdu ── userdata ── command ── script ── C-APDUs, file contents
//	tpdu ─┘        ├── response ── answers to scripts
//	               └── push ── wbxml
//
// Offsets count from the first octet given. What lies in other octets, such as
// deciphered ones, counts from the start of those: Node.Layer marks that.
//
// Keys are used and never shown. Octets that may be key material (files with
// session keys, PUT KEY, passwords of a bind) are named and left out, from what
// is drawn: the octets that were given are the caller's own.
//
// Whatever the octets are, nothing panics, and tree and work are bounded.
package explain
