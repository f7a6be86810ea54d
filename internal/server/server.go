package server

import (
	"context"
	"fmt"
	"regexp"

	"openmates"
	"openmates/internal/spelling"
)

// Settings are the server's settings.
type Settings struct {
	Name     string
	URL      string         // where people reach it; "" = not set
	Problem  openmates.Text // the result of the last check of URL, "" = it leads here
	SignUp   SignUp         // "" = not set, which means InviteOnly
	Currency string         // of prices and budgets
}

// SignUp says who may create an account and a team.
type SignUp string

// The policies.
const (
	OpenToTeams SignUp = "open"   // anybody may create a team
	InviteOnly  SignUp = "invite" // only people with an invite
)

// The names under which they are stored.
const (
	nameSetting     = "server.name"
	urlSetting      = "server.url"
	problemSetting  = "server.url_problem"
	signUpSetting   = "server.sign_up"
	currencySetting = "server.currency"
	identitySetting = "server.identity"
)

const usualCurrency = "USD"

// Settings returns the settings.
func (r *Room) Settings(ctx context.Context) (Settings, error) {
	var s Settings
	for name, into := range map[string]*string{
		nameSetting: &s.Name, urlSetting: &s.URL, problemSetting: (*string)(&s.Problem),
		signUpSetting: (*string)(&s.SignUp), currencySetting: &s.Currency,
	} {
		value, _, err := r.store.Setting(ctx, name)
		if err != nil {
			return Settings{}, fmt.Errorf("read %s: %w", name, err)
		}
		*into = value
	}
	if s.Currency == "" {
		s.Currency = usualCurrency
	}
	return s, nil
}

// Rename sets the server's name.
func (r *Room) Rename(ctx context.Context, actor openmates.ID, name string) error {
	name, err := spelling.Name(name, openmates.T("the server's name"), spelling.Longest)
	if err != nil {
		return err
	}
	return r.settle(ctx, actor, "server.rename", nameSetting, name)
}

// SetSignUp sets who may create an account.
func (r *Room) SetSignUp(ctx context.Context, actor openmates.ID, p SignUp) error {
	if p != OpenToTeams && p != InviteOnly {
		return openmates.Errorf(openmates.EInvalid, "Choose who can sign up.")
	}
	return r.settle(ctx, actor, "server.sign_up", signUpSetting, string(p))
}

// SetCurrency sets the currency of all prices and budgets, without converting
// them.
func (r *Room) SetCurrency(ctx context.Context, actor openmates.ID, code string) error {
	if !regexp.MustCompile(`^[A-Z]{3}$`).MatchString(code) {
		return openmates.Errorf(openmates.EInvalid, "A currency has three letters, such as USD or EUR.")
	}
	return r.settle(ctx, actor, "server.currency", currencySetting, code)
}

// SetURL changes where people reach the server, after checking that the address
// leads here. With anyway it is saved whatever the check says, because a server
// can't always reach itself from inside. The error of a failed check says what
// is wrong and how to fix it.
func (r *Room) SetURL(ctx context.Context, actor openmates.ID, address string, anyway bool) error {
	address, err := tidyURL(address)
	if err != nil {
		return err
	}
	problem := ""
	if err := r.Reaches(ctx, address); err != nil {
		if !anyway || openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		problem = openmates.MessageOf(err)
	}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.SetSetting(ctx, problemSetting, problem); err != nil {
			return fmt.Errorf("keep what the check found: %w", err)
		}
		return r.settle(ctx, actor, "server.url", urlSetting, address)
	})
	if err != nil {
		return err
	}
	return r.address.Move(address)
}

// StoredURL returns the address that an admin has set, or "". It is for
// creating a Room, which needs an address.
func StoredURL(ctx context.Context, s Reader) (string, error) {
	url, _, err := s.Setting(ctx, urlSetting)
	if err != nil {
		return "", fmt.Errorf("read the public address: %w", err)
	}
	return url, nil
}

// StoredName returns the name that an admin has given the server, or "". It is
// for rooms that are created before this one.
func StoredName(ctx context.Context, s Reader) (string, error) {
	name, _, err := s.Setting(ctx, nameSetting)
	if err != nil {
		return "", fmt.Errorf("read the server's name: %w", err)
	}
	return name, nil
}

// Currency returns the currency of all prices and budgets.
func (r *Room) Currency(ctx context.Context) (string, error) {
	s, err := r.Settings(ctx)
	return s.Currency, err
}

// OpenToTeams reports whether anybody may create an account and a team.
func (r *Room) OpenToTeams(ctx context.Context) (bool, error) {
	s, err := r.Settings(ctx)
	return s.SignUp == OpenToTeams, err
}

// FollowURL updates this process to the address that another process has set.
func (r *Room) FollowURL(ctx context.Context) error {
	url, err := StoredURL(ctx, r.store)
	if err != nil || url == "" || url == r.address.URL() {
		return err
	}
	r.log.InfoContext(ctx, "the public address was changed by another process", "address", url)
	return r.address.Move(url)
}

// Recheck checks again whether the address leads here, and stores the result.
func (r *Room) Recheck(ctx context.Context, address string) error {
	err := r.Reaches(ctx, address)
	if openmates.CodeOf(err) == openmates.EInternal {
		return err
	}
	if saved := r.store.SetSetting(ctx, problemSetting, openmates.MessageOf(err)); saved != nil {
		return fmt.Errorf("keep what the check found: %w", saved)
	}
	return err
}

// settle changes a setting and writes the audit log entry, unless nothing
// changes.
func (r *Room) settle(ctx context.Context, actor openmates.ID, action, name, value string) error {
	var same bool
	err := r.store.Within(ctx, func(ctx context.Context) error {
		was, had, err := r.store.Setting(ctx, name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if same = had && was == value; same {
			return nil
		}
		if err := r.store.SetSetting(ctx, name, value); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		var before any
		if had {
			before = map[string]string{name: was}
		}
		return r.audit.Record(ctx, openmates.AuditEntry{Actor: actor, Action: action, Target: "server"}, before, map[string]string{name: value})
	})
	if err == nil && !same {
		r.log.InfoContext(ctx, "a setting of the server was changed", "setting", name, "actor", actor)
	}
	return err
}
