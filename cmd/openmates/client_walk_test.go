package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"openmates"
	"openmates/client"
	"openmates/internal/messenger/discord"
	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/polltest"
	"openmates/internal/walktest"
)

// clients is the walk of programs: Ada runs the server, Ben founds the team
// Lighthouse with the guild Lamp, Cleo joins him, and a listener asks for her.
// Their clicks on Discord's consent page are all that the client can't do.
type clients struct {
	*walktest.Stage
	ada, ben, cleo, listener *client.Client
	bensID, cleosID          openmates.ID
	team                     client.TeamLine
	invite                   openmates.Secret
	onDiscord                map[string]discordtest.Person
	lamp                     discordtest.Guild
	sophia                   discordtest.Application
}

// The product's workflow again, without pages: everyone uses the API through
// package client.
func TestTheWorkflowByTheClient(t *testing.T) {
	t.Parallel()
	w := &clients{Stage: walktest.NewStage(t, walktest.Facts("cleo")...), onDiscord: map[string]discordtest.Person{}}
	w.Program = start(t, w.Settings(), walktest.Serve(t)...).Program
	for _, name := range []string{"ada", "ben", "cleo"} {
		w.onDiscord[name] = w.Sim.AddPerson(name + " on Discord")
	}
	w.lamp = w.Sim.AddGuild(w.onDiscord["ben"].ID, "Lamp")
	w.Sim.Join(w.lamp.ID, w.onDiscord["cleo"].ID)
	w.setsUpTheServer()
	w.setsUpTheBot()
	w.foundsATeam()
	w.invitesOnce()
	w.joins()
	w.connectsTheGuild()
	w.linksTheAccount()
	w.readsTheTeam()
	w.logsIn()
	w.asks()
	w.limitsAMember()
	w.mayNotWrite()
	w.unlinks()
}

func (w *clients) setsUpTheServer() {
	w.Helper()
	link, err := url.Parse(w.SetupLink())
	w.must(err)
	code, founder := openmates.Secret(link.Query().Get("code")), client.FirstAdmin{Username: "ada", Name: "Ada", Password: walktest.Password("ada"), Team: "Harbour"}
	w.ada = w.caller("")
	_, err = w.ada.SetUp(w.Context(), "WRONG", founder)
	w.fails("a wrong setup code", err, http.StatusUnauthorized, openmates.EUnauthorized, "")
	team, err := w.ada.SetUp(w.Context(), code, founder)
	w.must(err)
	if team.Slug != "harbour" {
		w.Errorf("the first team is %+v", team)
	}
	_, err = w.caller("").SetUp(w.Context(), code, founder)
	w.fails("a second setup", err, http.StatusConflict, openmates.EConflict, "")

	w.must(w.ada.SignOut(w.Context()))
	_, err = w.ada.Me(w.Context())
	w.fails("after signing out", err, http.StatusUnauthorized, openmates.EUnauthorized, "")
	w.must(w.ada.SignIn(w.Context(), "ada", openmates.Secret(walktest.Password("ada"))))
	me, err := w.ada.Me(w.Context())
	w.must(err)
	if me.Username != "ada" || !me.ServerAdmin {
		w.Errorf("who set the server up is %+v", me)
	}
	s, err := w.ada.ChangeSettings(w.Context(), map[string]any{"sign_up": "open"})
	w.must(err)
	if s.SignUp != "open" || s.URL != w.Web {
		w.Errorf("the settings are %+v", s)
	}
	p, err := w.ada.AddProvider(w.Context(), client.NewProvider{Kind: "compatible", Label: "Test", URL: w.Model.URL()})
	w.must(err)
	if !slices.ContainsFunc(p.Models, func(m client.ProviderModel) bool { return m.Model == "gpt-5-mini" && m.Enabled }) {
		w.Errorf("the provider is %+v", p)
	}
}

