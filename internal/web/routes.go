package web

import (
	"net/http"
	"slices"
	"strings"

	"openmates/internal/connect"
	"openmates/internal/identity"
	"openmates/internal/policy"
	"openmates/internal/server"
)

// route is a route of the server: its pattern, who may use it, and its handler.
type route struct {
	at  string // method and path
	may gate
	do  handler
	ask asker // asks before do removes or ends something; nil = do acts immediately
}

// path returns the route's path without its method.
func (r route) path() string {
	_, path, _ := strings.Cut(r.at, " ")
	return path
}

// table lists every route that needs a session. A form that asks for
// confirmation has its question at the same path; the question is listed only
// if it is a page of its own.
func (s *Server) table() []route {
	return slices.Concat(s.guestRoutes(), s.personRoutes(), s.teamRoutes(), s.serverRoutes(), s.setupRoutes())
}

// guestRoutes are for everyone, signed in or not.
func (s *Server) guestRoutes() []route {
	return []route{
		{"/", anyone, s.nothingHere, nil},
		{"GET /{$}", anyone, s.home, nil},
		{"POST /language", anyone, s.chooseLanguage, nil},
		{"GET /setup", anyone, s.setupForm, nil},
		{"POST /setup", anyone, s.setup, nil},
		{"GET /signin", anyone, s.signInForm, nil},
		{"POST /signin", anyone, s.signIn, nil},
		{"POST /signin/demo", anyone, s.demoSignIn, nil},
		{"GET /signin/second", anyone, s.secondForm, nil},
		{"POST /signin/second", anyone, s.second, nil},
		{"POST /signin/passkey/begin", anyone, s.beginPasskeySignIn, nil},
		{"POST /signin/passkey", anyone, s.passkeySignIn, nil},
		{"GET " + forgotPath, anyone, s.forgotForm, nil},
		{"POST " + forgotPath, anyone, s.forgot, nil},
		{"GET " + identity.ResetPath, anyone, s.resetForm, nil},
		{"POST " + identity.ResetPath, anyone, s.reset, nil},
		{"POST /signout", anyone, s.signOut, nil},
		{"GET /goodbye", anyone, s.goodbye, nil},
		{"GET /found", anyone, s.foundForm, nil},
		{"POST /found", anyone, s.foundName, nil},
		{"GET /found/{step}", anyone, s.foundForm, nil},
		{"POST /found/{step}", anyone, s.foundNext, nil},
		{"GET /parts/slug", anyone, s.slugPart, nil},
		{"GET /join/{code}", anyone, s.joinForm, nil},
		{"POST /join/{code}", anyone, s.join, nil},
		{"POST /join/{code}/proof", anyone, s.joinProof, nil},
		{"GET " + connect.CodePath, anyone, s.linkCode, nil},
		{"POST " + connect.CodePath, anyone, s.finishLinkCode, nil},
		{"GET " + connect.RedirectPath, anyone, s.connectWait, nil},
		{"POST " + connect.RedirectPath, anyone, s.connectFinish, nil},
		{"GET " + secondRedirectPath, anyone, s.connectWait, nil},
		{"POST " + secondRedirectPath, anyone, s.connectFinish, nil},
	}
}

// secondRedirectPath is another redirect path that applications may use.
const secondRedirectPath = "/messages/connect"

