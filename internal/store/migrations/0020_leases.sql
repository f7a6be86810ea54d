-- Which process may do what, see lease.go. A process that is silent for too
-- long is removed by another one, and what it held with it. Only PostgreSQL
-- uses these tables: processes that share an SQLite file are on one machine,
-- where locks on files do the same at no cost.

CREATE TABLE processes (
    id   TEXT PRIMARY KEY,
    beat BIGINT NOT NULL -- counts up while the process lives
);

CREATE TABLE leases (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL REFERENCES processes (id) ON DELETE CASCADE
);
CREATE INDEX leases_holder ON leases (holder);
