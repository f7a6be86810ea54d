package team

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net/netip"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/guard"
	"openmates/internal/mail"
	"openmates/internal/policy"
	"openmates/internal/spelling"
)

// Inviting stores invites.
type Inviting interface {
	AddInvite(ctx context.Context, i openmates.Invite, hash string) (openmates.Invite, error)
	// InviteByHash returns ErrNoInvite for an unknown hash.
	InviteByHash(ctx context.Context, hash string) (i openmates.Invite, stored string, err error)
	Invites(ctx context.Context, teamID openmates.ID) ([]InviteLine, error)
	// RevokeInvite returns ErrNoInvite for one that the team doesn't have or
	// that is already revoked.
	RevokeInvite(ctx context.Context, teamID, invite openmates.ID, at time.Time) error
	// Join uses up an invite once and adds the user to its team, all or
	// nothing; a user without an ID is created. If two people race for the last
	// use one wins, the other gets ErrInviteOver. proof is the hash of the link
	// that proves their address, "" = none: it is used up as well, and an
	// address that is theirs is confirmed. Other errors: ErrJoined,
	// ErrProofUsed, openmates.ErrUsernameTaken, openmates.ErrEmailTaken.
	Join(ctx context.Context, invite openmates.ID, u openmates.User, phc, proof string, at time.Time) (openmates.User, error)
	AddInviteMail(ctx context.Context, m InviteMail, hash string, now time.Time) error
	// InviteMail returns ErrNoProof for an unknown hash.
	InviteMail(ctx context.Context, hash string) (InviteMail, error)
}

// NewInvite is an invite to create.
type NewInvite struct {
	Role openmates.Role
	Note string
	Only string // addresses and domains, separated as people do it; "" = anybody
	Uses int    // 0 = unlimited
	Days int
	Mail bool // send it to the addresses
}

const (
	maxUses  = 1000
	maxDays  = 365
	maxOnly  = 100
	maxNote  = 200 // characters
	proofFor = 24 * time.Hour
)

// Invite creates an invite to the team and returns its code, which isn't
// stored: nobody can see it again. link returns the address for the code.
// mailed is the result of the mail to each address.
func (r *Room) Invite(ctx context.Context, c openmates.Caller, p policy.Place, n NewInvite, link func(code string) string) (i openmates.Invite, code string, mailed []Delivery, err error) {
	if err := p.Require(c, policy.InvitePeople); err != nil {
		return i, "", nil, err
	}
	i = openmates.Invite{TeamID: p.Team.ID, Role: n.Role, Uses: n.Uses, By: c.User.ID, TokenID: c.Token.ID, Created: r.now()}
	i.Expires = i.Created.Add(time.Duration(n.Days) * 24 * time.Hour)
	if err := validRole(n.Role); err != nil {
		return i, "", nil, err
	}
	if n.Role == openmates.RoleAdmin { // who may create what outlives a token
		if err := c.InPerson(); err != nil {
			return i, "", nil, err
		}
	}
	if n.Uses < 0 || n.Uses > maxUses || n.Days < 1 || n.Days > maxDays {
		return i, "", nil, openmates.Errorf(openmates.EInvalid, "An invite can be used by at most %d people and is valid for 1 to %d days.", maxUses, maxDays)
	}
	if i.Note, err = spelling.Text(n.Note, openmates.T("the note"), maxNote); err != nil {
		return i, "", nil, err
	}
	if i.Only, err = addressees(n.Only); err != nil {
		return i, "", nil, err
	}
	code = rand.Text() // 130 bits
	if i, err = r.addInvite(ctx, c, p, i, code); err != nil {
		return i, "", nil, err
	}
	r.log.InfoContext(ctx, "an invite is made", "team", p.Team.Slug, "invite", i.ID, "by", c.User.ID)
	if n.Mail {
		mailed = r.mailInvite(ctx, c, p, i, link(code))
	}
	return i, code, mailed, nil
}

