package web

import (
	"net/http"
	"strconv"

	"openmates"
	"openmates/internal/mate"
)

// versionPage shows an earlier version of a mate next to the current one.
type versionPage struct {
	shell
	Mate    openmates.Mate
	Old     openmates.MateVersion
	Newest  bool
	Changes []change
	Prompt  []mate.DiffLine
}

// versionOf returns the version named in the URL.
func (s *Server) versionOf(r *http.Request) (openmates.Mate, openmates.MateVersion, error) {
	var none openmates.MateVersion
	m, err := s.mate.Mate(r.Context(), r.PathValue("handle"))
	if err != nil {
		return m, none, err
	}
	n, err := strconv.ParseInt(r.PathValue("version"), 10, 64)
	if err != nil {
		return m, none, openmates.Errorf(openmates.ENotFound, "%s doesn’t have this version.", m.Name)
	}
	v, err := s.mate.Version(r.Context(), m, n)
	return m, v, err
}

func (s *Server) mateVersion(w http.ResponseWriter, r *http.Request) error {
	m, v, err := s.versionOf(r)
	if err != nil {
		return err
	}
	p := versionPage{shell: s.shell(r, openmates.T("%s", m.Name)), Mate: m, Old: v, Newest: v.Mate.Version == m.Version}
	p.Prompt = mate.Diff(v.Mate.Prompt, m.Prompt)
	voice, was, is := s.voice(w), v.Mate.Limits, m.Limits
	for _, f := range []change{
		{openmates.T("Name"), v.Mate.Name, m.Name}, {openmates.T("Field"), v.Mate.Field, m.Field}, {openmates.T("Description"), v.Mate.Description, m.Description},
		{openmates.T("Class"), className(voice, v.Mate.Class), className(voice, m.Class)}, {openmates.T("Model"), v.Mate.Model, m.Model},
		{openmates.T("Apps"), names(voice, was.Apps), names(voice, is.Apps)}, {openmates.T("Skills"), names(voice, was.Skills), names(voice, is.Skills)},
		{openmates.T("Providers"), names(voice, was.Providers), names(voice, is.Providers)}, {openmates.T("Models"), names(voice, was.Models), names(voice, is.Models)},
		{openmates.T("Requests per minute"), limitOf(voice, was.PerMinute), limitOf(voice, is.PerMinute)},
		{openmates.T("Money per month"), limitOf(voice, was.PerMonth), limitOf(voice, is.PerMonth)},
	} {
		if f.Before != f.After {
			p.Changes = append(p.Changes, f)
		}
	}
	return s.show(w, http.StatusOK, "version", p)
}

func (s *Server) restoreMate(w http.ResponseWriter, r *http.Request) error {
	m, v, err := s.versionOf(r)
	if err != nil {
		return err
	}
	if m, err = s.mate.Restore(r.Context(), byWhom(r), m, v.Mate.Version); err != nil {
		return err
	}
	return s.done(w, r, "/server/mates/"+m.Handle, openmates.T("%s is restored to version %d (saved as version %d).", m.Name, v.Mate.Version, m.Version))
}
