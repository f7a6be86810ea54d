package main

import (
	"context"
	"net/http"

	"openmates"
	"openmates/internal/api"
	"openmates/internal/chat"
	"openmates/internal/web"
)

// doors creates the API and the pages and serves them at one address. A process
// that only listens or works just serves its health.
func (srv *service) doors(demo *web.Demo) error {
	proxies, err := srv.set.proxies()
	if err != nil {
		return err
	}
	if err := srv.makeMates(); err != nil {
		return err
	}
	w, err := web.New(web.Config{
		Identity: srv.identity, Team: srv.team, Server: srv.server, Connect: srv.connect, Model: srv.models.room, Log: srv.log, Book: srv.book,
		Shown: srv.models.room.Shown, Ready: srv.ready, Demo: demo, Version: versionText(),
		Mate: srv.mate, Try: srv.chat.Try, Answering: srv.models.room.Answering,
		Proxies: proxies, Records: srv.db, FixedURL: srv.set.URL != "" || demo != nil, Facts: srv.facts(),
	})
	if err != nil {
		return err
	}
	if !srv.set.does("web") {
		srv.handler = onlyHealth(w)
		return nil
	}
	a, err := api.New(api.Config{
		Identity: srv.identity, Team: srv.team, Server: srv.server, Connect: srv.connect, Mate: srv.mate, Model: srv.models.room, Records: srv.db, Answers: srv.db,
		Log: srv.log, Version: versionText(), From: w.From, Asked: w.Asked, FixedURL: srv.set.URL != "",
		Shown:   srv.models.room.Shown,
		Process: srv.process, Try: srv.chat.Try,
	})
	if err != nil {
		return err
	}
	all := http.NewServeMux()
	all.Handle(api.Prefix+"/", a)
	all.Handle("/", w)
	srv.handler = all
	return nil
}

func onlyHealth(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" && r.URL.Path != "/readyz" {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// process asks a mate for the API.
func (srv *service) process(ctx context.Context, q api.Question, show func(string)) (api.Answer, error) {
	o, err := srv.chat.Process(ctx, chat.Ask{Team: q.Team, User: q.User, Role: q.Role, Mate: q.Mate, Text: q.Text, Show: show})
	if err != nil {
		return api.Answer{}, err
	}
	return answerOf(o)
}

// answerOf converts an outcome for the API. A used-up limit isn't reported as
// forbidden, because it resets later.
func answerOf(o openmates.Outcome) (api.Answer, error) {
	switch {
	case o.State == openmates.TurnRefused && (o.Why == openmates.TroubleRate || o.Why == openmates.TroubleMoney):
		return api.Answer{}, &openmates.WaitError{Err: openmates.Errorf(openmates.ELimit, "%s", o.Text), Until: o.Until}
	case o.State == openmates.TurnRefused:
		return api.Answer{}, openmates.Errorf(openmates.EForbidden, "%s", o.Text)
	case o.State == openmates.TurnFailed:
		return api.Answer{}, openmates.Errorf(openmates.EUnavailable, "%s", o.Text)
	}
	return api.Answer{Text: o.Text, Usage: o.Usage}, nil
}
