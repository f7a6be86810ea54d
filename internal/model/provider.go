package model

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/spelling"
)

// Draft is a provider as an admin entered it.
type Draft struct {
	Kind    string
	Label   string
	URL     string
	Key     openmates.Secret // "" = the stored one, if any
	NoKey   bool             // delete the stored key
	Anyway  bool             // save it even if it can't be checked now
	Propose string           // the preferred name if it is free; "" = derived from Label
}

// record is a provider in the audit log; of the key only whether there is one.
type record struct {
	Kind  string `json:"kind"`
	Label string `json:"label"`
	URL   string `json:"url,omitempty"`
	Key   string `json:"key"`
}

func recordOf(p openmates.Provider) *record {
	key := "none"
	if p.Key != "" {
		key = "stored"
	}
	return &record{p.Kind, p.Label, p.URL, key}
}

// Add checks a provider and saves it with the models that it lists. A permanent
// failure is openmates.EInvalid. A temporary one is EUnavailable; with Anyway
// the provider is saved with that problem.
func (r *Room) Add(ctx context.Context, actor openmates.ID, d Draft) (openmates.Provider, error) {
	p, err := r.clean(d)
	if err != nil {
		return p, err
	}
	if k := kindOf(p.Kind); k.NeedsKey && p.Key == "" {
		return p, openmates.Errorf(openmates.EInvalid, "%s", wantsKey(k.Label, k.KeyPage))
	}
	taken, err := r.cfg.Store.Providers(ctx)
	if err != nil {
		return p, err
	}
	p.Label = freeLabel(p.Label, taken)
	p.Name = freeName(cmp.Or(d.Propose, p.Label), taken)
	ids, err := r.check(ctx, &p, d.Anyway)
	if err != nil {
		return p, err
	}
	saved := p
	err = r.within(ctx, func(ctx context.Context) (err error) {
		if saved, err = r.cfg.Store.SaveProvider(ctx, p); err != nil {
			return err
		}
		if err := r.cfg.Store.ListModels(ctx, saved.ID, ids, enableFirst(ids)); err != nil {
			return err
		}
		return r.record(ctx, actor, "provider.add", p.Name, nil, recordOf(saved))
	})
	return saved, err
}

// Change is Add for an existing provider. Its kind and name don't change.
func (r *Room) Change(ctx context.Context, actor openmates.ID, name string, d Draft) (openmates.Provider, error) {
	was, err := r.changeable(ctx, name)
	if err != nil {
		return was, err
	}
	d.Kind = was.Kind
	p, err := r.clean(d)
	if err != nil {
		return p, err
	}
	p.ID, p.Name = was.ID, was.Name
	all, err := r.cfg.Store.Providers(ctx)
	if err != nil {
		return p, err
	}
	if p.Label != was.Label && called(p.Label, all, p.ID) {
		return p, openmates.Errorf(openmates.EConflict, "Another provider is already called %s. Choose a different name.", p.Label)
	}
	if p.Key == "" && !d.NoKey && was.Key != "" {
		if !sameHost(p.URL, was.URL) {
			return p, openmates.Errorf(openmates.EInvalid, "The saved key was entered for another host. Enter the key for the new one; nothing was changed.")
		}
		p.Key = was.Key
	}
	if was.KeyLost && p.Key == "" && !d.NoKey {
		return p, openmates.Errorf(openmates.EInvalid, "The saved key was encrypted with another key of this server and can't be read. Enter it again.")
	}
	if k := kindOf(p.Kind); k.NeedsKey && p.Key == "" {
		return p, openmates.Errorf(openmates.EInvalid, "%s", wantsKey(k.Label, k.KeyPage))
	}
	ids, err := r.check(ctx, &p, d.Anyway)
	if err != nil {
		return p, err
	}
	saved := p
	err = r.within(ctx, func(ctx context.Context) (err error) {
		if saved, err = r.cfg.Store.SaveProvider(ctx, p); err != nil {
			return err
		}
		after := recordOf(saved)
		if saved.Key != was.Key && saved.Key != "" {
			after.Key = "replaced"
		}
		if saved.Problem == "" {
			if err := r.list(ctx, saved, ids); err != nil {
				return err
			}
		}
		return r.record(ctx, actor, "provider.change", saved.Name, recordOf(was), after)
	})
	return saved, err
}

