package lab

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simota/simota/smpp"
	"github.com/simota/simota/smpp/smscsim"
)

func TestChanceIsEvenAndTheSameEveryTime(t *testing.T) {
	t.Parallel()
	const n = 20_000
	var low int
	var sum float64
	for i := range n {
		p := chance(1, "8947010000000000174", "wire", i)
		if p != chance(1, "8947010000000000174", "wire", i) {
			t.Fatal("two throws with the same arguments differ")
		}
		sum += p
		if p < 0.1 {
			low++
		}
	}
	if mean, share := sum/n, float64(low)/n; math.Abs(mean-0.5) > 0.01 || math.Abs(share-0.1) > 0.01 {
		t.Errorf("mean %.3f and a tenth of %.3f, want 0.5 and 0.1", mean, share)
	}
}

func iccids(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = withLuhn(fmt.Sprintf("894701%012d", i+1))
	}
	return ids
}

func TestRolesAreGivenOnceAndAsOrdered(t *testing.T) {
	t.Parallel()
	ids := iccids(50)
	f := Faults{NeverReturn: 2, IgnoredRefresh: 3, UnknownIMSI: 1, NoCP: 4, Script: []ScriptedFault{{ICCID: ids[0], Event: "device", What: "no-cp"}}}
	roles, err := f.cast(1, ids, nil)
	if err != nil {
		t.Fatal(err)
	}
	count := map[role]int{}
	for _, r := range roles {
		count[r]++
	}
	if diff := cmp.Diff(map[role]int{vanishes: 2, ignoresRefresh: 3, unknownIMSI: 1, ignoresCP: 5}, count); diff != "" || roles[ids[0]] != ignoresCP {
		t.Errorf("roles %v:\n%s", roles, diff)
	}
	if again, _ := f.cast(1, ids, nil); cmp.Diff(roles, again) != "" {
		t.Error("the same seed gives other roles")
	}
	can := map[string]bool{ids[7]: true, ids[9]: true}
	undoing := Faults{Undo: 2, NeverReturn: 48}
	if roles, err := undoing.cast(1, ids, can); err != nil || roles[ids[7]] != undoes || roles[ids[9]] != undoes {
		t.Errorf("roles %v, error %v, want the two cards that can to undo", roles, err)
	}
	undoing.Undo = 3
	if _, err := undoing.cast(1, ids, can); err == nil {
		t.Error("three cards undo, two can")
	}
	one := Faults{Script: []ScriptedFault{{ICCID: ids[0], Event: "device", What: "undo"}}}
	if _, err := one.cast(1, ids, can); err == nil {
		t.Error("a card undoes that has no applet for it")
	}
	if _, err := f.cast(1, ids[:5], nil); err == nil {
		t.Error("ten roles fit five cards")
	}
	if _, err := f.cast(1, ids[1:], nil); err == nil {
		t.Error("a script for a card that is not there passes")
	}
}

func TestPresetsAreSoundAndHarshIsWorse(t *testing.T) {
	t.Parallel()
	for _, cards := range []int{1, 10, 200, 5000} {
		for _, name := range []string{"none", "real", "harsh"} {
			f, err := Preset(name, cards)
			if err != nil || f.check() != nil {
				t.Fatalf("preset %s for %d cards: %v, %v", name, cards, err, f.check())
			}
			if _, err := f.cast(1, iccids(cards), nil); err != nil {
				t.Errorf("preset %s for %d cards: %v", name, cards, err)
			}
		}
	}
	first, _ := Preset("real", 200)
	second, _ := Preset("harsh", 200)
	if first.NeverReturn != 2 || first.IgnoredRefresh != 1 || first.UnknownIMSI != 1 || first.NoCP != 1 {
		t.Errorf("preset real has devices %+v", first)
	}
	if second.Absent <= first.Absent || second.LostReceipts <= first.LostReceipts || second.Duplicates == 0 || second.NeverReturn <= first.NeverReturn {
		t.Error("harsh is not worse than real")
	}
	if _, err := Preset("kind", 1); err == nil {
		t.Error("preset kind exists")
	}
}

// part is a submit_sm of one part of a concatenated message.
func part(ref, total, seq byte, payload string) smscsim.Submitted {
	ud := append([]byte{5, 0, 3, ref, total, seq}, payload...)
	return smscsim.Submitted{Source: smpp.Address{TON: 1, Number: "4790009999"}, ESMClass: esmUDHI, UserData: ud}
}

