package sqldb_test

import (
	"strings"
	"testing"

	"openmates"
	"openmates/internal/sqldb"
	"openmates/internal/sqldb/sqldbtest"
)

func TestANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, open sqldbtest.Open) {
		var c sqldb.Config
		open(func(got *sqldb.Config) { c = *got })
		ok(t, sqldbtest.Run(t, c, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)"))
		_, err := sqldb.Open(t.Context(), c)
		if openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), "newer version") {
			t.Errorf("got %v", err)
		}
	})
}
