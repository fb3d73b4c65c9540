package smpp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// HeaderLen is the length of a PDU header in octets (SMPP 3.4, 3.2).
	HeaderLen = 16
	// MaxFrame is the longest frame read: a message_payload of 64 KiB and everything around it.
	MaxFrame = 64<<10 + 1<<10

	readBuffer  = 64 << 10
	keptOctets  = 512     // of a frame that could not be read
	maxSkip     = 1 << 20 // a command_length over this is taken for a lost frame boundary
	maxSequence = 0x7FFFFFFF
)

// Errors of [FrameReader.Next].
var (
	// ErrFrameTooLong: this frame was skipped, the stream is intact and the next frame can be read.
	ErrFrameTooLong = errors.New("smpp: frame too long")
	// ErrFraming: command_length is impossible, so the start of the next frame cannot be known.
	ErrFraming = errors.New("smpp: frame boundaries lost")
)

// Header is a PDU header (SMPP 3.4, 3.2).
type Header struct {
	Length   uint32 // command_length, of the whole frame, in octets
	Command  Command
	Status   uint32 // command_status, 0 in requests
	Sequence uint32
}

// ParseHeader reads the first 16 octets of b; further octets are the body and not looked at.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderLen {
		return Header{}, fmt.Errorf("smpp: header of %d octets, want %d", len(b), HeaderLen)
	}
	return Header{
		Length:   binary.BigEndian.Uint32(b),
		Command:  Command(binary.BigEndian.Uint32(b[4:])),
		Status:   binary.BigEndian.Uint32(b[8:]),
		Sequence: binary.BigEndian.Uint32(b[12:]),
	}, nil
}

// AppendFrame appends a whole frame with the given body. Length is computed.
func AppendFrame(b []byte, c Command, status, sequence uint32, body []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(HeaderLen+len(body)))
	b = binary.BigEndian.AppendUint32(b, uint32(c))
	b = binary.BigEndian.AppendUint32(b, status)
	b = binary.BigEndian.AppendUint32(b, sequence)
	return append(b, body...)
}

// FrameReader cuts a stream into frames without looking into their bodies.
type FrameReader struct {
	r   *bufio.Reader
	buf []byte // for frames that the buffer of r does not hold
}

// NewFrameReader reads frames of up to [MaxFrame] octets from r.
func NewFrameReader(r io.Reader) *FrameReader {
	return &FrameReader{r: bufio.NewReaderSize(r, readBuffer)}
}

// Next returns one whole frame, header included; it is valid until the following call. With
// [ErrFrameTooLong] the frame is cut to its first octets and reading can go on; after any other error it
// cannot, and with [ErrFraming] the octets are those that have arrived from the impossible length on.
// Memory grows with what has arrived, not with what command_length promises beyond MaxFrame.
func (f *FrameReader) Next() (Header, []byte, error) {
	head, err := f.r.Peek(HeaderLen)
	if err != nil {
		if len(head) > 0 && err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return Header{}, nil, err
	}
	h, err := ParseHeader(head)
	if err != nil {
		return h, nil, err
	}
	switch n := int64(h.Length); {
	case n < HeaderLen || n > maxSkip:
		head, _ = f.r.Peek(min(f.r.Buffered(), keptOctets))
		return h, head, fmt.Errorf("%w: command_length %d", ErrFraming, n)
	case n > MaxFrame:
		return f.skip(h)
	case n > readBuffer:
		return f.long(h)
	}
	frame, err := f.r.Peek(int(h.Length))
	if err == nil {
		_, err = f.r.Discard(len(frame))
	}
	if err != nil {
		return h, nil, fmt.Errorf("smpp: %v cut off: %w", h.Command, err)
	}
	return h, frame, nil
}

// skip passes over a frame and keeps its first octets.
func (f *FrameReader) skip(h Header) (Header, []byte, error) {
	head, err := f.r.Peek(keptOctets)
	if err != nil {
		return h, nil, err
	}
	head = bytes.Clone(head)
	if _, err := f.r.Discard(int(h.Length)); err != nil {
		return h, nil, err
	}
	return h, head, fmt.Errorf("%w: %d octets, at most %d are read", ErrFrameTooLong, h.Length, MaxFrame)
}

// long reads a frame longer than the buffer.
func (f *FrameReader) long(h Header) (Header, []byte, error) {
	if int(h.Length) > len(f.buf) {
		f.buf = make([]byte, h.Length)
	}
	frame := f.buf[:h.Length]
	if _, err := io.ReadFull(f.r, frame); err != nil {
		return h, nil, fmt.Errorf("smpp: %v cut off: %w", h.Command, err)
	}
	return h, frame, nil
}

// rest takes what has arrived of further whole frames, one behind the other, without reading. Like the frame
// of Next, which stays valid, it is valid until the following call of Next.
func (f *FrameReader) rest() []byte {
	b, _ := f.r.Peek(f.r.Buffered())
	n := 0
	for len(b)-n >= HeaderLen {
		length := int64(binary.BigEndian.Uint32(b[n:]))
		if length < HeaderLen || length > int64(len(b)-n) {
			break
		}
		n += int(length)
	}
	_, _ = f.r.Discard(n)
	return b[:n]
}
