package connect_test

import (
	"net/url"
	"strings"
	"sync"
	"testing"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/connect/connecttest"
	"openmates/internal/messenger"
)

// codeIn returns the code in the URL from the chat.
func codeIn(t *testing.T, address string) openmates.Secret {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	return openmates.Secret(u.Query().Get("code"))
}

func TestAnAccountIsLinkedByACodeFromTheChat(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	address, err := h.BeginCode(ctx, connecttest.Name, messenger.Account{ID: "acc9", Name: "Nine"})
	must(t, err)
	code := codeIn(t, address)
	if !strings.HasPrefix(address, h.PublicURL()+connect.CodePath+"?") || len(code.Reveal()) < 26 {
		t.Fatalf("the address %s", address)
	}
	offer, err := h.Offered(ctx, code)
	must(t, err)
	if offer.Account != (messenger.Account{ID: "acc9", Name: "Nine"}) {
		t.Errorf("offered %+v", offer)
	}
	if _, err := h.FinishCode(ctx, connect.Who{}, code); openmates.CodeOf(err) != openmates.EUnauthorized {
		t.Errorf("nobody finishes it: %v", err)
	}
	if _, err := h.FinishByChat(ctx, h.CodeHash(code), connecttest.Name, messenger.Account{ID: "thief"}); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("another account uses it up in the chat: %v", err)
	}
	out, err := h.FinishCode(ctx, h.ada, code)
	must(t, err)
	if out.Account.ID != "acc9" || out.Kind != connect.Link {
		t.Errorf("outcome %+v", out)
	}
	u, err := h.db.UserOf(ctx, connecttest.Name, "acc9")
	must(t, err)
	if u.ID != h.ada.UserID {
		t.Errorf("linked to %v", u)
	}
	if _, err := h.FinishCode(ctx, h.eve, code); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("it works twice: %v", err)
	}
	if strings.Contains(h.log.String(), code.Reveal()) {
		t.Error("the log holds the code")
	}
	// A linked account can't be claimed by somebody else.
	address, err = h.BeginCode(ctx, connecttest.Name, messenger.Account{ID: "acc9", Name: "Nine"})
	must(t, err)
	if _, err := h.FinishCode(ctx, h.eve, codeIn(t, address)); openmates.CodeOf(err) != openmates.EConflict {
		t.Errorf("eve takes ada's account: %v", err)
	}
}

func TestACodeFromTheProfileIsFinishedInTheChat(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	own, err := h.BeginOwnCode(ctx, h.ada, "deaf")
	must(t, err)
	for name, try := range map[string]func() error{
		"on another network": func() error {
			_, err := h.FinishByChat(ctx, h.CodeHash(own.Code), connecttest.Name, messenger.Account{ID: "x"})
			return err
		},
		"in the browser": func() error { _, err := h.FinishCode(ctx, h.eve, own.Code); return err },
		"a guess":        func() error { _, err := h.FinishByChat(ctx, "AAAA", "deaf", messenger.Account{ID: "x"}); return err },
		"no account": func() error {
			_, err := h.FinishByChat(ctx, h.CodeHash(own.Code), "deaf", messenger.Account{})
			return err
		},
	} {
		if err := try(); openmates.CodeOf(err) != openmates.ENotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	linked := 0
	for range 8 {
		wg.Go(func() {
			u, err := h.FinishByChat(ctx, h.CodeHash(own.Code), "deaf", messenger.Account{ID: "m1", Name: "M"})
			mu.Lock()
			defer mu.Unlock()
			if err == nil && u.ID == h.ada.UserID {
				linked++
			}
		})
	}
	wg.Wait()
	if linked != 1 {
		t.Errorf("it worked %d times", linked)
	}
	u, err := h.db.UserOf(ctx, "deaf", "m1")
	must(t, err)
	if u.ID != h.ada.UserID {
		t.Errorf("linked to %v", u)
	}
	if _, err := h.BeginOwnCode(ctx, connect.Who{}, "deaf"); openmates.CodeOf(err) != openmates.EUnauthorized {
		t.Errorf("nobody gets a code: %v", err)
	}
}

func TestPagesThatAreSaidInTheChannelHoldNoSecret(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, address := range []string{h.AccountPage("discord"), h.ConnectPage("discord", "g&1", "sophia")} {
		u, err := url.Parse(address)
		must(t, err)
		if u.Query().Has("code") || !strings.HasPrefix(address, h.PublicURL()) {
			t.Error(address)
		}
	}
	if got := h.ConnectPage("discord", "g&1", ""); !strings.Contains(got, "g%261") {
		t.Error(got)
	}
}

// Where an account's picture is, is kept with the link, whichever way it was
// made; what is no address of the web is not, and the link holds all the same.
func TestTheAddressOfAPictureIsKept(t *testing.T) {
	t.Parallel()
	ways := map[string]func(*house, messenger.Account) error{
		"consent": func(h *house, a messenger.Account) error {
			address, err := h.BeginLink(h.t.Context(), h.ada, connecttest.Name)
			must(t, err)
			q, err := h.net.Link(address, a)
			must(t, err)
			_, err = h.Finish(h.t.Context(), h.ada, "", q)
			return err
		},
		"a code from the chat": func(h *house, a messenger.Account) error {
			address, err := h.BeginCode(h.t.Context(), connecttest.Name, a)
			must(t, err)
			_, err = h.FinishCode(h.t.Context(), h.ada, codeIn(t, address))
			return err
		},
		"a code to the chat": func(h *house, a messenger.Account) error {
			own, err := h.BeginOwnCode(h.t.Context(), h.ada, connecttest.Name)
			must(t, err)
			_, err = h.FinishByChat(h.t.Context(), h.CodeHash(own.Code), connecttest.Name, a)
			return err
		},
	}
	const good = "https://cdn.example/avatars/1/0a1b.png"
	long := good + "?" + strings.Repeat("x", 500)
	for way, link := range ways {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			for _, c := range []struct{ avatar, kept string }{
				{good, good}, {"", ""}, {"http://cdn.example/1.png", ""}, {"javascript:alert(1)", ""}, {"data:image/png;base64,AAAA", ""},
				{"https:///1.png", ""}, {"https://ada:secret@cdn.example/1.png", ""}, {"//cdn.example/1.png", ""}, {"https://cdn.example/\n", ""},
				{"https://cdn.example/<b>\"", "https://cdn.example/%3Cb%3E%22"}, {long, ""}, {good, good},
			} {
				must(t, link(h, messenger.Account{ID: "acc9", Name: "Nine", Avatar: c.avatar}))
				ids, err := h.db.IdentitiesOf(t.Context(), h.ada.UserID)
				must(t, err)
				if len(ids) != 1 || ids[0].Avatar != c.kept {
					t.Errorf("of %q is kept %+v", c.avatar, ids)
				}
			}
		})
	}
}
