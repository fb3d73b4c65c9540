package cli

import "github.com/spf13/cobra"

// cpCommand holds all that is about OMA Client Provisioning: the offline
// commands of package codec, and those that ask a server.
func cpCommand(a *app) *cobra.Command {
	h := a.codec()
	return group("cp", "device settings: OMA Client Provisioning", append(h.CP(), h.CPCheck(), cpPlanCommand(a), cpSendCommand(a))...)
}
