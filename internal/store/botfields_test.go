package store_test

import (
	"testing"

	"openmates"
)

// Bots that were set up before connectors described their forms keep their
// credentials and settings.
func TestBotsKeepWhatWasEnteredBeforeTheirFormsWereDescribed(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			o := before(t, engine, 21)
			seal := func(place string, s openmates.Secret) string {
				t.Helper()
				text, err := o.conf.Seal.Seal(place, s)
				ok(t, err)
				return text
			}
			o.exec(t, `INSERT INTO mates (id, handle, name, prompt, created) VALUES (1, 'sophia', 'Sophia', '', 0)`)
			o.exec(t, `INSERT INTO bots (id, mate_id, network, app_id, token, secret, created, content, permissions) VALUES
				(7, 1, 'discord', 'one', '`+seal("bots.token:7", "token")+`', '`+seal("bots.secret:7", "secret")+`', 0, TRUE, 68608),
				(8, NULL, 'discord', 'two', '`+seal("bots.token:8", "other")+`', '', 0, FALSE, 0)`)
			db := o.open(t)
			one, err := db.Bot(t.Context(), 7)
			ok(t, err)
			if one.Secrets["token"] != "token" || one.Secrets["secret"] != "secret" || one.Settings["content"] != "true" || one.Asks != "68608" || len(one.Lost) > 0 {
				t.Errorf("%+v", one)
			}
			two, err := db.Bot(t.Context(), 8)
			ok(t, err)
			if two.Secrets["token"] != "other" || len(two.Secrets) != 1 || len(two.Settings) > 0 || two.Asks != "" {
				t.Errorf("%+v", two)
			}
		})
	}
}
