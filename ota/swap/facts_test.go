package swap

import "testing"

func TestAPNsAreComparedAsNetworksWriteThem(t *testing.T) {
	t.Parallel()
	f := Facts{APNs: []string{"m2m.aurora.example"}}
	for apn, want := range map[string]bool{
		"m2m.aurora.example": true, "M2M.Aurora.Example": true, "m2m.aurora.example.mnc070.mcc999.gprs": true,
		"m2m.aurora.example.gprs": false, "m2m": false, "": false, "iot.nordvik.example": false,
	} {
		if got := f.ours(apn); got != want {
			t.Errorf("%q: %v", apn, got)
		}
	}
}