// Remove removes a provider with its key, its models and their prices. Impact
// shows beforehand what that does.
func (r *Room) Remove(ctx context.Context, actor openmates.ID, name string) error {
	p, err := r.changeable(ctx, name)
	if err != nil {
		return err
	}
	if strings.HasPrefix(r.cfg.Default, name+"/") {
		return openmates.Errorf(openmates.EConflict, "The settings this server is started with use %s as the answering model. Remove it there and restart the server; then you can remove the provider.", r.cfg.Default)
	}
	return r.within(ctx, func(ctx context.Context) error {
		if err := r.cfg.Store.RemoveProvider(ctx, p.ID); err != nil {
			return err
		}
		return r.record(ctx, actor, "provider.remove", name, recordOf(p), nil)
	})
}

// Lists says how a provider's list has changed.
type Lists struct {
	New  []string `json:"new,omitempty"`
	Gone []string `json:"gone,omitempty"`
}

// Refresh asks a provider for its models again. actor 0 is the server itself.
// The error is the problem that it recorded on the provider.
func (r *Room) Refresh(ctx context.Context, actor openmates.ID, name string) (Lists, error) {
	var l Lists
	s, err := r.now(ctx)
	if err != nil {
		return l, err
	}
	p, err := s.provider(name)
	if err != nil {
		return l, err
	}
	ids, f, err := r.ask(ctx, p, s.services[name])
	if err != nil {
		if ctx.Err() != nil {
			return l, ctx.Err()
		}
		r.write(ctx, "note the state of a provider", func(ctx context.Context) error {
			return r.cfg.Store.SetProviderProblem(ctx, p.ID, f.sentence)
		})
		return l, &openmates.Error{Code: openmates.EUnavailable, Message: f.sentence, Err: err}
	}
	for _, m := range s.modelsOf(p.ID) {
		if i := slices.Index(ids, m.Model); i < 0 && m.Listed {
			l.Gone = append(l.Gone, m.Model)
		}
	}
	for _, id := range ids {
		if _, known := s.byName[p.Name+"/"+id]; !known {
			l.New = append(l.New, id)
		}
	}
	return l, r.within(ctx, func(ctx context.Context) error {
		if err := r.list(ctx, p, ids); err != nil {
			return err
		}
		if err := r.cfg.Store.SetProviderProblem(ctx, p.ID, ""); err != nil {
			return err
		}
		if actor == 0 && len(l.New)+len(l.Gone) == 0 {
			return nil
		}
		return r.record(ctx, actor, "provider.refresh", name, nil, l)
	})
}

// list stores a provider's models. New ones of a provider that was listed
// before stay disabled until an admin enables them, because they may cost more.
// Those of the settings' providers are all enabled.
func (r *Room) list(ctx context.Context, p openmates.Provider, ids []string) error {
	all, err := r.cfg.Store.ProviderModels(ctx)
	if err != nil {
		return err
	}
	first := !slices.ContainsFunc(all, func(m openmates.ProviderModel) bool { return m.ProviderID == p.ID })
	enable := func(string) bool { return false }
	if p.Fixed {
		enable = talks
	} else if first {
		enable = enableFirst(ids)
	}
	return r.cfg.Store.ListModels(ctx, p.ID, ids, enable)
}

// check asks a provider that is about to be saved for its models, and records
// in it what was found.
func (r *Room) check(ctx context.Context, p *openmates.Provider, anyway bool) ([]string, error) {
	service, err := r.make(*p)
	if err != nil {
		return nil, err
	}
	ids, f, err := r.ask(ctx, *p, service)
	p.Checked, p.Problem = r.cfg.Clock(), f.sentence
	switch {
	case err == nil:
		return ids, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !f.later:
		return nil, &openmates.Error{Code: openmates.EInvalid, Message: f.sentence, Err: err}
	case !anyway:
		return nil, &openmates.Error{Code: openmates.EUnavailable, Message: f.sentence, Err: err}
	}
	return nil, nil
}

