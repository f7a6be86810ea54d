package api

import (
	"context"
	"net/http"
	"time"

	"openmates"
	"openmates/internal/mail"
	"openmates/internal/server"
)

// Status is the server's status.
type Status struct {
	Version    string `json:"version"`
	Model      string `json:"model" doc:"The model that answers by default; empty if none is set up."`
	Scripted   bool   `json:"scripted" doc:"Whether it is the demo's scripted model: offline, no real AI."`
	Teams      int64  `json:"teams"`
	People     int64  `json:"people"`
	Linked     int64  `json:"linked" doc:"People with a linked account on a messenger."`
	Workspaces int64  `json:"workspaces"`
	Mates      []Mate `json:"mates" nullable:"false"`
}

// Settings are the server's settings.
type Settings struct {
	Name     string         `json:"name"`
	URL      string         `json:"url" doc:"Where people reach the server."`
	Fixed    bool           `json:"url_fixed" doc:"The address comes from the settings with which the server is started."`
	Problem  openmates.Text `json:"url_problem,omitempty" doc:"What the last check of the address found."`
	SignUp   server.SignUp  `json:"sign_up" enum:"open,invite" doc:"Who may create an account and a team."`
	Currency string         `json:"currency" doc:"The currency of prices and budgets."`
}

// version leaves out the results of checks.
func (v Settings) version() string { return text(v.Name, v.URL, v.SignUp, v.Currency) }

// Mail contains the mail settings, without the password.
type Mail struct {
	Set         bool          `json:"set"`
	Host        string        `json:"host,omitempty"`
	Port        int           `json:"port,omitempty"`
	Security    mail.Security `json:"security,omitempty"`
	Username    string        `json:"username,omitempty"`
	HasPassword bool          `json:"has_password"`
	From        string        `json:"from,omitempty"`
	Name        string        `json:"name,omitempty"`
}

// Trouble is a turn that was refused or has failed, without what was said.
type Trouble struct {
	At     time.Time           `json:"at"`
	Why    openmates.Trouble   `json:"why"`
	State  openmates.TurnState `json:"state"`
	Mate   string              `json:"mate,omitempty" doc:"The mate's handle."`
	Team   string              `json:"team,omitempty" doc:"The team's slug."`
	Person string              `json:"person,omitempty"`
}

// Usage is the server's usage in a month.
type Usage struct {
	Start    time.Time        `json:"start" doc:"Start of the month, UTC."`
	Requests int64            `json:"requests"`
	Cost     openmates.Micros `json:"cost" doc:"In millionths of the server's currency unit."`
	Mates    []Spent          `json:"mates" nullable:"false"`
	Models   []Spent          `json:"models" nullable:"false"`
}

type settingsPatch struct {
	Body struct {
		Name     *string        `json:"name,omitempty" maxLength:"200"`
		URL      *string        `json:"url,omitempty" maxLength:"1000"`
		Anyway   bool           `json:"anyway,omitempty" doc:"Save the address even if it doesn't seem to lead to this server."`
		SignUp   *server.SignUp `json:"sign_up,omitempty" enum:"open,invite"`
		Currency *string        `json:"currency,omitempty" maxLength:"20"`
	}
}

type mailInput struct {
	Body struct {
		Host     string        `json:"host" maxLength:"400"`
		Port     int           `json:"port" minimum:"1" maximum:"65535"`
		Security mail.Security `json:"security" maxLength:"20"`
		Username string        `json:"username,omitempty" maxLength:"400"`
		Password string        `json:"password,omitempty" maxLength:"2000" doc:"Default: the stored one, which is only sent to the same host and port, as the same user, and with at least as much encryption."`
		From     string        `json:"from" maxLength:"400"`
		Name     string        `json:"name,omitempty" maxLength:"200"`
		TestTo   string        `json:"test_to" maxLength:"400" doc:"A test message is sent here first; if the mail server refuses it, nothing is saved."`
	}
}

// ResetLink is a link with which a person chooses a new password.
type ResetLink struct {
	Username string    `json:"username"`
	URL      string    `json:"url" doc:"The link to share. Only shown now."`
	Second   bool      `json:"second_step" doc:"It also removes the second step."`
	Expires  time.Time `json:"expires"`
}

