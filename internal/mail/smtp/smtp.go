// Package smtp sends mail by SMTP (RFC 5321), each message over its own
// connection, since a server of mates sends few.
//
// Every failure has a sentence that says how to fix it. Passwords are only sent
// over encrypted connections or to this machine, and a certificate must belong
// to the host.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	gomail "github.com/wneessen/go-mail"

	"openmates"
	"openmates/internal/mail"
)

// usualPatience is how long a mail server may take.
const usualPatience = 20 * time.Second

// Config configures a Sender. Every field has a default.
type Config struct {
	Roots    *x509.CertPool // nil = the system's
	Patience time.Duration
}

// Sender is a mail.Sender.
type Sender struct {
	roots    *x509.CertPool
	patience time.Duration
}

var _ mail.Sender = (*Sender)(nil)

// New returns a Sender.
func New(c Config) *Sender {
	if c.Patience == 0 {
		c.Patience = usualPatience
	}
	return &Sender{roots: c.Roots, patience: c.Patience}
}

// Send sends a message through the mail server.
func (s *Sender) Send(ctx context.Context, set mail.Settings, m mail.Message) error {
	message, err := compose(set, m)
	if err != nil {
		return err
	}
	client, err := s.client(set)
	if err != nil {
		return &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("The mail settings can't be used. Check host and port."), Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, message); err != nil {
		return hide(diagnose(set, m, err), set)
	}
	return nil
}

func compose(set mail.Settings, m mail.Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(set.Name, set.From); err != nil {
		return nil, &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("The sender's address can't be used. Enter one such as mates@example.org."), Err: err}
	}
	if err := msg.To(m.To); err != nil {
		return nil, &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("The recipient's address can't be used. Check the spelling."), Err: err}
	}
	msg.Subject(strings.Join(strings.Fields(m.Subject), " "))
	msg.SetDate()
	msg.SetMessageID()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no automatic replies
	if m.Language != "" {
		msg.SetGenHeader("Content-Language", m.Language) // RFC 3282
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

func (s *Sender) client(set mail.Settings) (*gomail.Client, error) {
	opts := []gomail.Option{
		gomail.WithPort(set.Port), gomail.WithTimeout(s.patience), gomail.WithoutNoop(),
		gomail.WithTLSConfig(&tls.Config{ServerName: set.Host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}),
	}
	switch set.Security {
	case mail.TLS:
		opts = append(opts, gomail.WithSSL())
	case mail.Plain:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if set.Username != "" {
		opts = append(opts, gomail.WithSMTPAuth(authType(set)), gomail.WithUsername(set.Username), gomail.WithPassword(set.Password.Reveal()))
	}
	return gomail.NewClient(set.Host, opts...)
}

// authType leaves the choice to what the server offers. Without encryption the
// library then only uses methods that hide the password, except on this
// machine.
func authType(set mail.Settings) gomail.SMTPAuthType {
	if set.Security == mail.Plain && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, set.Host) {
		return gomail.SMTPAuthPlainNoEnc
	}
	return gomail.SMTPAuthAutoDiscover
}

// hide keeps a response that repeats the password out of the log.
func hide(err *openmates.Error, set mail.Settings) error {
	if set.Password != "" && strings.Contains(err.Err.Error(), set.Password.Reveal()) {
		err.Err = errors.New("the answer of the mail server repeats the password")
	}
	return err
}

// diagnose says what is wrong and how to fix it.
func diagnose(set mail.Settings, m mail.Message, err error) *openmates.Error {
	at := net.JoinHostPort(set.Host, strconv.Itoa(set.Port))
	say := func(code openmates.Code, t openmates.Text) *openmates.Error {
		return &openmates.Error{Code: code, Message: t, Err: err}
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return say(openmates.EInvalid, openmates.T("There's no mail server named %s. Check the host for typos; you'll find it in your mail provider's help pages.", set.Host))
	}
	if sentence := ofTLS(set, err); sentence != "" {
		return say(openmates.EInvalid, sentence)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return say(openmates.EInvalid, openmates.T("Nothing answers at %s. Check the port: it is usually 465 for TLS and 587 for STARTTLS.", at))
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return say(openmates.EUnavailable, openmates.T("There's no network route from this server to %s. Check its network, then try again.", set.Host))
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return say(openmates.EUnavailable, openmates.T("%s didn't answer in time. Check the port and the encryption; many hosting providers block outgoing mail by default.", at))
	}
	if e, ok := errors.AsType[*gomail.SendError](err); ok {
		return ofSending(set, m, e, say)
	}
	return ofSignIn(set, err, say)
}

type sayer func(code openmates.Code, t openmates.Text) *openmates.Error

func ofSignIn(set mail.Settings, err error, say sayer) *openmates.Error {
	text := err.Error()
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		switch {
		case slices.Contains([]int{534, 535, 538}, e.Code):
			return say(openmates.EInvalid, openmates.T("%s rejected the username or the password. Enter both again; if the mailbox uses two-factor sign-in, create an app password with your provider.", set.Host))
		case e.Code == 421 || e.Code == 454:
			return say(openmates.EUnavailable, openmates.T("%s is too busy right now. Try again in a few minutes.", set.Host))
		case e.Code == 530:
			return say(openmates.EInvalid, openmates.T("%s requires you to sign in. Enter the username and password of the mailbox.", set.Host))
		}
	}
	switch {
	case strings.Contains(text, "unencrypted connection"), errors.Is(err, gomail.ErrNoSupportedAuthDiscovered),
		errors.Is(err, gomail.ErrPlainAuthNotSupported), strings.Contains(text, "does not support SMTP AUTH"):
		if set.Security == mail.Plain {
			return say(openmates.EInvalid, openmates.T("%s only accepts the password unencrypted, and the connection isn't encrypted. Choose TLS or STARTTLS.", set.Host))
		}
		return say(openmates.EInvalid, openmates.T("%s doesn't support a sign-in method that OpenMates knows. Leave username and password empty, or use another port.", set.Host))
	case strings.Contains(text, "SMTP AUTH failed"):
		return say(openmates.EInvalid, openmates.T("%s rejected the username or the password. Enter both again; if the mailbox uses two-factor sign-in, create an app password with your provider.", set.Host))
	case strings.Contains(text, "EOF"), errors.Is(err, syscall.ECONNRESET), strings.Contains(text, "short response"), strings.Contains(text, "malformed"):
		return say(openmates.EInvalid, openmates.T("There's no mail server at %s port %d, or it expects TLS from the start. Check the port and choose TLS for 465, STARTTLS for 587.", set.Host, set.Port))
	}
	return say(openmates.EUnavailable, openmates.T("%s couldn't be used. Check host, port and encryption, then try again; the mail server's answer is in the log.", set.Host))
}

