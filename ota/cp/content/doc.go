// Package content is the meaning of a provisioning document: a typed model of
// its characteristics (OMA-WAP-TS-ProvCont 1.1), and what is wrong with one, by
// the standard and by what known clients do with it.
//
//	cp.Document -> Parse -> Content -> Content.Document -> cp.Document
//	cp.Document -> Check -> findings
//
// The model keeps what it does not know, so that nothing is lost on the way
// through it. Check looks at the tree itself, because a broken document is the
// one that it is for. It knows three parties: the standard; simota, which has
// to encode and send the document; and the clients of [Clients], each with what
// was seen of it. What is right by the standard is often wrong for a client,
// and the other way round, so they are never mixed.
package content
