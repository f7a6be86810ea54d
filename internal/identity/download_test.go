package identity_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/queue"
)

// takenAlong maps each table with a column that names a person, and each column
// of the account, to its place in the export: "field", or "!reason" for its
// absence.
func takenAlong() map[string]string {
	return map[string]string{
		"users.id": "account.id", "users.username": "account.username", "users.display_name": "account.display_name", "users.email": "account.email",
		"users.email_confirmed": "account.email_confirmed", "users.admin": "account.server_admin", "users.language": "account.language",
		"users.time_zone": "account.time_zone", "users.preferences": "preferences", "users.created": "account.created", "users.privacy": "privacy",
		"users.passkey_second": "account.passkey_after_password",
		"users.password":       "!a credential",
		"users.skeleton":       "!made of the username",
		"users.epoch":          "!counts how often they have signed out everywhere",
		"users.answered":       "!remembers of questions that are gone only that there were some",

		"members": "memberships", "identities": "linked_accounts", "passkeys": "passkeys", "sessions": "sessions", "turns": "conversations", "usage": "usage",
		"access_tokens": "tokens", "invites": "invites", "invite_joins": "joined_by_invite", "chosen_teams": "chosen_teams", "audit": "changes",
		"authenticators": "account.authenticator_app", "recovery_codes": "account.recovery_codes_left", "address_codes": "account.email_to_confirm",

		"connect_states":  "!ends within ten minutes, and holds nothing but a hash",
		"link_codes":      "!ends within fifteen minutes, and holds nothing but a hash",
		"password_resets": "!ends within a day, and holds nothing but a hash",
		"mate_versions":   "!who changed a mate; that they did stands among the changes",
		"kept_answers":    "!ends within a day; what was made stands elsewhere",
		"bots":            "!user_id is the application's own account on its network",
	}
}

