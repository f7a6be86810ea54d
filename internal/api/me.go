package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/identity"
)

// Me is the caller's own account.
type Me struct {
	ID          openmates.ID `json:"id" type:"string"`
	Username    string       `json:"username"`
	Name        string       `json:"name"`
	Email       string       `json:"email,omitempty"`
	ServerAdmin bool         `json:"server_admin"`
	Language    string       `json:"language,omitempty" doc:"BCP 47; none = that of the messages."`
	TimeZone    string       `json:"time_zone,omitempty" doc:"IANA; none = UTC."`
	Preferences Preferences  `json:"preferences"`
	Created     time.Time    `json:"created"`
}

// Preferences are what a person tells the mates. All of it is optional.
type Preferences struct {
	Tone      string `json:"tone,omitempty" maxLength:"1000"`
	Length    string `json:"length,omitempty" maxLength:"1000"`
	Expertise string `json:"expertise,omitempty" maxLength:"1000"`
	About     string `json:"about,omitempty" maxLength:"5000"`
	Projects  string `json:"projects,omitempty" maxLength:"5000"`
	Goals     string `json:"goals,omitempty" maxLength:"5000"`
	Likes     string `json:"likes,omitempty" maxLength:"5000"`
	Dislikes  string `json:"dislikes,omitempty" maxLength:"5000"`
}

type mePatch struct {
	Body struct {
		Name        *string      `json:"name,omitempty" maxLength:"200"`
		Language    *string      `json:"language,omitempty" maxLength:"80"`
		TimeZone    *string      `json:"time_zone,omitempty" maxLength:"80"`
		Preferences *Preferences `json:"preferences,omitempty" doc:"All of them at once."`
	}
}

// Privacy is what mates may see of a person.
type Privacy struct {
	Facts []openmates.Fact            `json:"facts" nullable:"false" doc:"All facts that there are, in order."`
	Usual []openmates.Fact            `json:"usual" nullable:"false" doc:"What mates see as a rule."`
	Mates map[string][]openmates.Fact `json:"mates" doc:"By handle, where a mate sees something else."`
}

type factsBody struct {
	Facts []openmates.Fact `json:"facts" nullable:"false" maxItems:"20" enum:"name,username,place,answers,about,projects,goals,likes,dislikes,topics" doc:"What is seen; what is not named is not."`
}

type usualInput struct{ Body factsBody }

// MateName names a mate.
type MateName struct {
	Handle string `path:"handle" maxLength:"80" doc:"The mate's."`
}

type differInput struct {
	MateName
	Body factsBody
}

// OwnUsage is what a request of the caller spent.
type OwnUsage struct {
	At     time.Time        `json:"at"`
	Team   string           `json:"team,omitempty" doc:"Its slug."`
	Mate   string           `json:"mate,omitempty" doc:"Its handle."`
	Model  string           `json:"model"`
	Input  int              `json:"input"`
	Cached int              `json:"cached"`
	Output int              `json:"output"`
	Cost   openmates.Micros `json:"cost" doc:"In millionths of the server's currency unit."`
}

// LinkCode is a code for a person to send to a mate.
type LinkCode struct {
	Code    string    `json:"code"`
	Label   string    `json:"label" doc:"Of the network."`
	Expires time.Time `json:"expires"`
}

type codeStart struct {
	Body struct {
		Network openmates.Network `json:"network" maxLength:"40"`
	}
}

type linkInput struct {
	ID string `path:"id" maxLength:"40"`
}

func (s *Server) meOperations() {
	read, write := mine(http.MethodGet), mine(http.MethodPost)
	serve(s, route{"get-me", http.MethodGet, "/me", "Your account", "Who the caller is.", 0}, read, s.getMe)
	change(s, route{"change-me", http.MethodPatch, "/me", "Change what you say about yourself", "What is left out stays.", 0}, write, s.changeMe)
	serve(s, route{"get-privacy", http.MethodGet, "/me/privacy", "What mates may see of you", "As a rule, and where a mate differs.", 0}, read, s.getPrivacy)
	change(s, route{"put-privacy", http.MethodPut, "/me/privacy", "Choose what mates see as a rule", "What is not named is not seen.", 0}, write,
		func(ctx context.Context, c openmates.Caller, in *usualInput) error {
			return s.identity.SetPrivacy(ctx, c, "", in.Body.Facts, true)
		})
	change(s, route{"put-mate-privacy", http.MethodPut, "/me/privacy/{handle}", "Choose what one mate sees", "What is not named is not seen.", 0}, write,
		func(ctx context.Context, c openmates.Caller, in *differInput) error {
			return s.identity.SetPrivacy(ctx, c, in.Handle, in.Body.Facts, true)
		})
	change(s, route{"drop-mate-privacy", http.MethodDelete, "/me/privacy/{handle}", "Let a mate see what is the rule", "It differs no more.", 0}, write,
		func(ctx context.Context, c openmates.Caller, in *MateName) error {
			return s.identity.SetPrivacy(ctx, c, in.Handle, nil, false)
		})
	serve(s, route{"list-my-mates", http.MethodGet, "/me/mates", "The mates that you may ask", "In any of the caller's teams.", 0}, read, s.listMyMates)
	serve(s, route{"list-links", http.MethodGet, "/me/links", "Linked accounts", "What is linked and what can be.", 0}, read,
		func(ctx context.Context, c openmates.Caller, in *PageInput) (page[Link], error) {
			all, err := s.links(ctx, c.User.ID)
			if err != nil {
				return page[Link]{}, err
			}
			return cut(all, *in, func(l Link) string { return string(l.Network) })
		})
	change(s, route{"unlink", http.MethodDelete, "/me/links/{id}", "Unlink an account", "At once.", 0}, write,
		func(ctx context.Context, c openmates.Caller, in *linkInput) error {
			id, err := idOf(in.ID, openmates.T("linked account"))
			if err != nil {
				return err
			}
			return s.connect.Unlink(ctx, c.User.ID, id)
		})
	// A linked account speaks for its person for good, so that no token makes one.
	serve(s, route{"begin-link-code", http.MethodPost, "/me/link-codes", "Get a code to send to a mate", "Whichever account sends it to a mate is linked, once, within fifteen minutes: in a direct message, as it is or after the word “link”. It is the way where no browser is asked. Shown this once, and worth nothing once the session has ended.", 201}, person(),
		func(ctx context.Context, c openmates.Caller, in *codeStart) (LinkCode, error) {
			o, err := s.connect.BeginOwnCode(ctx, who(c), in.Body.Network)
			return LinkCode{o.Code.Reveal(), o.Label, o.Expires.UTC()}, err
		})
	serve(s, route{"finish-link-code", http.MethodPost, "/me/link-codes/finish", "Link the account that a mate gave you a code for", "The other way round: the code comes from the chat.", 0}, person(),
		func(ctx context.Context, c openmates.Caller, in *codeInput) (Connected, error) {
			o, err := s.connect.FinishCode(ctx, who(c), openmates.Secret(in.Body.Code))
			return Connected{Kind: connect.Link, Account: &Linked{string(o.Account.ID), o.Account.Name}}, err
		})
	serve(s, route{"list-my-usage", http.MethodGet, "/me/usage", "What your requests spent", "Newest first.", 0}, read, s.listMyUsage)
	serve(s, route{"list-my-limits", http.MethodGet, "/me/limits", "What you may use in each of your teams", "And what is left of it.", 0}, read, s.listMyLimits)
	serve(s, route{"export-me", http.MethodGet, "/me/export", "All that is kept about you", "To take along. It holds no credential.", 0}, person(),
		func(ctx context.Context, c openmates.Caller, _ *struct{}) (identity.Export, error) {
			return s.identity.Export(ctx, c)
		})
}

