package uicc

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
)

// runs runs compact scripts one after another on one card and checks every answer.
func runs(t *testing.T, b *bench, steps ...[2]string) {
	t.Helper()
	for _, s := range steps {
		check(t, s[0], b.run(tarCompact, s[0]), s[1])
	}
}

func TestRecordsAreSearched(t *testing.T) {
	t.Parallel()
	// Five records of EF_SDN, of 24 octets.
	const sdn = "00A4000C026F49"
	rec := func(n, text string) string { return "00DC" + n + "0418" + text + strings.Repeat("FF", 24-len(text)/2) }
	write := sdn + rec("01", "4142") + rec("02", "414243") + rec("04", "58414243")
	for name, c := range map[string]struct{ command, want string }{
		"forward":                  {"00A20104024142" + "00", "9000" + "010204"},
		"from record 2":            {"00A20204024142" + "00", "9000" + "0204"},
		"backward":                 {"00A20505024142" + "00", "9000" + "040201"},
		"not found":                {"00A20104025959" + "00", "6282"},
		"without Le":               {"00A20104024142" + "00C0000000", "9000" + "010204"},
		"current record":           {"00B2020404" + "00A20004024142" + "00", "6c18"},
		"no current record":        {"00A20004024142" + "00", "6a83"},
		"record not there":         {"00A20604024142" + "00", "6a83"},
		"pattern of nothing":       {"00A2010400", "6700"},
		"mode not known":           {"00A20101024142" + "00", "6a86"},
		"enhanced, offset":         {"00A20106050401414243" + "00", "9000" + "04"},
		"enhanced, behind a value": {"00A2010604" + "0C584142" + "00", "9000" + "04"},
		"enhanced, value missing":  {"00A2010604" + "0C774142" + "00", "6282"},
		"enhanced, next":           {"00B2000218" + "00A2000604" + "06004142" + "00", "9000" + "0204"},
		"enhanced, previous":       {"00B2000318" + "00A2000604" + "07004142" + "00", "9000" + "040201"},
		"enhanced, next and P1":    {"00A2010604" + "06004142" + "00", "6a86"},
		"enhanced, cut":            {"00A20106020400" + "00", "6700"},
		"transparent":              {selectIMSI + "00A20104024142" + "00", "6981"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := compactCard(t)
			b.run(tarCompact, write)
			check(t, "answer", b.run(tarCompact, sdn+c.command)[2:], c.want)
		})
	}
	b := compactCard(t)
	b.run(tarCompact, write)
	check(t, "the first found is current", b.run(tarCompact, sdn+"00A2020402"+"4142"+"00B2000418")[:12], "03"+"9000"+"414243")
}

func TestCyclicFilesAreIncreased(t *testing.T) {
	t.Parallel()
	const acm = "00A4000C026F39"
	runs(t, compactCard(t),
		[2]string{acm + "8032000003000105" + "00", "02" + "9000" + "000105" + "000105"},
		[2]string{acm + "80320000010A" + "00C0000000", "03" + "9000" + "00010f" + "0a"},
		[2]string{acm + "00B2010403", "02" + "9000" + "00010f"},
		[2]string{acm + "00B2020403", "02" + "9000" + "000105"},
		[2]string{acm + "8032000003FFFFFF" + "00", "02" + "9850"},
		[2]string{acm + "803200000400000001" + "00", "02" + "6700"},
		[2]string{acm + "8032010003000001" + "00", "02" + "6a86"},
		[2]string{acm + "0032000003000001" + "00", "02" + "6e00"},
		[2]string{acm + "00DC010403000007", "02" + "6a86"}, // absolute is not for cyclic files
		[2]string{acm + "00DC000303000007" + "00B2010403", "03" + "9000" + "000007"},
		[2]string{acm + "00B2020403", "02" + "9000" + "00010f"},
		[2]string{"00A4000C026FC9" + "80320000010A" + "00", "02" + "6981"},
		[2]string{"00A40004026F39" + "00C0000000", "02" + "9000" + "6212" + "82054621000303" + "83026f39" + "8a0105" + "80020009"},
	)
}

