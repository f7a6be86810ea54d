package main

import (
	"context"

	"openmates"
	"openmates/internal/messenger"
)

// leading gives the chat room the connect room, which is made after it.
type leading struct{ srv *server }

// ConnectPage implements chat.Links.
func (l leading) ConnectPage(n openmates.Network, workspace openmates.WorkspaceID, mate string) string {
	return l.srv.links.ConnectPage(n, workspace, mate)
}

// AccountPage implements chat.Links.
func (l leading) AccountPage(n openmates.Network) string { return l.srv.links.AccountPage(n) }

// BeginCode implements chat.Links.
func (l leading) BeginCode(ctx context.Context, n openmates.Network, a messenger.Account) (string, error) {
	return l.srv.links.BeginCode(ctx, n, a)
}

// CodeHash implements chat.Links.
func (l leading) CodeHash(code openmates.Secret) string { return l.srv.links.CodeHash(code) }

// FinishByChat implements chat.Links.
func (l leading) FinishByChat(ctx context.Context, code string, n openmates.Network, a messenger.Account) (openmates.User, error) {
	return l.srv.links.FinishByChat(ctx, code, n, a)
}