type resetLinkInput struct {
	Body struct {
		Username string `json:"username" maxLength:"200"`
		Second   bool   `json:"second_step,omitempty" doc:"Also remove the person's second step and passkeys."`
		Password string `json:"password" maxLength:"4096" doc:"The caller's password."`
	}
}

type auditInput struct {
	PageInput
	Actor  string    `query:"actor" maxLength:"200" doc:"A username."`
	Action string    `query:"action" maxLength:"200" doc:"The whole action, or its beginning."`
	Target string    `query:"target" maxLength:"200" doc:"Part of the target."`
	Text   string    `query:"text" maxLength:"200" doc:"Part of any text in the entry."`
	From   time.Time `query:"from"`
	To     time.Time `query:"to" doc:"Exclusive."`
}

type troubleInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type monthInput struct {
	Month string `query:"month" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" doc:"Such as 2026-11; default: the current month (UTC)."`
}

func (s *Server) serverOperations() {
	s.directoryOperations()
	serve(s, route{"get-status", http.MethodGet, "/status", "Get the server's status",
		"The default model, all mates with their listeners, and counts.", 0}, admin(), s.getStatus)
	serve(s, route{"get-settings", http.MethodGet, "/server/settings", "Get the server's settings", "", 0}, admin(), s.getSettings)
	serve(s, route{"change-settings", http.MethodPatch, "/server/settings", "Change the server's settings", "Omitted fields stay unchanged. The address is checked first.", 0}, admin(), s.changeSettings)
	serve(s, route{"check-address", http.MethodPost, "/server/settings/check", "Check the server's address", "Whether it leads to this server.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, _ *struct{}) (Settings, error) {
			err := s.server.Recheck(ctx, s.connect.PublicURL())
			if code := openmates.CodeOf(err); code != "" && code != openmates.EInvalid {
				return Settings{}, err
			}
			return s.getSettings(ctx, c, nil) // it includes the result
		})
	serve(s, route{"get-mail", http.MethodGet, "/server/mail", "Get the mail settings", "Without the password.", 0}, admin(), s.getMail)
	serve(s, route{"put-mail", http.MethodPut, "/server/mail", "Set the mail settings", "The mail server has to accept a test message first.", 0}, admin(), s.putMail)
	change(s, route{"delete-mail", http.MethodDelete, "/server/mail", "Remove the mail settings", "", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, _ *struct{}) error { return s.server.StopMail(ctx, c) })
	serve(s, route{"add-reset-link", http.MethodPost, "/server/reset-links", "Create a password reset link", "It works once, within a day, and replaces earlier ones. Not allowed with a token.", 201}, admin(),
		func(ctx context.Context, c openmates.Caller, in *resetLinkInput) (ResetLink, error) {
			l, err := s.identity.ResetLinkFor(ctx, c, in.Body.Username, in.Body.Second, openmates.Secret(in.Body.Password))
			return ResetLink{l.User.Username, l.URL.Reveal(), l.Second, l.Expires.UTC()}, err
		})
	serve(s, route{"get-usage", http.MethodGet, "/server/usage", "Get the server's usage", "In a calendar month, by mate and by model.", 0}, admin(), s.getUsage)
	serve(s, route{"list-troubles", http.MethodGet, "/server/troubles", "List recent problems", "Newest first, without anything that was said.", 0}, admin(), s.listTroubles)
	serve(s, route{"list-audit", http.MethodGet, "/server/audit", "List the audit log", "Newest first.", 0}, admin(), s.listAudit)
}

func (s *Server) getStatus(ctx context.Context, _ openmates.Caller, _ *struct{}) (Status, error) {
	mates, err := s.connect.Mates(ctx)
	if err != nil {
		return Status{}, err
	}
	n, err := s.records.Count(ctx)
	out := Status{Version: s.version, Teams: n.Teams, People: n.People, Linked: n.Linked, Workspaces: n.Workspaces, Mates: []Mate{}}
	m := s.shown(ctx)
	out.Model, out.Scripted = m.Name, m.Scripted
	for _, m := range mates {
		out.Mates = append(out.Mates, mateOf(m, nil))
	}
	return out, err
}

