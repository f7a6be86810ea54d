package api

import (
	"context"
	"net/http"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/mate"
)

// MateSetup is a mate as server admins manage it.
type MateSetup struct {
	ID          openmates.ID `json:"id" type:"string"`
	Handle      string       `json:"handle"`
	Name        string       `json:"name"`
	Field       string       `json:"field,omitempty"`
	Description string       `json:"description,omitempty"`
	Prompt      string       `json:"prompt"`
	Model       string       `json:"model,omitempty" doc:"provider/model; absent = the default of the class."`
	Class       string       `json:"class,omitempty" doc:"Class of model: quick, balanced or deep; absent = any."`
	Enabled     bool         `json:"enabled"`
	Archived    bool         `json:"archived"`
	Version     int64        `json:"version"`
	Limits      Limits       `json:"limits"`
}

// MateVersion is a saved state of a mate.
type MateVersion struct {
	Version int64     `json:"version"`
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty" doc:"Who saved it."`
	Mate    MateSetup `json:"mate"`
}

type newMate struct {
	Body struct {
		Handle      string `json:"handle,omitempty" maxLength:"80" doc:"Made from the name if omitted."`
		Name        string `json:"name" maxLength:"200"`
		Field       string `json:"field,omitempty" maxLength:"400"`
		Description string `json:"description,omitempty" maxLength:"2000"`
		Prompt      string `json:"prompt" maxLength:"50000"`
		Model       string `json:"model,omitempty" maxLength:"400"`
		Class       string `json:"class,omitempty" maxLength:"20"`
	}
}

type matePatch struct {
	MateName
	Body struct {
		Version     int64   `json:"version,omitempty" minimum:"1" doc:"The version that was read; if it is no longer the newest, nothing is changed."`
		Name        *string `json:"name,omitempty" maxLength:"200"`
		Field       *string `json:"field,omitempty" maxLength:"400"`
		Description *string `json:"description,omitempty" maxLength:"2000"`
		Prompt      *string `json:"prompt,omitempty" maxLength:"50000"`
		Model       *string `json:"model,omitempty" maxLength:"400"`
		Class       *string `json:"class,omitempty" maxLength:"20"`
		Enabled     *bool   `json:"enabled,omitempty"`
		Archived    *bool   `json:"archived,omitempty"`
	}
}

type mateCopy struct {
	MateName
	Body struct {
		Name   string `json:"name" maxLength:"200"`
		Handle string `json:"handle,omitempty" maxLength:"80"`
	}
}

type matePage struct {
	MateName
	PageInput
}

type versionInput struct {
	MateName
	Version int64 `path:"version" minimum:"1"`
}

type trialInput struct {
	MateName
	Body struct {
		Text string  `json:"text" minLength:"1" maxLength:"32000"`
		Past []Turns `json:"past,omitempty" maxItems:"50" doc:"What was said before in this trial."`
	}
}

// Turns is a question and its answer.
type Turns struct {
	Question string `json:"question" maxLength:"32000"`
	Answer   string `json:"answer" maxLength:"32000"`
}

func (s *Server) mateOperations() {
	serve(s, route{"list-mates", http.MethodGet, "/server/mates", "List mates", "By handle, including archived ones.", 0}, admin(), s.listMates)
	serve(s, route{"add-mate", http.MethodPost, "/server/mates", "Create a mate", "It starts enabled.", 201}, admin(),
		func(ctx context.Context, c openmates.Caller, in *newMate) (MateSetup, error) {
			b := in.Body
			m, err := s.mate.Create(ctx, c.User.ID, b.Handle, mate.Draft{Name: b.Name, Field: b.Field, Description: b.Description, Prompt: b.Prompt, Model: b.Model, Class: b.Class})
			return setupOf(m), err
		})
	serve(s, route{"get-mate", http.MethodGet, "/server/mates/{handle}", "Get a mate", "With its prompt.", 0}, admin(),
		func(ctx context.Context, _ openmates.Caller, in *MateName) (MateSetup, error) {
			m, err := s.mate.Mate(ctx, in.Handle)
			return setupOf(m), err
		})
	serve(s, route{"change-mate", http.MethodPatch, "/server/mates/{handle}", "Change a mate", "Omitted fields stay unchanged. Each change is a new version.", 0}, admin(), s.changeMate)
	change(s, route{"delete-mate", http.MethodDelete, "/server/mates/{handle}", "Archive a mate", "It stops answering. References to it are kept, and it can be restored (archived: false).", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *MateName) error {
			m, err := s.mate.Mate(ctx, in.Handle)
			if err == nil {
				_, err = s.mate.Archive(ctx, c.User.ID, m, true)
			}
			return err
		})
	serve(s, route{"duplicate-mate", http.MethodPost, "/server/mates/{handle}/duplicate", "Duplicate a mate", "Under a new name and handle.", 201}, admin(),
		func(ctx context.Context, c openmates.Caller, in *mateCopy) (MateSetup, error) {
			m, err := s.mate.Mate(ctx, in.Handle)
			if err != nil {
				return MateSetup{}, err
			}
			m, err = s.mate.Duplicate(ctx, c.User.ID, m, in.Body.Handle, in.Body.Name)
			return setupOf(m), err
		})
	serve(s, route{"list-mate-versions", http.MethodGet, "/server/mates/{handle}/versions", "List a mate's versions", "Newest first.", 0}, admin(), s.listVersions)
	serve(s, route{"get-mate-version", http.MethodGet, "/server/mates/{handle}/versions/{version}", "Get a version of a mate", "", 0}, admin(),
		func(ctx context.Context, _ openmates.Caller, in *versionInput) (MateVersion, error) {
			m, err := s.mate.Mate(ctx, in.Handle)
			if err != nil {
				return MateVersion{}, err
			}
			v, err := s.mate.Version(ctx, m, in.Version)
			return versionOf(v), err
		})
	serve(s, route{"restore-mate-version", http.MethodPost, "/server/mates/{handle}/versions/{version}/restore", "Restore a version", "It becomes the newest one.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *versionInput) (MateSetup, error) {
			m, err := s.mate.Mate(ctx, in.Handle)
			if err != nil {
				return MateSetup{}, err
			}
			m, err = s.mate.Restore(ctx, c.User.ID, m, in.Version)
			return setupOf(m), err
		})
	serve(s, route{"try-mate", http.MethodPost, tryPath, "Try a mate", "The mate doesn't remember it.", 0}, admin(), s.tryMate)
}

