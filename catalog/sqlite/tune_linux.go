package sqlite

// Two switches of SQLite that the driver has no way to. Its SQLite is in the same
// binary, so the symbols are resolved when that is linked.
//
// SQLite counts every allocation under one mutex of the whole process. Nobody
// reads the count, and readers and the writer wait for each other there: without
// it a campaign on two cores is about a third faster. The switch must be made
// before SQLite is first used.
//
// The query planner looks at bound values, and a statement that it looked into is
// compiled again whenever the driver clears its parameters: at every execution.
// The stability guarantee (QPSG) keeps the plan, and the compiled statement. It is
// set on every connection as it opens.

/*
#cgo LDFLAGS: -Wl,--unresolved-symbols=ignore-in-object-files
typedef struct sqlite3 sqlite3;
int sqlite3_config(int, ...);
int sqlite3_db_config(sqlite3 *, int, ...);
int sqlite3_auto_extension(void (*)(void));

static int stable_plans(sqlite3 *db, char **error, const void *api) {
	const int SQLITE_DBCONFIG_ENABLE_QPSG = 1007;
	return sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, (int *)0);
}
static int memory_statistics_off(void) {
	const int SQLITE_CONFIG_MEMSTATUS = 9;
	return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
static int plans_stay(void) {
	return sqlite3_auto_extension((void (*)(void))stable_plans);
}
*/
import "C"

// Each is 0 when SQLite took the switch; else it merely is slower. The second
// begins the use of SQLite.
var (
	memoryStatisticsOff = int(C.memory_statistics_off())
	plansStay           = int(C.plans_stay())
)