func (s *Server) getSettings(ctx context.Context, _ openmates.Caller, _ *struct{}) (Settings, error) {
	v, err := s.server.Settings(ctx)
	out := Settings{Name: v.Name, URL: s.connect.PublicURL(), Fixed: s.fixed, Problem: v.Problem, SignUp: v.SignUp, Currency: v.Currency}
	if out.SignUp == "" {
		out.SignUp = server.InviteOnly
	}
	return out, err
}

// changeSettings changes the address first, because that may fail.
func (s *Server) changeSettings(ctx context.Context, c openmates.Caller, in *settingsPatch) (Settings, error) {
	b, actor := in.Body, c.User.ID
	var err error
	if b.URL != nil && s.fixed {
		err = openmates.Errorf(openmates.EForbidden, "The address comes from the settings this server is started with. Change it there.")
	} else if b.URL != nil {
		err = s.server.SetURL(ctx, actor, *b.URL, b.Anyway)
	}
	if err == nil && b.Name != nil {
		err = s.server.Rename(ctx, actor, *b.Name)
	}
	if err == nil && b.SignUp != nil {
		err = s.server.SetSignUp(ctx, actor, *b.SignUp)
	}
	if err == nil && b.Currency != nil {
		err = s.server.SetCurrency(ctx, actor, *b.Currency)
	}
	if err != nil {
		return Settings{}, err
	}
	return s.getSettings(ctx, c, nil)
}

func (s *Server) getMail(ctx context.Context, c openmates.Caller, _ *struct{}) (Mail, error) {
	m, err := s.server.MailSettings(ctx, c)
	return Mail{Set: m.Set, Host: m.Host, Port: m.Port, Security: m.Security, Username: m.Username, HasPassword: m.HasPassword, From: m.From, Name: m.Name}, err
}

func (s *Server) putMail(ctx context.Context, c openmates.Caller, in *mailInput) (Mail, error) {
	b := in.Body
	err := s.server.SetMail(ctx, c, mail.Settings{Host: b.Host, Port: b.Port, Security: b.Security, Username: b.Username,
		Password: openmates.Secret(b.Password), From: b.From, Name: b.Name}, b.TestTo)
	if err != nil {
		return Mail{}, err
	}
	return s.getMail(ctx, c, nil)
}

// monthOf parses a month; "" is the current one.
func (s *Server) monthOf(text string) (time.Time, error) {
	if text == "" {
		return s.now(), nil
	}
	at, err := time.Parse("2006-01", text)
	if err != nil {
		err = openmates.Errorf(openmates.EInvalid, "Write a month as 2026-11.")
	}
	return at, err
}

func (s *Server) getUsage(ctx context.Context, _ openmates.Caller, in *monthInput) (Usage, error) {
	at, err := s.monthOf(in.Month)
	if err != nil {
		return Usage{}, err
	}
	m, err := s.records.Month(ctx, at)
	return Usage{m.Start, m.Requests, m.Cost, spent(m.Mates), spent(m.Models)}, err
}

func (s *Server) listTroubles(ctx context.Context, _ openmates.Caller, in *troubleInput) (page[Trouble], error) {
	found, err := s.records.Troubles(ctx, in.Limit)
	p := page[Trouble]{Items: []Trouble{}}
	for _, t := range found {
		p.Items = append(p.Items, Trouble{t.At, t.Why, t.State, t.Mate, t.Team, t.Person})
	}
	return p, err
}

func (s *Server) listAudit(ctx context.Context, _ openmates.Caller, in *auditInput) (page[AuditLine], error) {
	before, err := auditCursor(in.Cursor)
	if err != nil {
		return page[AuditLine]{}, err
	}
	found, err := s.records.FindAudit(ctx, openmates.AuditSearch{Actor: in.Actor, Action: in.Action, Target: in.Target, Text: in.Text,
		From: in.From, To: in.To, Before: before, Limit: in.Limit + 1})
	if err != nil {
		return page[AuditLine]{}, err
	}
	var all []AuditLine
	for _, l := range found {
		all = append(all, AuditLine{l.ID, l.At, l.Actor, l.Username, l.Team, l.Action, l.Target, l.Subject, l.Before, l.After})
	}
	return auditPage(all, in.Limit), nil
}
