package web

import (
	"encoding/json"
	"strings"

	"openmates"
	"openmates/internal/locale"
)

// deed says in words what an action of the audit record is; "" for one that it
// does not know, of a later version perhaps.
func deed(action string) string { //nolint:funlen // a table of words
	if word := deedOfPerson(action); word != "" {
		return word
	}
	switch action {
	case "server.setup":
		return sentence("set up this server")
	case "server.rename":
		return sentence("renamed this server")
	case "server.sign_up":
		return sentence("changed who may sign up")
	case "server.currency":
		return sentence("changed the currency")
	case "server.url":
		return sentence("changed the public address")
	case "server.mail":
		return sentence("changed how mail is sent")
	case "server.limits":
		return sentence("changed the limits of this server")
	case "server.admin":
		return sentence("changed who is an admin of this server")
	case "server.remove_person":
		return sentence("deleted somebody's account")
	case "server.untie":
		return sentence("disconnected a workspace as an admin of this server")
	case "provider.add":
		return sentence("added a provider")
	case "provider.change":
		return sentence("changed a provider")
	case "provider.remove":
		return sentence("removed a provider")
	case "provider.refresh":
		return sentence("refreshed a provider's list of models")
	case "model.add":
		return sentence("added a model")
	case "model.change":
		return sentence("changed models")
	case "model.defaults":
		return sentence("changed which models answer by default")
	case "mate.add":
		return sentence("added a mate")
	case "mate.change":
		return sentence("changed a mate")
	case "mate.restore":
		return sentence("restored a version of a mate")
	case "mate.duplicate":
		return sentence("duplicated a mate")
	case "mate.enable":
		return sentence("switched a mate on")
	case "mate.disable":
		return sentence("switched a mate off")
	case "mate.archive":
		return sentence("archived a mate")
	case "mate.unarchive":
		return sentence("brought a mate back")
	case "mate.limits":
		return sentence("changed what a mate may use")
	}
	return deedOfBot(action)
}

func deedOfBot(action string) string {
	switch action {
	case "bot.add":
		return sentence("added a bot")
	case "bot.set":
		return sentence("changed a bot")
	case "bot.remove":
		return sentence("removed a bot")
	case "bot.pause":
		return sentence("paused a bot")
	case "bot.resume":
		return sentence("resumed a bot")
	case "bot.restart":
		return sentence("restarted a bot")
	case "bot.dress":
		return sentence("gave a bot its name and picture")
	case "bot.permissions":
		return sentence("changed the permissions that a bot asks for")
	case "team.found":
		return sentence("created a team")
	case "team.rename":
		return sentence("renamed a team")
	case "team.limits":
		return sentence("changed the limits of a team")
	case "team.delete":
		return sentence("removed a team")
	case "team.role":
		return sentence("changed a role")
	case "team.remove":
		return sentence("removed somebody from a team")
	case "team.leave":
		return sentence("left a team")
	case "team.join":
		return sentence("joined a team")
	case "team.connect":
		return sentence("added a mate to a workspace")
	case "team.connect_refused":
		return sentence("was refused a workspace")
	case "team.disconnect":
		return sentence("disconnected a workspace")
	case "team.disconnect_mate":
		return sentence("removed a mate from a workspace")
	case "team.workspace_taken_over":
		return sentence("took over a workspace that another team had")
	case "team.workspace_lost":
		return sentence("gave a workspace to another team, since no mate of the old one was left in it")
	case "member.limits":
		return sentence("changed the limits of a person")
	}
	return ""
}

