package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"openmates"
	"openmates/internal/policy"
	"openmates/internal/team"
)

// User is a person in a team.
type User struct {
	ID       openmates.ID   `json:"id" type:"string"`
	Username string         `json:"username"`
	Name     string         `json:"name"`
	Role     openmates.Role `json:"role" enum:"admin,member"`
	Links    []Link         `json:"links,omitempty" doc:"The messengers on which accounts can be linked; only for the person themselves."`
}

func (u User) version() string { return text(u.ID, u.Username, u.Name, u.Role) }

// Link is a messenger and the person's accounts there.
type Link struct {
	Network  openmates.Network `json:"network"`
	Label    string            `json:"label"`
	Title    string            `json:"title" example:"Link to Discord"`
	Ready    bool              `json:"ready" doc:"Whether an account can be linked now."`
	Accounts []Account         `json:"accounts" nullable:"false"`
}

// Account is a linked account.
type Account struct {
	ID        openmates.ID `json:"id" type:"string" doc:"The ID of the link."`
	AccountID string       `json:"account_id" doc:"The network's ID of the account."`
	Name      string       `json:"name,omitempty"`
	Avatar    string       `json:"avatar,omitempty" doc:"The address of its picture, on the network's own servers; absent if it has none."`
}

// Invite is a link with which people join a team.
type Invite struct {
	ID      openmates.ID          `json:"id" type:"string"`
	Role    openmates.Role        `json:"role" enum:"admin,member"`
	Note    string                `json:"note,omitempty"`
	Only    []string              `json:"only" nullable:"false" doc:"Addresses and domains that may use it; empty = everybody."`
	Uses    int                   `json:"uses" doc:"How many people may join with it; 0 = unlimited."`
	Used    int                   `json:"used"`
	State   openmates.InviteState `json:"state" enum:"open,used,expired,revoked"`
	By      string                `json:"by,omitempty" doc:"Who made it."`
	Created time.Time             `json:"created"`
	Expires time.Time             `json:"expires"`
	Joined  []Joined              `json:"joined" nullable:"false" doc:"Who joined with it."`
	// Only when it is created.
	Code   string     `json:"code,omitempty" doc:"Only shown now."`
	URL    string     `json:"url,omitempty" doc:"The link to share. Only shown now."`
	Mailed []Delivery `json:"mailed,omitempty" doc:"The result of mailing it to each address. The link in a mail also proves its address; this link doesn't."`
	Unsent []string   `json:"unsent,omitempty" doc:"Addresses to which it could not be mailed."`
}

// Delivery is the result of a message to one address.
type Delivery struct {
	To      string         `json:"to"`
	Problem openmates.Text `json:"problem,omitempty" doc:"Why it was not sent; absent if the mail server accepted it."`
}

// Joined is somebody who joined with an invite.
type Joined struct {
	Username string    `json:"username"`
	Name     string    `json:"name"`
	At       time.Time `json:"at"`
}

// MemberInput is the part of an input that names a member.
type MemberInput struct {
	InTeam
	Username string `path:"username" maxLength:"80"`
}

type memberPatch struct {
	MemberInput
	Body struct {
		Role openmates.Role `json:"role" enum:"admin,member"`
	}
}

type newInvite struct {
	InTeam
	Body struct {
		Role openmates.Role `json:"role,omitempty" enum:"admin,member" default:"member"`
		Note string         `json:"note,omitempty" maxLength:"1000" doc:"For the team's admins."`
		Only []string       `json:"only,omitempty" maxItems:"100" doc:"Email addresses, and domains such as example.org, that may use it."`
		Uses *int           `json:"uses,omitempty" minimum:"0" maximum:"1000" default:"1" doc:"How many people may join with it; 0 = unlimited."`
		Days int            `json:"days,omitempty" minimum:"1" maximum:"365" default:"7"`
		Mail bool           `json:"mail,omitempty" doc:"Mail it to the addresses, if the server can."`
	}
}

type inviteInput struct {
	InTeam
	ID string `path:"id" maxLength:"40"`
}

func (s *Server) peopleOperations() {
	serveTeam(s, route{"list-users", http.MethodGet, "/{team_slug}/users", "List a team's people", "By username.", 0}, policy.SeeTeam, s.listUsers)
	serveTeam(s, route{"get-user", http.MethodGet, "/{team_slug}/users/{username}", "Get a person in a team",
		"A member of the team. Only the person themselves sees their linked accounts and the messengers that can be linked.", 0}, policy.SeeTeam, s.getUser)
	changeTeam(s, route{"change-user", http.MethodPatch, "/{team_slug}/users/{username}", "Change a role", "The last admin can't be demoted. Not allowed with a token.", 0}, policy.ManagePeople,
		func(ctx context.Context, c openmates.Caller, p policy.Place, in *memberPatch) error {
			return s.team.SetRole(ctx, c, p, in.Username, in.Body.Role)
		})
	changeTeam(s, route{"remove-user", http.MethodDelete, "/{team_slug}/users/{username}", "Remove somebody from a team", "Every member can also leave. The last admin can't.", 0}, policy.LeaveTeam, s.removeUser)
	serveTeam(s, route{"list-invites", http.MethodGet, "/{team_slug}/invites", "List a team's invites", "Newest first, with who joined with each.", 0}, policy.InvitePeople, s.listInvites)
	serveTeam(s, route{"add-invite", http.MethodPost, "/{team_slug}/invites", "Invite people", "The code and the link are only shown now. The invite becomes invalid when the caller may no longer invite, and with the token that made it; a token can't invite admins.", 201}, policy.InvitePeople, s.addInvite)
	changeTeam(s, route{"revoke-invite", http.MethodDelete, "/{team_slug}/invites/{id}", "Revoke an invite", "Takes effect immediately.", 0}, policy.InvitePeople,
		func(ctx context.Context, c openmates.Caller, p policy.Place, in *inviteInput) error {
			id, err := idOf(in.ID, openmates.T("invite"))
			if err != nil {
				return err
			}
			return s.team.Revoke(ctx, c, p, id)
		})
}

