package store

import (
	"context"
	"fmt"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/policy"
	"openmates/internal/sqldb"
)

// AskerStore looks up who asks whom, by a network's IDs or by who has signed
// in.
type AskerStore struct{ *base }

// Asker returns who asks which mate, see chat.Store. It is the first read for
// every message, so it is one query.
func (db AskerStore) Asker(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID, account openmates.AccountID) (openmates.Asker, error) {
	a, err := first(ctx, db, openmates.ErrNoBot, db.scanAsker, askerQuery, botID, workspace, account)
	if err != nil {
		return openmates.Asker{}, err
	}
	return a, nil
}

// In a direct message (workspace "") the team is the one that the person chose
// there, else their only one; the subqueries return NULL if there is none.
const askerQuery = `SELECT ` + botCols + `, ` + mateCols + `, ` + inTeamCols + `, i.workspace, i.token
	FROM bots b
	JOIN mates m ON m.id = b.mate_id
	LEFT JOIN identities d ON d.network = b.network AND d.account_id = $3
	LEFT JOIN users u ON u.id = d.user_id
	LEFT JOIN installations i ON i.bot_id = b.id AND i.workspace = $2 AND i.left_at = 0 AND $2 <> ''
	LEFT JOIN workspaces w ON w.network = i.network AND w.workspace = i.workspace
	LEFT JOIN teams t ON t.id = CASE WHEN $2 <> '' THEN w.team_id ELSE COALESCE(
		(SELECT c.team_id FROM chosen_teams c JOIN members o ON o.team_id = c.team_id AND o.user_id = c.user_id
			WHERE c.bot_id = b.id AND c.user_id = d.user_id),
		(SELECT MIN(o.team_id) FROM members o WHERE o.user_id = d.user_id HAVING COUNT(*) = 1)) END
	LEFT JOIN members r ON r.team_id = t.id AND r.user_id = d.user_id
	LEFT JOIN settings s ON s.name = '` + serverLimits + `'
	WHERE b.id = $1 AND NOT b.paused`

func (db AskerStore) scanAsker(s sqldb.Row) (a openmates.Asker, err error) {
	var in inTeam
	var workspace, token *string
	var mate openmates.Mate
	a.Bot, err = db.scanBot(between{s, func(bot []any) error {
		mate, err = scanMate(between{s, func(cols []any) error {
			return s.Scan(append(append(append(bot, cols...), in.dest()...), &workspace, &token)...)
		}})
		return err
	}})
	if err != nil {
		return a, err
	}
	a.Mate = mate
	if token != nil {
		if a.Token, _, err = db.unseal(installationPlace(a.Bot.ID, openmates.WorkspaceID(*workspace)), *token); err != nil {
			return a, err
		}
	}
	return a, in.put(&a)
}

// AskerOf returns who asks which mate on this server itself, see chat.Store.
func (db AskerStore) AskerOf(ctx context.Context, teamID, userID, mateID openmates.ID) (openmates.Asker, error) {
	a, err := first(ctx, db, openmates.ErrNoMate, scanAskerOf, askerOfQuery, teamID, userID, mateID)
	if err == nil && teamID != a.Team.ID {
		err = openmates.ErrNoTeam
	}
	if err != nil {
		return openmates.Asker{}, err
	}
	return a, nil
}

const askerOfQuery = `SELECT ` + mateCols + `, ` + inTeamCols + `
	FROM mates m
	LEFT JOIN users u ON u.id = $2
	LEFT JOIN teams t ON t.id = $1
	LEFT JOIN members r ON r.team_id = $1 AND r.user_id = $2
	LEFT JOIN settings s ON s.name = '` + serverLimits + `'
	WHERE m.id = $3`

func scanAskerOf(s sqldb.Row) (a openmates.Asker, err error) {
	var in inTeam
	a.Mate, err = scanMate(between{s, func(mate []any) error { return s.Scan(append(mate, in.dest()...)...) }})
	if err != nil {
		return a, err
	}
	return a, in.put(&a)
}