func TestJudgeNumbersMessagesNotSubmissions(t *testing.T) {
	t.Parallel()
	j := newJudge(1, "1", &Faults{})
	single := smscsim.Submitted{ESMClass: esmUDHI, UserData: []byte{2, 0x70, 0, 1, 2, 3}}
	for i, tc := range []struct {
		m    smscsim.Submitted
		no   int
		part byte
	}{
		{part(1, 2, 1, "a"), 1, 1}, {part(1, 2, 2, "b"), 1, 2}, {part(1, 2, 2, "b"), 1, 2}, // sent again
		{part(2, 2, 1, "a"), 2, 1}, {single, 3, 1}, {single, 3, 1},
		{part(1, 2, 1, "c"), 4, 1}, {part(1, 2, 2, "d"), 4, 2}, // the reference is used again
	} {
		if msg, seq := j.message(tc.m); msg.no != tc.no || seq != tc.part {
			t.Errorf("submission %d is part %d of message %d, want part %d of %d", i, seq, msg.no, tc.part, tc.no)
		}
	}
}

func TestScriptedFaultsHappenOnceForEachPart(t *testing.T) {
	t.Parallel()
	f := &Faults{Script: []ScriptedFault{
		{ICCID: "1", Event: "message", N: 1, Part: 2, What: "lost-response"},
		{ICCID: "1", Event: "message", N: 2, What: "lost-receipt"},
		{ICCID: "1", Event: "message", N: 2, Part: 2, What: "duplicate"},
		{ICCID: "2", Event: "mt", N: 1, What: "throttle"},
	}}
	j := newJudge(1, "1", f)
	var got []fate
	for _, m := range []smscsim.Submitted{
		part(1, 2, 1, "a"), part(1, 2, 2, "b"), part(1, 2, 2, "b"), part(2, 2, 1, "a"), part(2, 2, 2, "b"), part(2, 2, 1, "a"),
	} {
		got = append(got, j.submitted(m))
	}
	want := []fate{
		{message: 1, part: 1, total: 2}, {message: 1, part: 2, total: 2, wire: smscsim.NoResponse}, {message: 1, part: 2, total: 2},
		{message: 2, part: 1, total: 2, lostReceipt: true}, {message: 2, part: 2, total: 2, lostReceipt: true, duplicate: true}, {message: 2, part: 1, total: 2},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(fate{})); diff != "" {
		t.Errorf("fates (-want +got):\n%s", diff)
	}
}

func TestEqualRunsHaveEqualFaults(t *testing.T) {
	t.Parallel()
	f, err := Preset("harsh", 100)
	if err != nil {
		t.Fatal(err)
	}
	fates := func(seed int64) []fate {
		j := newJudge(seed, "1", &f)
		var all []fate
		for n := range 200 {
			all = append(all, j.submitted(part(byte(n/2), 2, byte(n%2+1), fmt.Sprint(n))))
		}
		return all
	}
	one := fates(1)
	if cmp.Diff(one, fates(1), cmp.AllowUnexported(fate{})) != "" {
		t.Error("the same seed gives other faults")
	}
	if cmp.Diff(one, fates(2), cmp.AllowUnexported(fate{})) == "" {
		t.Error("another seed gives the same faults")
	}
	var duplicates, resets int
	for _, v := range one {
		if v.repeat {
			duplicates++
		}
		if v.reset {
			resets++
		}
	}
	if duplicates == 0 || duplicates%2 != 0 || resets == 0 {
		t.Errorf("%d duplicates and %d resets, want whole messages of two parts and some", duplicates, resets)
	}
}

func TestMessagesOfTheCardAreLostByScriptAndChance(t *testing.T) {
	t.Parallel()
	j := newJudge(1, "1", &Faults{LostProofShare: 1, Script: []ScriptedFault{
		{ICCID: "1", Event: "mo", N: 2, What: "lost"}, {ICCID: "1", Event: "notice", N: 2, What: "lost"},
	}})
	for _, tc := range []struct {
		n, notice int
		foreign   bool
		want      bool
	}{{1, 0, false, false}, {2, 0, false, true}, {3, 0, true, true}, {4, 1, false, false}, {5, 2, false, true}} {
		if _, got := j.lost(tc.n, tc.notice, tc.foreign); got != tc.want {
			t.Errorf("message %d, foreign %v: lost %v, want %v", tc.n, tc.foreign, got, tc.want)
		}
	}
}