func setupOf(m openmates.Mate) MateSetup {
	return MateSetup{ID: m.ID, Handle: m.Handle, Name: m.Name, Field: m.Field, Description: m.Description, Prompt: m.Prompt, Model: m.Model,
		Class: m.Class, Enabled: m.Enabled, Archived: m.Archived, Version: m.Version, Limits: limitsOf(m.Limits)}
}

func (s *Server) listMates(ctx context.Context, _ openmates.Caller, in *PageInput) (page[MateSetup], error) {
	mates, err := s.mate.List(ctx)
	if err != nil {
		return page[MateSetup]{}, err
	}
	var all []MateSetup
	for _, m := range mates {
		all = append(all, setupOf(m))
	}
	return cut(all, *in, func(m MateSetup) string { return m.Handle })
}

// changeMate makes one change for all texts, and one more for each switch, like
// the pages.
func (s *Server) changeMate(ctx context.Context, c openmates.Caller, in *matePatch) (MateSetup, error) {
	m, err := s.mate.Mate(ctx, in.Handle)
	if err != nil {
		return MateSetup{}, err
	}
	b := in.Body
	version := m.Version
	if b.Version != 0 {
		version = b.Version
	}
	d := mate.Draft{Name: m.Name, Field: m.Field, Description: m.Description, Prompt: m.Prompt, Model: m.Model, Class: m.Class}
	texts := false
	for _, f := range []struct{ into, from *string }{{&d.Name, b.Name}, {&d.Field, b.Field}, {&d.Description, b.Description},
		{&d.Prompt, b.Prompt}, {&d.Model, b.Model}, {&d.Class, b.Class}} {
		if f.from != nil {
			*f.into, texts = *f.from, true
		}
	}
	if texts || b.Version != 0 {
		if m, err = s.mate.Edit(ctx, c.User.ID, m, version, d); err != nil {
			return MateSetup{}, err
		}
	}
	if b.Enabled != nil && *b.Enabled != m.Enabled {
		if m, err = s.mate.Switch(ctx, c.User.ID, m, *b.Enabled); err != nil {
			return MateSetup{}, err
		}
	}
	if b.Archived != nil && *b.Archived != m.Archived {
		m, err = s.mate.Archive(ctx, c.User.ID, m, *b.Archived)
	}
	return setupOf(m), err
}

func versionOf(v openmates.MateVersion) MateVersion {
	return MateVersion{Version: v.Mate.Version, At: v.At.UTC(), By: v.By, Mate: setupOf(v.Mate)}
}

func (s *Server) listVersions(ctx context.Context, _ openmates.Caller, in *matePage) (page[MateVersion], error) {
	m, err := s.mate.Mate(ctx, in.Handle)
	if err != nil {
		return page[MateVersion]{}, err
	}
	found, err := s.mate.Versions(ctx, m)
	if err != nil {
		return page[MateVersion]{}, err
	}
	var all []MateVersion
	for _, v := range found {
		all = append(all, versionOf(v))
	}
	return cut(all, in.PageInput, func(v MateVersion) string { return text(v.Version) })
}

func (s *Server) tryMate(ctx context.Context, c openmates.Caller, in *trialInput) (Reply, error) {
	m, err := s.mate.Mate(ctx, in.Handle)
	if err != nil {
		return Reply{}, err
	}
	q := question{chat.Ask{Trial: true, User: c.User.ID, Mate: m.ID, Text: in.Body.Text, Language: c.Language}, m.Handle}
	for _, p := range in.Body.Past {
		q.Past = append(q.Past, chat.Said(p))
	}
	return s.reply(ctx, q, nil)
}