func TestFilesAreDeactivatedAndActivated(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	runs(t, b,
		[2]string{"0004000000", "016986"},
		[2]string{"0004000002" + "6F46", "019000"},
		[2]string{"00A4000C026F46", "016283"},
		[2]string{"00A4000C026F46" + "00B0000001", "026984"},
		[2]string{"00A4000C026F46" + "00D600000100", "026984"},
		[2]string{"00A40004026F46" + "00C0000000", "029000" + "620f" + "82024121" + "83026f46" + "8a0104" + "80020011"},
		[2]string{"00A4000C026F46" + "0044000000" + "00B0000001", "03900001"},
		[2]string{"0044080006" + "7FFF5FC04F0A", "019000"},
		[2]string{"0044000002" + "5FC0", "016a82"},
		[2]string{"0044030002" + "6F46", "016a86"},
	)
	gsm := compactCard(t, func(c *Config) { c.Applications[0].Class, c.Applications[0].Start = 0xA0, sat.MF })
	const spn = "A0A40000027F20" + "A0A40000026F46"
	runs(t, gsm, [2]string{spn + "A004000000", "039000"}, [2]string{spn + "A0B0000001", "039810"}, [2]string{spn + "A044000000" + "A0B0000001", "04900001"},
		[2]string{spn + "A0A20004024142", "036d00"})
}

func TestFilesAreCreatedResizedAndDeleted(t *testing.T) {
	t.Parallel()
	fcp := func(inner string) string { return "62" + length(len(inner)/2) + inner }
	create := func(inner string) string { f := fcp(inner); return "00E00000" + length(len(f)/2) + f }
	transparent := create("82024121" + "83026F99" + "8A0105" + "8B036F0601" + "80020004" + "8801A8")
	b := compactCard(t, func(c *Config) { c.Memory = 100 })
	runs(t, b,
		[2]string{transparent + "00D6000004DEADBEEF", "029000"},
		[2]string{"00B0950000", "019000deadbeef"},
		[2]string{transparent, "016a89"},
		[2]string{create("82024121" + "83026F9A" + "8A0105" + "8B036F0601" + "80020004" + "8801A8"), "016a80"}, // SFI taken
		[2]string{create("82024121" + "83026F9A" + "8A0105" + "8B036F0601" + "80020061"), "016a84"},
		[2]string{create("82024121" + "83026F9A" + "8A0105" + "80020004"), "016a80"}, // no security attributes
		[2]string{create("82024121" + "8A0105" + "8B036F0601" + "80020004"), "016a80"},
		[2]string{create("82044221000A"+"83026F9B"+"8A0105"+"8C0100"+"80020014") + "00DC02040A" + strings.Repeat("01", 10) + "00B2020401", "03" + "6c0a"},
		[2]string{create("82044221000A" + "83026F9C" + "8A0105" + "8C0100" + "80020015"), "016a80"},
		[2]string{create("82027821"+"83025F99"+"8A0105"+"8C0100"+"81020010") + create("82024121"+"83024F01"+"8A0104"+"8C0100"+"80020002") + "00B0000001", "036984"},
		[2]string{"80D400000A" + fcp("83026F99"+"80020008") + "00B0000000", "029000deadbeefffffffff"},
		[2]string{"80D400000A" + fcp("83026F9B"+"8002001E") + "00B2030400", "029000" + strings.Repeat("ff", 10)},
		[2]string{"80D400000A" + fcp("83026F9B"+"8002001F"), "016a80"},
		[2]string{"80D400000A" + fcp("83026F99"+"80020800"), "016a84"},
		[2]string{"80D400000A" + fcp("83026FFE"+"80020008"), "016a82"},
		[2]string{"80D400000A" + fcp("83026F39"+"80020003"), "016981"},
		[2]string{"00D4000000", "016e00"},
		[2]string{"00E40000026F99" + "00A40004026F99", "026a82"},
		[2]string{"00E40000025F99", "019000"},
		[2]string{"00E40000026F9B", "019000"},
		[2]string{"00E40000026F9B", "016a82"},
		[2]string{"00E40000023F00", "016982"},
		[2]string{"00A40004023F00" + "00E40000022FE2", "026982"},
		[2]string{"00E4000000", "016700"},
	)
	check(t, "memory is free again", b.memory.used, 0)
	limited := compactCard(t, func(c *Config) { c.Applications[0].Updatable = []string{"IMSI"} })
	runs(t, limited, [2]string{transparent, "016982"}, [2]string{"00E40000026F07", "016982"}, [2]string{"80D400000A" + fcp("83026F07"+"80020008"), "016982"},
		[2]string{"0004000002" + "6F46", "016982"})
}

