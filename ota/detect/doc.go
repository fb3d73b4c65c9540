// Package detect turns what networks, cards and platforms say of a device into
// one record, an [Event]: who was seen, in which device, where, with which
// access point.
//
// It reads octets and text and knows neither HTTP nor sockets nor the catalog:
//
//	JSON of a feed -> Shape ┐
//	RADIUS accounting       ├-> Event -> ota/campaign
//	CSV                     ┘
//
// Duplicates and late events are harmless: an Event says when it happened, and
// whoever stores it keeps one of several equal ones.
package detect
