package web

import (
	"net/http"
	"net/url"
	"slices"

	"openmates"
)

// question is what a page asks before something is removed or ended.
type question struct {
	Heading  openmates.Text
	Sentence openmates.Text // what happens
	Label    openmates.Text // of the button that does it
	Back     string         // where to go instead
	Tick     *tick          // what can be chosen along with it; nil = nothing
}

// tick is a box that is checked or not.
type tick struct {
	Name        string
	Label, Hint openmates.Text
	Checked     bool
}

// askPage puts a question, and sends the form on once it is answered.
type askPage struct {
	shell
	question
	Path   string
	Fields []field // of the form that led here
}

// asker finds the question for a request, nil where nothing has to be asked.
type asker func(r *http.Request) (*question, error)

// confirmField holds "yes" in a form whose question was answered.
const confirmField = "confirm"

// question is the page that asks before a form removes or ends something:
// without the answer the form leads to this page and changes nothing, with
// JavaScript or without. The values of such a form are in the page's address, so
// a form with a password asks for nothing but that.
func (s *Server) question(ask asker) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		q, err := ask(r)
		if err != nil {
			return err
		}
		if q == nil {
			return s.nothingHere(w, r)
		}
		p := askPage{shell: s.shell(r, q.Heading), question: *q, Path: r.URL.Path}
		for name, values := range r.URL.Query() {
			for _, v := range values {
				if name != confirmField && len(name)+len(v) <= maxValue && len(p.Fields) < maxFields {
					p.Fields = append(p.Fields, field{name, v})
				}
			}
		}
		slices.SortFunc(p.Fields, compareFields)
		return s.show(w, http.StatusOK, "ask", p)
	}
}

// confirmed sends a form whose question was not answered to the page with the
// question.
func (s *Server) confirmed(ask asker, do handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, err := form(r)
		if err != nil {
			return err
		}
		if f.Get(confirmField) == "yes" {
			return do(w, r)
		}
		q, err := ask(r)
		if err != nil {
			return err
		}
		if q == nil {
			return do(w, r)
		}
		at := url.URL{Path: r.URL.Path}
		f.Del(confirmField)
		at.RawQuery = f.Encode()
		return to(w, r, at.String())
	}
}
