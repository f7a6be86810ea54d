package openmates

import "context"

// Caller is who makes a request: a person who has signed in, or a program with
// an access token. The zero Caller is nobody.
type Caller struct {
	User    User
	Session string      // identifies the session or token; a hash, so it can't be used to sign in
	Token   AccessToken // the program's; zero = the person themselves
	// Language is the one in which the request is answered, a BCP 47 tag; "" = none
	// is chosen yet. It is also known for a caller who is nobody.
	Language string
}

// SignedIn reports whether a person is behind the request.
func (c Caller) SignedIn() bool { return c.User.ID != 0 }

// IsListener reports whether the caller is a program with a listener's
// credential. It acts for other people and has no user of its own.
func (c Caller) IsListener() bool { return c.Token.ID != 0 && c.Token.Has(ScopeListener) }

// RequireSignIn returns nil if a person is signed in, else EUnauthorized.
func (c Caller) RequireSignIn() error {
	if !c.SignedIn() {
		return Errorf(EUnauthorized, "Please sign in first.")
	}
	return nil
}

// InPerson returns nil if the caller has signed in themselves, else EForbidden.
// What protects an account, or would outlive a token, can't be done with a
// token.
func (c Caller) InPerson() error {
	if err := c.RequireSignIn(); err != nil {
		return err
	}
	if c.Token.ID != 0 {
		return Errorf(EForbidden, "You can't do this with a token. Sign in instead.")
	}
	return nil
}

// Permit returns nil if the caller uses no token, or one with this scope, else
// EForbidden.
func (c Caller) Permit(s Scope) error {
	if c.Token.ID == 0 || c.Token.Has(s) {
		return nil
	}
	return Errorf(EForbidden, "This token doesn't have the scope “%s”. Create one that does.", s)
}

type callerKey struct{}

// CallerOf returns who makes the request that ctx belongs to.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// WithLanguage returns a copy of ctx whose caller is answered in a language.
func WithLanguage(ctx context.Context, language string) context.Context {
	c := CallerOf(ctx)
	c.Language = language
	return context.WithValue(ctx, callerKey{}, c)
}

// WithCaller returns a copy of ctx for a request by c. Only code that has
// verified c's credential for this request may call it. The language stays that of ctx unless c has one.
func WithCaller(ctx context.Context, c Caller) context.Context {
	if c.Language == "" {
		c.Language = CallerOf(ctx).Language
	}
	return context.WithValue(ctx, callerKey{}, c)
}
