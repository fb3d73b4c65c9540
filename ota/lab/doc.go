// Package lab is a simulated world for an OTA server: mobile networks, each with an SMSC that speaks SMPP, and
// devices with cards that move between them.
//
// It obeys the standards and knows nothing of the server under test, which meets it through SMPP, a feed of attach
// events, RADIUS accounting and nothing else.
//
//	                 submit_sm                    while attached with the identity of that number
//	ESME ------------------------> SMSC of a network -----------------------------------------> device -> card
//	  ^  receipts, deliver_sm        ^ store, retry on attach, expire                            |
//	  |                              '----- card's own messages, to the SMSC EF_SMSP names ------'
//	  '-- POST /v1/events/attach: IMSI, IMEI, and APN when a device opens its data connection
//
// One goroutine owns a device, its card and what waits for it. What goes wrong is decided by a hash of the seed, the
// ICCID and running numbers, so that equal runs have equal faults.
//
// Durations of the world are divided by [Config].Speed. The phones' clock, by which cards wait for confirmations and for
// service, runs faster by as much. Logs and feed have real times. What stands on the wire is real too: validity periods
// and the times in receipts, as two programs that share a wire must mean the same by a second.
package lab
