package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/model"
	"openmates/internal/sqldb"
)

// ProviderStore stores providers, their models and the default models.
type ProviderStore struct{ *base }

const (
	providerCols = `p.id, p.name, p.kind, p.label, p.url, p.key, p.checked, p.problem`
	modelCols    = `m.provider_id, p.name, m.model, m.enabled, m.listed, m.priced, m.input, m.cached, m.output`

	// fixedMark precedes the kind of a provider from the settings.
	fixedMark = "settings/"
	// modelDefaults is the setting with openmates.ModelDefaults.
	modelDefaults = "model_defaults"
)

// Providers lists all providers in the order in which they were created.
func (db ProviderStore) Providers(ctx context.Context) ([]openmates.Provider, error) {
	return sqldb.List(ctx, db, db.scanProvider, `SELECT `+providerCols+` FROM providers p ORDER BY p.id`)
}

// Provider returns the provider with this name.
func (db ProviderStore) Provider(ctx context.Context, name string) (openmates.Provider, error) {
	return first(ctx, db, model.ErrNoProvider, db.scanProvider, `SELECT `+providerCols+` FROM providers p WHERE p.name = $1`, name)
}

// SaveProvider creates a provider (ID 0) or changes one, with the result of its
// last check. It stores the given key, but keeps an unreadable one if none is
// given and KeyLost is set. A name that another provider has is
// model.ErrNameTaken.
func (db ProviderStore) SaveProvider(ctx context.Context, p openmates.Provider) (openmates.Provider, error) {
	fresh := p.ID == 0
	p.Checked = sqldb.TimeOf(sqldb.Millis(p.Checked))
	kind := p.Kind
	if p.Fixed {
		kind = fixedMark + kind
	}
	err := db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Providers)
		if fresh {
			p.ID = db.NextID()
		}
		key, err := db.seal.Seal(keyPlace(p.ID), p.Key)
		if err != nil {
			return err
		}
		if p.KeyLost = p.KeyLost && p.Key == "" && !fresh; p.KeyLost {
			if _, err := t.Get(`SELECT key FROM providers WHERE id = $1`, []any{p.ID}, &key); err != nil {
				return err
			}
		}
		if !fresh {
			return must(t, model.ErrNoProvider, `UPDATE providers SET name = $2, kind = $3, label = $4, url = $5, key = $6,
				checked = $7, problem = $8 WHERE id = $1`, p.ID, p.Name, kind, p.Label, p.URL, key, p.Checked, p.Problem)
		}
		_, err = t.Exec(`INSERT INTO providers (id, name, kind, label, url, key, checked, problem, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			p.ID, p.Name, kind, p.Label, p.URL, key, p.Checked, p.Problem, db.now())
		return err
	})
	return p, taken(err, model.ErrNameTaken)
}

// SetProviderProblem records when a provider was last reached and what is wrong
// with it, "" for nothing. It only notifies caches if that is new.
func (db ProviderStore) SetProviderProblem(ctx context.Context, id openmates.ID, problem openmates.Text) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		n, err := t.Exec(`UPDATE providers SET problem = $2 WHERE id = $1 AND problem <> $2`, id, problem)
		if err != nil {
			return err
		}
		if n > 0 {
			t.Changed(Providers)
		}
		_, err = t.Exec(`UPDATE providers SET checked = $2 WHERE id = $1`, id, db.now())
		return err
	})
}

// RemoveProvider removes a provider with its key, its models and their prices,
// and clears the defaults that name them.
func (db ProviderStore) RemoveProvider(ctx context.Context, id openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Providers)
		var name string
		ok, err := t.Get(`DELETE FROM providers WHERE id = $1 RETURNING name`, []any{id}, &name)
		if err != nil {
			return err
		}
		if !ok {
			return model.ErrNoProvider
		}
		d, err := readDefaults(ctx, t)
		if err != nil {
			return err
		}
		for _, class := range append(openmates.Classes(), "") {
			model := d.Of(class)
			if class == "" {
				model = d.Any
			}
			if strings.HasPrefix(model, name+"/") {
				d = d.With(class, "")
			}
		}
		return writeDefaults(t, d)
	})
}

// ProviderModels lists the models of all providers, by name.
func (db ProviderStore) ProviderModels(ctx context.Context) ([]openmates.ProviderModel, error) {
	return sqldb.List(ctx, db, scanModel, `SELECT `+modelCols+` FROM models m JOIN providers p ON p.id = m.provider_id
		ORDER BY p.id, m.model`)
}

// ListModels records which models a provider lists now. A model that is no
// longer listed is kept, unlisted; a new one is enabled if enable returns true.
func (db ProviderStore) ListModels(ctx context.Context, id openmates.ID, listed []string, enable func(model string) bool) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Providers)
		known, err := sqldb.List(ctx, t, func(s sqldb.Row) (m string, err error) { return m, s.Scan(&m) },
			`SELECT model FROM models WHERE provider_id = $1`+db.ForUpdate(), id)
		if err != nil {
			return err
		}
		if _, err := t.Exec(`UPDATE models SET listed = FALSE WHERE provider_id = $1`, id); err != nil {
			return err
		}
		for _, m := range listed {
			if slices.Contains(known, m) {
				_, err = t.Exec(`UPDATE models SET listed = TRUE WHERE provider_id = $1 AND model = $2`, id, m)
			} else {
				_, err = t.Exec(`INSERT INTO models (provider_id, model, enabled) VALUES ($1, $2, $3)
					ON CONFLICT (provider_id, model) DO NOTHING`, id, m, enable(m))
			}
			if err != nil {
				return taken(err, nil)
			}
		}
		return nil
	})
}

// SaveModels stores whether models are enabled and listed, and their prices.
// Models that aren't given stay unchanged.
func (db ProviderStore) SaveModels(ctx context.Context, models ...openmates.ProviderModel) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Providers)
		for _, m := range models {
			_, err := t.Exec(`INSERT INTO models (provider_id, model, enabled, listed, priced, input, cached, output)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
				ON CONFLICT (provider_id, model) DO UPDATE SET enabled = excluded.enabled, listed = excluded.listed,
				priced = excluded.priced, input = excluded.input, cached = excluded.cached, output = excluded.output`,
				m.ProviderID, m.Model, m.Enabled, m.Listed, m.Priced, m.Price.Input, m.Price.Cached, m.Price.Output)
			if err != nil {
				return taken(err, nil)
			}
		}
		return nil
	})
}

// ModelDefaults returns the server's defaults.
func (db ProviderStore) ModelDefaults(ctx context.Context) (openmates.ModelDefaults, error) {
	return readDefaults(ctx, db)
}

// SetModelDefaults sets the server's defaults.
func (db ProviderStore) SetModelDefaults(ctx context.Context, d openmates.ModelDefaults) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Providers)
		return writeDefaults(t, d)
	})
}

func readDefaults(ctx context.Context, q sqldb.Querier) (d openmates.ModelDefaults, err error) {
	var text string
	ok, err := sqldb.Get(ctx, q, `SELECT value FROM settings WHERE name = $1`, []any{modelDefaults}, &text)
	if err != nil || !ok {
		return d, err
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return d, fmt.Errorf("read the default models: %w", err)
	}
	return d, nil
}

func writeDefaults(t *sqldb.Tx, d openmates.ModelDefaults) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return set(t, modelDefaults, string(text))
}

func keyPlace(id openmates.ID) string { return "providers.key:" + id.String() }

func (db *base) scanProvider(s sqldb.Row) (p openmates.Provider, err error) {
	var key string
	var checked int64
	if err = s.Scan(&p.ID, &p.Name, &p.Kind, &p.Label, &p.URL, &key, &checked, &p.Problem); err != nil {
		return p, err
	}
	p.Kind, p.Fixed = strings.CutPrefix(p.Kind, fixedMark)
	p.Checked = sqldb.TimeOf(checked)
	// An unreadable key (the server's own key was replaced) only affects this
	// provider.
	p.Key, p.KeyLost, err = db.unseal(keyPlace(p.ID), key)
	return p, err
}

func scanModel(s sqldb.Row) (m openmates.ProviderModel, err error) {
	err = s.Scan(&m.ProviderID, &m.Provider, &m.Model, &m.Enabled, &m.Listed, &m.Priced, &m.Price.Input, &m.Price.Cached, &m.Price.Output)
	return m, err
}