func (w *clients) setsUpTheBot() {
	w.Helper()
	ctx := w.Context()
	b, err := w.ada.Bot(ctx, discord.Network, "sophia")
	w.must(err)
	if len(b.Guide) == 0 || b.State != nil {
		w.Errorf("before its set-up the bot is %+v", b)
	}
	w.sophia = w.Sim.AddApplication(w.onDiscord["ada"].ID, "Sophia")
	w.Sim.Configure(w.sophia.ID, func(c *discordtest.Settings) { c.Redirects = []string{b.Redirect}; c.CodeGrant = true })
	w.must(w.ada.PutBot(ctx, discord.Network, "sophia", client.Credentials{AppID: w.sophia.ID, Token: w.sophia.Token, Secret: w.sophia.Secret}))
	b, err = w.ada.Bot(ctx, discord.Network, "sophia")
	w.must(err)
	w.invites(b.Invite)
	polltest.Until(w.T, "Sophia listens", func() bool {
		return slices.ContainsFunc(w.Sim.Connections(w.sophia.ID), func(c discordtest.Connection) bool { return c.Identified })
	})
}

// invites makes sure that a link invites Sophia's bot, with permissions.
func (w *clients) invites(link string) {
	w.Helper()
	u, err := url.Parse(link)
	w.must(err)
	if u.Query().Get("client_id") != w.sophia.ID || u.Query().Get("permissions") == "" {
		w.Errorf("Sophia is invited by %q", link)
	}
}

func (w *clients) foundsATeam() {
	w.Helper()
	w.ben = w.caller("")
	var err error
	w.team, err = w.ben.AddTeam(w.Context(), client.NewTeam{Name: "Lighthouse", Limits: &openmates.Limits{Mates: openmates.OnlyThese("mark", "sophia")}, Account: newcomer("ben")})
	w.must(err)
	me, err := w.ben.Me(w.Context())
	w.must(err)
	w.bensID = me.ID
	if w.team.Slug != "lighthouse" || me.Username != "ben" || me.ServerAdmin {
		w.Errorf("%+v founded %+v", me, w.team)
	}
	teams, err := w.ben.Teams(w.Context())
	w.must(err)
	if !slices.Equal(teams, []client.TeamLine{w.team}) {
		w.Errorf("Ben's teams are %+v", teams)
	}
	_, err = w.ben.Providers(w.Context())
	w.fails("who does not run the server", err, http.StatusForbidden, openmates.EForbidden, "")
	_, err = w.ada.Team(w.Context(), "lighthouse")
	w.fails("who is not of the team", err, http.StatusNotFound, openmates.ENotFound, "")
}

// invitesOnce sends a call that makes something twice under one key.
func (w *clients) invitesOnce() {
	w.Helper()
	ctx, n := w.Context(), client.NewInvite{Note: "For Cleo", Only: []string{"example.org"}}
	first, err := w.ben.Invite(ctx, "lighthouse", n, client.Key("invite-cleo"))
	w.must(err)
	again, err := w.ben.Invite(ctx, "lighthouse", n, client.Key("invite-cleo"))
	w.must(err)
	if first.ID == 0 || first.Code == "" || again.ID != first.ID || again.Code != first.Code {
		w.Errorf("the same call made two invites: %+v, %+v", first, again)
	}
	_, err = w.ben.Invite(ctx, "lighthouse", client.NewInvite{Role: openmates.RoleAdmin}, client.Key("invite-cleo"))
	w.fails("another call under the key", err, http.StatusConflict, openmates.EConflict, "")
	all, err := w.ben.Invites(ctx, "lighthouse")
	w.must(err)
	if len(all) != 1 || all[0].ID != first.ID || all[0].URL != "" {
		w.Errorf("the invites are %+v", all)
	}
	w.invite = first.Code
}

