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
	Language    string       `json:"language,omitempty" doc:"BCP 47; absent = the language of the message."`
	TimeZone    string       `json:"time_zone,omitempty" doc:"IANA; absent = UTC."`
	Preferences Preferences  `json:"preferences"`
	Created     time.Time    `json:"created"`
}

// Preferences are what a person tells mates. All fields are optional.
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
		Preferences *Preferences `json:"preferences,omitempty" doc:"Replaces all of them."`
	}
}

// Privacy is what mates may see of a person.
type Privacy struct {
	Facts []openmates.Fact            `json:"facts" nullable:"false" doc:"All existing facts, in order."`
	Usual []openmates.Fact            `json:"usual" nullable:"false" doc:"What mates see by default."`
	Mates map[string][]openmates.Fact `json:"mates" doc:"By handle, for mates that see something else."`
}

type factsBody struct {
	Facts []openmates.Fact `json:"facts" nullable:"false" maxItems:"20" enum:"name,username,place,answers,about,projects,goals,likes,dislikes,topics" doc:"The visible facts; others are hidden."`
}

type usualInput struct{ Body factsBody }

// MateName is the path parameter of a mate.
type MateName struct {
	Handle string `path:"handle" maxLength:"80" doc:"The mate's handle."`
}

type differInput struct {
	MateName
	Body factsBody
}

// OwnUsage is what one of the caller's requests cost.
type OwnUsage struct {
	At     time.Time        `json:"at"`
	Team   string           `json:"team,omitempty" doc:"The team's slug."`
	Mate   string           `json:"mate,omitempty" doc:"The mate's handle."`
	Model  string           `json:"model"`
	Input  int              `json:"input"`
	Cached int              `json:"cached"`
	Output int              `json:"output"`
	Cost   openmates.Micros `json:"cost" doc:"In millionths of the server's currency unit."`
}

// LinkCode is a code for a person to send to a mate.
type LinkCode struct {
	Code    string    `json:"code"`
	Label   string    `json:"label" doc:"The network's name."`
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
	serve(s, route{"get-me", http.MethodGet, "/me", "Get your account", "Who the caller is.", 0}, read, s.getMe)
	change(s, route{"change-me", http.MethodPatch, "/me", "Change your account", "Omitted fields stay unchanged.", 0}, write, s.changeMe)
	serve(s, route{"get-privacy", http.MethodGet, "/me/privacy", "Get what mates may see of you", "The default, and exceptions for individual mates.", 0}, read, s.getPrivacy)
	change(s, route{"put-privacy", http.MethodPut, "/me/privacy", "Set what mates see by default", "Facts that aren't listed are hidden.", 0}, write,
		func(ctx context.Context, c openmates.Caller, in *usualInput) error {
			return s.identity.SetPrivacy(ctx, c, "", in.Body.Facts, true)
		})
	change(s, route{"put-mate-privacy", http.MethodPut, "/me/privacy/{handle}", "Set what one mate sees", "Facts that aren't listed are hidden.", 0}, write,
		func(ctx context.Context, c openmates.Caller, in *differInput) error {
			return s.identity.SetPrivacy(ctx, c, in.Handle, in.Body.Facts, true)
		})
	change(s, route{"drop-mate-privacy", http.MethodDelete, "/me/privacy/{handle}", "Let a mate see the default again", "Removes the exception.", 0}, write,
		func(ctx context.Context, c openmates.Caller, in *MateName) error {
			return s.identity.SetPrivacy(ctx, c, in.Handle, nil, false)
		})
	serve(s, route{"list-my-mates", http.MethodGet, "/me/mates", "List the mates you may ask", "In any of the caller's teams.", 0}, read, s.listMyMates)
	serve(s, route{"list-links", http.MethodGet, "/me/links", "List linked accounts", "Also lists the messengers on which you can link one.", 0}, read,
		func(ctx context.Context, c openmates.Caller, in *PageInput) (page[Link], error) {
			all, err := s.links(ctx, c.User.ID)
			if err != nil {
				return page[Link]{}, err
			}
			return cut(all, *in, func(l Link) string { return string(l.Network) })
		})
	change(s, route{"unlink", http.MethodDelete, "/me/links/{id}", "Unlink an account", "Takes effect immediately.", 0}, write,
		func(ctx context.Context, c openmates.Caller, in *linkInput) error {
			id, err := idOf(in.ID, openmates.T("linked account"))
			if err != nil {
				return err
			}
			return s.connect.Unlink(ctx, c.User.ID, id)
		})
	// A linked account acts for its person permanently, so a token can't create
	// one.
	serve(s, route{"begin-link-code", http.MethodPost, "/me/link-codes", "Create a link code to send to a mate", "The account that sends it to a mate is linked: once, within 15 minutes, in a direct message, on its own or after the word “link”. For networks without a consent page. The code is only shown now and becomes invalid when the session ends.", 201}, person(),
		func(ctx context.Context, c openmates.Caller, in *codeStart) (LinkCode, error) {
			o, err := s.connect.BeginOwnCode(ctx, who(c), in.Body.Network)
			return LinkCode{o.Code.Reveal(), o.Label, o.Expires.UTC()}, err
		})
	serve(s, route{"finish-link-code", http.MethodPost, "/me/link-codes/finish", "Link an account with a code from a mate", "The other way round: the code comes from the chat.", 0}, person(),
		func(ctx context.Context, c openmates.Caller, in *codeInput) (Connected, error) {
			o, err := s.connect.FinishCode(ctx, who(c), openmates.Secret(in.Body.Code))
			return Connected{Kind: connect.Link, Account: &Linked{string(o.Account.ID), o.Account.Name}}, err
		})
	serve(s, route{"list-my-usage", http.MethodGet, "/me/usage", "List what your requests cost", "Newest first.", 0}, read, s.listMyUsage)
	serve(s, route{"list-my-limits", http.MethodGet, "/me/limits", "List your limits in each of your teams", "And how much of them is left.", 0}, read, s.listMyLimits)
	serve(s, route{"export-me", http.MethodGet, "/me/export", "Download your data", "Contains no credentials.", 0}, person(),
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

// who converts the caller for the connect room.
func who(c openmates.Caller) connect.Who { return connect.Who{UserID: c.User.ID, Session: c.Session} }
