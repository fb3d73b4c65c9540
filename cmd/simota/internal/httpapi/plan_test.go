package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/simota/simota/cmd/simota/internal/api"
)

const planOperator = `operator: polar
plmns: ["99943"]
links: [polar-1]
source_address: {number: "+4759990000"}
smsc: "+4790000001"
apns: [{purpose: internet, name: iot.polar.example, auth: pap, user: meter, secret: hunter2hunter2}]
dm: {id: dm1, address: "https://dm.polar.example/", user: meter, secret: hunter2dm, server_secret: hunter2srv}
`

func TestAPlanIsShownWithItsReasonsAndWithoutSecrets(t *testing.T) {
	t.Parallel()
	w := stocked(t)
	ctx := t.Context()
	if _, err := w.client.PutOperator(ctx, "polar", "polar.yaml", []byte(planOperator)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"talker": "client: talker\nbased_on: none\ntexts: [{name: set, text: \"APN=${apn};PW=${secret}\"}]\n",
		"own":    "client: own\nbased_on: cpclient\nsecurity: [userpin]\npin: \"4711471\"\nvendor: [{name: maker, text: '<wap-provisioningdoc><characteristic type=\"ACME\"><parm name=\"PASSWORD\" value=\"${secret}\"/></characteristic></wap-provisioningdoc>'}]\n",
	} {
		if _, err := w.client.PutDeviceClient(ctx, name, name+".yaml", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	table := "TAC,MANUFACTURER,MODEL,CLIENT\n35000001,Acme,Talker,talker\n35000002,Acme,Own,own\n35000003,Acme,Mute,none\n"
	if _, err := w.client.ImportModels(ctx, api.ModelImport{File: []byte(table)}); err != nil {
		t.Fatal(err)
	}
	plan := func(q api.PlanQuery) api.Plan {
		t.Helper()
		p, err := w.client.Plan(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(p)
		if err != nil || strings.Contains(string(text), "hunter2") || strings.Contains(string(text), "4711471") {
			t.Errorf("a secret is shown: %s %v", text, err)
		}
		return p
	}
	p := plan(api.PlanQuery{Operator: "polar", IMEI: "35000001"})
	if p.Model != "Acme Talker" || p.Client != "talker" || len(p.Messages) != 1 || p.Messages[0].Text != "APN=iot.polar.example;PW=[redacted]" || !p.Messages[0].Gating {
		t.Errorf("%+v", p)
	}
	p = plan(api.PlanQuery{Operator: "polar", Model: "own"})
	if len(p.Messages) != 3 || p.Messages[2].Name != "maker" || !strings.Contains(p.Messages[2].XML, `value="[redacted]"`) || p.Messages[0].Security != "userpin" || len(p.Messages[0].Why) == 0 || len(p.Left) == 0 {
		t.Errorf("%+v", p)
	}
	p = plan(api.PlanQuery{Operator: "polar", Model: "mute"})
	if len(p.Messages) != 0 || len(p.ByHand) != 1 || !strings.Contains(p.ByHand[0], "iot.polar.example, pap, user meter, password as in the file of operator polar") {
		t.Errorf("%+v", p)
	}
	if p = plan(api.PlanQuery{Operator: "polar"}); p.Client != "unknown" || p.Model != "" || len(p.Card) == 0 || p.Messages[0].SMS == 0 {
		t.Errorf("%+v", p)
	}
	for want, q := range map[string]api.PlanQuery{
		"operator nobody is not known": {Operator: "nobody"}, "14 to 16 digits": {Operator: "polar", IMEI: "35"}, "card 1 is not known": {ICCID: "1"},
		"name the operator": {IMEI: "35000001"},
	} {
		if _, err := w.client.Plan(ctx, q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

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
