// Command simota moves SIM cards to another operator over the air.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // schedules name zones; not every host has their files

	"github.com/simota/simota/cmd/simota/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	stop()
	os.Exit(cli.ExitCode(err))
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) error {
	return cli.Run(ctx, cli.Process{Args: args, Stdin: stdin, Stdout: stdout, Stderr: stderr, Getenv: getenv})
}