// personRoutes are for people with an account.
func (s *Server) personRoutes() []route {
	return []route{
		{"GET /parts/mates", s.signedIn, s.matesPart, nil},
		{"GET /mates/{handle}", s.signedIn, s.showMate, nil},
		{"GET " + connect.ConnectPath, s.signedIn, s.connectTeam, nil},
		{"GET /profile", s.signedIn, s.profile, nil},
		{"POST /profile/link", s.signedIn, s.link, nil},
		{"POST /profile/unlink", s.signedIn, s.unlink, s.askUnlink},
		{"GET /profile/code", s.signedIn, s.showOwnCode, nil},
		{"POST /profile/code", s.signedIn, s.ownCode, nil},
		{"GET /profile/preferences", s.signedIn, s.preferences, nil},
		{"POST /profile/preferences", s.signedIn, s.setPreferences, nil},
		{"GET /profile/privacy", s.signedIn, s.privacy, nil},
		{"POST /profile/privacy", s.signedIn, s.setPrivacy, nil},
		{"GET /profile/address", s.signedIn, s.addressForm, nil},
		{"POST /profile/address", s.signedIn, s.confirmAddress, nil},
		{"GET /profile/data", s.signedIn, s.dataPage, nil},
		{"POST /profile/data/export", s.signedIn, s.exportData, nil},
		{"POST /profile/data/delete", s.signedIn, s.deleteAccount, nil},
		{"GET " + tokensPath, s.signedIn, s.ownTokens, nil},
		{"POST " + tokensPath, s.signedIn, s.addOwnToken, nil},
		{"POST " + tokensPath + "/{id}/revoke", s.signedIn, s.revokeOwnToken, s.askRevokeOwnToken},
		{"GET " + securityPath, s.signedIn, s.security, nil},
		{"POST " + securityPath + "/password", s.signedIn, s.changePassword, nil},
		{"POST " + securityPath + "/email", s.signedIn, s.setEmail, nil},
		{"POST " + securityPath + "/authenticator/begin", s.signedIn, s.beginAuthenticator, nil},
		{"GET " + securityPath + "/authenticator", s.signedIn, s.authenticator, nil},
		{"POST " + securityPath + "/authenticator", s.signedIn, s.confirmAuthenticator, nil},
		{"POST " + securityPath + "/authenticator/remove", s.signedIn, s.removeAuthenticator, nil},
		{"GET " + securityPath + "/recovery", s.signedIn, s.recovery, nil},
		{"POST " + securityPath + "/recovery", s.signedIn, s.newRecovery, nil},
		{"POST " + securityPath + "/passkeys/begin", s.signedIn, s.beginPasskey, nil},
		{"POST " + securityPath + "/passkeys", s.signedIn, s.addPasskey, nil},
		{"POST " + securityPath + "/passkeys/remove", s.signedIn, s.removePasskey, nil},
		{"POST " + securityPath + "/passkeys/ask", s.signedIn, s.askPasskey, nil},
		{"POST " + securityPath + "/sessions/end", s.signedIn, s.endSession, s.askEndSession},
		{"POST " + securityPath + "/sessions/end-others", s.signedIn, s.endSessions(false), s.askEndSessions(false)},
		{"POST " + securityPath + "/sessions/end-all", s.signedIn, s.endSessions(true), s.askEndSessions(true)},
	}
}

// teamRoutes are for a team's members or admins, depending on policy.Right.
func (s *Server) teamRoutes() []route {
	const team = "/teams/{slug}"
	const person = team + "/people/{username}"
	const guest = team + "/connect/{network}/{workspace}/{mate}"
	return []route{
		{"GET " + team, s.member(policy.SeeTeam), s.showTeam, nil},
		{"POST " + team + "/install", s.member(policy.ConnectTeam), s.install, nil},
		{"POST " + team + "/leave", s.member(policy.LeaveTeam), s.leaveTeam, s.askLeaveTeam},
		{"POST " + team + "/name", s.member(policy.RunTeam), s.renameTeam, nil},
		{"POST " + team + "/notices/{id}/read", s.member(policy.RunTeam), s.dropNotice, nil},
		{"GET " + team + "/people", s.member(policy.SeeTeam), s.people, nil},
		{"POST " + person + "/role", s.member(policy.ManagePeople), s.setRole, s.askRole},
		{"POST " + person + "/remove", s.member(policy.ManagePeople), s.removeMember, s.askRemoveMember},
		{"GET " + person + "/limits", s.member(policy.RunTeam), s.memberLimits, nil},
		{"POST " + person + "/limits", s.member(policy.RunTeam), s.setMemberLimits, nil},
		{"GET " + team + "/limits", s.member(policy.RunTeam), s.teamLimits, nil},
		{"POST " + team + "/limits", s.member(policy.RunTeam), s.setTeamLimits, nil},
		{"GET " + team + "/invites", s.member(policy.InvitePeople), s.invites, nil},
		{"POST " + team + "/invites", s.member(policy.InvitePeople), s.addInvite, nil},
		{"POST " + team + "/invites/{id}/revoke", s.member(policy.InvitePeople), s.revokeInvite, s.askRevokeInvite},
		{"GET " + team + "/tokens", s.member(policy.RunTeam), s.teamTokens, nil},
		{"POST " + team + "/tokens", s.member(policy.RunTeam), s.addTeamToken, nil},
		{"POST " + team + "/tokens/{id}/revoke", s.member(policy.RunTeam), s.revokeTeamToken, s.askRevokeTeamToken},
		{"GET " + team + "/usage", s.member(policy.SeeUsage), s.teamUsage, nil},
		{"GET " + team + "/usage.csv", s.member(policy.SeeUsage), s.usageCSV, nil},
		{"GET " + team + "/connect", s.member(policy.ConnectTeam), s.teamConnect, nil},
		{"POST " + team + "/connect/{network}/{workspace}/disconnect", s.member(policy.RunTeam), s.disconnect, s.askDisconnect},
		{"GET " + guest, s.member(policy.ConnectTeam), s.guest, nil},
		{"POST " + guest + "/test", s.member(policy.ConnectTeam), s.testGuest, nil},
		{"POST " + guest + "/remove", s.member(policy.RunTeam), s.removeGuest, s.askRemoveGuest},
	}
}

