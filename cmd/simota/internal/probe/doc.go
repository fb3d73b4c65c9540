// Package probe tries an SMPP link once, step by step, and says in words what
// happened.
//
// It binds with the link's own configuration and with package smpp, so what it
// finds is what the server finds. It never tries a second time: three wrong
// passwords lock an account at many operators.
//
// While it is bound, an SMSC may give it what waits for the server. All of that
// is refused for now (ESME_RX_T_APPN), so that the SMSC sends it again, to the
// server. Only the receipt of the test message is taken.
package probe