// inTeam is the part of a row about who asks, and in which team.
type inTeam struct {
	team struct {
		id, created        *int64
		slug, name, limits *string
	}
	user struct {
		id, created                                        *int64
		username, display, email, lang, tz, prefs, privacy *string
		admin                                              *bool
	}
	role, member, server *string
}

const inTeamCols = `t.id, t.slug, t.name, t.limits, t.created,
	u.id, u.username, u.display_name, u.email, u.admin, u.language, u.time_zone, u.preferences, u.created, u.privacy,
	r.role, r.limits, s.value`

func (in *inTeam) dest() []any {
	t, u := &in.team, &in.user
	return []any{&t.id, &t.slug, &t.name, &t.limits, &t.created,
		&u.id, &u.username, &u.display, &u.email, &u.admin, &u.lang, &u.tz, &u.prefs, &u.created, &u.privacy,
		&in.role, &in.member, &in.server}
}

// put sets the fields of an asker whose mate is known.
func (in *inTeam) put(a *openmates.Asker) (err error) {
	t, u := in.team, in.user
	if t.id != nil {
		a.Team = openmates.Team{ID: openmates.ID(*t.id), Slug: *t.slug, Name: *t.name, Created: sqldb.TimeOf(*t.created)}
		if a.Team.Limits, err = decodeLimits(*t.limits); err != nil {
			return err
		}
	}
	// The owner of the account matters if they are a member, or if no team is
	// known and the answer says what to do about that.
	if u.id != nil && (t.id == nil || in.role != nil) {
		a.User = openmates.User{ID: openmates.ID(*u.id), Username: *u.username, DisplayName: *u.display, Email: *u.email,
			Admin: *u.admin, Language: *u.lang, TimeZone: *u.tz, Created: sqldb.TimeOf(*u.created)}
		if err = decodePreferences(*u.prefs, &a.User.Preferences); err != nil {
			return err
		}
		if a.Privacy, err = decodePrivacy(*u.privacy); err != nil {
			return err
		}
	}
	if u.id != nil && t.id != nil && in.role == nil {
		a.Outsider = openmates.User{ID: openmates.ID(*u.id), Username: *u.username, DisplayName: *u.display, Language: *u.lang}
	}
	if in.role != nil {
		a.Role = openmates.Role(*in.role)
	}
	a.Layers, err = layers(*a, in.server, in.member)
	return err
}

// between lets a scan function for a whole row read some columns of a wider
// one.
type between struct {
	sqldb.Row
	with func(dest []any) error
}

func (b between) Scan(dest ...any) error { return b.with(dest) }

// layers lists the limits that apply, widest first.
func layers(a openmates.Asker, server, member *string) ([]openmates.Layer, error) {
	set := policy.Limits{openmates.MateLayer: a.Mate.Limits, openmates.TeamLayer: a.Team.Limits}
	for kind, text := range map[openmates.LayerKind]*string{openmates.ServerLayer: server, openmates.MemberLayer: member} {
		if text == nil {
			continue
		}
		limits, err := decodeLimits(*text)
		if err != nil {
			return nil, err
		}
		set[kind] = limits
	}
	return policy.All().Layers(a, set), nil
}

// Settle records the outcome of a turn, see chat.Store: the first record wins.
// It is a soft write: after a power failure the turn runs again, and the
// connector finds what was posted.
func (db TurnStore) Settle(ctx context.Context, o openmates.Outcome) error {
	return db.Write(ctx, sqldb.Soft, func(t *sqldb.Tx) error {
		n, err := t.Exec(`UPDATE turns SET state = $2, answer = $3, author = $4, question = $5, why = $6, team_id = $7, mate_id = $8, user_id = $9,
				channel = $10, lacks = $11, until = $12, note = $13, shown = $14
			WHERE key = $1 AND state IN ('received', 'running')`,
			o.Key, o.State, o.Text, o.Author, o.Question, string(o.Why), o.TeamID, o.MateID, o.UserID, o.Channel, o.Lacks, o.Until, o.Note, o.Shown)
		if err != nil {
			return fmt.Errorf("settle %q: %w", o.Key, err)
		}
		if n == 0 {
			return known(t, o.Key)
		}
		return db.settleUsage(t, o)
	})
}

