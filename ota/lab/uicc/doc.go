// Package uicc is a virtual UICC: a card that takes SMS data downloads, obeys them as the standards say and answers, so
// that a server can be tried without burning a real one.
//
// A message goes through the same stations as in a card:
//
//	user data -> parts joined -> header, TAR, key set, level -> deciphered, checked -> counter -> script -> application
//	                                     response packet <- status and script's answer <-----------'
//
// The applications are file management (ETSI TS 102 226 and 102 222 on the files of 3GPP TS 31.102, 31.103 and
// 51.011), application management (GlobalPlatform 2.3: applets are loaded and installed, but only dummies that say
// 9000), the ISD-R of an eUICC with its profiles (GSMA SGP.02), and a vendor's applet for several identities.
//
// The card walks scripts, files and commands with code of its own; only packets and user data headers are opened by the
// packages the server seals them with, which are held to vectors of other implementations. Where real cards differ, a
// [Profile] says which one this is; [ParsePersonality] reads one.
//
// # The phone
//
// A card is passive. The phone brings it messages ([Card.Download]), tells it that service came and went
// ([Card.Attached], [Card.ServiceLost]) and comes back when it is wanted ([Card.Due], [Card.Tick]). An [Answer] is what
// the phone then does: it hands over the report, sends the messages, says how that went ([Card.Sent]), and obeys the
// REFRESH. A REFRESH of qualifier 04 is a [Card.Reset], and only that makes an eUICC change its profile.
package uicc
