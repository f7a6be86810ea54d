// Package smtp sends mail by SMTP (RFC 5321), each message over a connection
// of its own: a server of mates sends few.
//
// It promises that whatever fails has a sentence of its own that names the
// cure. It refuses to send a password over a way that is not encrypted, except
// to this machine, and to take a certificate that does not belong to the host.
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

// usualPatience is for how long a mail server may let one wait.
const usualPatience = 20 * time.Second

// Config holds what a Sender needs. All of it has a default.
type Config struct {
	Roots    *x509.CertPool // nil = those of the system
	Patience time.Duration
}

// Sender is a mail.Sender.
type Sender struct {
	roots    *x509.CertPool
	patience time.Duration
}

var _ mail.Sender = (*Sender)(nil)

// New makes a Sender.
func New(c Config) *Sender {
	if c.Patience == 0 {
		c.Patience = usualPatience
	}
	return &Sender{roots: c.Roots, patience: c.Patience}
}

// Send hands a message to the mail server.
func (s *Sender) Send(ctx context.Context, set mail.Settings, m mail.Message) error {
	message, err := compose(set, m)
	if err != nil {
		return err
	}
	client, err := s.client(set)
	if err != nil {
		return &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("The settings for mail can't be used. Please check host and port."), Err: err}
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
		return nil, &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("The sender's address can't be used. Please enter one such as mates@example.org."), Err: err}
	}
	if err := msg.To(m.To); err != nil {
		return nil, &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("The address to send to can't be used. Please check how it is written."), Err: err}
	}
	msg.Subject(strings.Join(strings.Fields(m.Subject), " "))
	msg.SetDate()
	msg.SetMessageID()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence answers it
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

// authType leaves the choice to what the server offers; without encryption the
// library then takes only ways that hide the password, except on this machine.
func authType(set mail.Settings) gomail.SMTPAuthType {
	if set.Security == mail.Plain && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, set.Host) {
		return gomail.SMTPAuthPlainNoEnc
	}
	return gomail.SMTPAuthAutoDiscover
}

// hide keeps an answer that repeats the password out of the log.
func hide(err *openmates.Error, set mail.Settings) error {
	if set.Password != "" && strings.Contains(err.Err.Error(), set.Password.Reveal()) {
		err.Err = errors.New("the answer of the mail server repeats the password")
	}
	return err
}

// diagnose says what is wrong and how to mend it.
func diagnose(set mail.Settings, m mail.Message, err error) *openmates.Error {
	at := net.JoinHostPort(set.Host, strconv.Itoa(set.Port))
	say := func(code openmates.Code, t openmates.Text) *openmates.Error {
		return &openmates.Error{Code: code, Message: t, Err: err}
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return say(openmates.EInvalid, openmates.T("There is no mail server named %s. Check the host for a typing mistake; your mail provider's help pages name it.", set.Host))
	}
	if sentence := ofTLS(set, err); sentence != "" {
		return say(openmates.EInvalid, sentence)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return say(openmates.EInvalid, openmates.T("Nothing answers at %s. Check the port: it is usually 465 for TLS and 587 for STARTTLS.", at))
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return say(openmates.EUnavailable, openmates.T("There is no way from this machine to %s. Check its network, then try again.", set.Host))
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return say(openmates.EUnavailable, openmates.T("%s does not answer in time. Check the port and the way it is encrypted; many providers of machines block outgoing mail until they are asked.", at))
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
			return say(openmates.EInvalid, openmates.T("%s refuses the username or the password. Type both anew; where the mailbox has a second step, the provider gives out a password for programs.", set.Host))
		case e.Code == 421 || e.Code == 454:
			return say(openmates.EUnavailable, openmates.T("%s is too busy at the moment. Please try again in a few minutes.", set.Host))
		case e.Code == 530:
			return say(openmates.EInvalid, openmates.T("%s wants to know who sends. Enter the username and the password of the mailbox.", set.Host))
		}
	}
	switch {
	case strings.Contains(text, "unencrypted connection"), errors.Is(err, gomail.ErrNoSupportedAuthDiscovered),
		errors.Is(err, gomail.ErrPlainAuthNotSupported), strings.Contains(text, "does not support SMTP AUTH"):
		if set.Security == mail.Plain {
			return say(openmates.EInvalid, openmates.T("%s takes the password only in the clear, and the way there is not encrypted. Choose TLS or STARTTLS.", set.Host))
		}
		return say(openmates.EInvalid, openmates.T("%s asks for no password, or only in ways that are not known here. Leave username and password empty, or use another port.", set.Host))
	case strings.Contains(text, "SMTP AUTH failed"):
		return say(openmates.EInvalid, openmates.T("%s refuses the username or the password. Type both anew; where the mailbox has a second step, the provider gives out a password for programs.", set.Host))
	case strings.Contains(text, "EOF"), errors.Is(err, syscall.ECONNRESET), strings.Contains(text, "short response"), strings.Contains(text, "malformed"):
		return say(openmates.EInvalid, openmates.T("What answers at %s port %d is no mail server, or one that expects TLS from the start. Check the port and choose TLS for 465, STARTTLS for 587.", set.Host, set.Port))
	}
	return say(openmates.EUnavailable, openmates.T("%s could not be used. Check host, port and encryption, then try again; the log has the answer of the mail server.", set.Host))
}

