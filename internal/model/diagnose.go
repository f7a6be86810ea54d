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

// finding is what a failure means for an admin.
type finding struct {
	sentence openmates.Text // with its cure
	later    bool           // the provider may be right all the same: saving it unchecked can make sense
}

// diagnose finds out why a provider could not be asked for its models, or did
// not answer.
func (r *Room) diagnose(p openmates.Provider, err error) finding {
	k, host := kindOf(p.Kind), hostOf(p)
	if errors.Is(err, context.DeadlineExceeded) {
		return finding{openmates.T("%s did not answer within %s. Check the address and whether a firewall stands between this server and %s, then try again.", p.Label, r.cfg.Patience, host), true}
	}
	e, ok := errors.AsType[*llm.Error](err)
	if !ok {
		if openmates.CodeOf(err) == openmates.EInvalid {
			return finding{openmates.TextOf(err), false}
		}
		return finding{openmates.T("%s could not be asked. The log of this server has the reason.", p.Label), true}
	}
	switch e.Kind {
	case llm.KindBadKey:
		return finding{badKey(p, k), false}
	case llm.KindNoCredit:
		return finding{noCredit(p, k), true}
	case llm.KindRateLimited:
		return finding{openmates.T("%s has too many requests from this key at the moment. Wait a minute, then check again.", p.Label), true}
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
		sentence := openmates.T("%s does not accept the key from this server's settings. Make a new one, put it there, and start the server again.", p.Label)
		return madeAt(sentence, page)
	}
	sentence := openmates.T("%s does not accept this key: it is mistyped or was revoked. Copy it again as a whole, or make a new one, and enter it here.", p.Label)
	return madeAt(sentence, page)
}

func wantsKey[S ~string](provider S, page string) openmates.Text {
	sentence := openmates.T("%s wants a key. Make one and enter it here.", provider)
	return madeAt(sentence, page)
}

// madeAt adds where keys are made, as far as that is known.
func madeAt(sentence openmates.Text, page string) openmates.Text {
	if page == "" {
		return sentence
	}
	where := openmates.T("Keys are made at %s.", page)
	return openmates.T("%s %s", sentence, where)
}

func noCredit(p openmates.Provider, k Kind) openmates.Text {
	sentence := openmates.T("The key is right, but its account at %s has no credit left. Add some, then check again.", p.Label)
	if k.Billing == "" {
		return sentence
	}
	where := openmates.T("Credit is added at %s.", k.Billing)
	return openmates.T("%s %s", sentence, where)
}

func noAPI(p openmates.Provider) openmates.Text {
	if p.URL != "" && !strings.HasSuffix(strings.TrimRight(p.URL, "/"), "/v1") {
		return openmates.T("There is a server at %s, but no API (it answers 404). Such an address usually ends with /v1: try %s/v1.", p.URL, strings.TrimRight(p.URL, "/"))
	}
	return openmates.T("%s answers, but has no list of models there (404). Check the address; if it is right, save it unchecked and add models by their names.", p.Label)
}

// strange is an answer that this kind of API does not give.
func strange(p openmates.Provider, e *llm.Error) finding {
	words := e.Err.Error()
	var syntax *json.SyntaxError
	switch {
	case strings.Contains(words, "HTTP request to an HTTPS server"):
		return finding{openmates.T("The server at %s speaks https. Begin the address with https:// instead of http://.", p.URL), false}
	case e.Status/100 == 3:
		return finding{openmates.T("The server at %s sends the request elsewhere (%d). Enter the address that it leads to; often it only lacks https:// or a part of the path.", hostOf(p), e.Status), false}
	case strings.Contains(words, "web page"), errors.As(e.Err, &syntax) && strings.Contains(words, "'<'"):
		return finding{openmates.T("At %s there is a web page, not an API. The API's address usually ends with /v1; the documentation of the service names it.", hostOf(p)), false}
	}
	if p.Kind == KindCompatible {
		return finding{openmates.T("%s answers, but not as OpenAI's API does. Check that the address belongs to this kind of provider.", hostOf(p)), true}
	}
	return finding{openmates.T("%s answers, but not as the API of %s does. Check that the address belongs to this kind of provider.", hostOf(p), kindOf(p.Kind).Label), true}
}

