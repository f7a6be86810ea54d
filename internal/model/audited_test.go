package model_test

import (
	"testing"

	"openmates"
	"openmates/internal/llm/llmtest"
	"openmates/internal/model"
	"openmates/internal/store/storetest"
)

// No provider and no model changes without an entry in the audit record.
func TestNothingChangesWithoutItsAuditEntry(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := setup(t)
	far := w.server(llmtest.Config{API: llmtest.OpenAI, Key: canary, Models: []string{"a", "b"}})
	audited := func(action string, do func() error) { t.Helper(); storetest.Audited(t, w.db, action, do) }
	d := model.Draft{Kind: model.KindCompatible, Label: "Mine", URL: far.URL(), Key: canary}

	audited("provider.add", func() error { _, err := w.room.Add(ctx, admin, d); return err })
	d.Label = "Ours"
	audited("provider.change", func() error { _, err := w.room.Change(ctx, admin, "mine", d); return err })
	audited("provider.refresh", func() error { _, err := w.room.Refresh(ctx, admin, "mine"); return err })
	audited("model.change", func() error {
		return w.room.SetModels(ctx, admin, "mine", []model.Edit{{Model: "a", Enabled: true, Input: "1", Cached: "1", Output: "1"}})
	})
	audited("model.add", func() error { return w.room.AddModel(ctx, admin, "mine", "c") })
	audited("model.defaults", func() error { return w.room.SetDefaults(ctx, admin, openmates.ModelDefaults{Any: "mine/a"}) })
	audited("provider.remove", func() error { return w.room.Remove(ctx, admin, "mine") })
}
