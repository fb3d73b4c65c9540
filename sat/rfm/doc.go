// Package rfm knows the files of a card as values: where each file of a
// subscription lies, how its content is coded, and what a swap must write into
// it (3GPP TS 31.102, TS 31.103, TS 51.011, ETSI TS 102 221).
//
// One table has the files of the USIM, its 5G directory, the ISIM, the 2G view
// and the MF. File.Decode and File.Encode turn the octets of each into a value
// with a JSON form and back, File.Describe says them in words. FCP is what a
// card tells of a file, and what it is told to make one.
//
// Read makes the commands that read a card and gives a Snapshot; Diff compares
// it with the Identity the card shall have and gives the updates, in the order
// in which a card that stops half way is harmless: names and lists first, the
// identity last. Commands writes them with as few SELECTs as are safe, Fence
// reads whether one of them ran. Items are octets for files that no standard
// has.
//
// Some files hold live session keys, and items may hold any key. A Snapshot, an
// Item and an Update print names and lengths of such files, never their octets,
// and values of such files have no keys in them.
package rfm
