package swap_test
import ("testing";"pgregory.net/rapid";"fmt")
func TestDbg(t *testing.T){ n:=map[string]int{}; rapid.Check(t, func(rt *rapid.T){ w:=newWorld(rt); w.ahead(); for range 60 { w.step(); r:=w.next(); k:=fmt.Sprint(r.State,r.Closed); n[k]++ } }); fmt.Println(n)}
