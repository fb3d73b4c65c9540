package sqlite

import "testing"

func TestSQLiteTookTheSwitches(t *testing.T) {
	t.Parallel()
	if memoryStatisticsOff != 0 {
		t.Errorf("memory statistics: sqlite3_config gave %d: SQLite was used before the switch was made", memoryStatisticsOff)
	}
	if plansStay != 0 {
		t.Errorf("stable plans: sqlite3_auto_extension gave %d", plansStay)
	}
}
