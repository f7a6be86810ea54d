package web

import (
	"maps"
	"net/http"
	"slices"

	"openmates"
)

// messagePage is a page with one message and links.
type messagePage struct {
	shell
	Heading  openmates.Text
	Sentence openmates.Text
	Ways     []way // the first is the recommended one
	Again    *again
}

// again is a form that can be submitted again after a temporary error. Pages
// never contain secrets, so those have to be typed again.
type again struct {
	Path string
	Kept []keptField
	Ask  []keptField
}

type keptField struct {
	Name, Value string
	Label       openmates.Text
}

type way struct {
	Label openmates.Text
	Path  string
}

func (s *Server) messageFor(r *http.Request, err error) messagePage {
	title := heading(openmates.CodeOf(err))
	p := messagePage{shell: s.frame(r, title), Heading: title, Sentence: openmates.TextOf(err), Again: againOf(r, err)}
	if p.User == nil {
		p.Ways = []way{{openmates.T("Sign in"), "/signin"}}
		return p
	}
	p.Ways = []way{{openmates.T("Go to the home page"), "/"}, {openmates.T("Your profile"), "/profile"}}
	return p
}

// againOf keeps a form whose request failed with a temporary error.
func againOf(r *http.Request, err error) *again {
	if r.Method != http.MethodPost || openmates.CodeOf(err) != openmates.EUnavailable {
		return nil
	}
	f, err := form(r)
	if err != nil {
		return nil
	}
	a := &again{Path: r.URL.RequestURI()}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		label := secretField(name)
		for _, value := range f[name] {
			switch {
			case label == "":
				a.Kept = append(a.Kept, keptField{Name: name, Value: value})
			case value != "":
				a.Ask = append(a.Ask, keptField{Name: name, Label: label})
			}
		}
	}
	return a
}

// secretField returns the label of a secret field, or "" for any other.
func secretField(name string) openmates.Text {
	switch name {
	case "password":
		return openmates.T("Password")
	case "new":
		return openmates.T("New password")
	case "token":
		return openmates.T("Bot token")
	case "secret":
		return openmates.T("Client secret")
	case "key":
		return openmates.T("Key")
	case "code":
		return openmates.T("Code")
	}
	return ""
}

func heading(c openmates.Code) openmates.Text {
	switch c {
	case openmates.EInvalid:
		return openmates.T("That didn’t work")
	case openmates.EUnauthorized:
		return openmates.T("Sign in")
	case openmates.EForbidden:
		return openmates.T("Not allowed")
	case openmates.ENotFound:
		return openmates.T("Page not found")
	case openmates.EConflict:
		return openmates.T("Already taken")
	case openmates.ELimit:
		return openmates.T("Too many requests")
	case openmates.EUnavailable:
		return openmates.T("Temporarily unavailable")
	}
	return openmates.T("Something went wrong")
}

func (s *Server) nothingHere(http.ResponseWriter, *http.Request) error {
	return openmates.Errorf(openmates.ENotFound, "This page doesn’t exist, or its address is mistyped.")
}