func TestApplicationsAreSelectedByAID(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.Applications[0].SelectByAID, c.Applications[0].Start = true, sat.MF })
	const usim, isim = "00A4040C07A0000000871002", "00A4040C07A0000000871004"
	impi := hex.EncodeToString([]byte("001010123456789@ims.mnc001.mcc001.3gppnetwork.org"))
	runs(t, b,
		[2]string{usim + readIMSI, "039000080910101032547698"},
		[2]string{isim + "00A4000C026F02" + "00B0000033", "03" + "9000" + "8031" + impi},
		[2]string{isim + "00A40004026F07" + "00B0000000", "03" + "9000" + "0100"}, // EF_IST has the identifier of EF_IMSI
		[2]string{isim + "00A40804047FFF6F02" + "00B0000001", "03" + "9000" + "80"},
		[2]string{"00A40404" + "10" + "A0000000871002FFFFFFFF8900000100" + "00", "01" + "9000" + "621d" + "82027821" + "83027fff" + "8410a0000000871002ffffffff8900000100" + "8a0105"},
		[2]string{"00A4040C07A0000000871009", "016a82"},
		[2]string{"00A4040C04A0000000", "016700"},
	)
}

func TestAnApplicationMayHaveTheADFOfTheISIM(t *testing.T) {
	t.Parallel()
	b := compactCard(t, func(c *Config) { c.Applications[0].ISIM = true })
	check(t, "DOMAIN by short identifier", b.run(tarCompact, "00B0850002"), "0190008021")
	check(t, "USIM", b.run(tarCompact, "00A40004026F7E"), "016a82")
	got, err := b.ReadFile("ISIM/6F03")
	if err != nil || got[1] != 33 {
		t.Errorf("%x, %v", got, err)
	}
}

func TestDualModeFilesAreOne(t *testing.T) {
	t.Parallel()
	b := compactCard(t)
	for _, l := range links {
		if l.name == "TELECOM/SMS" {
			continue
		}
		if err := b.WriteFile(l.of, []byte{0xA5}); err != nil {
			t.Errorf("%s: %v", l.of, err)
		}
		if got, err := b.ReadFile(l.path); err != nil || got[0] != 0xA5 {
			t.Errorf("%s: % x, %v", l.path, got[:1], err)
		}
	}
}

func TestFormatFollowsTheApplication(t *testing.T) {
	t.Parallel()
	const definite, open, compact = "AA09" + "2207" + selectIMSI, "AE80" + "2207" + selectIMSI + "0000", selectIMSI
	const okDefinite, okOpen, okCompact = "ab07800101" + "23026114", "af80" + "23026114" + "0000", "016114"
	for _, c := range []struct {
		format                  script.Format
		definite, open, compact string
	}{
		{AutoFormat, okDefinite, okOpen, okCompact},
		{script.Expanded, okDefinite, okOpen, "ab06" + "800100" + "900101"},
		{Definite, okDefinite, "ab06" + "800100" + "900101", "ab06" + "800100" + "900101"},
		{script.Indefinite, "af80" + "900101" + "0000", okOpen, "af80" + "900101" + "0000"},
	} {
		b := compactCard(t, func(cfg *Config) { cfg.Applications[0].Format = c.format })
		for data, want := range map[string]string{definite: c.definite, open: c.open, compact: c.compact} {
			check(t, string(c.format)+" "+data, b.run(tarCompact, data), want)
		}
	}
}