// schema reads the columns of all tables from the migrations.
func schema(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../store/migrations/*.sql")
	must(t, err)
	tables := map[string][]string{}
	table := regexp.MustCompile(`(?s)CREATE TABLE (?:IF NOT EXISTS )?(\w+) \((.*?)\n\)`)
	column := regexp.MustCompile(`(?m)^\s+([a-z_]+)\s+(?:BIGINT|TEXT|BOOLEAN)`)
	added := regexp.MustCompile(`ALTER TABLE (\w+) ADD COLUMN ([a-z_]+)`)
	dropped := regexp.MustCompile(`DROP TABLE (\w+)`)
	renamed := regexp.MustCompile(`ALTER TABLE (\w+) RENAME TO (\w+)`)
	for _, name := range files {
		b, err := os.ReadFile(name)
		must(t, err)
		for _, m := range table.FindAllStringSubmatch(string(b), -1) {
			for _, c := range column.FindAllStringSubmatch(m[2], -1) {
				tables[m[1]] = append(tables[m[1]], c[1])
			}
		}
		for _, m := range added.FindAllStringSubmatch(string(b), -1) {
			tables[m[1]] = append(tables[m[1]], m[2])
		}
		for _, m := range dropped.FindAllStringSubmatch(string(b), -1) {
			delete(tables, m[1])
		}
		for _, m := range renamed.FindAllStringSubmatch(string(b), -1) {
			tables[m[2]] = tables[m[1]]
			delete(tables, m[1])
		}
	}
	if len(tables) < 30 || !slices.Contains(tables["users"], "passkey_second") {
		t.Fatalf("the migrations are not understood: %v", slices.Sorted(maps.Keys(tables)))
	}
	return tables
}

// Everything in the database about a person is in their export, or there is a
// reason why not.
func TestExportHoldsAllOfOnesOwn(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	h.leaveTraces(t, cookie)
	var all map[string]any
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		e, err := h.Export(ctx, c)
		must(t, err)
		b, err := json.Marshal(e)
		must(t, err)
		must(t, json.Unmarshal(b, &all))
		for _, secret := range []string{"canary", identity.TokenPrefix, "ben"} {
			if strings.Contains(string(b), secret) {
				t.Errorf("holds %q: %s", secret, b)
			}
		}
	})
	if b, err := json.Marshal(all["linked_accounts"]); err != nil || !strings.Contains(string(b), `"avatar":"https://cdn.example/4711.png"`) {
		t.Errorf("the linked account is taken along as %s, %v", b, err)
	}
	where, known := takenAlong(), map[string]bool{}
	asks := func(place string) {
		known[place] = true
		field, ok := where[place]
		if !ok {
			t.Errorf("%s tells of people: put it into the export, or say why not", place)
		}
		if strings.HasPrefix(field, "!") || !ok {
			return
		}
		var v any = all
		for part := range strings.SplitSeq(field, ".") {
			m, _ := v.(map[string]any)
			v = m[part]
		}
		empty := v == nil || v == "" || v == false || v == 0.0
		if list, ok := v.([]any); ok {
			empty = len(list) == 0
		}
		if m, ok := v.(map[string]any); ok {
			empty = len(m) == 0
		}
		if empty {
			t.Errorf("%s should be in the export as %s; there is %v", place, field, v)
		}
	}
	for name, columns := range schema(t) {
		if name == "users" {
			for _, c := range columns {
				asks("users." + c)
			}
			continue
		}
		if slices.ContainsFunc(columns, func(c string) bool { return slices.Contains([]string{"user_id", "actor", "maker", "owner"}, c) }) {
			asks(name)
		}
	}
	for place := range where {
		if !known[place] {
			t.Errorf("the list knows %s, the schema does not", place)
		}
	}
}

// leaveTraces has ada use every feature that stores something about her.
func (h *house) leaveTraces(t *testing.T, cookie *http.Cookie) {
	t.Helper()
	ctx := t.Context()
	h.turnOn(t, cookie)
	h.tokens(t, cookie)
	u, err := h.DB.UserByName(ctx, "ada")
	must(t, err)
	team, err := h.DB.TeamBySlug(ctx, "harbour")
	must(t, err)
	other, err := h.DB.TeamBySlug(ctx, "lighthouse")
	must(t, err)
	u.Language, u.TimeZone, u.Preferences = "en", "Europe/Berlin", openmates.Preferences{About: "x"}
	must(t, h.DB.SetPerson(ctx, u))
	must(t, h.DB.SetPrivacy(ctx, u.ID, openmates.Privacy{Usual: map[openmates.Fact]bool{openmates.FactGoals: true}}))
	must(t, h.DB.SetEmail(ctx, u.ID, "ada@example.org", true))
	must(t, h.DB.AddAddressCode(ctx, "canary-a", u.ID, "new@example.org", h.Clock().Add(time.Hour)))
	_, err = h.DB.AddIdentity(ctx, openmates.Identity{UserID: u.ID, Network: "discord", AccountID: "4711", Name: "ada#1", Avatar: "https://cdn.example/4711.png"})
	must(t, err)
	_, err = h.DB.AddPasskey(ctx, identity.Passkey{UserID: u.ID, Credential: "canary-c", Data: "canary-d", Name: "Laptop"})
	must(t, err)
	must(t, h.DB.AskPasskey(ctx, u.ID, true, nil))
	for _, i := range []openmates.Invite{{TeamID: team.ID, By: u.ID, Role: openmates.RoleMember}, {TeamID: other.ID, By: 5, Role: openmates.RoleMember}} {
		i.Created, i.Expires = h.Clock(), h.Clock().Add(time.Hour)
		made, err := h.DB.AddInvite(ctx, i, "canary-"+i.TeamID.String())
		must(t, err)
		if i.By != u.ID {
			_, err = h.DB.Join(ctx, made.ID, u, "", "", h.Clock())
			must(t, err)
		}
	}
	m, err := h.DB.SaveMate(ctx, openmates.Mate{Handle: "sophia", Name: "Sophia", Prompt: "p"})
	must(t, err)
	b, err := h.DB.SaveBot(ctx, openmates.Bot{MateID: m.ID, Network: "discord", AppID: "1", Secrets: openmates.Secrets{"token": "canary-t"}})
	must(t, err)
	must(t, h.DB.ChooseTeam(ctx, b.ID, u.ID, team.ID))
	_, err = h.DB.AddJob(ctx, queue.Job{Key: "k", Lane: "lane", Body: []byte("q")})
	must(t, err)
	use := openmates.Usage{TeamID: team.ID, UserID: u.ID, MateID: m.ID, Model: "x/y", Cost: 70}
	must(t, h.DB.Reserve(ctx, "k", use, nil))
	must(t, h.DB.Settle(ctx, openmates.Outcome{Key: "k", State: openmates.TurnAnswered, Question: "What?", Text: "A lamp.", TeamID: team.ID, UserID: u.ID, MateID: m.ID, Usage: use}))
}
