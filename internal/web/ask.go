package web

import (
	"net/http"
	"net/url"
	"slices"

	"openmates"
)

// question is a confirmation that a page asks for before it removes or ends
// something.
type question struct {
	Heading  openmates.Text
	Sentence openmates.Text // what will happen
	Label    openmates.Text // of the button that does it
	Back     string         // where to go instead
	Tick     *tick          // an extra choice; nil = none
}

// tick is a checkbox.
type tick struct {
	Name        string
	Label, Hint openmates.Text
	Checked     bool
}

// askPage asks for confirmation and submits the form after it.
type askPage struct {
	shell
	question
	Path   string
	Fields []field // of the original form
}

// asker returns the question for a request, or nil if no confirmation is
// needed.
type asker func(r *http.Request) (*question, error)

// confirmField is "yes" in a confirmed form.
const confirmField = "confirm"

// question serves the page that asks for confirmation before a form removes or
// ends something. Without it, the form leads here and changes nothing, with or
// without JavaScript. The form's values are in the page's URL, so a form that
// has a password field asks for no further confirmation.
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

// confirmed redirects an unconfirmed form to its confirmation page.
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