func (r *Room) addInvite(ctx context.Context, c openmates.Caller, p policy.Place, i openmates.Invite, code string) (openmates.Invite, error) {
	// An address identifies a person, which doesn't belong in the audit log.
	domains := slices.DeleteFunc(slices.Clone(i.Only), func(a string) bool { return !strings.HasPrefix(a, "@") })
	made := i
	err := r.store.Within(ctx, func(ctx context.Context) (err error) {
		if made, err = r.store.AddInvite(ctx, i, guard.Digest(code)); err != nil {
			return err
		}
		return r.audit.Record(ctx, p.Entry(c, "invite.add", "invite "+made.ID.String()), nil,
			map[string]any{"role": i.Role, "uses": i.Uses, "expires": i.Expires, "domains": domains, "addresses": len(i.Only) - len(domains), "note": i.Note})
	})
	return made, err
}

// Delivery is the result of a message to one address.
type Delivery struct {
	To      string
	Problem openmates.Text // why it was not sent; "" = the mail server accepted it
}

// mailInvite sends an invite to each of its addresses. The link in the mail
// proves the address that it was sent to, so nobody has to confirm it with a
// second mail; the link that an admin copies proves nothing.
func (r *Room) mailInvite(ctx context.Context, c openmates.Caller, p policy.Place, i openmates.Invite, link string) (all []Delivery) {
	var down error // if set, don't ask the mail server for each address
	for _, to := range i.Only {
		if strings.HasPrefix(to, "@") {
			continue
		}
		err := down
		if err == nil {
			err = r.mailInviteTo(ctx, c, p, i, to, link)
		}
		if openmates.CodeOf(err) == openmates.EUnavailable {
			down = err
		}
		if openmates.CodeOf(err) == openmates.EInternal {
			r.log.ErrorContext(ctx, "an invite was not mailed", "invite", i.ID, "err", err)
		}
		all = append(all, Delivery{To: to, Problem: openmates.TextOf(err)})
	}
	return all
}

func (r *Room) mailInviteTo(ctx context.Context, c openmates.Caller, p policy.Place, i openmates.Invite, to, link string) error {
	proof := rand.Text()
	if err := r.post.Send(ctx, r.invitation(ctx, c, p, i, to, link+"?proof="+proof)); err != nil {
		return err
	}
	return r.store.AddInviteMail(ctx, InviteMail{InviteID: i.ID, Email: to, Expires: i.Expires}, guard.Digest(proof), r.now())
}

// addressees parses a list of addresses and domains and normalises them.
func addressees(s string) ([]string, error) {
	var all []string
	for _, a := range strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(" ,;\t\r\n", c) }) {
		one, err := addressee(a)
		if err != nil {
			return nil, openmates.Errorf(openmates.EInvalid, "%q is neither an email address nor a domain. Write ada@example.org, or example.org for everyone there.", spelling.Clip(a, 40))
		}
		all = append(all, one)
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) > maxOnly {
		return nil, openmates.Errorf(openmates.EInvalid, "An invite can be limited to at most %d addresses; you entered %d.", maxOnly, len(all))
	}
	return all, nil
}

// addressee returns an address, or a domain with an @ before it.
func addressee(s string) (string, error) {
	local, domain, at := strings.Cut(s, "@")
	if at && local != "" {
		return mail.Address(s)
	}
	if !at {
		domain = s
	}
	domain, err := mail.Domain(domain)
	if err == nil && domain == "localhost" {
		err = openmates.Errorf(openmates.EInvalid, "localhost can't be the domain of an email address.")
	}
	return "@" + domain, err
}

// Invites lists the team's invites, newest first.
func (r *Room) Invites(ctx context.Context, c openmates.Caller, p policy.Place) ([]InviteLine, error) {
	if err := p.Require(c, policy.InvitePeople); err != nil {
		return nil, err
	}
	return r.store.Invites(ctx, p.Team.ID)
}

// Revoke revokes an invite.
func (r *Room) Revoke(ctx context.Context, c openmates.Caller, p policy.Place, invite openmates.ID) error {
	if err := p.Require(c, policy.InvitePeople); err != nil {
		return err
	}
	err := r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.RevokeInvite(ctx, p.Team.ID, invite, r.now()); err != nil {
			return err
		}
		return r.audit.Record(ctx, p.Entry(c, "invite.revoke", "invite "+invite.String()), nil, nil)
	})
	if openmates.CodeOf(err) == openmates.ENotFound {
		return openmates.Errorf(openmates.ENotFound, "This invite doesn't exist or has been revoked.")
	}
	return err
}

