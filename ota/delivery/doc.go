// Package delivery brings secured packets and configuration documents to cards
// and devices and learns what became of them, under the laws below. It knows
// bytes and records; what to say to a card, and why, is decided elsewhere.
//
// A card that checks counters never executes one packet twice. Everything
// follows from that, and from the fact that nothing on the way is reliable:
// a response, a receipt or an answer can be lost, late or doubled.
//
//   - An attempt is one secured packet: one keyset, one counter, one octet
//     string. A submission is one submit_sm of one part of it.
//   - One counter belongs to one octet string for ever. The user data of every
//     part is stored before anything leaves ([Desk.Send]).
//   - At most one write of a keyset is open. It is stored together with its
//     fence: the read, in the same application, of the last value it changes.
//     Over an open write only that fence may go, under the next counter; once
//     it is answered no earlier counter can run, and what it read says whether
//     the write did.
//   - A write ends by its own authenticated answer, by its fence, or because
//     some part of it was never accepted by any SMSC. Receipts and clocks end
//     nothing: they call for a fence.
//   - What may have been sent is sent again with the same octets, or not at
//     all. Without replay detection in the SPI nothing is sent again.
//   - Reads are not sent again under their old counter; a new read goes under
//     the next one, eight in a step, then one an hour.
//
// [Plan] is these laws as a pure function of what is stored; [Desk] carries
// out what it says. [Desk.Receive] stores what comes in before it is answered,
// and settles it afterwards, by rank and never by order of arrival:
// authenticated 00 > fence > authenticated 02 > receipt > unauthenticated status.
package delivery
