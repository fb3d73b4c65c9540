package server

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/simota/simota/cmd/simota/internal/aaa"
)

// accounting takes the socket for RADIUS; nil if the configuration has none.
func (s *server) accounting() (*aaa.Config, error) {
	r := s.cfg.RADIUS
	if r == nil {
		return nil, nil
	}
	clients, err := r.Prefixes()
	if err != nil {
		return nil, err
	}
	secret, err := os.ReadFile(r.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("radius.secret_file: %w", err)
	}
	conn, err := net.ListenPacket("udp", r.Listen)
	if err != nil {
		return nil, fmt.Errorf("radius.listen: %w", err)
	}
	return &aaa.Config{Conn: conn, Secret: bytes.TrimSpace(secret), Clients: clients, Attach: s.engine.Attach, Log: s.log}, nil
}

// closeAll closes listeners that nobody serves.
func closeAll(ends ...*endpoint) (err error) {
	for _, e := range ends {
		if e != nil {
			err = errors.Join(err, e.listener.Close())
		}
	}
	return err
}