func (w *clients) joins() {
	w.Helper()
	w.cleo = w.caller("")
	stranger := newcomer("cleo")
	stranger.Email = "cleo@example.com"
	_, err := w.cleo.Join(w.Context(), w.invite, stranger)
	w.fails("an address that was not invited", err, http.StatusForbidden, openmates.EForbidden, "")
	team, err := w.cleo.Join(w.Context(), w.invite, newcomer("cleo"))
	w.must(err)
	if team != w.team {
		w.Errorf("Cleo joined %+v", team)
	}
	_, err = w.caller("").Join(w.Context(), w.invite, newcomer("dan"))
	w.fails("a link for one, used by another", err, http.StatusConflict, openmates.EConflict, "")
	people, err := w.ben.Users(w.Context(), "lighthouse")
	w.must(err)
	var roles []string
	for _, u := range people {
		roles = append(roles, u.Username+" "+string(u.Role))
		if u.Username == "cleo" {
			w.cleosID = u.ID
		}
	}
	if !slices.Equal(roles, []string{"ben admin", "cleo member"}) {
		w.Errorf("the team is %v", roles)
	}
}

func (w *clients) connectsTheGuild() {
	w.Helper()
	ctx := w.Context()
	token, err := w.ada.AddListener(ctx, "test")
	w.must(err)
	w.listener = w.caller(token.Secret)
	w.unknown("a guild that nobody connected", "workspace_not_connected", walktest.Unconnected)

	// Everybody can know the ID of a guild.
	_, err = w.ben.ConnectGuild(ctx, "lighthouse", w.team.ID, w.lamp.ID, "", "")
	w.fails("a bare ID", err, http.StatusForbidden, openmates.EForbidden, "proof_missing")
	_, err = w.names(map[string]any{"discord_guild_id": w.lamp.ID})
	w.fails("a bare ID by its other name", err, http.StatusForbidden, openmates.EForbidden, "proof_missing")

	page, err := w.ben.BeginInstall(ctx, "lighthouse", discord.Network, "sophia")
	w.must(err)
	q := w.agrees("ben", page, w.lamp.ID)
	if q.Get("guild_id") != w.lamp.ID {
		w.Errorf("Discord sends back %v", q)
	}
	got, err := w.ben.ConnectGuild(ctx, "lighthouse", w.team.ID, w.lamp.ID, q.Get("state"), q.Get("code"))
	w.must(err)
	if got.Kind != "install" || got.TeamID != w.team.ID || got.Mate != "sophia" || got.Workspace == nil || got.Workspace.ID != w.lamp.ID {
		w.Errorf("connected is %+v", got)
	}
	// What was proved is confirmed without a proof, by either name of the ID.
	for _, name := range []string{"discord_guilde_id", "discord_guild_id"} {
		got, err = w.names(map[string]any{name: w.lamp.ID})
		w.must(err)
		if got.Workspace == nil || *got.Workspace != (client.Workspace{ID: w.lamp.ID, Name: w.lamp.Name}) {
			w.Errorf("by %s it is %+v", name, got)
		}
	}
	_, err = w.names(map[string]any{"discord_guilde_id": w.lamp.ID, "discord_guild_id": "1"})
	w.fails("two IDs", err, http.StatusUnprocessableEntity, openmates.EInvalid, "")
}

// names tells Ben's team that a guild is its own.
func (w *clients) names(body map[string]any) (got client.Connected, err error) {
	body["openmates_team_id"] = w.team.ID
	_, err = w.ben.Do(w.Context(), http.MethodPost, client.Path("lighthouse", "apps", "messages", "connect"), body, &got)
	return got, err
}

func (w *clients) linksTheAccount() {
	w.Helper()
	ctx, account := w.Context(), w.onDiscord["cleo"]
	w.unknown("an account that nobody linked", "account_not_linked", walktest.Unlinked)
	page, err := w.cleo.BeginLink(ctx, "lighthouse", discord.Network)
	w.must(err)
	q := w.agrees("cleo", page, "")
	_, err = w.cleo.ConnectAccount(ctx, "lighthouse", w.bensID, q.Get("state"), q.Get("code"))
	w.fails("for somebody else", err, http.StatusForbidden, openmates.EForbidden, "")
	_, err = w.cleo.ConnectAccount(ctx, "lighthouse", w.cleosID, "", q.Get("code"))
	w.fails("without the state", err, http.StatusForbidden, openmates.EForbidden, "proof_missing")
	got, err := w.cleo.ConnectAccount(ctx, "lighthouse", w.cleosID, q.Get("state"), q.Get("code"))
	w.must(err)
	if got.Kind != "link" || got.Account == nil || *got.Account != (client.Linked{AccountID: account.ID, Name: account.Name}) {
		w.Errorf("linked is %+v", got)
	}
}

