package web

import (
	"net/http"
	"net/url"
	"slices"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger"
)

// botPage is the page of one bot.
type botPage struct {
	shell
	connect.Setup
	At       string // the URL of this page
	Error    openmates.Text
	Found    connect.Inspection
	Findings []messenger.Finding // Found, plus what this package finds itself
	Wrong    int

	Inputs []botInput // of the form
}

// botInput is a field of the form.
type botInput struct {
	connect.Field
	Own  bool // the server's own application
	Set  bool // the bot exists
	Held bool // a secret from the last attempt is still held; the field may stay empty
}

// Missing reports whether a secret should be stored but isn't.
func (i botInput) Missing() bool { return i.Set && !i.Stored && !i.Lost && i.Warning != "" }

// Own reports whether this is the server's own application.
func (p botPage) Own() bool { return p.Handle == connect.Own }

func network(r *http.Request) openmates.Network { return openmates.Network(r.PathValue("network")) }

func (s *Server) setupOf(r *http.Request) (connect.Setup, error) {
	return s.connect.Setup(r.Context(), r.PathValue("handle"), network(r))
}

func (s *Server) bot(w http.ResponseWriter, r *http.Request) error {
	set, err := s.setupOf(r)
	if err != nil {
		return err
	}
	p := s.botPage(r, set)
	if set.Bot != nil {
		found, err := s.connect.Inspect(r.Context(), set.Mate.ID, network(r), false)
		if err != nil {
			p.Error = openmates.TextOf(err)
		}
		p.found(found, s.addressFinding(r))
	}
	return s.show(w, http.StatusOK, "bot", p)
}

func (s *Server) botPage(r *http.Request, set connect.Setup) *botPage {
	title := openmates.T("%s’s bot on %s", set.Name, set.Network.Label)
	if set.Handle == connect.Own {
		title = openmates.T("The server’s own application on %s", set.Network.Label)
	}
	p := &botPage{shell: s.shell(r, title), Setup: set, At: botAt(set.Network.Network, set.Handle)}
	held := s.connect.Held(byWhom(r), set.Mate.ID, set.Network.Network)
	for _, f := range set.Fields {
		p.Inputs = append(p.Inputs, botInput{Field: f, Own: p.Own(), Set: set.Bot != nil, Held: slices.Contains(held, f.Name)})
	}
	return p
}

func (p *botPage) found(i connect.Inspection, more ...messenger.Finding) {
	p.Found = i
	for _, f := range more {
		if f.Sentence != "" && len(i.Findings) > 0 {
			p.Findings = append(p.Findings, f)
		}
	}
	p.Findings = append(p.Findings, i.Findings...)
	for _, f := range p.Findings {
		if f.State != messenger.FindingOK {
			p.Wrong++
		}
	}
}

// addressFinding compares the address in the admin's browser with the one that
// redirects use.
func (s *Server) addressFinding(r *http.Request) messenger.Finding {
	f := messenger.Finding{Check: "address", Title: openmates.T("Public address"), State: messenger.FindingOK}
	public, err := url.Parse(s.connect.PublicURL())
	if err != nil || r.Host == "" {
		return messenger.Finding{}
	}
	if r.Host == public.Host {
		f.Sentence = openmates.T("You’re using this server at %s, and the redirect points there, too.", s.connect.PublicURL())
		return f
	}
	f.State = messenger.FindingBad
	f.Sentence = openmates.T("You opened this page at %s, but this server’s public address is %s. Anyone who confirms on a consent page is sent there and may not come back.", r.Host, s.connect.PublicURL())
	f.Cure = openmates.T("Under Settings, set the public address to the one people use, and register the new redirect; or open this page at %s.", s.connect.PublicURL())
	f.CureURL = "/server/settings"
	return f
}

// botState returns the state of one listener, so that the page can update
// itself.
func (s *Server) botState(w http.ResponseWriter, r *http.Request) error {
	set, err := s.setupOf(r)
	if err != nil {
		return err
	}
	if set.Bot == nil {
		return openmates.Errorf(openmates.ENotFound, "There’s no bot yet.")
	}
	return s.render(w, http.StatusOK, "bot", "state", set.Bot)
}

// findingWords returns the label and colour for a finding.
func findingWords(st messenger.FindingState) words {
	switch st {
	case messenger.FindingOK:
		return words{openmates.T("OK"), "good"}
	case messenger.FindingWarn:
		return words{openmates.T("Incomplete"), "warn"}
	case messenger.FindingBad:
		return words{openmates.T("Wrong"), "bad"}
	}
	return words{openmates.T("Unknown"), "plain"}
}
