package content

import (
	"slices"
	"strings"
)

// count is how often a parm or a characteristic may be there.
type count struct{ least, most int }

const unbounded = 1 << 30

// shape is what a type of characteristic holds.
type shape struct {
	parms, flags map[string]count
	kids         map[string]count
	open         bool // further parms are defined elsewhere
	any          bool // everything is allowed inside
}

// names reads the notation of ProvCont: NAME once, NAME? at most once, NAME*
// any number, NAME+ at least once.
func names(notation string) map[string]count {
	all := map[string]count{}
	for name := range strings.FieldsSeq(notation) {
		switch bare, last := name[:len(name)-1], name[len(name)-1]; last {
		case '?':
			all[bare] = count{0, 1}
		case '*':
			all[bare] = count{0, unbounded}
		case '+':
			all[bare] = count{1, unbounded}
		default:
			all[name] = count{1, 1}
		}
	}
	return all
}

// rootShape is the root element.
var rootShape = shape{kids: names("BOOTSTRAP* CLIENTIDENTITY? VENDORCONFIG* PXLOGICAL* NAPDEF* APPLICATION* ACCESS*")}

// grammar is what each type holds, wherever it stands (ProvCont 1.1, 5).
var grammar = map[string]shape{
	"BOOTSTRAP":      {parms: names("NAME? NETWORK* COUNTRY? PROXY-ID* PROVURL? CONTEXT-ALLOW?")},
	"CLIENTIDENTITY": {parms: names("CLIENT-ID")},
	"VENDORCONFIG":   {parms: names("NAME"), open: true, any: true},
	"NAPDEF": {
		parms: names(`NAPID BEARER* NAME NAP-ADDRESS NAP-ADDRTYPE? DNS-ADDR* CALLTYPE? LOCAL-ADDR? LOCAL-ADDRTYPE? LINKSPEED? DNLINKSPEED? LINGER?
			DELIVERY-ERR-SDU? DELIVERY-ORDER? TRAFFIC-CLASS? MAX-SDU-SIZE? MAX-BITRATE-UPLINK? MAX-BITRATE-DNLINK? RESIDUAL-BER? SDU-ERROR-RATIO?
			TRAFFIC-HANDL-PRIO? TRANSFER-DELAY? GUARANTEED-BITRATE-UPLINK? GUARANTEED-BITRATE-DNLINK? MAX-NUM-RETRY? FIRST-RETRY-TIMEOUT? REREG-THRESHOLD?`),
		flags: names("INTERNET? T-BIT?"),
		kids:  names("NAPAUTHINFO* VALIDITY*"),
	},
	"NAPAUTHINFO": {parms: names("AUTHTYPE AUTHNAME? AUTHSECRET? AUTH-ENTITY* SPI?")},
	"VALIDITY":    {parms: names("COUNTRY? NETWORK? SID? SOC? VALIDUNTIL?")},
	"PXLOGICAL": {
		parms: names("PROXY-ID PROXY-PW? PPGAUTH-TYPE? PROXY-PROVIDER-ID? NAME DOMAIN* STARTPAGE? BASAUTH-ID? BASAUTH-PW? WSP-VERSION? PUSHENABLED? PULLENABLED?"),
		flags: names("TRUST? MASTER?"),
		kids:  names("PXAUTHINFO* PORT* PXPHYSICAL+"),
	},
	"PXAUTHINFO": {parms: names("PXAUTH-TYPE PXAUTH-ID? PXAUTH-PW?")},
	"PORT":       {parms: names("PORTNBR SERVICE*")},
	"PXPHYSICAL": {
		parms: names("PHYSICAL-PROXY-ID DOMAIN* PXADDR PXADDRTYPE? PXADDR-FQDN? WSP-VERSION? PUSHENABLED? PULLENABLED? TO-NAPID+"),
		kids:  names("PORT*"),
	},
	"APPLICATION": {
		parms: names("APPID PROVIDER-ID? NAME? AACCEPT? APROTOCOL? TO-PROXY* TO-NAPID* ADDR*"),
		flags: names("INIT?"),
		kids:  names("APPADDR* APPAUTH* RESOURCE*"),
		open:  true,
	},
	"APPADDR":  {parms: names("ADDR ADDRTYPE?"), kids: names("PORT*")},
	"APPAUTH":  {parms: names("AAUTHLEVEL? AAUTHTYPE? AAUTHNAME? AAUTHSECRET? AAUTHDATA?")},
	"RESOURCE": {parms: names("URI NAME? AACCEPT? AAUTHTYPE? AAUTHNAME? AAUTHSECRET? AAUTHDATA?"), flags: names("STARTPAGE?"), open: true},
	"ACCESS":   {parms: names("RULE+ APPID* PORTNBR* DOMAIN* TO-NAPID* TO-PROXY*")},
}