func (w *clients) readsTheTeam() {
	w.Helper()
	team, err := w.cleo.Team(w.Context(), "lighthouse")
	w.must(err)
	if team.ID != w.team.ID || team.Role != openmates.RoleMember || len(team.Mates) != 2 || team.Mates[0].Handle != "mark" || team.Mates[1].Handle != "sophia" {
		w.Fatalf("the team is %+v", team)
	}
	if m := team.Mates[0].Messengers; len(m) != 0 {
		w.Errorf("Mark, who has no bot, speaks on %+v", m)
	}
	m := team.Mates[1].Messengers
	if len(m) != 1 || m[0].Network != discord.Network || m[0].AppID != w.sophia.ID || m[0].State.Phase != "connected" ||
		!slices.Equal(m[0].Workspaces, []client.Workspace{{ID: w.lamp.ID, Name: w.lamp.Name}}) {
		w.Fatalf("Sophia speaks on %+v", m)
	}
	w.invites(m[0].Invite)

	u, err := w.cleo.User(w.Context(), "lighthouse", "cleo")
	w.must(err)
	if len(u.Links) != 1 || u.Links[0].Network != discord.Network || u.Links[0].Title != "Link to Discord" || !u.Links[0].Ready ||
		len(u.Links[0].Accounts) != 1 || u.Links[0].Accounts[0].AccountID != w.onDiscord["cleo"].ID {
		w.Errorf("Cleo's links are %+v", u.Links)
	}
	if u, err = w.ben.User(w.Context(), "lighthouse", "cleo"); err != nil || u.Links != nil {
		w.Errorf("Ben sees %+v of Cleo: %v", u.Links, err)
	}
}

func (w *clients) logsIn() {
	w.Helper()
	guild, account := w.lamp.ID, w.onDiscord["cleo"].ID
	got, err := w.listener.Login(w.Context(), guild, account)
	w.must(err)
	if got.TeamSlug != "lighthouse" || got.TeamID != w.team.ID || got.UserID != w.cleosID || got.Username != "cleo" || !slices.Equal(got.Mates, []string{"mark", "sophia"}) {
		w.Errorf("the message is of %+v", got)
	}
	token, err := w.cleo.AddToken(w.Context(), "test", 1, openmates.ScopeAdmin)
	w.must(err)
	for name, c := range map[string]*client.Client{"nobody": w.caller(""), "an admin of the server": w.ada, "an admin of the team": w.ben, "Cleo": w.cleo, "her token": w.caller(token.Secret)} {
		_, err := c.Login(w.Context(), guild, account)
		w.fails(name, err, http.StatusUnauthorized, openmates.EUnauthorized, "")
	}
}

// asks has a mate answer in all three ways, once with the facts about Cleo and
// once without those about Ben.
func (w *clients) asks() {
	w.Helper()
	ctx, q := w.Context(), client.Question{Mate: "sophia", Text: "What do you know of me?", UserID: w.cleosID}
	whole, err := w.listener.Process(ctx, "lighthouse", q)
	w.must(err)
	if whole.Mate != "sophia" || whole.Model == "" || whole.Usage.Output == 0 {
		w.Errorf("the reply is %+v", whole)
	}
	var grown []string
	streamed, err := w.listener.Stream(ctx, w.team.ID.String(), q, func(text string) { grown = append(grown, text) })
	w.must(err)
	if len(grown) == 0 || grown[len(grown)-1] != streamed.Text {
		w.Errorf("it grew to %q and ended as %q", grown, streamed.Text)
	}
	want := strings.Join(append(walktest.Facts("cleo"), walktest.ModelsEnd), "\n")
	for way, text := range map[string]string{"whole": whole.Text, "as a stream": streamed.Text, "in the guild": w.says(walktest.ModelsEnd)} {
		if text != want {
			w.Errorf("%s, Cleo is told %q", way, text)
		}
	}
	if ben, err := w.ben.Process(ctx, "lighthouse", client.Question{Mate: "sophia", Text: "And of me?"}); err != nil || ben.Text != walktest.ModelsEnd {
		w.Errorf("Ben is told %q: %v", ben.Text, err)
	}
	_, err = w.ben.Process(ctx, "lighthouse", q)
	w.fails("Ben asks as Cleo", err, http.StatusForbidden, openmates.EForbidden, "")
}

