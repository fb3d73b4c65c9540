package sqlite

import "testing"

func TestSQLiteCountsNoAllocations(t *testing.T) {
	t.Parallel()
	if memoryStatisticsOff != 0 {
		t.Errorf("sqlite3_config gave %d: it was used before the switch was made", memoryStatisticsOff)
	}
}
