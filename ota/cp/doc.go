// Package cp makes and reads OMA Client Provisioning messages: the settings
// document, its WBXML, the WSP push that carries it and the MAC that proves it.
//
// A message, outside in (OMA-WAP-TS-ProvCont 1.1, OMA-WAP-TS-ProvBoot 1.1,
// WAP-230-WSP 8, WAP-192-WBXML 1.3):
//
//	user data  0B 05 04 0B84 23F0 00 03 RR NN SS   ports 2948 <- 9200, part SS of NN
//	WSP push   01 06 2F 1F 2D B6 91 80+SEC 92 <40 upper-case hex digits> 00
//	WBXML      03 0B 6A 00 C5 45 ..
//
// From a document to short messages and back:
//
//	Document -> AppendWBXML -> Push -> Split
//	Document <- ParseWBXML <- Message.Verify <- ParsePush <- Join
//
// What is written is what the weakest known client reads: names and words as
// tokens only where every known table agrees, inline strings everywhere else,
// no string table, nothing after the content type. What is read is all that is
// legal: other versions and character sets, string tables, literals, either
// habit of attribute code pages. What no table has is kept and named.
//
// Two neighbours travel the same way: the bootstrap of device management, in
// the same push, and its [Notification].
//
// Client Provisioning has no answer. A receipt proves that a device stored the
// short messages, never that its user took the settings.
package cp