// A member's limits apply to the next call, and a stale change is rejected.
func (w *clients) limitsAMember() {
	w.Helper()
	ctx, q := w.Context(), client.Question{Mate: "sophia", Text: "May I?", UserID: w.cleosID}
	before, etag, err := w.ben.UserLimits(ctx, "lighthouse", "cleo")
	w.must(err)
	w.must(w.ben.PutUserLimits(ctx, "lighthouse", "cleo", openmates.Limits{Mates: openmates.OnlyThese("mark")}, client.IfMatch(etag)))
	err = w.ben.PutUserLimits(ctx, "lighthouse", "cleo", before.Own, client.IfMatch(etag))
	w.fails("a change of what has changed", err, http.StatusPreconditionFailed, openmates.EConflict, "precondition_failed")

	const sentence = "You can't ask Sophia in Lighthouse. A team admin can change that."
	asked := w.Model.Count()
	_, err = w.listener.Process(ctx, "lighthouse", q)
	if p := w.fails("a mate that she may not use", err, http.StatusForbidden, openmates.EForbidden, ""); p.Detail != sentence {
		w.Errorf("she is refused with %q", p.Detail)
	}
	_, err = w.listener.Stream(ctx, "lighthouse", q, func(text string) { w.Errorf("she is told %q", text) })
	if p := w.fails("as a stream", err, http.StatusForbidden, openmates.EForbidden, ""); p.Detail != sentence {
		w.Errorf("as a stream she is refused with %q", p.Detail)
	}
	if got := w.says(sentence); got != sentence || w.Model.Count() != asked {
		w.Errorf("in the guild she is refused with %q", got)
	}
	if who, err := w.listener.Login(ctx, w.lamp.ID, w.onDiscord["cleo"].ID); err != nil || !slices.Equal(who.Mates, []string{"mark"}) {
		w.Errorf("she may ask %v: %v", who.Mates, err)
	}
	_, etag, err = w.ben.UserLimits(ctx, "lighthouse", "cleo")
	w.must(err)
	w.must(w.ben.PutUserLimits(ctx, "lighthouse", "cleo", before.Own, client.IfMatch(etag)))
	_, err = w.listener.Process(ctx, "lighthouse", q)
	w.must(err)
}

// mayNotWrite checks that where a mate may not write, the asker gets a reaction
// and a private message, no model is called, and the server's admin sees the
// channel and the permission.
func (w *clients) mayNotWrite() {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), polltest.Patience)
	defer cancel()
	w.Sim.SetOverwrite(w.lamp.General, w.sophia.BotID, 0, int64(discord.SendMessages))
	cleo, asked := w.onDiscord["cleo"].ID, w.Model.Count()
	said := w.Sim.Say(w.lamp.General, cleo, "<@"+w.sophia.BotID+"> Can you write here?")
	_, err := w.Sim.Await(ctx, func(m discordtest.Message) bool { return m.ID == said.ID && len(m.Reactions["🔇"]) == 1 })
	w.must(err)
	alone := w.Sim.DM(cleo, w.sophia.BotID)
	_, err = w.Sim.Await(ctx, func(m discordtest.Message) bool {
		return m.ChannelID == alone.ID && strings.HasPrefix(m.Content, "I can't answer you in #general: I'm missing the permission Send Messages there.")
	})
	w.must(err)
	if w.Model.Count() != asked {
		w.Error("a model was asked for an answer that nobody can read")
	}
	w.Sim.SetOverwrite(w.lamp.General, w.sophia.BotID, 0, 0)
	w.says("")
}

