package cli

import (
	"github.com/spf13/cobra"

	"github.com/simota/simota/cmd/simota/internal/codec"
)

// cpCommand holds what is about OMA Client Provisioning: the offline commands
// of package codec, and those that need more.
func cpCommand(h codec.Host) *cobra.Command {
	cp := group("cp", "make and read device settings: OMA Client Provisioning")
	cp.AddCommand(h.CP()...)
	return cp
}
