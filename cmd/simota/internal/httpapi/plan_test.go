package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/simota/simota/cmd/simota/internal/api"
)

func TestPlanNamesWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	a, _ := w.twoCards(t)
	if _, err := w.client.ImportModels(t.Context(), api.ModelImport{File: []byte("TAC,CLIENT,SECURITY\n49000001,nobody,\n49000002,unknown,userpin\n")}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		query  api.PlanQuery
		status int
		want   string
	}{
		{api.PlanQuery{ICCID: "8999"}, http.StatusNotFound, "card 8999 is not known: simota card list shows those there are"},
		{api.PlanQuery{ICCID: a, Operator: "Aurora"}, http.StatusNotFound, "operator Aurora is not known: simota operator list shows those there are"},
		{api.PlanQuery{ICCID: a, Model: "RUT"}, http.StatusNotFound, `model "RUT" is not known: simota device list --find TEXT`},
		{api.PlanQuery{IMEI: deviceA}, http.StatusUnprocessableEntity, "operator: name the operator"},
		{api.PlanQuery{ICCID: a, IMEI: "3569"}, http.StatusUnprocessableEntity, `imei "3569": 14 to 16 digits, or a TAC of 8`},
		{api.PlanQuery{ICCID: a, IMEI: "49000001"}, http.StatusUnprocessableEntity, `no plan: client "nobody" is not known: simota client list shows those there are`},
		{api.PlanQuery{ICCID: a, IMEI: "49000002"}, http.StatusUnprocessableEntity, `no plan: no PIN: the device takes userpin only`},
	} {
		_, err := w.client.Plan(t.Context(), c.query)
		refusedWith(t, err, c.status, c.want)
	}
}

func TestPlanShowsNoPassword(t *testing.T) {
	t.Parallel()
	w := equipped(t)
	a, _ := w.twoCards(t)
	for _, imei := range []string{deviceA, deviceB} {
		p, err := w.client.Plan(t.Context(), api.PlanQuery{ICCID: a, IMEI: imei, Operator: "aurora"})
		if err != nil || p.IMEI != imei {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	for _, secret := range []string{"hunter2hunter2", "0471", "0815"} {
		if strings.Contains(w.seen.body.String(), secret) {
			t.Errorf("an answer shows %s", secret)
		}
	}
}
