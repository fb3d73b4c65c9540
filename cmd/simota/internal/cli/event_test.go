package cli

import "testing"

func TestEventsOfATableAreStoredAndUnknownCardsNamed(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	b.simota("card", "import", b.file("a.csv", head+row1))
	file := b.file("seen.csv", "\xEF\xBB\xBFimsi;imei;kind;time;colour\n999990000000050;356938035643809;session;2026-11-23T02:00:00Z;red\n999999999999999;;;;\n999990000000050;;detach;;\n")
	p, out, stderr := process("", "event", "import", file, "--server", b.socket)
	if err := Run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	b.has(out.String(), `stored 1, ended sessions 1, unknown cards 1, bad rows 0`)
	b.has(stderr.String(), `simota: \S*seen.csv: columns not used: colour`, `simota: left out: \S*seen.csv line 3: no card has IMSI 999999999999999`)
	b.has(b.simota("card", "show", "8999970000000000506"), `(?s).*356938035643809.*event import.*`)
	b.has(b.simota("event", "import", file, "--json"), `\s*"taken": 1,`, `\s*"bad": \[\],`)
}

func TestATableWithABadRowIsRefusedRowByRow(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	b.simota("card", "import", b.file("a.csv", head+row1))
	file := b.file("seen.csv", "IMSI,IMEI\n999990000000050,35693\n999990000000050,356938035643809\n")
	b.has(b.refused("event", "import", file), `simota: \S*seen.csv line 2, IMEI: "35693" has 5 digits, want 14 to 16`,
		`simota: nothing imported: 1 of 2 rows are bad; fix them, or import the good ones with --skip-bad`)
	b.has(b.simota("event", "import", file, "--skip-bad"), `stored 1, .*, bad rows 1`)
	b.has(b.refused("event", "import", b.file("none.csv", "")), `simota: \S*none.csv: no header line: .*`)
}

func TestOneEventByHand(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	b.simota("card", "import", b.file("a.csv", head+row1))
	b.has(b.simota("event", "send", "--imsi", "999990000000050", "--imei", "356938035643809"), `stored`)
	b.has(b.simota("event", "send", "--imsi", "999990000000050", "--kind", "detach"), `taken: .*`)
	b.has(b.refused("event", "send", "--imsi", "999999999999999"), `simota: no card has IMSI 999999999999999`)
	b.has(b.refused("event", "send", "--imei", "356938035643809"), `simota: one of --imsi, --iccid and --msisdn is needed`)
	b.has(b.refused("event", "send", "--imsi", "1", "--imei", "2"), `simota: --imsi: "1" has 1 digits, .*`, `simota: --imei: .*`)
	b.has(b.refused("event", "send", "--imsi", "999990000000050", "--time", "noon"), `simota: --time: .*`)
	b.has(b.refused("event", "send", "--imsi", "999990000000050", "--time", "2099-12-31T00:00:00Z"), `simota: --time: .* is in the future, .*`)
	b.has(b.refused("event", "send", "--imsi", "999990000000050", "--mcc", "999"), `simota: --mcc and --mnc go together: .*`)
}
