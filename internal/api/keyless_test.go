package api

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"openmates"
)

// Nothing of a request with a password is stored for retries, not even its
// hash: hashes are quick to compute, so a copy of the database would reveal the
// password within hours.
func TestPasswordsAreNotKeptUnderAKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t, withPassword)
	ben := h.as("ben")
	byToken := h.token("ben", false, openmates.ScopeWrite)
	const pass = `{"password":"` + bensPassword + `"}`
	for path, body := range map[string]string{
		"/me/link-codes": `{"network":"testnet"}`, "/me/authenticator": pass, "/me/password": `{"old":"` + bensPassword + `","new":"x"}`, "/me/leave": `{"username":"ben","password":"x"}`,
		"/me/passkeys/begin": `{"name":"x","password":"x"}`, "/me/recovery-codes": pass, "/me/passkeys/1/remove": pass, "/me/passkeys/ask": `{"ask":true,"password":"x"}`,
		"/me/tokens": `{"name":"x","scopes":["read"]}`, "/harbour/tokens": `{"name":"x","scopes":["read"]}`, "/server/listeners": `{"name":"x"}`,
	} {
		if resp, v := h.do(ben, "POST", path, body, IdempotencyKey, "key-1"); resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(fmt.Sprint(v["detail"]), "Idempotency-Key") {
			t.Errorf("%s with a key: %d %v", path, resp.StatusCode, v)
		}
		if resp, v := h.do(byToken, "POST", path, body, IdempotencyKey, "key-1"); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s by a token: %d %v", path, resp.StatusCode, v)
		}
	}
	// A request with a key leaves a hash that can't be computed without the
	// server's own key.
	const body = `{"mate":"sophia","text":"hello"}`
	if resp, v := h.do(ben, "POST", "/harbour/apps/messages/process", body, IdempotencyKey, "key-2"); resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", resp.StatusCode, v)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "POST\n%s\n%d\n%s", Prefix+"/harbour/apps/messages/process", len(body), body))
	kept := keptRequests(t, h.dir)
	if len(kept) != 1 || strings.Contains(kept[0], hex.EncodeToString(sum[:])) {
		t.Errorf("kept: %q, the plain hash is %x", kept, sum)
	}
}

// keptRequests reads what the database stores about requests, as a thief would.
func keptRequests(t *testing.T, dir string) (all []string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "openmates.db"))
	must(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT request FROM kept_answers`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		must(t, rows.Scan(&s))
		all = append(all, s)
	}
	must(t, rows.Err())
	return all
}