// ask lists a provider's models within the room's patience.
func (r *Room) ask(ctx context.Context, p openmates.Provider, service llm.Provider) ([]string, finding, error) {
	if service == nil {
		_, err := r.make(p)
		if err == nil {
			err = openmates.Errorf(openmates.EInvalid, "The provider's settings aren't valid.")
		}
		return nil, finding{sentence: openmates.TextOf(err)}, err
	}
	within, cancel := context.WithTimeout(ctx, r.cfg.Patience)
	defer cancel()
	all, err := service.Models(within)
	ids := make([]string, 0, len(all))
	for _, m := range all {
		ids = append(ids, m.ID)
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return validModel(id) != nil })
	if err == nil && len(ids) == 0 {
		err = &llm.Error{Kind: llm.KindInvalid, Err: errors.New("the list of models is empty")}
		return nil, finding{openmates.T("%s answers, but doesn't list any models. If it's your own machine, load a model there first; then check again.", p.Label), true}, err
	}
	if err != nil {
		r.log.InfoContext(ctx, "a provider failed its check", "provider", p.Name, "kind", p.Kind, "err", err)
		return nil, r.diagnose(p, err), err
	}
	return ids, finding{}, nil
}

// changeable returns a provider that can be changed on the pages.
func (r *Room) changeable(ctx context.Context, name string) (openmates.Provider, error) {
	s, err := r.now(ctx)
	if err != nil {
		return openmates.Provider{}, err
	}
	p, err := s.provider(name)
	if err == nil && p.Fixed {
		err = openmates.Errorf(openmates.EForbidden, "%s comes from the settings this server is started with. Change it there, and restart the server.", p.Label)
	}
	return p, err
}

// clean checks what was entered.
func (r *Room) clean(d Draft) (openmates.Provider, error) {
	k := kindOf(d.Kind)
	p := openmates.Provider{Kind: d.Kind, Label: strings.TrimSpace(d.Label), URL: strings.TrimSpace(d.URL),
		Key: openmates.Secret(strings.TrimSpace(d.Key.Reveal()))}
	if r.cfg.Adapters[d.Kind] == nil {
		return p, openmates.Errorf(openmates.EInvalid, "Choose a kind of provider.")
	}
	var err error
	if p.Label, err = spelling.Name(cmp.Or(p.Label, k.Label.String()), openmates.T("the provider's name"), longestLabel); err != nil {
		return p, err
	}
	if len(p.Key) > 4000 {
		return p, openmates.Errorf(openmates.EInvalid, "That's too long for a key. Copy only the key.")
	}
	if p.URL == "" && k.NeedsURL {
		return p, openmates.Errorf(openmates.EInvalid, "Enter the address of the API, such as http://127.0.0.1:11434/v1.")
	}
	return p, validURL(p.URL)
}

func validURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return nil
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(s) > 500:
		return openmates.Errorf(openmates.EInvalid, "The address must start with http:// or https://, such as https://openrouter.ai/api/v1.")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return openmates.Errorf(openmates.EInvalid, "The address must not contain a user, a query or a fragment; the key has its own field.")
	}
	return nil
}

// sameHost reports whether a key that was entered for one address may be sent
// to another.
func sameHost(a, b string) bool {
	u, err := url.Parse(a)
	v, err2 := url.Parse(b)
	return err == nil && err2 == nil && u.Scheme == v.Scheme && strings.EqualFold(u.Host, v.Host)
}

const longestLabel = 60

// called reports whether a provider other than the one with this ID has a
// label, because two of them couldn't be told apart in a list.
func called(label string, all []openmates.Provider, but openmates.ID) bool {
	return slices.ContainsFunc(all, func(p openmates.Provider) bool { return p.ID != but && strings.EqualFold(p.Label, label) })
}

// freeLabel adds a number to a label that another provider has.
func freeLabel(label string, all []openmates.Provider) string {
	free := label
	for n := 2; called(free, all, 0); n++ {
		end := " " + strconv.Itoa(n)
		free = strings.TrimSpace(spelling.Prefix(label, longestLabel-len(end))) + end
	}
	return free
}

// freeName derives a name from a provider's label: a–z, 0–9 and single hyphens,
// because it is the first part of "provider/model" and of a path.
func freeName(label string, taken []openmates.Provider) string {
	base := spelling.Path(label, 32)
	if base == "" || base == "new" || base == "defaults" { // those are pages
		base = strings.Trim("provider-"+base, "-")
	}
	name := base
	for n := 2; slices.ContainsFunc(taken, func(p openmates.Provider) bool { return p.Name == name }); n++ {
		name = base + "-" + strconv.Itoa(n)
	}
	return name
}

// validModel checks a model's ID: one line of text, because it appears on pages
// and in settings.
func validModel(id string) error {
	if is, err := spelling.Name(id, "", 200); err != nil || is != id || len(id) > 200 {
		return openmates.Errorf(openmates.EInvalid, "A model's name is one line of at most 200 characters, as the provider writes it.")
	}
	return nil
}