func deedOfPerson(action string) string {
	switch action {
	case "invite.add":
		return sentence("made an invite")
	case "invite.revoke":
		return sentence("revoked an invite")
	case "token.add":
		return sentence("made an API token")
	case "token.revoke":
		return sentence("revoked an API token")
	case "account.link":
		return sentence("linked an account")
	case "account.unlink":
		return sentence("unlinked an account")
	case "account.password":
		return sentence("changed the password")
	case "account.email":
		return sentence("changed the e-mail address")
	case "account.export":
		return sentence("downloaded their data")
	case "account.delete":
		return sentence("deleted their account")
	case "account.session_end", "account.sessions_end":
		return sentence("signed out elsewhere")
	case "account.passkey_add":
		return sentence("added a passkey")
	case "account.passkey_remove":
		return sentence("removed a passkey")
	case "account.ask_passkey":
		return sentence("changed whether a passkey is asked for")
	case "account.authenticator_on":
		return sentence("set up an authenticator app")
	case "account.authenticator_off":
		return sentence("removed the authenticator app")
	case "account.recovery_new":
		return sentence("made new recovery codes")
	case "account.reset_link":
		return sentence("made a link to a new password")
	case "account.reset":
		return sentence("chose a new password by a link")
	case "account.second_step_reset":
		return sentence("removed a second step and passkeys")
	case "account.recovery_used":
		return sentence("signed in with a recovery code")
	case "account.signin_failed": // by the server, which does not know who it was
		return sentence("refused a sign-in")
	}
	return ""
}

// fieldWords is what a value of the record is called; the name itself where it
// has no other.
func fieldWords(name string) string { //nolint:funlen // a table of words
	switch name {
	case "per_minute":
		return sentence("Requests per minute")
	case "per_month":
		return sentence("Money per month")
	case "name", "server.name":
		return sentence("Name")
	case "server.url":
		return sentence("Public address")
	case "server.sign_up":
		return sentence("Who may sign up")
	case "server.currency":
		return sentence("Currency")
	case "mates":
		return sentence("Mates")
	case "apps":
		return sentence("Apps")
	case "skills":
		return sentence("Skills")
	case "providers":
		return sentence("Providers")
	case "models":
		return sentence("Models")
	case "limits":
		return sentence("Limits")
	case "role":
		return sentence("Role")
	case "scopes":
		return sentence("Scopes")
	case "field":
		return sentence("Field")
	case "description":
		return sentence("Description")
	case "prompt":
		return sentence("Prompt")
	case "model":
		return sentence("Model")
	case "workspace":
		return sentence("Workspace")
	case "server_admin":
		return sentence("Server admin")
	case "permissions":
		return sentence("Permissions")
	case "token":
		return sentence("Token")
	case "secret":
		return sentence("Client secret")
	case "expires":
		return sentence("Expires")
	case "uses":
		return sentence("Uses")
	case "note":
		return sentence("Note")
	case "from":
		return sentence("From")
	case "why":
		return sentence("Why")
	case "not_recorded":
		return sentence("More since the last line")
	case "tokens_revoked":
		return sentence("Revoked tokens")
	case "invites_revoked":
		return sentence("Revoked invites")
	}
	return ""
}

// whyWords says why a sign-in was refused; the record's own words where it has
// no others.
func whyWords(why string) string {
	switch why {
	case "too many tries":
		return sentence("too many tries")
	case "no such account":
		return sentence("no such account")
	case "wrong password":
		return sentence("wrong password")
	case "wrong password, to change something":
		return sentence("wrong password, to change something")
	case "wrong code":
		return sentence("wrong code")
	case "wrong passkey":
		return sentence("wrong passkey")
	case "unknown token":
		return sentence("unknown token")
	case "expired token":
		return sentence("expired token")
	case "token whose maker may not make it any more":
		return sentence("token whose maker may not make it any more")
	case "wrong setup code":
		return sentence("wrong setup code")
	}
	return why
}

// valueWords is a JSON value as a person would write it: no brackets, money in
// the currency, sets and switches in words.
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
			return v.Say("yes")
		}
		return v.Say("no")
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
			all = append(all, say(v, f)+": "+text)
		}
	}
	return strings.Join(all, "; ")
}

func listWords(v *locale.Voice, currency string, raw json.RawMessage) string {
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil || len(parts) == 0 {
		return v.Say("nothing")
	}
	all := make([]string, len(parts))
	for i, p := range parts {
		all[i] = valueWords(v, currency, "", p)
	}
	return strings.Join(all, ", ")
}

// asSet reads a set of limits.
func asSet(raw json.RawMessage) (set openmates.Set, ok bool) {
	fields, _ := object(string(raw))
	for f := range fields {
		if f != "only" && f != "names" {
			return set, false
		}
	}
	return set, json.Unmarshal(raw, &set) == nil
}

// say is the name of a value in the reader's language.
func say(v *locale.Voice, name string) string {
	if words := fieldWords(name); words != "" {
		return v.Say(words)
	}
	return name
}
