package content

import (
	"fmt"

	"github.com/simota/simota/ota/cp"
)

// Content is what a provisioning document says (ProvCont 1.1, 5). The order
// within each list is that of the document, and where a device has a choice the
// first is preferred; the order among the lists has no meaning.
type Content struct {
	Version          string // of the root element: "1.0", "1.1" or empty
	Bootstraps       []Bootstrap
	ClientIdentities []ClientIdentity // at most one by the standard
	NAPDefs          []NAPDef
	Proxies          []PXLogical
	Applications     []Application
	Access           []Access
	VendorConfigs    []VendorConfig
	// Own are characteristics of types that the standard does not have.
	Own []cp.Characteristic
}

func (c *Content) children() []child {
	return []child{
		list("BOOTSTRAP", &c.Bootstraps), list("CLIENTIDENTITY", &c.ClientIdentities),
		list("NAPDEF", &c.NAPDefs), list("PXLOGICAL", &c.Proxies), list("APPLICATION", &c.Applications),
		list("ACCESS", &c.Access), list("VENDORCONFIG", &c.VendorConfigs),
	}
}

// Parse reads a document, whatever is wrong with it by the standard: that is
// for [Check]. What the model does not know is kept and shared with the
// document. The error, with cp.ErrMalformed in its chain, is for a document
// without a characteristic.
func Parse(d cp.Document) (Content, error) {
	if len(d.Children) == 0 {
		return Content{}, fmt.Errorf("content: document has no characteristic: %w", cp.ErrMalformed)
	}
	c := Content{Version: d.Version}
	c.Own = readChildren(d.Children, c.children())
	return c, nil
}

// Document writes the content: what is referred to before what refers to it,
// own types last. It gives back what Parse has read but for the order of parms
// and characteristics that the standard gives no meaning.
func (c Content) Document() cp.Document {
	return cp.Document{Version: c.Version, Children: writeChildren(c.children(), c.Own)}
}

// Bootstrap tells what the document is about (BOOTSTRAP). Only Name is worth
// sending.
type Bootstrap struct {
	Name         string   // shown to the user
	ProxyIDs     []string // PROXY-ID: where the provisioning server is
	Networks     []string // with Country: where the document holds
	Country      string
	ProvURL      string // of the provisioning server
	ContextAllow string // how many further contexts, 0 to 255
	Rest
}

func (b *Bootstrap) parms() []parm {
	return []parm{
		{name: "NAME", to: &b.Name}, {name: "PROXY-ID", to: &b.ProxyIDs}, {name: "NETWORK", to: &b.Networks},
		{name: "COUNTRY", to: &b.Country}, {name: "PROVURL", to: &b.ProvURL}, {name: "CONTEXT-ALLOW", to: &b.ContextAllow},
	}
}

// ClientIdentity is the name that the server has for the device
// (CLIENTIDENTITY).
type ClientIdentity struct {
	ClientID string
	Rest
}

func (c *ClientIdentity) parms() []parm { return []parm{{name: "CLIENT-ID", to: &c.ClientID}} }

// Access says which way to take for which application (ACCESS). Its parms are
// in Other as they stand, because their order has a meaning: a RULE, its
// conditions (APPID, PORTNBR, DOMAIN), further rules, and last TO-NAPID and
// TO-PROXY.
type Access struct{ Rest }

// VendorConfig is what only one maker understands (VENDORCONFIG); all but its
// name is in the rest.
type VendorConfig struct {
	Name string
	Rest
}

func (v *VendorConfig) parms() []parm { return []parm{{name: "NAME", to: &v.Name}} }
