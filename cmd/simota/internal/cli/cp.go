package cli

import "github.com/spf13/cobra"

// cpCommand holds all that is about OMA Client Provisioning: the offline
// commands of package codec, and those that need more.
func cpCommand(a *app) *cobra.Command {
	return group("cp", "make and read device settings: OMA Client Provisioning", a.codec().CP()...)
}
