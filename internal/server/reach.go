package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"openmates"
)

// ReachPath is where a server shows that it is the one asking: it answers what
// follows with Proof.
const ReachPath = "/.well-known/openmates/"

// How long the check of an address waits, and how much it reads.
const (
	reachTime = 5 * time.Second
	reachRead = 1 << 10
)

// Proof returns the answer to a nonce, which only this server's processes can
// give.
func (r *Room) Proof(ctx context.Context, nonce string) (string, error) {
	if len(nonce) != 26 || strings.ContainsFunc(nonce, func(c rune) bool { return !(c >= 'A' && c <= 'Z' || c >= '2' && c <= '7') }) {
		return "", openmates.Errorf(openmates.ENotFound, "Nothing found here.")
	}
	key, ok, err := r.store.Setting(ctx, identitySetting)
	if err == nil && !ok {
		key = rand.Text()
		err = r.store.SetSetting(ctx, identitySetting, key)
	}
	if err != nil {
		return "", fmt.Errorf("know the server: %w", err)
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(nonce))
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// Reaches returns nil if an address leads to this server, or an error that says
// what is wrong and how to fix it.
func (r *Room) Reaches(ctx context.Context, address string) error {
	address, err := tidyURL(address)
	if err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("read an address that was read before: %w", err)
	}
	if u.Scheme == "http" && !private(u.Hostname()) {
		return wrong(openmates.T("Over http, passwords are sent unencrypted, and browsers warn about it. Put a proxy with a certificate (Caddy, nginx, Traefik) in front of the server and enter the address with https://."))
	}
	nonce := rand.Text()
	want, err := r.Proof(ctx, nonce)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+ReachPath+nonce, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", address, err)
	}
	client := &http.Client{
		Transport:     r.reach,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return unreachable(u, err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, reachRead))
	if err != nil {
		return unreachable(u, err)
	}
	return answered(u, resp, strings.TrimSpace(string(got)), want)
}

// answered checks a response.
func answered(u *url.URL, resp *http.Response, got, want string) error {
	switch code := resp.StatusCode; {
	case code == http.StatusOK && hmac.Equal([]byte(got), []byte(want)):
		return nil
	case code >= 300 && code < 400:
		to, err := resp.Location()
		if err != nil || to.Host == "" {
			return wrong(openmates.T("%s redirects to another site. Turn that redirect off for this server.", u.Host))
		}
		return wrong(openmates.T("%s redirects to %s://%s. If that's the right address, enter it here; otherwise turn the redirect off.", u.Host, to.Scheme, to.Host))
	case code == http.StatusBadGateway, code == http.StatusServiceUnavailable, code == http.StatusGatewayTimeout:
		return wrong(openmates.T("A proxy answers at %s, but it doesn't reach this server (status %d). Check the address and port it forwards to.", u.Host, code))
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return wrong(openmates.T("Something in front of the server asks people to sign in (status %d). Let requests through to this server; OpenMates has its own sign-in.", code))
	case code == http.StatusOK && len(got) == len(want) && !strings.ContainsAny(got, " <{"):
		return wrong(openmates.T("Another OpenMates server answers at %s. Point the name, or the proxy behind it, to this one.", u.Host))
	}
	return wrong(openmates.T("Another server answers at %s (it answered %d to a question that only this one can answer). Point the name, or the proxy behind it, to this server.", u.Host, resp.StatusCode))
}

// unreachable says why there was no response.
func unreachable(u *url.URL, err error) error {
	said := func(t openmates.Text) error {
		e := wrong(t)
		e.Err = err
		return e
	}
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return said(openmates.T("The name %s doesn't exist. Correct it, or add a DNS record that points to this server.", host))
		}
		return said(openmates.T("The name %s can't be looked up right now. Check this server's DNS settings, then try again.", host))
	}
	if cert, ok := errors.AsType[x509.CertificateInvalidError](err); ok && cert.Reason == x509.Expired {
		return said(openmates.T("The certificate of %s has expired. Renew it; a proxy such as Caddy does that automatically.", host))
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return said(openmates.T("The certificate at %s is for another name. Get one for %s.", u.Host, host))
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return said(openmates.T("The certificate of %s comes from an authority that browsers don't trust. Get one from an authority such as Let’s Encrypt, and make the proxy send the whole chain.", host))
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return said(openmates.T("At %s port %s a server answers without encryption. Enter the address with http:// (only within your own network), or set up https on that port.", host, port))
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return said(openmates.T("The server at %s refuses the encrypted connection. Check that it has a certificate for %s.", u.Host, host))
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return said(openmates.T("Nothing answers at %s port %s. Start the proxy there, or open that port.", host, port))
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return said(openmates.T("%s port %s didn't answer within %d seconds. A firewall may be blocking it, or the server can't reach its own public address from inside; in that case, use the address anyway.", host, port, int(reachTime.Seconds())))
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return said(openmates.T("There's no network route from this server to %s. Check its network and the DNS record of the name.", host))
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		strings.Contains(err.Error(), "server closed idle connection"): // net/http's own word for it, if it was quick
		return said(openmates.T("%s port %s closed the connection without an answer. Check that the proxy there supports %s and knows this name.", host, port, u.Scheme))
	}
	return said(openmates.T("%s can't be reached from this server. Check the name, the port and the proxy, then try again.", u.Host))
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

func wrong(t openmates.Text) *openmates.Error {
	return &openmates.Error{Code: openmates.EInvalid, Message: t}
}

// tidyURL returns scheme and host of an address, or says what doesn't belong
// there.
func tidyURL(address string) (string, error) {
	address = strings.TrimSpace(address)
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || len(address) > 300 || u.User != nil {
		return "", wrong(openmates.T("Enter an address such as https://mates.example.org."))
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", wrong(openmates.T("OpenMates needs a domain of its own: enter the address without the part after %s.", u.Host))
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

// private reports whether a host can't be reached from the internet, so that
// http is acceptable.
func private(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		a = a.Unmap()
		shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10) // RFC 6598
		return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || shared.Contains(a)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.Contains(host, ".") {
		return true
	}
	// RFC 6762, RFC 8375, RFC 6761, and the name that ICANN reserves for
	// private use.
	for _, end := range []string{".local", ".home.arpa", ".localhost", ".test", ".internal", ".lan"} {
		if strings.HasSuffix(host, end) {
			return true
		}
	}
	return false
}
