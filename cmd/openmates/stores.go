package main

import (
	"openmates/internal/sqldb"
	"openmates/internal/store"
)

// What each room and door is given of the database: the engine, for its
// transactions, and the stores of its subjects.

type identityStore struct {
	*sqldb.DB
	store.PeopleStore
	store.SessionStore
	store.ProtectionStore
	store.TokenStore
	store.TeamStore
	store.MateStore
	store.LinkStore
}

func identityStoreOf(db *store.DB) identityStore {
	return identityStore{db.DB, db.PeopleStore, db.SessionStore, db.ProtectionStore, db.TokenStore, db.TeamStore, db.MateStore, db.LinkStore}
}

type teamStore struct {
	*sqldb.DB
	store.PeopleStore
	store.TeamStore
	store.InviteStore
	store.TokenStore
	store.UsageStore
}

func teamStoreOf(db *store.DB) teamStore {
	return teamStore{db.DB, db.PeopleStore, db.TeamStore, db.InviteStore, db.TokenStore, db.UsageStore}
}

type serverStore struct {
	*sqldb.DB
	store.PeopleStore
	store.TeamStore
	store.SettingStore
	store.MailStore
}

func serverStoreOf(db *store.DB) serverStore {
	return serverStore{db.DB, db.PeopleStore, db.TeamStore, db.SettingStore, db.MailStore}
}

type connectStore struct {
	*sqldb.DB
	store.PeopleStore
	store.TeamStore
	store.MateStore
	store.BotStore
	store.WorkspaceStore
	store.LinkStore
	store.LimitStore
}

func connectStoreOf(db *store.DB) connectStore {
	return connectStore{db.DB, db.PeopleStore, db.TeamStore, db.MateStore, db.BotStore, db.WorkspaceStore, db.LinkStore, db.LimitStore}
}

type mateStore struct {
	*sqldb.DB
	store.MateStore
	store.LimitStore
	store.UsageStore
}

func mateStoreOf(db *store.DB) mateStore {
	return mateStore{db.DB, db.MateStore, db.LimitStore, db.UsageStore}
}

type modelStore struct {
	*sqldb.DB
	store.ProviderStore
	store.MateStore
}

func modelStoreOf(db *store.DB) modelStore {
	return modelStore{db.DB, db.ProviderStore, db.MateStore}
}

type chatStore struct {
	*sqldb.DB
	store.AskerStore
	store.TurnStore
	store.JournalStore
	store.UsageStore
	store.LimitStore
	store.PeopleStore
	store.TeamStore
	store.LinkStore
}

func chatStoreOf(db *store.DB) chatStore {
	return chatStore{db.DB, db.AskerStore, db.TurnStore, db.JournalStore, db.UsageStore, db.LimitStore, db.PeopleStore, db.TeamStore, db.LinkStore}
}

// records is what the doors read for the pages of admins, see
// docs/adr/0020-engine-and-store.md.
type records struct {
	store.AuditStore
	store.OverviewStore
	store.KeyStore
}

func recordsOf(db *store.DB) records {
	return records{db.AuditStore, db.OverviewStore, db.KeyStore}
}
