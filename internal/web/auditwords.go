package web

import (
	"encoding/json"
	"strings"

	"openmates"
	"openmates/internal/locale"
)

// deed describes an action of the audit log in words. It returns "" for an
// unknown one, which may come from a later version.
func deed(action string) openmates.Text { //nolint:funlen // a table of words
	if word := deedOfPerson(action); word != "" {
		return word
	}
	switch action {
	case "server.setup":
		return openmates.T("set up this server")
	case "server.rename":
		return openmates.T("renamed this server")
	case "server.sign_up":
		return openmates.T("changed who can sign up")
	case "server.currency":
		return openmates.T("changed the currency")
	case "server.url":
		return openmates.T("changed the public address")
	case "server.mail":
		return openmates.T("changed the mail settings")
	case "server.limits":
		return openmates.T("changed the server’s limits")
	case "server.admin":
		return openmates.T("changed the server admins")
	case "server.remove_person":
		return openmates.T("deleted someone’s account")
	case "server.untie":
		return openmates.T("disconnected a workspace as a server admin")
	case "provider.add":
		return openmates.T("added a provider")
	case "provider.change":
		return openmates.T("changed a provider")
	case "provider.remove":
		return openmates.T("removed a provider")
	case "provider.refresh":
		return openmates.T("refreshed a provider’s model list")
	case "model.add":
		return openmates.T("added a model")
	case "model.change":
		return openmates.T("changed models")
	case "model.defaults":
		return openmates.T("changed the default models")
	case "mate.add":
		return openmates.T("added a mate")
	case "mate.change":
		return openmates.T("changed a mate")
	case "mate.restore":
		return openmates.T("restored a version of a mate")
	case "mate.duplicate":
		return openmates.T("duplicated a mate")
	case "mate.enable":
		return openmates.T("switched a mate on")
	case "mate.disable":
		return openmates.T("switched a mate off")
	case "mate.archive":
		return openmates.T("archived a mate")
	case "mate.unarchive":
		return openmates.T("restored a mate")
	case "mate.limits":
		return openmates.T("changed a mate’s limits")
	}
	return deedOfBot(action)
}

func deedOfBot(action string) openmates.Text {
	switch action {
	case "bot.add":
		return openmates.T("added a bot")
	case "bot.set":
		return openmates.T("changed a bot")
	case "bot.remove":
		return openmates.T("removed a bot")
	case "bot.pause":
		return openmates.T("paused a bot")
	case "bot.resume":
		return openmates.T("resumed a bot")
	case "bot.restart":
		return openmates.T("restarted a bot")
	case "bot.dress":
		return openmates.T("applied a mate’s name and picture to its bot")
	case "bot.permissions":
		return openmates.T("changed a bot’s invite permissions")
	case "team.found":
		return openmates.T("created a team")
	case "team.rename":
		return openmates.T("renamed a team")
	case "team.limits":
		return openmates.T("changed a team’s limits")
	case "team.delete":
		return openmates.T("removed a team")
	case "team.role":
		return openmates.T("changed a role")
	case "team.remove":
		return openmates.T("removed someone from a team")
	case "team.leave":
		return openmates.T("left a team")
	case "team.join":
		return openmates.T("joined a team")
	case "team.connect":
		return openmates.T("added a mate to a workspace")
	case "team.connect_refused":
		return openmates.T("tried to connect a workspace and was refused")
	case "team.disconnect":
		return openmates.T("disconnected a workspace")
	case "team.disconnect_mate":
		return openmates.T("removed a mate from a workspace")
	case "team.workspace_taken_over":
		return openmates.T("took over a workspace from another team")
	case "team.workspace_lost":
		return openmates.T("gave a workspace to another team because none of the old team’s mates were left in it")
	case "member.limits":
		return openmates.T("changed a member’s limits")
	}
	return ""
}

func deedOfPerson(action string) openmates.Text {
	switch action {
	case "invite.add":
		return openmates.T("created an invite")
	case "invite.revoke":
		return openmates.T("revoked an invite")
	case "token.add":
		return openmates.T("created an API token")
	case "token.revoke":
		return openmates.T("revoked an API token")
	case "account.link":
		return openmates.T("linked an account")
	case "account.unlink":
		return openmates.T("unlinked an account")
	case "account.password":
		return openmates.T("changed the password")
	case "account.email":
		return openmates.T("changed the email address")
	case "account.export":
		return openmates.T("downloaded their data")
	case "account.delete":
		return openmates.T("deleted their account")
	case "account.session_end", "account.sessions_end":
		return openmates.T("signed out other browsers")
	case "account.passkey_add":
		return openmates.T("added a passkey")
	case "account.passkey_remove":
		return openmates.T("removed a passkey")
	case "account.ask_passkey":
		return openmates.T("changed whether signing in needs a passkey")
	case "account.authenticator_on":
		return openmates.T("set up an authenticator app")
	case "account.authenticator_off":
		return openmates.T("removed the authenticator app")
	case "account.recovery_new":
		return openmates.T("created new recovery codes")
	case "account.reset_link":
		return openmates.T("created a password reset link")
	case "account.reset":
		return openmates.T("reset their password with a link")
	case "account.second_step_reset":
		return openmates.T("removed a second step and passkeys")
	case "account.recovery_used":
		return openmates.T("signed in with a recovery code")
	case "account.signin_failed": // by the server: nobody is signed in
		return openmates.T("rejected a sign-in")
	}
	return ""
}

