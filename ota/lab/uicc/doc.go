// Package uicc is a virtual UICC: a card with a USIM that takes SMS data downloads, obeys them as the standards say
// and answers, so that a server can be tried without burning a real one.
//
// A message goes through the same stations as in a card:
//
//	user data -> parts joined -> header, TAR, key set, level -> deciphered, checked -> counter -> script -> files
//	                                     response packet <- status and script's answer <-----------'
//
// The card implements ETSI TS 102 225 and 3GPP TS 31.115 (security), ETSI TS 102 226 (scripts and remote file
// management) and ETSI TS 102 221 with 3GPP TS 31.102 (commands and files). It walks scripts and files with code of
// its own; only packets and user data headers are opened by the packages the server seals them with, which are held
// to vectors of other implementations. Where real cards differ, a [Profile] says which one this is.
package uicc