// inGrammar visits the elements that stand where the standard has them.
func (e *element) inGrammar(visit func(*element, shape)) {
	s := rootShape
	if e.kind != "" {
		s = grammar[e.kind]
	}
	visit(e, s)
	if s.any {
		return
	}
	for _, k := range e.kids {
		if _, known := s.kids[k.kind]; known {
			k.inGrammar(visit)
		}
	}
}

// placed makes a rule's find of what it finds in one element.
func placed(find func(*element, shape) []hit) func(*element) []hit {
	return func(root *element) (hits []hit) {
		root.inGrammar(func(e *element, s shape) { hits = append(hits, find(e, s)...) })
		return hits
	}
}

// missingParms counts a parm without a value, or with an empty one, as missing.
// RULE may have none: that is the rule for everything.
func missingParms(e *element, s shape) (hits []hit) {
	for _, name := range sorted(s.parms) {
		if s.parms[name].least > 0 && e.value(name) == "" && !(name == "RULE" && e.has(name)) {
			hits = append(hits, hit{e.path, name})
		}
	}
	return hits
}

func repeatedParms(e *element, s shape) (hits []hit) {
	seen := map[string]int{}
	for _, p := range e.parms {
		most := max(s.parms[p.Name].most, s.flags[p.Name].most)
		if seen[p.Name]++; most > 0 && seen[p.Name] == most+1 {
			hits = append(hits, hit{e.at(p.Name), ""})
		}
	}
	return hits
}

func unknownParms(e *element, s shape) (hits []hit) {
	for _, p := range e.parms {
		_, known := s.parms[p.Name]
		_, flag := s.flags[p.Name]
		if !known && !flag && !s.open {
			hits = append(hits, hit{e.at(p.Name), ""})
		}
	}
	return hits
}

func parmsWithoutValue(e *element, s shape) (hits []hit) {
	for _, p := range e.parms {
		if c, known := s.parms[p.Name]; known && c.least == 0 && p.Value == nil {
			hits = append(hits, hit{e.at(p.Name), ""})
		}
	}
	return hits
}

func flagsWithValue(e *element, s shape) (hits []hit) {
	for _, p := range e.parms {
		if _, flag := s.flags[p.Name]; flag && p.Value != nil {
			hits = append(hits, hit{e.at(p.Name), ""})
		}
	}
	return hits
}

func wrongValues(e *element, s shape) (hits []hit) {
	for _, p := range e.parms {
		v, listed := values[p.Name]
		if _, known := s.parms[p.Name]; !known || !listed || p.Value == nil || *p.Value == "" || v.ok(*p.Value) {
			continue
		}
		detail := "want " + v.want
		if !strings.Contains(p.Name, "AUTH") { // where a password may have slipped into
			detail = quoted(*p.Value) + ", " + detail
		}
		hits = append(hits, hit{e.at(p.Name), detail})
	}
	return hits
}

func missingKids(e *element, s shape) (hits []hit) {
	for _, kind := range sorted(s.kids) {
		if s.kids[kind].least > 0 && len(e.all(kind)) == 0 {
			hits = append(hits, hit{e.path, kind})
		}
	}
	return hits
}

func repeatedKids(e *element, s shape) (hits []hit) {
	seen := map[string]int{}
	for _, k := range e.kids {
		if seen[k.kind]++; s.kids[k.kind].most > 0 && seen[k.kind] == s.kids[k.kind].most+1 {
			hits = append(hits, hit{k.path, ""})
		}
	}
	return hits
}

func unknownKids(e *element, s shape) (hits []hit) {
	for _, k := range e.kids {
		if _, known := s.kids[k.kind]; known || s.any {
			continue
		}
		detail := ""
		if in := homes(k.kind); len(in) > 0 {
			detail = "it belongs in " + strings.Join(in, " or ")
		}
		hits = append(hits, hit{k.path, detail})
	}
	return hits
}

// homes are where a type may stand.
func homes(kind string) []string {
	var in []string
	if _, ok := rootShape.kids[kind]; ok {
		in = append(in, "the root")
	}
	for _, home := range sorted(grammar) {
		if _, ok := grammar[home].kids[kind]; ok {
			in = append(in, home)
		}
	}
	return in
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