func (s *Server) listUsers(ctx context.Context, _ openmates.Caller, p policy.Place, in *teamPage) (page[User], error) {
	members, err := s.team.Members(ctx, p)
	if err != nil {
		return page[User]{}, err
	}
	var all []User
	for _, m := range members {
		all = append(all, userOf(m))
	}
	return cut(all, in.PageInput, func(u User) string { return u.Username })
}

func userOf(m openmates.Member) User {
	return User{ID: m.User.ID, Username: m.User.Username, Name: m.User.DisplayName, Role: m.Role}
}

func (s *Server) getUser(ctx context.Context, c openmates.Caller, p policy.Place, in *MemberInput) (User, error) {
	m, err := s.team.Member(ctx, p, in.Username)
	if err != nil {
		return User{}, err
	}
	out := userOf(m)
	if m.User.ID == c.User.ID {
		out.Links, err = s.links(ctx, c.User.ID)
	}
	return out, err
}

func (s *Server) links(ctx context.Context, user openmates.ID) ([]Link, error) {
	choices, err := s.connect.LinkChoices(ctx, user)
	if err != nil {
		return nil, err
	}
	all := make([]Link, 0, len(choices))
	for _, c := range choices {
		l := Link{Network: c.Network.Network, Label: c.Network.Label, Title: "Link to " + c.Network.Label, Ready: c.Ready, Accounts: []Account{}}
		for _, i := range c.Linked {
			l.Accounts = append(l.Accounts, Account{ID: i.ID, AccountID: string(i.AccountID), Name: i.Name, Avatar: i.Avatar})
		}
		all = append(all, l)
	}
	return all, nil
}

func (s *Server) removeUser(ctx context.Context, c openmates.Caller, p policy.Place, in *MemberInput) error {
	if in.Username == c.User.Username {
		return s.team.QuitTeam(ctx, c, p)
	}
	if err := c.Permit(openmates.ScopeAdmin); err != nil {
		return err
	}
	return s.team.Remove(ctx, c, p, in.Username)
}

func (s *Server) listInvites(ctx context.Context, c openmates.Caller, p policy.Place, in *teamPage) (page[Invite], error) {
	lines, err := s.team.Invites(ctx, c, p)
	if err != nil {
		return page[Invite]{}, err
	}
	var all []Invite
	for _, l := range lines {
		i := s.inviteOf(l.Invite)
		i.By = l.Maker
		for _, j := range l.Joined {
			i.Joined = append(i.Joined, Joined{j.User.Username, j.User.DisplayName, j.At})
		}
		all = append(all, i)
	}
	return cut(all, in.PageInput, func(i Invite) string { return i.ID.String() })
}

func (s *Server) inviteOf(i openmates.Invite) Invite {
	return Invite{ID: i.ID, Role: i.Role, Note: i.Note, Only: append([]string{}, i.Only...), Uses: i.Uses, Used: i.Used,
		State: i.State(s.now()), Created: i.Created.UTC(), Expires: i.Expires.UTC(), Joined: []Joined{}}
}

func (s *Server) addInvite(ctx context.Context, c openmates.Caller, p policy.Place, in *newInvite) (Invite, error) {
	b := in.Body
	for _, only := range b.Only {
		if strings.ContainsAny(only, " ,;\t\r\n") {
			return Invite{}, openmates.Errorf(openmates.EInvalid, "List each address or domain in “only” separately.")
		}
	}
	i, code, mailed, err := s.team.Invite(ctx, c, p,
		team.NewInvite{Role: b.Role, Note: b.Note, Only: strings.Join(b.Only, " "), Uses: *b.Uses, Days: b.Days, Mail: b.Mail}, s.joinLink)
	if err != nil {
		return Invite{}, err
	}
	out := s.inviteOf(i)
	out.By, out.Code, out.URL = c.User.DisplayName, code, s.joinLink(code)
	for _, d := range mailed {
		out.Mailed = append(out.Mailed, Delivery(d))
		if d.Problem != "" {
			out.Unsent = append(out.Unsent, d.To)
		}
	}
	return out, nil
}

// joinLink returns the page on which people join with a code.
func (s *Server) joinLink(code string) string {
	return s.connect.PublicURL() + "/join/" + url.PathEscape(code)
}
