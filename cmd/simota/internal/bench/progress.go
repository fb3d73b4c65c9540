package bench

import "github.com/schollz/progressbar/v3"

// progress shows on a terminal how many cards a stage has behind it.
type progress struct{ bar *progressbar.ProgressBar }

func (b *bench) progress(what string) progress {
	if !b.Terminal {
		return progress{}
	}
	return progress{progressbar.NewOptions(b.Cards, progressbar.OptionSetWriter(b.Stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())}
}

// at shows n cards. A terminal that does not take it shows nothing.
func (p progress) at(n int) {
	if p.bar != nil {
		_ = p.bar.Set(n)
	}
}

func (p progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