// ofSending names who refused what, once the way to the server stood.
func ofSending(set mail.Settings, m mail.Message, e *gomail.SendError, say sayer) *openmates.Error {
	switch {
	case e.ErrorCode() == 530:
		return say(openmates.EInvalid, openmates.T("%s wants to know who sends. Enter the username and the password of the mailbox.", set.Host))
	case e.Reason == gomail.ErrSMTPMailFrom || e.Reason == gomail.ErrGetSender:
		return say(openmates.EInvalid, openmates.T("%s does not send for %s. Use the address of the mailbox, or one that the provider lets it send for.", set.Host, set.From))
	case e.IsTemp():
		return say(openmates.EUnavailable, openmates.T("%s can't take the message at the moment. Please try again in a few minutes.", set.Host))
	case e.Reason == gomail.ErrSMTPRcptTo:
		return say(openmates.EInvalid, openmates.T("%s takes no mail for %s. Check the address.", set.Host, m.To))
	case e.Reason == gomail.ErrSMTPData || e.Reason == gomail.ErrSMTPDataClose || e.Reason == gomail.ErrWriteContent:
		return say(openmates.EInvalid, openmates.T("%s refuses the message itself. Check that its domain lets this server send for %s (SPF and DKIM); the log has its answer.", set.Host, set.From))
	}
	return say(openmates.EUnavailable, openmates.T("%s hung up while the message was being sent. Please try again.", set.Host))
}

func ofTLS(set mail.Settings, err error) openmates.Text {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return openmates.T("The certificate of the mail server is not for %s. Enter the name that the certificate has; your provider's help pages give it.", set.Host)
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return openmates.T("The certificate of %s comes from nobody that this machine trusts. Give the mail server one of a known authority, or add yours to this machine.", set.Host)
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if e.Reason == x509.Expired {
			return openmates.T("The certificate of %s has expired, or this machine's clock is wrong. Renew the one or set the other.", set.Host)
		}
		return openmates.T("The certificate of %s can't be used. Give the mail server a valid one.", set.Host)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return openmates.T("At port %d %s does not begin with TLS. Choose STARTTLS, which is usual at 587, or the port for TLS, usually 465.", set.Port, set.Host)
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return openmates.T("%s refuses the encrypted connection. Check its certificate, or choose another port.", set.Host)
	}
	if set.Security == mail.StartTLS && strings.Contains(err.Error(), "STARTTLS") {
		return openmates.T("%s offers no STARTTLS at port %d. Choose TLS with its port, usually 465; without encryption only within your own network.", set.Host, set.Port)
	}
	return ""
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}
