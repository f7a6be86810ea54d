package main

import (
	"net/http"

	"openmates/internal/api"
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
		Mate: srv.mate, Ask: srv.chat.Ask, Answering: srv.models.room.Answering,
		Proxies: proxies, Records: recordsOf(srv.db), FixedURL: srv.set.URL != "" || demo != nil, Facts: srv.facts(),
	})
	if err != nil {
		return err
	}
	if !srv.set.does("web") {
		srv.handler = onlyHealth(w)
		return nil
	}
	a, err := api.New(api.Config{
		Identity: srv.identity, Team: srv.team, Server: srv.server, Connect: srv.connect, Mate: srv.mate, Model: srv.models.room, Records: recordsOf(srv.db), Answers: srv.db.AnswerStore,
		Log: srv.log, Version: versionText(), From: w.From, Asked: w.Asked, FixedURL: srv.set.URL != "",
		Shown: srv.models.room.Shown,
		Ask:   srv.chat.Ask, Book: srv.book,
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