// Welcome is an invite as shown to somebody with its link.
type Welcome struct {
	Invite openmates.Invite
	Team   openmates.Team
	By     string // the person who invites
	Mail   bool   // an address must be confirmed by mail
	Email  string // the confirmed address
	Member bool   // the caller is already in the team
}

// SomeAdmin is shown as the inviter if the account is deleted.
const SomeAdmin = "an admin of the team"

// Welcome returns the invite with this code, and changes nothing. If it is used
// up, expired or revoked the error is EConflict and says whom to ask. proof is
// the code of a confirmed address, "" = none.
func (r *Room) Welcome(ctx context.Context, c openmates.Caller, code, proof string) (Welcome, error) {
	none := openmates.Errorf(openmates.ENotFound, "This invite link doesn't work. Check that it's complete, or ask the person who sent it for a new one.")
	hash := guard.DigestTyped(code)
	i, stored, err := r.store.InviteByHash(ctx, hash)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return Welcome{}, none
	}
	if err != nil {
		return Welcome{}, err
	}
	if subtle.ConstantTimeCompare([]byte(hash), []byte(stored)) != 1 {
		return Welcome{}, none
	}
	for n, a := range i.Only {
		if one, err := addressee(a); err == nil { // an old one may not be normalised
			i.Only[n] = one
		}
	}
	w := Welcome{Invite: i, By: SomeAdmin}
	if w.Team, err = r.store.Team(ctx, i.TeamID); err != nil {
		return w, err
	}
	asks, err := policy.Remain{Maker: i.By, Team: i.TeamID, Right: policy.InvitePeople}.Holds(ctx, r.store, r.now())
	if err != nil {
		return w, err
	}
	if by, err := r.store.User(ctx, i.By); err == nil && asks { // somebody who can invite again
		w.By = by.DisplayName
	}
	if c.SignedIn() {
		role, err := r.store.Role(ctx, i.TeamID, c.User.ID)
		if err != nil {
			return w, err
		}
		if w.Member = role != ""; w.Member {
			return w, nil
		}
	}
	state, err := r.stateOf(ctx, i)
	if err != nil {
		return w, err
	}
	if err := w.refusal(state); err != nil {
		return w, err
	}
	w.Mail = len(i.Only) > 0 && r.post.Ready(ctx)
	if proof != "" {
		w.Email, err = r.proved(ctx, w, proof)
	}
	return w, err
}

// stateOf returns the current state of an invite. One whose maker may no longer
// make it counts as revoked.
func (r *Room) stateOf(ctx context.Context, i openmates.Invite) (openmates.InviteState, error) {
	state := i.State(r.now())
	if state != openmates.InviteOpen {
		return state, nil
	}
	holds, err := inviteRemains(i).Holds(ctx, r.store, r.now())
	if err == nil && !holds {
		state = openmates.InviteRevoked
	}
	return state, err
}

// refusal says why an invite can't be used, or returns nil if it can.
func (w Welcome) refusal(s openmates.InviteState) error {
	switch s {
	case openmates.InviteUsed:
		return openmates.Errorf(openmates.EConflict, "This invite to the team %s has been used up. Ask %s for a new one.", w.Team.Name, w.By)
	case openmates.InviteExpired:
		return openmates.Errorf(openmates.EConflict, "This invite to the team %s has expired. Ask %s for a new one.", w.Team.Name, w.By)
	case openmates.InviteRevoked:
		return openmates.Errorf(openmates.EConflict, "This invite to the team %s has been revoked. Ask %s for a new one.", w.Team.Name, w.By)
	}
	return nil
}

// welcomes refuses an address that the invite is not for.
func (w Welcome) welcomes(email string) error {
	if w.Invite.Welcomes(email) {
		return nil
	}
	if email == "" {
		return openmates.Errorf(openmates.EInvalid, "This invite is limited to certain email addresses. Enter yours.")
	}
	return openmates.Errorf(openmates.EForbidden, "This invite isn't for %s. Use the address it was sent to, or ask %s to invite this one.", spelling.Clip(email, 40), w.By)
}

