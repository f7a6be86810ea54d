package natsqueue

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Connect returns a connection that reconnects for ever, and logs one line each
// time NATS goes down or comes back. It returns an error only if the address is
// invalid.
func Connect(address string, log *slog.Logger) (*nats.Conn, error) {
	s := &sight{log: log.With("pkg", "natsqueue")}
	conn, err := nats.Connect(address, nats.Name("openmates"),
		nats.Timeout(5*time.Second), nats.PingInterval(10*time.Second), nats.MaxPingsOutstanding(2),
		nats.NoCallbacksAfterClientClose(), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(500*time.Millisecond), nats.ReconnectJitter(250*time.Millisecond, 250*time.Millisecond),
		nats.ReconnectBufSize(-1), // a process that misses a message finds the job in the journal
		nats.ConnectHandler(func(*nats.Conn) { s.now(true, nil) }),
		nats.ReconnectHandler(func(*nats.Conn) { s.now(true, nil) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { s.now(false, err) }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { s.now(false, err) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			s.log.Debug("NATS complains", "err", err)
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("natsqueue: %w", err)
	}
	if !conn.IsConnected() {
		s.now(false, conn.LastError())
	}
	return conn, nil
}

// sight records whether NATS was up when last checked.
type sight struct {
	log  *slog.Logger
	mu   sync.Mutex
	away bool
}

func (s *sight) now(there bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away == !there {
		return
	}
	if s.away = !there; s.away {
		s.log.Warn("NATS does not answer; jobs are found in the journal until it does", "err", err)
		return
	}
	s.log.Info("NATS answers again")
}