// unreachable tells the troubles of a network apart.
func (r *Room) unreachable(p openmates.Provider, e *llm.Error, host string) finding {
	if e.Status != 0 {
		return finding{openmates.T("%s has trouble of its own (status %d). That is nothing you can mend; check again in some minutes.", p.Label, e.Status), true}
	}
	if f, ok := tlsTrouble(e.Err, p, host); ok {
		return f
	}
	dns, isDNS := errors.AsType[*net.DNSError](e.Err)
	timeout, isNet := errors.AsType[net.Error](e.Err)
	switch {
	case isDNS && dns.IsNotFound:
		return finding{openmates.T("There is no host named %q. Check the address for typing errors.", dns.Name), false}
	case isDNS:
		return finding{openmates.T("This server could not look up the name %q. Check its connection to the internet and its name server.", dns.Name), true}
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return finding{refused(p, host), true}
	case errors.Is(e.Err, syscall.ENETUNREACH), errors.Is(e.Err, syscall.EHOSTUNREACH):
		return finding{openmates.T("This server has no way to %s. Check its connection to the internet and its firewall.", host), true}
	case isNet && timeout.Timeout():
		return finding{openmates.T("Nothing answers at %s. Check the address and whether a firewall stands between.", host), true}
	case errors.Is(e.Err, syscall.ECONNRESET), errors.Is(e.Err, io.EOF), errors.Is(e.Err, io.ErrUnexpectedEOF):
		return finding{openmates.T("%s closed the connection without an answer. Check the port, and http:// against https://.", host), true}
	}
	return finding{openmates.T("%s could not be reached at %s. Check the address, then try again; the log has the reason.", p.Label, host), true}
}

func tlsTrouble(err error, p openmates.Provider, host string) (finding, bool) {
	if strings.Contains(err.Error(), "HTTP response to HTTPS client") {
		return finding{openmates.T("The server at %s does not speak https. Begin the address with http:// if it is a machine of your own.", host), false}, true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return finding{openmates.T("What answers at %s is not https. Check the port, or begin the address with http:// if it is a machine of your own.", host), false}, true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return finding{openmates.T("The certificate of %s is signed by nobody that this server trusts. Give it a certificate of a public authority, or add its own authority to the system's certificates of this server.", host), true}, true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return finding{openmates.T("The certificate at %s was made for another name. Enter the address under the name that the certificate has.", host), false}, true
	}
	if c, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if c.Reason == x509.Expired {
			return finding{openmates.T("The certificate of %s is out of date, or the clock of this server is wrong. Renew the one or set the other.", host), true}, true
		}
		return finding{openmates.T("The certificate of %s is not valid. Whoever runs %s has to mend it.", host, p.Label), true}, true
	}
	return finding{}, false
}

// refused names what is probably not running.
func refused(p openmates.Provider, host string) openmates.Text {
	text := openmates.T("Nothing listens at %s. Is it running there?", host)
	for _, place := range kindOf(p.Kind).Places {
		if u, err := url.Parse(place.URL); err == nil && place.KeyPage == "" && u.Port() == portOf(host) {
			text = openmates.T("Nothing listens at %s. Is %s running there?", host, place.Label)
		}
	}
	name, _, err := net.SplitHostPort(host)
	if a, e := netip.ParseAddr(name); err == nil && (name == "localhost" || e == nil && a.IsLoopback()) {
		hint := openmates.T("If OpenMates runs in a container, %s is the container itself: try host.docker.internal instead.", name)
		text = openmates.T("%s %s", text, hint)
	}
	return text
}

// modelTrouble is diagnose for a question to one model.
func (r *Room) modelTrouble(p openmates.Provider, model string, err error) openmates.Text {
	if e, ok := errors.AsType[*llm.Error](err); ok {
		switch e.Kind {
		case llm.KindNoModel:
			return openmates.T("%s has no model %q for this key (any more). Choose another one, or refresh the list.", p.Label, model)
		case llm.KindInvalid:
			return openmates.T("%s did not accept the question for %q. It may be a model that writes no text; choose another one.", p.Label, model)
		case llm.KindTooLong, llm.KindFiltered:
			return openmates.T("%s refuses to answer a greeting with %q. Choose another model.", p.Label, model)
		}
	}
	return r.diagnose(p, err).sentence
}

// hostOf is where a provider is, for a sentence.
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
