// Package settings says what a device and a card are to be told of an
// operator's network: from the operator and what the device's client can do to
// documents, in the order in which they are sent, each with its reason.
package settings