// serverRoutes are for the server's admins: settings, people and teams.
func (s *Server) serverRoutes() []route {
	return []route{
		{"GET /server", s.admin, s.overview, nil},
		{"GET /server/part", s.admin, s.overviewPart, nil},
		{"GET /server/setup", s.admin, s.wizard, nil},
		{"GET /server/setup/part", s.admin, s.wizardPart, nil},
		{"GET /server/settings", s.admin, s.settings, nil},
		{"POST /server/settings", s.admin, s.saveSettings, nil},
		{"POST /server/settings/check", s.admin, s.checkAddress, nil},
		{"GET /server/audit", s.admin, s.audit, nil},
		{"GET /server/audit/{file}", s.admin, s.export, nil},
		{"GET /server/mail", s.admin, s.mail, nil},
		{"POST /server/mail", s.admin, s.setMail, nil},
		{"POST /server/mail/stop", s.admin, s.stopMail, askStopMail},
		{"GET " + resetLinkPath, s.admin, s.resetLinkForm, nil},
		{"POST " + resetLinkPath, s.admin, s.makeResetLink, nil},
		{"GET " + peoplePath, s.admin, s.allPeople, nil},
		{"POST " + peoplePath + "/{username}/admin", s.admin, s.setServerAdmin, s.askServerAdmin},
		{"POST " + peoplePath + "/{username}/remove", s.admin, s.removePerson, s.askRemovePerson},
		{"GET " + teamsPath, s.admin, s.allTeams, nil},
		{"POST " + teamsPath + "/{slug}/remove", s.admin, s.removeTeam, s.askRemoveTeam},
		{"GET " + connect.UntiePath, s.admin, s.allWorkspaces, nil},
		{"POST " + connect.UntiePath + "/{network}/{workspace}/untie", s.admin, s.untie, s.askUntie},
	}
}

