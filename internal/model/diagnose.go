package model

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"openmates"
	"openmates/internal/llm"
)

// finding says what a failure means for an admin.
type finding struct {
	sentence openmates.Text // says how to fix it
	later    bool           // the provider may still be right, so saving it unchecked can make sense
}

// diagnose says why a provider's models couldn't be listed, or why it didn't
// answer.
func (r *Room) diagnose(p openmates.Provider, err error) finding {
	k, host := kindOf(p.Kind), hostOf(p)
	if errors.Is(err, context.DeadlineExceeded) {
		return finding{openmates.T("%s didn't answer within %s. Check the address and whether a firewall is blocking this server from %s, then try again.", p.Label, r.cfg.Patience, host), true}
	}
	e, ok := errors.AsType[*llm.Error](err)
	if !ok {
		if openmates.CodeOf(err) == openmates.EInvalid {
			return finding{openmates.TextOf(err), false}
		}
		return finding{openmates.T("%s couldn't be reached. The reason is in this server's log.", p.Label), true}
	}
	switch e.Kind {
	case llm.KindBadKey:
		return finding{badKey(p, k), false}
	case llm.KindBarred:
		return finding{openmates.T("%s doesn't serve this server: its country isn't supported, or a firewall in between blocks it. Choose another provider, or check the firewall.", p.Label), true}
	case llm.KindNoCredit:
		return finding{noCredit(p, k), true}
	case llm.KindRateLimited:
		return finding{openmates.T("%s is getting too many requests with this key. Wait a minute, then check again.", p.Label), true}
	case llm.KindNoModel:
		return finding{noAPI(p), true}
	case llm.KindUnavailable, llm.KindCut:
		return r.unreachable(p, e, host)
	}
	return strange(p, e)
}

func badKey(p openmates.Provider, k Kind) openmates.Text {
	page := k.keyPage(p.URL)
	switch {
	case p.Key == "" && !p.Fixed:
		return wantsKey(p.Label, page)
	case p.Fixed:
		sentence := openmates.T("%s doesn't accept the key from this server's settings. Create a new one, enter it there, and restart the server.", p.Label)
		return madeAt(sentence, page)
	}
	sentence := openmates.T("%s doesn't accept this key: it's mistyped or has been revoked. Copy the whole key again, or create a new one, and enter it here.", p.Label)
	return madeAt(sentence, page)
}

func wantsKey[S ~string](provider S, page string) openmates.Text {
	sentence := openmates.T("%s requires a key. Create one and enter it here.", provider)
	return madeAt(sentence, page)
}

// madeAt adds where keys are created, if that is known.
func madeAt(sentence openmates.Text, page string) openmates.Text {
	if page == "" {
		return sentence
	}
	where := openmates.T("You can create keys at %s.", page)
	return openmates.T("%s %s", sentence, where)
}

func noCredit(p openmates.Provider, k Kind) openmates.Text {
	sentence := openmates.T("The key is right, but its account at %s is out of credit. Add some, then check again.", p.Label)
	if k.Billing == "" {
		return sentence
	}
	where := openmates.T("Add credit at %s.", k.Billing)
	return openmates.T("%s %s", sentence, where)
}

func noAPI(p openmates.Provider) openmates.Text {
	if p.URL != "" && !strings.HasSuffix(strings.TrimRight(p.URL, "/"), "/v1") {
		return openmates.T("There's a server at %s, but no API (404). API addresses usually end with /v1: try %s/v1.", p.URL, strings.TrimRight(p.URL, "/"))
	}
	return openmates.T("%s answers, but has no list of models there (404). Check the address; if it's right, save it without the check and add models by name.", p.Label)
}

// strange describes a response that isn't from this kind of API.
func strange(p openmates.Provider, e *llm.Error) finding {
	words := e.Err.Error()
	var syntax *json.SyntaxError
	switch {
	case strings.Contains(words, "HTTP request to an HTTPS server"):
		return finding{openmates.T("The server at %s uses https. Start the address with https:// instead of http://.", p.URL), false}
	case e.Status/100 == 3:
		return finding{openmates.T("The server at %s redirects (%d). Enter the address it redirects to; often only https:// or part of the path is missing.", hostOf(p), e.Status), false}
	case strings.Contains(words, "web page"), errors.As(e.Err, &syntax) && strings.Contains(words, "'<'"):
		return finding{openmates.T("There's a web page at %s, not an API. The API's address usually ends with /v1; see the service's documentation.", hostOf(p)), false}
	}
	if p.Kind == KindCompatible {
		return finding{openmates.T("%s answers, but not as OpenAI's API does. Check that the address belongs to this kind of provider.", hostOf(p)), true}
	}
	return finding{openmates.T("%s answers, but not as the API of %s does. Check that the address belongs to this kind of provider.", hostOf(p), kindOf(p.Kind).Label), true}
}

