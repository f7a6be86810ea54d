package walk

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"openmates/internal/walktest"
)

// A real browser makes a passkey and signs in with it. Passkeys need a server
// with a name, so the server moves to one first.
func TestPasskeyInABrowser(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ada := s.enters("ada", true)
	ada.open(s.SetupLink())
	ada.newcomer()
	ada.types("team", "Harbour")
	ada.presses(`form[action="/setup"] button`)
	named := strings.Replace(s.Web, "127.0.0.1", "localhost", 1)
	ada.visitor().Post("/server/settings", url.Values{"name": {"Pier"}, "url": {named}, "sign_up": {"invite"}, "currency": {"EUR"}}, "The address has changed")
	s.Web = named

	ada.tab.do("plug in an authenticator", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, tab, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
		return err
	}))
	ada.signsIn("ada")
	ada.goes("/profile/security")
	ada.until("a passkey can be added", `document.querySelector("form[data-passkey=make]:not([hidden])") !== null`)
	ada.fill("name", "Chromium")
	ada.tab.do("give the password", chromedp.SetValue(chromedp.ID("passkey-password"), walktest.Password("ada")))
	ada.presses(`form[data-passkey="make"] button`)
	ada.waits(`main > .flash[role="status"]`)
	said := ada.tab.read(`document.querySelector("main > .flash").textContent + document.querySelectorAll("[data-no-passkeys]:not([hidden])").length`)
	if !strings.Contains(said, "“Chromium” is added") || !strings.HasSuffix(said, "0") {
		t.Errorf("said %q", said)
	}
	ada.presses(`form[action="/signout"] button`)
	ada.waits(`form[data-passkey="use"]:not([hidden]) button`)
	ada.presses(`form[data-passkey="use"] button`)
	ada.waits(`nav a[href="/profile"]`)
}