// fieldWords returns the label for a field in the audit log, or its name if it
// has none.
func fieldWords(name string) openmates.Text { //nolint:funlen // a table of words
	switch name {
	case "per_minute":
		return openmates.T("Requests per minute")
	case "per_month":
		return openmates.T("Money per month")
	case "name", "server.name":
		return openmates.T("Name")
	case "server.url":
		return openmates.T("Public address")
	case "server.sign_up":
		return openmates.T("Who can sign up")
	case "server.currency":
		return openmates.T("Currency")
	case "mates":
		return openmates.T("Mates")
	case "apps":
		return openmates.T("Apps")
	case "skills":
		return openmates.T("Skills")
	case "providers":
		return openmates.T("Providers")
	case "models":
		return openmates.T("Models")
	case "limits":
		return openmates.T("Limits")
	case "role":
		return openmates.T("Role")
	case "scopes":
		return openmates.T("Scopes")
	case "field":
		return openmates.T("Field")
	case "description":
		return openmates.T("Description")
	case "prompt":
		return openmates.T("Prompt")
	case "model":
		return openmates.T("Model")
	case "workspace":
		return openmates.T("Workspace")
	case "server_admin":
		return openmates.T("Server admin")
	case "permissions":
		return openmates.T("Permissions")
	case "token":
		return openmates.T("Token")
	case "secret":
		return openmates.T("Client secret")
	case "expires":
		return openmates.T("Expires")
	case "uses":
		return openmates.T("Uses")
	case "note":
		return openmates.T("Note")
	case "from":
		return openmates.T("From")
	case "why":
		return openmates.T("Why")
	case "not_recorded":
		return openmates.T("More since the last entry")
	case "tokens_revoked":
		return openmates.T("Revoked tokens")
	case "invites_revoked":
		return openmates.T("Revoked invites")
	}
	return ""
}

// whyWords explains why a sign-in was refused. It returns an unknown reason
// unchanged.
func whyWords(why string) openmates.Text {
	switch why {
	case "too many attempts":
		return openmates.T("too many attempts")
	case "no such account":
		return openmates.T("no such account")
	case "wrong password":
		return openmates.T("wrong password")
	case "wrong password when changing something":
		return openmates.T("wrong password when changing something")
	case "wrong code":
		return openmates.T("wrong code")
	case "wrong passkey":
		return openmates.T("wrong passkey")
	case "unknown token":
		return openmates.T("unknown token")
	case "expired token":
		return openmates.T("expired token")
	case "token whose creator lost the right to it":
		return openmates.T("token whose creator lost the right to it")
	case "wrong setup code":
		return openmates.T("wrong setup code")
	}
	return openmates.T("%s", why)
}

// valueWords formats a JSON value for people: no brackets, amounts with the
// currency, sets and booleans in words.
func valueWords(v *locale.Voice, currency, name string, raw json.RawMessage) string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return strings.TrimSpace(string(raw))
	}
	switch x := value.(type) {
	case nil:
		return ""
	case string:
		if name == "why" {
			return v.Say(whyWords(x))
		}
		return x
	case bool:
		if x {
			return v.Say(openmates.T("yes"))
		}
		return v.Say(openmates.T("no"))
	case float64:
		var m openmates.Micros
		if name == "per_month" && json.Unmarshal(raw, &m) == nil {
			return money(v, m, currency)
		}
		return v.Decimal(strings.TrimSpace(string(raw)))
	case []any:
		return listWords(v, currency, raw)
	}
	if set, ok := asSet(raw); ok {
		return names(v, set)
	}
	fields, _ := object(string(raw))
	var all []string
	for _, f := range sortedNames(fields, nil) {
		if text := valueWords(v, currency, f, fields[f]); text != "" {
			all = append(all, v.Say(fieldName(f))+": "+text)
		}
	}
	return strings.Join(all, "; ")
}

func listWords(v *locale.Voice, currency string, raw json.RawMessage) string {
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil || len(parts) == 0 {
		return v.Say(openmates.T("nothing"))
	}
	all := make([]string, len(parts))
	for i, p := range parts {
		all[i] = valueWords(v, currency, "", p)
	}
	return strings.Join(all, ", ")
}

// asSet decodes a set of limits.
func asSet(raw json.RawMessage) (set openmates.Set, ok bool) {
	fields, _ := object(string(raw))
	for f := range fields {
		if f != "only" && f != "names" {
			return set, false
		}
	}
	return set, json.Unmarshal(raw, &set) == nil
}

// fieldName returns a field's label, or its stored name if it has none.
func fieldName(name string) openmates.Text {
	if words := fieldWords(name); words != "" {
		return words
	}
	return openmates.T("%s", name)
}
