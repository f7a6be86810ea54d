package main

import (
	"context"

	"openmates"
	"openmates/internal/mate"
)

// makeMates creates the mate room.
func (srv *service) makeMates() (err error) {
	srv.mate, err = mate.New(mate.Config{
		Store: mateStoreOf(srv.db), Audit: srv.db.AddAudit, Log: srv.log, Apps: srv.offeredSkills, Providers: srv.offeredModels,
	})
	return err
}

// offeredSkills lists the apps and skills that limits can name.
func (srv *service) offeredSkills(context.Context) ([]mate.Group, error) {
	var all []mate.Group
	for _, a := range srv.skills.Apps() {
		g := mate.Group{Name: a.Name, Label: a.Label, Description: a.Description}
		for _, s := range a.Skills {
			g.Parts = append(g.Parts, mate.Part{Name: a.Name + "." + s.Name, Label: s.Label})
		}
		all = append(all, g)
	}
	return all, nil
}

// offeredModels lists the enabled models that limits can name.
func (srv *service) offeredModels(ctx context.Context) ([]mate.Group, error) {
	providers, err := srv.models.room.Providers(ctx)
	if err != nil {
		return nil, err
	}
	var all []mate.Group
	for _, p := range providers {
		g := mate.Group{Name: p.Name, Label: openmates.T("%s", p.Label)}
		for _, m := range p.Models {
			if m.Enabled {
				g.Parts = append(g.Parts, mate.Part{Name: m.Name(), Label: openmates.T("%s", m.Model)})
			}
		}
		all = append(all, g)
	}
	return all, nil
}
