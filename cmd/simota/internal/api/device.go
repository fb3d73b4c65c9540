package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/simota/simota/catalog"
)

// Model is a kind of device: one row of a TAC table.
type Model struct {
	TAC          string `json:"tac"` // 8 digits, or "FIRST-LAST"
	Manufacturer string `json:"manufacturer,omitempty"`
	Name         string `json:"model,omitempty"`
	Client       string `json:"client"` // what its provisioning client is
	// Can is what the client does, with what this row and the clients below say;
	// in lists it is left out. The word "set" stands for a PIN.
	Can  catalog.Capability `json:"can,omitzero"`
	Note string             `json:"note,omitempty"` // why Can is not known
}

// Title is manufacturer and name.
func (m Model) Title() string {
	if m.Manufacturer == "" || m.Name == "" {
		return m.Manufacturer + m.Name
	}
	return m.Manufacturer + " " + m.Name
}

// ModelPage is one page of models.
type ModelPage struct {
	Models []Model `json:"models"`
	Next   string  `json:"next,omitempty"` // After of the next page; empty on the last
}

// ModelImport carries a TAC table as it is.
type ModelImport struct {
	File    []byte `json:"file"`
	SkipBad bool   `json:"skip_bad,omitempty"`
}

// Device is one device, or all of one name.
type Device struct {
	IMEI   string  `json:"imei,omitempty"` // as it was asked for; empty for a TAC or a name
	Models []Model `json:"models"`         // of an IMEI at most one
	Pairs  []Pair  `json:"pairs"`          // cards that the device was seen with, oldest first
	Moves  []Move  `json:"moves"`          // of cards into it, out of it, and from one to another
}

// Move is a card that was seen in another device than before, or a device with
// another card.
type Move struct {
	What string    `json:"what"` // "card moved" or "device moved"
	At   time.Time `json:"at"`
	Was  Pair      `json:"was"`
	Is   Pair      `json:"is"`
}

// MovePage is one page of moves.
type MovePage struct {
	Moves []Move `json:"moves"`
	Next  int64  `json:"next,omitempty"` // After of the next page; 0 on the last
}

// DeviceClient is a kind of provisioning client.
type DeviceClient struct {
	Name    string             `json:"client"`
	BasedOn string             `json:"based_on,omitempty"`
	About   string             `json:"about,omitempty"`
	Origin  string             `json:"origin"` // "file", or "simota" for those that it knows by itself
	Says    catalog.Capability `json:"says"`   // what is in the file; the word "set" stands for a PIN
	Can     catalog.Capability `json:"can"`    // with what it is based on
	Note    string             `json:"note,omitempty"`
}

// ImportModels stores the rows of a TAC table.
func (c *Client) ImportModels(ctx context.Context, r ModelImport) (ImportResult, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return ImportResult{}, err
	}
	return send[ImportResult](ctx, c, http.MethodPost, "/v1/models/import", nil, "application/json", b)
}

// Models lists one page of models; text selects those that have it in their TAC,
// names or client, and after is Next of the page before.
func (c *Client) Models(ctx context.Context, text, after string, limit int) (ModelPage, error) {
	v := page(0, limit)
	if text != "" {
		v.Set("find", text)
	}
	if after != "" {
		v.Set("after", after)
	}
	return get[ModelPage](ctx, c, "/v1/models", v)
}

// Device is all that is known of a device, by IMEI, or of a model, by TAC or name.
func (c *Client) Device(ctx context.Context, name string) (Device, error) {
	return get[Device](ctx, c, "/v1/devices/"+url.PathEscape(name), nil)
}

// Moves lists one page of moves since a time.
func (c *Client) Moves(ctx context.Context, since time.Time, after int64, limit int) (MovePage, error) {
	v := page(after, limit)
	if !since.IsZero() {
		v.Set("since", since.UTC().Format(time.RFC3339))
	}
	return get[MovePage](ctx, c, "/v1/moves", v)
}

// PutDeviceClient stores a client from its file; file is the name that errors show.
func (c *Client) PutDeviceClient(ctx context.Context, name, file string, text []byte) (Applied, error) {
	return sendYAML[Applied](ctx, c, http.MethodPut, "/v1/clients/"+url.PathEscape(name), url.Values{}, file, text)
}

// DeviceClients lists all clients, stored or known.
func (c *Client) DeviceClients(ctx context.Context) ([]DeviceClient, error) {
	return get[[]DeviceClient](ctx, c, "/v1/clients", nil)
}

// DeviceClient is one client.
func (c *Client) DeviceClient(ctx context.Context, name string) (DeviceClient, error) {
	return get[DeviceClient](ctx, c, "/v1/clients/"+url.PathEscape(name), nil)
}
