package chat

import (
	"sync"

	"openmates"
)

// mostAtOnce is how many answers one person may wait for in this process at
// once: each keeps a connection to them and one to a model.
const mostAtOnce = 64

// crowd counts the answers that each person waits for in this process.
type crowd struct {
	mu sync.Mutex
	by map[openmates.ID]int
}

// enter counts another question, or refuses it. leave ends it.
func (c *crowd) enter(user openmates.ID) (leave func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by[user] >= mostAtOnce {
		return nil, openmates.Errorf(openmates.ELimit, "I'm already answering %d of your questions. Please wait until one of them is done.", mostAtOnce)
	}
	if c.by == nil {
		c.by = map[openmates.ID]int{}
	}
	c.by[user]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.by[user]--; c.by[user] == 0 {
			delete(c.by, user)
		}
	}, nil
}
