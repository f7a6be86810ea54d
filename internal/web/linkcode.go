package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/policy"
)

// linkCodePage links a network account with a one-time code, which either came
// with a link from the chat or is to be sent there.
type linkCodePage struct {
	shell
	From connect.Offer
	Code string
	Own  *connect.OwnCode // nil = the code came from the chat
}

// pendingLink is the cookie with the code of somebody who first has to sign in
// or accept an invite. It expires together with the code.
const pendingLink = "openmates_link"

// linkCode shows whose account a code links. Chat networks open links to
// preview them, so loading the page changes nothing.
func (s *Server) linkCode(w http.ResponseWriter, r *http.Request) error {
	code := r.URL.Query().Get("code")
	if code == "" {
		return s.show(w, http.StatusOK, "message", messagePage{
			shell: s.shell(r, openmates.T("Link your account")), Heading: openmates.T("This link needs a code"),
			Sentence: openmates.T("Send /link to any mate in your messenger to get a link with a code. Or start from your profile."),
			Ways:     []way{{openmates.T("Open your profile"), "/profile"}},
		})
	}
	offer, err := s.connect.Offered(r.Context(), openmates.Secret(code))
	if err != nil {
		s.setPendingLink(w, "")
		return err
	}
	if !openmates.CallerOf(r.Context()).SignedIn() {
		s.setPendingLink(w, code)
		return s.show(w, http.StatusOK, "message", messagePage{
			shell: s.shell(r, openmates.T("Link your account")), Heading: openmates.T("Sign in first"),
			Sentence: openmates.T("Then you can link the %s account %s. If you don’t have an account here yet, open your invite in this browser; you’ll come back here afterwards.", offer.Label, offer.Account.Name),
			Ways:     []way{{openmates.T("Sign in"), "/signin?next=" + url.QueryEscape(linkCodePath(code))}},
		})
	}
	return s.show(w, http.StatusOK, "linkcode", linkCodePage{shell: s.shell(r, openmates.T("Link your account")), From: offer, Code: code})
}

func linkCodePath(code string) string {
	return connect.CodePath + "?" + url.Values{"code": {code}}.Encode()
}

func (s *Server) finishLinkCode(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	c := openmates.CallerOf(r.Context())
	if !c.SignedIn() {
		return to(w, r, linkCodePath(f.Get("code")))
	}
	s.setPendingLink(w, "")
	out, err := s.connect.FinishCode(r.Context(), connect.Who{UserID: c.User.ID, Session: c.Session}, openmates.Secret(f.Get("code")))
	if err != nil {
		return err
	}
	return s.done(w, r, "/profile", openmates.T("Your %s account %s is linked. Mates will recognise you from now on.", out.Label, out.Account.Name))
}

// setPendingLink stores a code in the browser; "" deletes it.
func (s *Server) setPendingLink(w http.ResponseWriter, code string) {
	c := &http.Cookie{ //nolint:gosec // Secure if the public address is https
		Name: pendingLink, Value: code, Path: "/profile", MaxAge: int((15 * time.Minute).Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.connect.PublicURL(), "https:"),
	}
	if code == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// resumeLink leads people who followed a link before signing in back to it. ok
// reports whether there is one.
func (s *Server) resumeLink(w http.ResponseWriter, r *http.Request) (ok bool, err error) {
	c, err := r.Cookie(pendingLink)
	if err != nil {
		return false, nil //nolint:nilerr // there is none
	}
	s.setPendingLink(w, "")
	if _, err := s.connect.Offered(r.Context(), openmates.Secret(c.Value)); err != nil {
		return false, nil //nolint:nilerr // it has expired
	}
	return true, to(w, r, linkCodePath(c.Value))
}

// shownCode is a new code.
type shownCode struct {
	Label, Code string
	Expires     time.Time
}

// showOwnCode shows a new code once.
func (s *Server) showOwnCode(w http.ResponseWriter, r *http.Request) error {
	var made shownCode
	if !s.identity.TakeOnce(r.Context(), r.URL.Path, &made) {
		return to(w, r, "/profile")
	}
	own := &connect.OwnCode{Label: made.Label, Expires: made.Expires}
	return s.show(w, http.StatusOK, "linkcode", linkCodePage{shell: s.shell(r, openmates.T("Link your account")), Own: own, Code: made.Code})
}

// ownCode creates a code to send to a mate, on networks that link accounts that
// way.
func (s *Server) ownCode(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	c := openmates.CallerOf(r.Context())
	own, err := s.connect.BeginOwnCode(r.Context(), connect.Who{UserID: c.User.ID, Session: c.Session}, openmates.Network(f.Get("network")))
	if err != nil {
		return err
	}
	return s.once(w, r, "/profile/code", shownCode{Label: own.Label, Code: own.Code.Reveal(), Expires: own.Expires})
}

// connectHint returns the mate and place that the person was asked to connect.
// They needn't exist or be the person's.
func connectHint(r *http.Request) string {
	asked, hint := r.URL.Query(), url.Values{}
	for from, to := range map[string]string{"mate": "mate", "network": "network", "workspace": "at"} {
		if v := asked.Get(from); v != "" && len(v) <= 100 {
			hint.Set(to, v)
		}
	}
	if len(hint) == 0 {
		return ""
	}
	return "?" + hint.Encode()
}

// connectTeam redirects to the page that connects a place with the person's
// team, or lets them choose among several.
func (s *Server) connectTeam(w http.ResponseWriter, r *http.Request) error {
	c := openmates.CallerOf(r.Context())
	teams, err := s.team.TeamsOf(r.Context(), c)
	if err != nil {
		return err
	}
	var ways []way
	for _, t := range teams {
		if _, err := s.team.Enter(r.Context(), c, t.Slug, policy.ConnectTeam); err == nil {
			ways = append(ways, way{Label: openmates.T("The team %s", t.Name), Path: "/teams/" + t.Slug + "/connect" + connectHint(r)})
		}
	}
	p := messagePage{shell: s.shell(r, openmates.T("Connect"))}
	switch len(ways) {
	case 1:
		return to(w, r, ways[0].Path)
	case 0:
		p = messagePage{shell: p.shell, Heading: openmates.T("Ask an admin of your team"), Ways: []way{{openmates.T("Go to the home page"), "/"}},
			Sentence: openmates.T("A workspace belongs to a team, and only some members can connect it. You’re not in a team where you can.")}
	default:
		p = messagePage{shell: p.shell, Heading: openmates.T("Choose a team"), Ways: ways,
			Sentence: openmates.T("A workspace belongs to one team. Choose the team that talks there; add the mates on its page.")}
	}
	return s.show(w, http.StatusOK, "message", p)
}
