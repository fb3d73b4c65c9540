package campaign

import (
	"fmt"

	"github.com/simota/simota/ota/delivery"
	"github.com/simota/simota/sat/euicc"
)

// Notices is how package delivery reads what eUICCs send by themselves: signed
// by the ISD-R, in the form of GSMA SGP.02, 4.1.1.11.
func Notices() *delivery.Notices {
	return &delivery.Notices{Domain: euicc.ISDR(), Parse: readNotice}
}

func readNotice(data []byte) (delivery.Notice, error) {
	n, err := euicc.ParseNotice(data)
	if err != nil {
		return delivery.Notice{}, err
	}
	out := delivery.Notice{EID: n.EID, Type: byte(n.Type), Sequence: int(n.Sequence), IMEI: n.IMEI}
	if n.ISDP != nil {
		out.ISDP = fmt.Sprintf("%X", []byte(n.ISDP))
	}
	return out, nil
}
