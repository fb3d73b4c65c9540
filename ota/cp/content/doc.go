// Package content is the meaning of a provisioning document: a typed model of
// its characteristics (OMA-WAP-TS-ProvCont 1.1), and what is wrong with one, by
// the standard and by what known clients do with it.
package content
