package script_test

import (
	"testing"

	"github.com/simota/simota/ota/script"
	"github.com/simota/simota/sat"
)

var formats = []script.Format{script.Compact, script.Expanded, script.Indefinite}

// swap is a script of the usual size: a few small files.
func swap(format script.Format) script.Script {
	s := script.Script{Format: format}
	for i := range 6 {
		s.Commands = append(s.Commands, sat.Select(sat.FID(0x6F07+i)), sat.UpdateBinary(0, make([]byte, 11)))
	}
	return s
}

func BenchmarkAppendBinary(b *testing.B) {
	for _, format := range formats {
		b.Run(string(format), func(b *testing.B) {
			s, buf := swap(format), make([]byte, 0, 512)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.AppendBinary(buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, format := range formats {
		b.Run(string(format), func(b *testing.B) {
			coded, err := swap(format).AppendBinary(nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := script.Parse(format, coded); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseResponse(b *testing.B) {
	for _, format := range formats {
		b.Run(string(format), func(b *testing.B) {
			r := script.Response{Executed: 12, Results: make([]script.Result, 12)}
			if format == script.Compact {
				r.Results = r.Results[:1]
			}
			coded, err := r.AppendBinary(nil, format)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := script.ParseResponse(format, coded); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSplit(b *testing.B) {
	s := script.Script{Format: script.Expanded}
	for range 20 {
		s.Commands = append(s.Commands, swap(script.Expanded).Commands...)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := script.Split(s, script.Limits{Octets: 242}); err != nil {
			b.Fatal(err)
		}
	}
}
