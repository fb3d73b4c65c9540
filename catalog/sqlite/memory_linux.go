package sqlite

// SQLite counts every allocation under one mutex of the whole process. Nobody
// reads the count, and readers and the writer wait for each other there: without
// it a campaign on two cores is about a third faster. The switch must be made
// before SQLite is first used, and the driver has no way to it; its SQLite is in
// the same binary, so the symbol is resolved when that is linked.

/*
#cgo LDFLAGS: -Wl,--unresolved-symbols=ignore-in-object-files
int sqlite3_config(int, ...);
static int memory_statistics_off(void) {
	const int SQLITE_CONFIG_MEMSTATUS = 9;
	return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
*/
import "C"

// memoryStatisticsOff is 0 when SQLite took the switch; else it merely is slower.
var memoryStatisticsOff = int(C.memory_statistics_off())