// known returns chat.ErrNoTurn if a turn doesn't exist.
func known(t *sqldb.Tx, key string) error {
	var n int64
	ok, err := t.Get(`SELECT 1 FROM turns WHERE key = $1`, []any{key}, &n)
	if err == nil && !ok {
		err = chat.ErrNoTurn
	}
	return err
}

// Settled returns what Settle recorded for the turn (ok false: nothing yet) and
// how many parts had been started.
func (db TurnStore) Settled(ctx context.Context, key string) (o openmates.Outcome, begun int, ok bool, err error) {
	var n, until int64
	var model *string
	var team, user, mate, input, cached, output, cost, at *int64
	found, err := sqldb.Get(ctx, db, `SELECT t.state, t.answer, t.author, t.question, t.posted, t.why, t.channel, t.lacks, t.until, t.note, t.shown,
			g.team_id, g.user_id, g.mate_id, g.model, g.input, g.cached, g.output, g.cost, g.at
		FROM turns t LEFT JOIN usage g ON g.turn = t.key AND g.settled WHERE t.key = $1`, []any{key},
		&o.State, &o.Text, &o.Author, &o.Question, &n, &o.Why, &o.Channel, &o.Lacks, &until, &o.Note, &o.Shown, &team, &user, &mate, &model, &input, &cached, &output, &cost, &at)
	if err != nil || !found {
		return openmates.Outcome{}, 0, false, err
	}
	o.Key, o.Until = key, sqldb.TimeOf(until)
	if model != nil && *model != "" {
		o.Usage = openmates.Usage{TeamID: openmates.ID(*team), UserID: openmates.ID(*user), MateID: openmates.ID(*mate), Model: *model,
			Input: int(*input), Cached: int(*cached), Output: int(*output), Cost: openmates.Micros(*cost), At: sqldb.TimeOf(*at)}
	}
	switch o.State {
	case openmates.TurnReceived, openmates.TurnRunning:
		return openmates.Outcome{}, int(n), false, nil
	}
	return o, int(n), true, nil
}

// Begun records that n parts of an unsettled answer were started on the
// network.
func (db TurnStore) Begun(ctx context.Context, key string, n int) error {
	_, err := db.Exec(ctx, sqldb.Soft, `UPDATE turns SET posted = $2, state = CASE WHEN state = 'received' THEN 'running' ELSE state END
		WHERE key = $1 AND posted < $2`, key, n)
	return err
}

// History returns the last n answered turns of a conversation since it was last
// cleared, oldest first.
func (db TurnStore) History(ctx context.Context, conversation string, n int) ([]openmates.Exchange, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (e openmates.Exchange, err error) {
		var at int64
		var id *int64
		var username, name, privacy *string
		err = s.Scan(&e.Question, &e.Shown, &e.Answer, &at, &id, &username, &name, &privacy)
		e.At = sqldb.TimeOf(at)
		if err == nil && id != nil {
			e.Author = openmates.User{ID: openmates.ID(*id), Username: *username, DisplayName: *name}
			e.Privacy, err = decodePrivacy(*privacy)
		}
		return e, err
	}, `SELECT l.question, l.shown, l.answer, l.accepted, u.id, u.username, u.display_name, u.privacy FROM (
			SELECT id, user_id, question, shown, answer, accepted FROM turns
			WHERE lane = $1 AND state = 'answered' AND id > COALESCE((SELECT turn FROM forgotten WHERE lane = $1), 0)
			ORDER BY id DESC LIMIT $2) AS l LEFT JOIN users u ON u.id = l.user_id
		ORDER BY l.id`, conversation, n)
}