// ofSending describes what was rejected after the connection was established.
func ofSending(set mail.Settings, m mail.Message, e *gomail.SendError, say sayer) *openmates.Error {
	switch {
	case e.ErrorCode() == 530:
		return say(openmates.EInvalid, openmates.T("%s requires you to sign in. Enter the username and password of the mailbox.", set.Host))
	case e.Reason == gomail.ErrSMTPMailFrom || e.Reason == gomail.ErrGetSender:
		return say(openmates.EInvalid, openmates.T("%s doesn't send mail for %s. Use the address of the mailbox, or one that the provider allows.", set.Host, set.From))
	case e.IsTemp():
		return say(openmates.EUnavailable, openmates.T("%s can't accept the message right now. Try again in a few minutes.", set.Host))
	case e.Reason == gomail.ErrSMTPRcptTo:
		return say(openmates.EInvalid, openmates.T("%s doesn't accept mail for %s. Check the address.", set.Host, m.To))
	case e.Reason == gomail.ErrSMTPData || e.Reason == gomail.ErrSMTPDataClose || e.Reason == gomail.ErrWriteContent:
		return say(openmates.EInvalid, openmates.T("%s rejected the message. Check that your domain allows this server to send for %s (SPF and DKIM); its answer is in the log.", set.Host, set.From))
	}
	return say(openmates.EUnavailable, openmates.T("%s closed the connection while the message was being sent. Try again.", set.Host))
}

func ofTLS(set mail.Settings, err error) openmates.Text {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return openmates.T("The mail server's certificate isn't for %s. Enter the name in the certificate; you'll find it in your provider's help pages.", set.Host)
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return openmates.T("The certificate of %s comes from an authority that this server doesn't trust. Use one from a known authority, or add yours to this server.", set.Host)
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if e.Reason == x509.Expired {
			return openmates.T("The certificate of %s has expired, or this server's clock is wrong. Renew the certificate or set the clock.", set.Host)
		}
		return openmates.T("The certificate of %s isn't valid. Install a valid one on the mail server.", set.Host)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return openmates.T("On port %d, %s doesn't start with TLS. Choose STARTTLS, usually on 587, or the port for TLS, usually 465.", set.Port, set.Host)
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return openmates.T("%s refused the encrypted connection. Check its certificate, or choose another port.", set.Host)
	}
	if set.Security == mail.StartTLS && strings.Contains(err.Error(), "STARTTLS") {
		return openmates.T("%s doesn't offer STARTTLS on port %d. Choose TLS with its port, usually 465; use no encryption only within your own network.", set.Host, set.Port)
	}
	return ""
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}
