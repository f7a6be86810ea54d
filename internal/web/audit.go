package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/locale"
)

// auditPage shows the audit log.
type auditPage struct {
	shell
	Search auditSearch
	Lines  []auditLine
	Older  string // URL of the next page; "" = none
	Newest string // URL of the first page, unless this is it
	CSV    string
	JSON   string
	Error  openmates.Text
}

// auditSearch holds the search fields as typed.
type auditSearch struct{ Actor, Action, Target, Text, From, To string }

type auditLine struct {
	openmates.AuditLine
	Deed    openmates.Text // the action in words, or "" if unknown
	Changes []change
}

// masked returns the words for a value that the log replaces because it is
// secret or too long, or "" if value is none of these.
func masked(v *locale.Voice, value string) string {
	switch value {
	case "none":
		return v.Say(openmates.T("nothing"))
	case "stored", "(stored)":
		return v.Say(openmates.T("stored"))
	case "(new)":
		return v.Say(openmates.T("a new one"))
	}
	number, ok := strings.CutSuffix(value, " characters")
	if n, err := strconv.Atoi(number); ok && err == nil {
		return v.Count(n, "%d character", "%d characters")
	}
	return ""
}

// change is a value before and after.
type change struct {
	Name          openmates.Text // "" if it has none
	Before, After string
}

const auditPageSize = 50

func (s *Server) audit(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	p := auditPage{shell: s.shell(r, openmates.T("Audit log")), Search: auditSearch{
		Actor: q.Get("actor"), Action: q.Get("action"), Target: q.Get("target"), Text: q.Get("text"), From: q.Get("from"), To: q.Get("to"),
	}}
	search, err := p.Search.parse()
	if err != nil {
		p.Error = openmates.TextOf(err)
		return s.show(w, intake.StatusOf(err), "audit", p)
	}
	if before := q.Get("before"); before != "" {
		if search.Before, err = openmates.ParseID(before); err != nil {
			return err
		}
		p.Newest = "/server/audit?" + p.Search.query().Encode()
	}
	search.Limit = auditPageSize + 1
	lines, err := s.records.FindAudit(r.Context(), search)
	if err != nil {
		return err
	}
	if len(lines) > auditPageSize {
		lines = lines[:auditPageSize]
		older := p.Search.query()
		older.Set("before", lines[len(lines)-1].ID.String())
		p.Older = "/server/audit?" + older.Encode()
	}
	currency, err := s.currency(r.Context())
	if err != nil {
		return err
	}
	for _, l := range lines {
		p.Lines = append(p.Lines, auditLine{l, deed(l.Action), changes(s.voice(w), currency, l.Before, l.After)})
	}
	p.CSV = "/server/audit/export.csv?" + p.Search.query().Encode()
	p.JSON = "/server/audit/export.json?" + p.Search.query().Encode()
	return s.show(w, http.StatusOK, "audit", p)
}

func (a auditSearch) parse() (q openmates.AuditSearch, err error) {
	q = openmates.AuditSearch{Actor: strings.TrimSpace(a.Actor), Action: strings.TrimSpace(a.Action), Target: strings.TrimSpace(a.Target), Text: strings.TrimSpace(a.Text)}
	for _, d := range []struct {
		text string
		into *time.Time
		plus int // days
	}{{a.From, &q.From, 0}, {a.To, &q.To, 1}} {
		if d.text == "" {
			continue
		}
		t, err := time.Parse(time.DateOnly, d.text)
		if err != nil {
			return q, openmates.Errorf(openmates.EInvalid, "Write a day as year-month-day, such as 2026-11-23.")
		}
		*d.into = t.AddDate(0, 0, d.plus)
	}
	return q, nil
}

func (a auditSearch) query() url.Values {
	q := url.Values{}
	for name, v := range map[string]string{"actor": a.Actor, "action": a.Action, "target": a.Target, "text": a.Text, "from": a.From, "to": a.To} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q
}

// exportSize is how many entries are read at a time.
const exportSize = 500

// export streams all entries that match a search.
func (s *Server) export(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	a := auditSearch{Actor: q.Get("actor"), Action: q.Get("action"), Target: q.Get("target"), Text: q.Get("text"), From: q.Get("from"), To: q.Get("to")}
	search, err := a.parse()
	if err != nil {
		return err
	}
	kind := strings.TrimPrefix(r.PathValue("file"), "export.")
	write := map[string]func(io.Writer, func() ([]openmates.AuditLine, error)) error{"csv": auditCSV, "json": auditJSON}[kind]
	if write == nil {
		return s.nothingHere(w, r)
	}
	next := s.auditPages(r.Context(), search)
	first, err := next()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", map[string]string{"csv": "text/csv; charset=utf-8", "json": "application/json"}[kind])
	w.Header().Set("Content-Disposition", `attachment; filename="openmates-audit-`+time.Now().UTC().Format(time.DateOnly)+`.`+kind+`"`)
	w.Header().Set("Cache-Control", "no-store")
	begun := false
	err = write(w, func() ([]openmates.AuditLine, error) {
		if !begun {
			begun = true
			return first, nil
		}
		return next()
	})
	if err != nil { // the status is already sent; the client sees a broken file
		s.logError(r, err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// auditPages returns the entries of a search in batches, until there are no
// more.
func (s *Server) auditPages(ctx context.Context, q openmates.AuditSearch) func() ([]openmates.AuditLine, error) {
	q.Limit = exportSize
	end := false
	return func() ([]openmates.AuditLine, error) {
		if end {
			return nil, nil
		}
		lines, err := s.records.FindAudit(ctx, q)
		end = len(lines) < q.Limit
		if len(lines) > 0 {
			q.Before = lines[len(lines)-1].ID
		}
		return lines, err
	}
}

func auditCSV(to io.Writer, next func() ([]openmates.AuditLine, error)) error {
	w := csvWriter{to: to}
	w.row("time", "actor", "team", "action", "target", "before", "after")
	for w.err == nil {
		lines, err := next()
		if err != nil || len(lines) == 0 {
			return err
		}
		for _, l := range lines {
			w.row(l.At.Format(time.RFC3339), actorOf(l), l.Team, l.Action, l.Target, l.Before, l.After)
		}
	}
	return w.err
}

func auditJSON(w io.Writer, next func() ([]openmates.AuditLine, error)) error {
	type row struct {
		Time   time.Time `json:"time"`
		Actor  string    `json:"actor"`
		Team   string    `json:"team,omitempty"`
		Action string    `json:"action"`
		Target string    `json:"target"`
		Before any       `json:"before,omitempty"`
		After  any       `json:"after,omitempty"`
	}
	between := "[\n"
	for {
		lines, err := next()
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			if between == "[\n" {
				_, err = io.WriteString(w, "[")
			}
			if err == nil {
				_, err = io.WriteString(w, "]\n")
			}
			return err
		}
		for _, l := range lines {
			b, err := json.Marshal(row{l.At, actorOf(l), l.Team, l.Action, l.Target, value(l.Before), value(l.After)})
			if err == nil {
				_, err = fmt.Fprintf(w, "%s%s", between, b)
			}
			if err != nil {
				return err
			}
			between = ",\n"
		}
	}
}

// value decodes one side of a change: JSON, or else text. It returns nil for an
// empty side.
func value(side string) any {
	if side == "" {
		return nil
	}
	if json.Valid([]byte(side)) {
		return json.RawMessage(side)
	}
	return side
}

func actorOf(l openmates.AuditLine) string {
	switch {
	case l.Username != "":
		return l.Username
	case l.Actor == 0:
		return "the server"
	}
	return "account " + l.Actor.String()
}