// setupRoutes are also for the server's admins: mates, bots and models.
func (s *Server) setupRoutes() []route {
	const mate = "/server/mates/{handle}"
	const bot = "/server/bots/{network}/{handle}"
	const provider = "/server/providers/{name}"
	return []route{
		{"GET /server/mates", s.admin, s.mates, nil},
		{"POST /server/mates", s.admin, s.createMate, nil},
		{"GET /server/mates/new", s.admin, s.newMate, nil},
		{"GET " + mate, s.admin, s.mateSetup, nil},
		{"POST " + mate, s.admin, s.editMate, nil},
		{"POST " + mate + "/switch", s.admin, s.switchMate, s.askSwitchMate},
		{"POST " + mate + "/archive", s.admin, s.archiveMate, s.askArchiveMate},
		{"POST " + mate + "/duplicate", s.admin, s.duplicateMate, nil},
		{"POST " + mate + "/limits", s.admin, s.limitMate, nil},
		{"POST " + mate + "/try", s.admin, s.tryMate, nil},
		{"GET " + mate + "/versions/{version}", s.admin, s.mateVersion, nil},
		{"POST " + mate + "/versions/{version}", s.admin, s.restoreMate, nil},
		{"GET /server/limits", s.admin, s.limits, nil},
		{"POST /server/limits", s.admin, s.setLimits, nil},
		{"GET /server/bots", s.admin, s.bots, nil},
		{"GET " + bot, s.admin, s.bot, nil},
		{"POST " + bot, s.admin, s.setBot, nil},
		{"GET " + bot + "/state", s.admin, s.botState, nil},
		{"POST " + bot + "/check", s.admin, s.botAction(s.checkBot), nil},
		{"POST " + bot + "/dress", s.admin, s.botAction(s.dressBot), nil},
		{"POST " + bot + "/permissions", s.admin, s.botAction(s.setPermissions), nil},
		{"POST " + bot + "/restart", s.admin, s.botAction(s.restartBot), nil},
		{"POST " + bot + "/pause", s.admin, s.botAction(s.pauseBot(true)), s.askPauseBot},
		{"POST " + bot + "/resume", s.admin, s.botAction(s.pauseBot(false)), nil},
		{"POST " + bot + "/remove", s.admin, s.removeBot, s.askRemoveBot},
		{"GET /server/providers", s.admin, s.providers, nil},
		{"POST /server/providers", s.admin, s.addProvider, nil},
		{"GET /server/providers/new", s.admin, s.newProvider, nil},
		{"POST /server/providers/defaults", s.admin, s.saveDefaults, nil},
		{"GET " + provider, s.admin, s.provider, nil},
		{"POST " + provider + "/change", s.admin, s.changeProvider, nil},
		{"POST " + provider + "/refresh", s.admin, s.refreshProvider, nil},
		{"POST " + provider + "/models", s.admin, s.saveModels, nil},
		{"POST " + provider + "/free", s.admin, s.freeModels, nil},
		{"POST " + provider + "/model", s.admin, s.addModel, nil},
		{"POST " + provider + "/try", s.admin, s.tryModel, nil},
		{"GET " + provider + "/remove", s.admin, s.removeProviderForm, nil},
		{"POST " + provider + "/remove", s.admin, s.removeProvider, askRemoveProvider},
	}
}

// routes turns the table into a handler. Routes that need no session bypass its
// middleware, so that they cost no query.
func (s *Server) routes() http.Handler {
	page := http.NewServeMux()
	own := map[string]bool{}
	handle := func(at string, h handler) {
		own[at] = true
		s.patterns = append(s.patterns, at)
		page.Handle(at, s.handle(h))
	}
	table := s.table()
	for _, r := range table {
		if r.ask == nil {
			handle(r.at, r.may(r.do))
			continue
		}
		handle(r.at, r.may(s.confirmed(r.ask, r.do)))
		s.asks = append(s.asks, r.path())
	}
	for _, r := range table {
		if at := "GET " + r.path(); r.ask != nil && !own[at] {
			handle(at, r.may(s.question(r.ask)))
		}
	}

	all := http.NewServeMux()
	for _, r := range []struct {
		at string
		do http.HandlerFunc
	}{
		{"GET /healthz", s.healthz},
		{"GET /readyz", s.readyz},
		{"GET " + server.ReachPath + "{nonce}", s.prove},
		{"GET /static/{sum}/{name}", s.assets.serve},
		{"GET /portraits/{sum}/{file}", s.servePortrait},
		{"GET /favicon.ico", s.favicon},
		{"GET /robots.txt", robots},
		{"/", s.visits(s.identity.Secured(s.identity.Middleware(page))).ServeHTTP},
	} {
		if r.at != "/" {
			s.patterns = append(s.patterns, r.at)
		}
		all.Handle(r.at, r.do)
	}
	return all
}
