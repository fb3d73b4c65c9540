package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/simota/simota/ota/detect"
)

// MostEvents is how many events one request may carry.
const MostEvents = 1000

// EventsRequest carries events of any source.
type EventsRequest struct {
	Events []detect.Event `json:"events" maxItems:"1000"`
}

// EventsResult says what became of events.
type EventsResult struct {
	Taken    int        `json:"taken"`
	Ended    int        `json:"ended,omitempty"` // of a device that left: nothing is kept of them
	NotTaken []NotTaken `json:"not_taken"`
}

// NotTaken is one event that was not taken, and why.
type NotTaken struct {
	Event int    `json:"event"` // counted from 1
	Why   string `json:"why"`
}

// Events stores events. Those of cards that nobody knows are in the answer;
// one that cannot be read refuses all.
func (c *Client) Events(ctx context.Context, events []detect.Event) (EventsResult, error) {
	b, err := json.Marshal(EventsRequest{events})
	if err != nil {
		return EventsResult{}, err
	}
	return send[EventsResult](ctx, c, http.MethodPost, "/v1/events", nil, "application/json", b)
}
