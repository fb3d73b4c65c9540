package cli

import "testing"

// head and row are a card file of the stocked bench's card type.
const (
	head = "ICCID,IMSI,MSISDN,OPERATOR,CARD_TYPE,EID\n"
	row1 = "8999970000000000506,999990000000050,+4759000050,nordvik,sja5-aes,89049032123451234512345678901235\n"
)

func TestCardFileThatContradictsTheDatabaseIsRefusedRowByRow(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	b.simota("card", "import", b.file("a.csv", head+row1))
	b.has(b.refused("card", "import", b.file("b.csv", head+
		"8999970000000000514,999990000000051,,nordvik,sja5-aes,89049032123451234512345678901235\n"+
		"8999970000000000522,999990000000050,,nordvik,sja5-aes,\n")),
		`simota: \S*b.csv line 2, EID: card 8999970000000000514 has the EID of card 8999970000000000506: .*`,
		`simota: \S*b.csv line 3, IMSI: card 8999970000000000522 has the IMSI of card 8999970000000000506: .*`,
		`simota: nothing imported: .*`)
	b.has(b.simota("db", "check"), `an EID is that of one card +ok`)
}

func TestNumberOfAnotherCardIsNoted(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	b.simota("card", "import", b.file("a.csv", head+row1))
	p, out, stderr := process(head+"8999970000000000514,999990000000051,+4759000050,nordvik,sja5-aes,\n", "card", "import", "-", "--server", b.socket)
	if err := Run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	b.has(out.String(), `1 card new, .*`)
	b.has(stderr.String(), `simota: note: - line 2, MSISDN: card 8999970000000000514 has the number of card 8999970000000000506`)
}

func TestCardFileThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	b := stocked(t)
	b.has(b.refused("card", "import", b.file("empty.csv", "")), `simota: \S*empty.csv is empty`)
	b.has(b.refused("card", "import", "-"), `simota: standard input is empty`)
	b.has(b.refused("card", "import", cards+"full.csv", "--details", b.file("none.csv", "")), `simota: \S*none.csv is empty`)
	b.has(b.refused("card", "import", b.file("odd.csv", "\x01\x02\xff\x00")), `simota: \S*odd.csv: nothing imported: .*`)
}
