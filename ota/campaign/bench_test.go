package campaign_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/simota/simota/catalog/ledger"
)

// BenchmarkCampaign runs an rfm campaign over b.N cards through everything but
// SMPP: saga, delivery, a durable database, and virtual cards that answer at
// once. It reports submitted parts per second.
func BenchmarkCampaign(b *testing.B) {
	w := newWorld(b, b.N, 60)
	w.poll = 200 * time.Millisecond // counting a large campaign costs
	b.ResetTimer()
	began, spent := time.Now(), cpuTime(b)
	name := w.start(`
campaign: bench
kind: rfm
select: {all: true}
write: {spn: "0173696d6f74613a6d657465722d6e6f72", lrplmnsi: "01", plmnwact: "99f107400099f204800099f304c00099f404000899f504008099f604c08099f704480099f8044880"}
`)
	w.until(name, func(c ledger.Counts) bool { return c.ByState["written"] == b.N })
	took, spent := time.Since(began), cpuTime(b)-spent
	b.StopTimer()
	c, err := w.db.Campaign(b.Context(), name)
	if err != nil {
		b.Fatal(err)
	}
	t, err := w.db.Traffic(b.Context(), c.ID)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(t.Submissions)/took.Seconds(), "parts/s")
	b.ReportMetric(float64(spent.Microseconds())/float64(t.Submissions), "cpu-us/part")
}

// cpuTime is what this process has used of all cores. It says on a machine that
// others use too what the time by the clock does not.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