// AskProof mails a link to an address, for an invite that is limited to certain
// addresses. link returns the link's address.
func (r *Room) AskProof(ctx context.Context, c openmates.Caller, from netip.Addr, code, email string, link func(proof string) string) error {
	if !r.byParty.Allow("proof:"+guard.Party(from), r.now()) {
		return guard.TooMany()
	}
	w, err := r.Welcome(ctx, c, code, "")
	if err != nil {
		return err
	}
	if email, err = mail.Address(email); err != nil {
		return err
	}
	if err := w.welcomes(email); err != nil {
		return err
	}
	proof := rand.Text()
	if err := r.post.Send(ctx, r.proofLetter(c, w, email, link(proof))); err != nil {
		return err
	}
	m := InviteMail{InviteID: w.Invite.ID, Email: email, Expires: r.now().Add(proofFor)}
	return r.store.AddInviteMail(ctx, m, guard.Digest(proof), r.now())
}

// proved returns the address that a link's code confirms for this invite.
func (r *Room) proved(ctx context.Context, w Welcome, proof string) (string, error) {
	m, err := r.store.InviteMail(ctx, guard.DigestTyped(proof))
	if err != nil && openmates.CodeOf(err) != openmates.ENotFound {
		return "", err
	}
	if err != nil || m.InviteID != w.Invite.ID || !r.now().Before(m.Expires) {
		return "", openmates.Errorf(openmates.EInvalid, "This confirmation has been used, has expired, or belongs to another invite. Request a new one.")
	}
	return m.Email, w.welcomes(m.Email)
}

// Join adds the caller to the team of an invite. Somebody without an account
// gets one at the same time: both happen, or neither.
func (r *Room) Join(ctx context.Context, c openmates.Caller, from netip.Addr, code, proof string, n openmates.Newcomer) (openmates.User, Welcome, error) {
	u, phc := c.User, ""
	w, err := r.Welcome(ctx, c, code, proof)
	if err != nil {
		return u, w, err
	}
	if w.Member {
		return u, w, openmates.Errorf(openmates.EConflict, "You're already in the team %s.", w.Team.Name)
	}
	email := w.Email
	switch {
	case email != "":
	case w.Mail:
		return u, w, openmates.Errorf(openmates.EInvalid, "Confirm your email address first: enter it and open the link we send you.")
	case c.SignedIn() && n.Email == "" && len(w.Invite.Only) > 0:
		email = c.User.Email
	case strings.TrimSpace(n.Email) != "":
		if email, err = mail.Address(n.Email); err != nil {
			return u, w, err
		}
	}
	if err := w.welcomes(email); err != nil {
		return u, w, err
	}
	if !c.SignedIn() {
		n.Email = email
		if u, phc, err = r.accounts.Newcomer(ctx, from, n); err != nil {
			return u, w, err
		}
	}
	taken := ""
	if w.Email != "" {
		taken = guard.DigestTyped(proof)
	}
	joined := u
	err = r.store.Within(ctx, func(ctx context.Context) (err error) {
		if joined, err = r.store.Join(ctx, w.Invite.ID, u, phc, taken, r.now()); err != nil {
			return err
		}
		e := openmates.AuditEntry{Actor: joined.ID, TeamID: w.Team.ID, Action: "team.join"}.AboutPerson(joined.ID)
		return r.audit.Record(ctx, e, nil, map[string]any{"role": w.Invite.Role, "invite": w.Invite.ID})
	})
	if err != nil {
		return u, w, err
	}
	r.log.InfoContext(ctx, "somebody joined by an invite", "team", w.Team.Slug, "user", joined.ID, "invite", w.Invite.ID)
	return joined, w, nil
}

// inviteRemains returns the rule for an invite. Admins invite both members and
// admins, so the invite's role needs no other right.
func inviteRemains(i openmates.Invite) policy.Remain {
	return policy.Remain{Maker: i.By, Team: i.TeamID, Token: i.TokenID, Right: policy.InvitePeople}
}
