package httpapi

import (
	"context"
	"net"
	"os/user"
	"strconv"
	"strings"
)

type peerKey struct{}

// ConnContext keeps who is at the other end of a unix socket, for the audit;
// it is the ConnContext of an http.Server.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return ctx
	}
	uid, ok := peerUID(u)
	if !ok {
		return ctx
	}
	name := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(name); err == nil {
		name = u.Username
	}
	return context.WithValue(ctx, peerKey{}, "local:"+name)
}

const longestActor = 100 // octets

// actor is who asked: what the kernel knows of the caller, and whom the caller
// says it acts for.
func actor(ctx context.Context, header string) string {
	who, ok := ctx.Value(peerKey{}).(string)
	if !ok {
		who = "local"
	}
	said := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, strings.TrimSpace(header))
	if len(said) > longestActor {
		said = said[:longestActor]
	}
	if said == "" {
		return who
	}
	return who + " as " + said
}
