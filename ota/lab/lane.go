package lab

import "sync"

// lane runs tasks one after another, on a goroutine that lives while there are any.
type lane struct {
	group *sync.WaitGroup

	mu      sync.Mutex
	tasks   []func()
	running bool
}

func (l *lane) do(task func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tasks = append(l.tasks, task)
	if !l.running {
		l.running = true
		l.group.Go(l.run)
	}
}

func (l *lane) run() {
	for {
		l.mu.Lock()
		if len(l.tasks) == 0 {
			l.tasks, l.running = nil, false
			l.mu.Unlock()
			return
		}
		task := l.tasks[0]
		l.tasks[0] = nil
		l.tasks = l.tasks[1:]
		l.mu.Unlock()
		task()
	}
}

// mailbox holds what the owner of a device is asked to do.
type mailbox struct {
	mu   sync.Mutex
	mail []func()
	wake chan struct{}
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

// post never blocks.
func (b *mailbox) post(f func()) {
	b.mu.Lock()
	b.mail = append(b.mail, f)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *mailbox) take() []func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	mail := b.mail
	b.mail = nil
	return mail
}