func (w *clients) unlinks() {
	w.Helper()
	links, err := w.cleo.Links(w.Context())
	w.must(err)
	if len(links) != 1 || len(links[0].Accounts) != 1 {
		w.Fatalf("Cleo's links are %+v", links)
	}
	id := links[0].Accounts[0].ID
	w.fails("another's account", w.ben.Unlink(w.Context(), id), http.StatusNotFound, openmates.ENotFound, "")
	w.must(w.cleo.Unlink(w.Context(), id))
	w.unknown("an account that is linked no more", "account_not_linked", walktest.Unlinked)
	asked := w.Model.Count()
	if got := w.says(""); !strings.HasPrefix(got, walktest.Unlinked+"\n") || w.Model.Count() != asked {
		w.Errorf("in the guild she is refused with %q", got)
	}
}

// caller returns a client with this token.
func (w *clients) caller(token openmates.Secret) *client.Client {
	w.Helper()
	c, err := client.New(client.Config{URL: w.Web, Token: token})
	w.must(err)
	return c
}

// newcomer returns a new account with facts about the person.
func newcomer(username string) *client.NewAccount {
	f := walktest.Facts(username)
	return &client.NewAccount{
		Username: username, Name: strings.ToUpper(username[:1]) + username[1:], Password: walktest.Password(username), Email: username + "@example.org",
		Preferences: openmates.Preferences{Tone: f[0], About: f[1], Goals: f[2]},
	}
}

// agrees clicks Authorize and returns the parameters of the redirect.
func (w *clients) agrees(username, page, guild string) url.Values {
	w.Helper()
	back, err := w.Sim.Approve(page, w.onDiscord[username].ID, guild)
	w.must(err)
	u, err := url.Parse(back)
	w.must(err)
	if !strings.HasPrefix(back, w.Web+"/messenger/connect?") {
		w.Errorf("the browser is sent to %s", back)
	}
	return u.Query()
}

// says has Cleo ask Sophia in the guild and returns the reply that ends with
// end.
func (w *clients) says(end string) string {
	w.Helper()
	said := w.Sim.Say(w.lamp.General, w.onDiscord["cleo"].ID, "<@"+w.sophia.BotID+"> Do you hear me?")
	ctx, cancel := context.WithTimeout(w.Context(), polltest.Patience)
	defer cancel()
	m, err := w.Sim.Await(ctx, func(m discordtest.Message) bool {
		return m.ReplyTo == said.ID && m.Bot && strings.HasSuffix(m.Content, end)
	})
	if err != nil {
		w.Fatalf("Cleo is not answered: %v; the replies are %+v", err, w.Sim.Replies(said.ID))
	}
	return m.Content
}

// unknown checks that Cleo's messages belong to nobody: the sentence for the
// chat and the reason for programs.
func (w *clients) unknown(what, reason, sentence string) {
	w.Helper()
	_, err := w.listener.Login(w.Context(), w.lamp.ID, w.onDiscord["cleo"].ID)
	if p := w.fails(what, err, http.StatusNotFound, openmates.ENotFound, reason); p.Detail != sentence {
		w.Errorf("%s: %q", what, p.Detail)
	}
}

// fails makes sure that a call is refused, and how.
func (w *clients) fails(what string, err error, status int, code openmates.Code, reason string) *client.Problem {
	w.Helper()
	p, ok := errors.AsType[*client.Problem](err)
	if !ok {
		w.Fatalf("%s: %v", what, err)
	}
	if p.Status != status || p.Code != code || p.Reason != reason || p.Detail == "" || p.Request == "" {
		w.Errorf("%s: %+v", what, p)
	}
	return p
}

func (w *clients) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