func (s *Server) getMe(_ context.Context, c openmates.Caller, _ *struct{}) (Me, error) {
	u := c.User
	return Me{ID: u.ID, Username: u.Username, Name: u.DisplayName, Email: u.Email, ServerAdmin: u.Admin, Language: u.Language,
		TimeZone: u.TimeZone, Preferences: Preferences(u.Preferences), Created: u.Created.UTC()}, nil
}

func (s *Server) changeMe(ctx context.Context, c openmates.Caller, in *mePatch) error {
	self := openmates.SelfOf(c.User)
	for _, f := range []struct{ into, from *string }{{&self.Name, in.Body.Name}, {&self.Language, in.Body.Language}, {&self.TimeZone, in.Body.TimeZone}} {
		if f.from != nil {
			*f.into = *f.from
		}
	}
	if in.Body.Preferences != nil {
		self.Preferences = openmates.Preferences(*in.Body.Preferences)
	}
	return s.identity.SetSelf(ctx, c, self)
}

func (s *Server) getPrivacy(ctx context.Context, c openmates.Caller, _ *struct{}) (Privacy, error) {
	p, err := s.identity.Privacy(ctx, c)
	if err != nil {
		return Privacy{}, err
	}
	out := Privacy{Facts: openmates.Facts(), Usual: []openmates.Fact{}, Mates: map[string][]openmates.Fact{}}
	for _, f := range openmates.Facts() {
		if p.Usually(f) {
			out.Usual = append(out.Usual, f)
		}
		for handle := range p.Mates {
			if out.Mates[handle] == nil {
				out.Mates[handle] = []openmates.Fact{}
			}
			if p.Shows(handle, f) {
				out.Mates[handle] = append(out.Mates[handle], f)
			}
		}
	}
	return out, nil
}

// MateLine is a mate in a list.
type MateLine struct {
	ID     openmates.ID `json:"id" type:"string"`
	Handle string       `json:"handle"`
	Name   string       `json:"name"`
	Field  string       `json:"field,omitempty"`
}

func (s *Server) listMyMates(ctx context.Context, c openmates.Caller, in *PageInput) (page[MateLine], error) {
	mates, err := s.identity.MatesOf(ctx, c)
	if err != nil {
		return page[MateLine]{}, err
	}
	var all []MateLine
	for _, m := range mates {
		all = append(all, MateLine{m.ID, m.Handle, m.Name, m.Field})
	}
	return cut(all, *in, func(m MateLine) string { return m.Handle })
}

func (s *Server) listMyUsage(ctx context.Context, c openmates.Caller, in *PageInput) (page[OwnUsage], error) {
	found, err := s.identity.OwnUsage(ctx, c)
	if err != nil {
		return page[OwnUsage]{}, err
	}
	type numbered struct {
		OwnUsage
		n int
	}
	var all []numbered
	for n, u := range found {
		all = append(all, numbered{OwnUsage{u.At.UTC(), u.Team, u.Mate, u.Model, u.Input, u.Cached, u.Output, u.Cost}, n})
	}
	slices.Reverse(all)
	p, err := cut(all, *in, func(u numbered) string { return text(u.n) })
	out := page[OwnUsage]{Items: []OwnUsage{}, Next: p.Next}
	for _, u := range p.Items {
		out.Items = append(out.Items, u.OwnUsage)
	}
	return out, err
}

// who is the caller as the connect room knows people.
func who(c openmates.Caller) connect.Who { return connect.Who{UserID: c.User.ID, Session: c.Session} }
