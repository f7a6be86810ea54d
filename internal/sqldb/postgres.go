package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"openmates"
)

// postgres has two pools: connections whose commits wait for the disk, and
// connections whose commits don't (synchronous_commit = off, PostgreSQL manual
// 28.4), which are also used to read. Setting this per connection costs no
// round trip, unlike SET LOCAL.
type postgres struct {
	hard *sql.DB
	soft *sql.DB
	// held is for leases, whose beats must not wait for other queries.
	held *sql.DB
	disk disk
}

const (
	postgresHard = 8
	postgresSoft = 16
	postgresHeld = 2
)

func openPostgres(ctx context.Context, c Config) (engine, error) {
	conf, err := pgx.ParseConfig(c.URL)
	if err != nil { // its text may contain the password
		return nil, openmates.Errorf(openmates.EInvalid,
			"The database's address isn't valid. It should look like postgres://user:password@host:5432/database.")
	}
	if conf.ConnectTimeout == 0 {
		conf.ConnectTimeout = 10 * time.Second
	}
	conf.RuntimeParams["application_name"] = c.Name
	lazy := conf.Copy()
	lazy.RuntimeParams["synchronous_commit"] = "off"
	held := conf.Copy()
	held.RuntimeParams["synchronous_commit"] = "on" // two processes would hold a lease that was lost
	p := &postgres{
		hard: stdlib.OpenDB(*conf),
		soft: stdlib.OpenDB(*lazy),
		held: stdlib.OpenDB(*held),
	}
	p.hard.SetMaxOpenConns(postgresHard)
	p.hard.SetMaxIdleConns(postgresHard)
	p.soft.SetMaxOpenConns(postgresSoft)
	p.soft.SetMaxIdleConns(postgresSoft)
	p.held.SetMaxOpenConns(postgresHeld)
	p.held.SetMaxIdleConns(postgresHeld)
	if err := p.hard.PingContext(ctx); err != nil && !Away(err) {
		return nil, errors.Join(&openmates.Error{Code: openmates.EInvalid,
			Message: openmates.T("PostgreSQL refused the connection. Check the user, the password and the database name in its address."), Err: err}, p.close())
	} else if err != nil {
		return nil, errors.Join(&openmates.Error{Code: openmates.EUnavailable,
			Message: openmates.T("The database isn't responding. Check that PostgreSQL is running and that its address is right."), Err: err}, p.close())
	}
	if err := migrate(ctx, p.hard, postgresWords, c.Migrations); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), p.close())
	}
	return p, nil
}

func (p *postgres) pool(d Durability) *sql.DB {
	if d == Soft {
		return p.soft
	}
	return p.hard
}

func (p *postgres) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.soft.QueryContext(ctx, query, plain(args)...)
}

func (p *postgres) exec(ctx context.Context, d Durability, query string, args ...any) (int64, error) {
	res, err := p.pool(d).ExecContext(ctx, query, plain(args)...)
	if err = p.disk.note(err); err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (p *postgres) write(ctx context.Context, d Durability, fn func(*Tx) error) error {
	for try := 0; ; try++ {
		err := p.once(ctx, d, fn)
		if err == nil || try == 10 || !(Collision(err) && try < 3 || passing(err)) {
			return p.disk.note(err)
		}
	}
}

func (p *postgres) once(ctx context.Context, d Durability, fn func(*Tx) error) error {
	t, err := p.pool(d).BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer t.Rollback() // no-op after Commit
	if err := fn(&Tx{ctx: ctx, on: t}); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func (p *postgres) words() dialect { return postgresWords }

func (p *postgres) leases(log *slog.Logger) leaser {
	return newLeases(&postgres{hard: p.held, soft: p.held}, log)
}

func (p *postgres) close() error {
	return errors.Join(p.hard.Close(), p.soft.Close(), p.held.Close())
}
