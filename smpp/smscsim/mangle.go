package smscsim

import (
	"strings"

	"github.com/simota/simota/smpp"
)

// udhi is the bit of esm_class that announces a user data header (SMPP 3.4, 5.2.12).
const udhi = 0x40

// rewrite changes an address the way the network between two operators does.
func (m *Mangling) rewrite(a smpp.Address) smpp.Address {
	if m.National != "" && a.TON == 1 {
		if rest, ok := strings.CutPrefix(a.Number, m.National); ok {
			a.TON, a.Number = 2, rest
		}
	}
	if m.Prefix != "" && a.TON == 1 && len(m.Prefix)+len(a.Number) <= maxNumber {
		a.TON, a.Number = 0, m.Prefix+a.Number
	}
	if m.TON != nil {
		a.TON = *m.TON
	}
	if m.NPI != nil {
		a.NPI = *m.NPI
	}
	return a
}

// source is the sender as the other side sees it.
func (m *Mangling) source(a smpp.Address) smpp.Address {
	if m.Source != "" {
		a = smpp.Address{NPI: 1, Number: m.Source}
	}
	return m.rewrite(a)
}

// content changes what a card or a server reads its message by.
func (m *Mangling) content(esm, pid, dcs *byte, ud []byte) []byte {
	if m.PID != nil {
		*pid = *m.PID
	}
	if m.DCS != nil {
		*dcs = *m.DCS
	}
	if m.UDH == KeepUDH || *esm&udhi == 0 {
		return ud
	}
	*esm &^= udhi
	if m.UDH == DropUDH && len(ud) > 0 {
		return ud[min(len(ud), int(ud[0])+1):]
	}
	return ud
}

func (m *Mangling) mangleMO(o MO) MO {
	o.Source = m.source(o.Source)
	o.UserData = m.content(&o.ESMClass, &o.ProtocolID, &o.DataCoding, o.UserData)
	return o
}

func (m *Mangling) mangleMT(o Submitted) Submitted {
	o.Source = m.source(o.Source)
	o.UserData = m.content(&o.ESMClass, &o.PID, &o.DCS, o.UserData)
	return o
}
