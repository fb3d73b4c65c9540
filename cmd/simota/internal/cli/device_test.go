package cli

import (
	"strings"
	"testing"
)

const gatewayFile = "client: gateway\nabout: field gateways\nsecurity: [userpin, netwpin]\npin: \"0471\"\nmax_parts: 3\n"

func TestDevicesAreImportedListedAndShown(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	b.has(b.simota("client", "apply", b.file("gateway.yaml", gatewayFile)), `client gateway is stored`)
	table := b.file("tacs.csv", "TAC,MANUFACTURER,MODEL,CLIENT,COLOUR\n35693803,Teltonika,RUT240,gateway,blue\n86012304-86012399,Quectel,EC21,none,\n")
	p, out, stderr := process("", "device", "import", table, "--server", b.socket)
	if err := Run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	b.has(out.String(), `2 models new, 0 changed, 0 as before`)
	b.has(stderr.String(), `simota: \S*tacs.csv: columns not used: COLOUR`)
	b.has(b.simota("device", "list"), `35693803 +Teltonika +RUT240 +gateway`, `86012304-86012399 +Quectel +EC21 +none`)
	if found := b.simota("device", "list", "--find", "quec"); strings.Contains(found, "RUT240") || !strings.Contains(found, "EC21") {
		t.Errorf("found: %s", found)
	}
	if none := b.simota("device", "list", "--find", "nothing", "--json"); none != "[]\n" {
		t.Errorf("no models: %q, want an empty array", none)
	}
	shown := b.simota("device", "show", "35693803-564001")
	b.has(shown, `IMEI 35693803-564001`, `TAC 35693803   Teltonika RUT240   client gateway`, `    signed with userpin, else netwpin`, `    PIN set, not shown`, `it was seen with no card of this catalog`)
	b.has(b.simota("device", "show", "quectel ec21"), `    takes no OMA Client Provisioning`)
	b.has(b.simota("device", "show", "49000000000000"), `the model is not known: .*`)
	b.has(b.refused("device", "show", "nothing"), `simota: "nothing" is no IMEI .*`)
	b.has(b.simota("card", "show", "8999970000000000019"), `.*IMEI 35693803-564001\S* \(Teltonika RUT240\).*`)
	if moves := b.simota("device", "moves", "--since", "24h", "--json"); moves != "[]\n" {
		t.Errorf("no moves: %q, want an empty array", moves)
	}
	b.has(b.refused("device", "moves", "--since=-1h"), `simota: --since: -1h0m0s is negative.*`)
}

func TestBadTACTableIsRefusedRowByRow(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	table := b.file("tacs.csv", "TAC,MODEL\n35693803,RUT240\n3569,short\n")
	b.has(b.refused("device", "import", table), `simota: \S*tacs.csv line 3, TAC: "3569" is no TAC: .*`, `simota: nothing imported: 1 of 2 rows are bad; .*--skip-bad`)
	b.has(b.simota("device", "import", table, "--skip-bad"), `1 model new, 0 changed, 0 as before; 1 bad row left out`)
}

func TestClientsAreShownWithoutTheirPIN(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	b.simota("client", "apply", b.file("gateway.yaml", gatewayFile))
	whole := b.simota("client", "show", "gateway") + b.simota("client", "show", "gateway", "--json") + b.simota("client", "list") + b.simota("client", "list", "--json")
	b.has(whole, `gateway   from a file   field gateways`, `of this its own file says: signed with userpin, else netwpin; PIN set, not shown; a document of at most 3 short messages`,
		`    "pin": "set",`, `gateway +file +- +yes +userpin netwpin +3 .*field gateways`, `samsung +simota .*`)
	if strings.Contains(whole, "0471") {
		t.Errorf("the PIN is shown:\n%s", whole)
	}
	complaint := b.refused("client", "apply", b.file("bad.yaml", "client: gateway\npin: 0471\nmax_partz: 3\n"))
	b.has(complaint, `simota: \S*bad.yaml:3:1: unknown field "max_partz", did you mean "max_parts"\?`)
	if strings.Contains(complaint, "0471") {
		t.Errorf("the PIN is shown:\n%s", complaint)
	}
	b.has(b.refused("client", "show", "nobody"), `simota: client nobody is not known`)
}