// unreachable distinguishes network problems.
func (r *Room) unreachable(p openmates.Provider, e *llm.Error, host string) finding {
	if e.Status != 0 {
		return finding{openmates.T("%s is having problems (status %d). There's nothing to fix on your side; try again in a few minutes.", p.Label, e.Status), true}
	}
	if f, ok := tlsTrouble(e.Err, p, host); ok {
		return f
	}
	dns, isDNS := errors.AsType[*net.DNSError](e.Err)
	timeout, isNet := errors.AsType[net.Error](e.Err)
	switch {
	case isDNS && dns.IsNotFound:
		return finding{openmates.T("There's no host named %q. Check the address for typos.", dns.Name), false}
	case isDNS:
		return finding{openmates.T("This server couldn't resolve the name %q. Check its internet connection and its name server.", dns.Name), true}
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return finding{refused(p, host), true}
	case errors.Is(e.Err, syscall.ENETUNREACH), errors.Is(e.Err, syscall.EHOSTUNREACH):
		return finding{openmates.T("This server has no network route to %s. Check its internet connection and its firewall.", host), true}
	case isNet && timeout.Timeout():
		return finding{openmates.T("There's no answer at %s. Check the address and whether a firewall is blocking it.", host), true}
	case errors.Is(e.Err, syscall.ECONNRESET), errors.Is(e.Err, io.EOF), errors.Is(e.Err, io.ErrUnexpectedEOF):
		return finding{openmates.T("%s closed the connection without an answer. Check the port, and http:// against https://.", host), true}
	}
	return finding{openmates.T("%s couldn't be reached at %s. Check the address, then try again; the reason is in the log.", p.Label, host), true}
}

func tlsTrouble(err error, p openmates.Provider, host string) (finding, bool) {
	if strings.Contains(err.Error(), "HTTP response to HTTPS client") {
		return finding{openmates.T("The server at %s doesn't support https. Start the address with http:// if it's your own machine.", host), false}, true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return finding{openmates.T("The server at %s doesn't answer with https. Check the port, or start the address with http:// if it's your own machine.", host), false}, true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return finding{openmates.T("The certificate of %s is signed by an authority that this server doesn't trust. Use a certificate from a public authority, or add its authority to this server's system certificates.", host), true}, true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return finding{openmates.T("The certificate at %s is for another name. Enter the address with the name in the certificate.", host), false}, true
	}
	if c, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if c.Reason == x509.Expired {
			return finding{openmates.T("The certificate of %s has expired, or this server's clock is wrong. Renew the certificate or set the clock.", host), true}, true
		}
		return finding{openmates.T("The certificate of %s isn't valid. The person who runs %s has to fix it.", host, p.Label), true}, true
	}
	return finding{}, false
}

// refused says what is probably not running.
func refused(p openmates.Provider, host string) openmates.Text {
	text := openmates.T("Nothing is listening at %s. Is it running there?", host)
	for _, place := range kindOf(p.Kind).Places {
		if u, err := url.Parse(place.URL); err == nil && place.KeyPage == "" && u.Port() == portOf(host) {
			text = openmates.T("Nothing is listening at %s. Is %s running there?", host, place.Label)
		}
	}
	name, _, err := net.SplitHostPort(host)
	if a, e := netip.ParseAddr(name); err == nil && (name == "localhost" || e == nil && a.IsLoopback()) {
		hint := openmates.T("If OpenMates runs in a container, %s is the container itself: try host.docker.internal instead.", name)
		text = openmates.T("%s %s", text, hint)
	}
	return text
}

// modelTrouble is diagnose for a request to one model.
func (r *Room) modelTrouble(p openmates.Provider, model string, err error) openmates.Text {
	if e, ok := errors.AsType[*llm.Error](err); ok {
		switch e.Kind {
		case llm.KindNoModel:
			return openmates.T("%s has no model %q for this key (any more). Choose another one, or refresh the list.", p.Label, model)
		case llm.KindInvalid:
			return openmates.T("%s didn't accept the question for %q. That model may not write text; choose another one.", p.Label, model)
		case llm.KindTooLong, llm.KindFiltered:
			return openmates.T("%s refused to answer a greeting with %q. Choose another model.", p.Label, model)
		}
	}
	return r.diagnose(p, err).sentence
}

// hostOf returns a provider's host, for a message.
func hostOf(p openmates.Provider) string {
	u, err := url.Parse(p.URL)
	if err != nil || u.Host == "" {
		return p.Label
	}
	return u.Host
}

func portOf(host string) string {
	_, port, _ := net.SplitHostPort(host)
	return port
}
