package web

import (
	"net/http"
	"net/url"

	"openmates"
	"openmates/internal/model"
)

// providerForm holds a provider's fields as typed. It never contains an API
// key.
type providerForm struct {
	API       model.Kind
	Place     string // one of the API's known addresses
	KeyPage   string
	Label     string
	URL       string
	HasKey    bool
	NeedsKey  bool
	Error     openmates.Text
	MayInsist bool // it may be saved without a successful check
}

type newProviderPage struct {
	shell
	providerForm
}

func (s *Server) newProvider(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	p, err := s.newProviderPage(r, q.Get("kind"), q.Get("place"))
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "provider-new", p)
}

func (s *Server) newProviderPage(r *http.Request, kind, place string) (*newProviderPage, error) {
	for _, k := range s.model.Kinds() {
		if k.Name != kind {
			continue
		}
		f := providerForm{API: k, Label: k.Label.String(), KeyPage: k.KeyPage, NeedsKey: k.NeedsKey}
		if k.NeedsURL {
			f.Label = ""
		}
		for _, pl := range k.Places {
			if pl.Name == place {
				f.Place, f.Label, f.URL, f.KeyPage = pl.Name, pl.Label, pl.URL, pl.KeyPage
			}
		}
		return &newProviderPage{s.shell(r, openmates.T("Add provider")), f}, nil
	}
	return nil, openmates.Errorf(openmates.ENotFound, "Unknown kind of provider. Choose one on the Providers page.")
}

func draftOf(f url.Values) model.Draft {
	return model.Draft{
		Kind: f.Get("kind"), Label: f.Get("label"), URL: f.Get("url"), Key: openmates.Secret(f.Get("key")),
		NoKey: f.Get("no_key") != "", Anyway: f.Get("anyway") != "", Propose: f.Get("place"),
	}
}

func (s *Server) addProvider(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	added, err := s.model.Add(r.Context(), byWhom(r), draftOf(f))
	if err == nil {
		said := openmates.T("%s is checked and added. Review its models and their prices.", added.Label)
		if added.Problem != "" {
			said = openmates.T("%s is saved, but couldn’t be checked.", added.Label)
		}
		return s.done(w, r, "/server/providers/"+added.Name, said)
	}
	if !mendable(err) {
		return err
	}
	p, perr := s.newProviderPage(r, f.Get("kind"), f.Get("place"))
	if perr != nil {
		return perr
	}
	p.Label, p.URL = f.Get("label"), f.Get("url")
	p.Error, p.MayInsist = openmates.TextOf(err), openmates.CodeOf(err) == openmates.EUnavailable
	return s.show(w, http.StatusUnprocessableEntity, "provider-new", p)
}

// mendable reports whether a form can be submitted again with other values.
func mendable(err error) bool {
	c := openmates.CodeOf(err)
	return c == openmates.EInvalid || c == openmates.EUnavailable || c == openmates.EConflict
}
