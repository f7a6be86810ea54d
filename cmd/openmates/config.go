package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"openmates"
)

// settings are everything that can be set with flags (--discord-api) or in
// the environment (OPENMATES_DISCORD_API). A secret can also be read from the
// file that OPENMATES_…_FILE names. What a team may change is in the database,
// not here.
type settings struct {
	Addr string   `default:"127.0.0.1:8080" help:"Where the web interface and the API listen, as HOST:PORT. Port 0 takes a free one."`
	Data string   `default:"data" type:"path" help:"Folder for the database, the key and the locks. Created at the first start."`
	URL  string   `help:"Address where people reach the web interface, such as https://mates.example.org. The server answers to the name in it, and to localhost. Empty: derived from --addr, until an admin sets one."`
	Role []string `default:"all" enum:"all,web,listen,work" help:"What this process does: all, or some of web, listen and work if several processes share one database, such as web,work."`
	Bot  []string `help:"Handles of the mates that a process with the role listen listens for. Empty: all."`

	Proxies []string `help:"Addresses or networks (10.0.0.0/8) of proxies in front of the server. OpenMates trusts what they say about where a request came from. Empty: no proxy is trusted."`

	DatabaseURL sealed `help:"PostgreSQL address (postgres://…). Empty: SQLite in the data folder."`
	NATSURL     sealed `name:"nats-url" help:"NATS server (nats://…) that wakes processes when there is work. Empty: only one process at a time works."`
	Key         sealed `help:"Key that encrypts stored credentials, 32 bytes in base64. Empty: a key file in the data folder, created at the first start."`

	DiscordAPI       string `name:"discord-api" default:"https://discord.com/api" help:"Base address of Discord's API."`
	DiscordAuthorize string `name:"discord-authorize" default:"https://discord.com/oauth2/authorize" help:"Address of Discord's consent page."`

	Model        string `help:"Default model as PROVIDER/MODEL, such as openai/gpt-5-mini, used if neither a mate nor the Providers page names one. Empty: the enabled model that fits best."`
	OpenAIURL    string `name:"openai-url" default:"https://api.openai.com/v1" help:"Base address of the OpenAI API, or of any compatible server (Ollama, vLLM, OpenRouter …)."`
	OpenAIKey    sealed `name:"openai-key" help:"Key for the OpenAI API. Leave it empty for a server that needs no key."`
	AnthropicURL string `name:"anthropic-url" default:"https://api.anthropic.com" help:"Base address of the Anthropic API."`
	AnthropicKey sealed `help:"Key for the Anthropic API."`
	GoogleURL    string `name:"google-url" default:"https://generativelanguage.googleapis.com" help:"Base address of the Google Gemini API."`
	GoogleKey    sealed `help:"Key for the Google Gemini API."`

	WebAnyAddress bool `name:"web-any-address" help:"Let mates also read web addresses that the model comes up with. By default they only read addresses from the conversation, or from a page that they have just read; otherwise a page or a message could make a model leak the conversation in an address."`

	Workers int           `default:"64" help:"Maximum number of replies written at once."`
	Stream  bool          `default:"true" negatable:"" help:"Show an answer while it is being written."`
	Grace   time.Duration `default:"8s" help:"How long replies may continue after the process is asked to stop. The rest is answered after the next start."`

	LogLevel string `default:"info" enum:"debug,info,warn,error" help:"How much is logged: debug, info, warn or error."`
	backupTo string `kong:"-"` // set by the backup command

	LogFormat string `default:"text" enum:"text,json" help:"Log format: text or json."`

	person string // the user that an admin command is about; not a setting
}

// sealed is a setting whose value is never printed.
type sealed string

// Decode implements kong.MapperValue.
func (s *sealed) Decode(ctx *kong.DecodeContext) error {
	return ctx.Scan.PopValueInto("secret", (*string)(s))
}

// String returns a mask instead of the value.
func (s sealed) String() string { return openmates.Secret(s).String() }

// GoString returns the mask for %#v.
func (s sealed) GoString() string { return s.String() }

func (s sealed) reveal() openmates.Secret { return openmates.Secret(s) }

// commandLine is what can be typed after "openmates".
type commandLine struct {
	settings

	Serve  struct{}      `cmd:"" default:"1" help:"Run the server (the default command)."`
	Demo   struct{}      `cmd:"" help:"Try everything with a simulated Discord and a scripted model; no account needed."`
	Config struct{}      `cmd:"" help:"Show every setting with its default and what it does."`
	Health struct{}      `cmd:"" help:"Check whether the server at --addr is running; see the exit code."`
	Admin  adminCommands `cmd:"" help:"Help people who can't sign in. Run it on the server's machine; the server may be running."`
	Backup struct {
		File string `arg:"" type:"path" help:"The file to write; it must not exist."`
	} `cmd:"" help:"Back up the SQLite database to a file; the server may be running."`
	Version struct{} `cmd:"" help:"Show the version."`
	Help    struct{} `cmd:"" help:"Show this help."`
}

// adminCommands help when no admin can sign in.
type adminCommands struct {
	ResetPassword   forPerson `cmd:"" help:"Print a one-time link with which a person chooses a new password."`
	ResetSecondStep forPerson `cmd:"" help:"Remove a person's second step and passkeys."`
	MakeAdmin       forPerson `cmd:"" help:"Make a person a server admin."`
}

type forPerson struct {
	User string `arg:"" help:"Their username."`
}

const envPrefix = "OPENMATES_"

// errShown means that everything has already been printed.
var errShown = errors.New("shown")

// parse reads the command line and the environment. set names the settings
// that were given explicitly.
func parse(args []string, env func(string) (string, bool), out io.Writer) (command string, s settings, set map[string]bool, err error) {
	var c commandLine
	set = map[string]bool{}
	done := false
	if len(args) > 0 && args[0] == "help" {
		args = []string{"--help"}
	}
	parser, err := kong.New(&c,
		kong.Name("openmates"),
		kong.Description("AI team mates that live where your team already talks. Every flag --some-thing can also be set as "+envPrefix+"SOME_THING."),
		kong.Writers(out, out),
		kong.Exit(func(int) { done = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Resolvers(environment(env)),
	)
	if err != nil {
		return "", s, nil, fmt.Errorf("describe the command line: %w", err)
	}
	ctx, err := parser.Parse(args)
	if done {
		return "", s, nil, errShown
	}
	if err != nil {
		return "", s, nil, wrongSetting(err)
	}
	for _, p := range ctx.Path {
		if p.Flag != nil {
			set[p.Flag.Name] = true
		}
	}
	if err := c.settings.check(); err != nil {
		return "", s, nil, err
	}
	c.settings.backupTo = c.Backup.File
	command = strings.TrimSuffix(ctx.Command(), " <user>")
	for name, p := range map[string]forPerson{resetPassword: c.Admin.ResetPassword, resetSecondStep: c.Admin.ResetSecondStep, makeAdmin: c.Admin.MakeAdmin} {
		if command == name {
			c.settings.person = p.User
		}
	}
	return command, c.settings, set, nil
}

func wrongSetting(err error) error {
	return &openmates.Error{
		Code:    openmates.EInvalid,
		Message: openmates.T("The settings aren't valid: %s. `openmates config` lists them all.", err.Error()),
	}
}

// environment resolves flags from the environment, and secrets also from files.
func environment(env func(string) (string, bool)) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		name := envName(f.Name)
		value, ok := env(name)
		_, isSecret := reflect.TypeAssert[sealed](f.Target)
		if file, given := env(name + "_FILE"); given && isSecret {
			if ok {
				return nil, fmt.Errorf("%s and %s_FILE are both set; one of them is enough", name, name)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("%s_FILE can't be read: %w", name, err)
			}
			value, ok = strings.TrimSpace(string(b)), true
		}
		if !ok || value == "" { // compose files pass unset variables as ""
			return nil, nil
		}
		return value, nil
	})
}

func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// check validates what the types can't. Each error names the setting.
func (s *settings) check() error {
	if _, _, err := net.SplitHostPort(s.Addr); err != nil {
		return invalid("addr", "%q is not of the form HOST:PORT", s.Addr)
	}
	for name, v := range map[string]string{
		"url": s.URL, "discord-api": s.DiscordAPI, "discord-authorize": s.DiscordAuthorize,
		"openai-url": s.OpenAIURL, "anthropic-url": s.AnthropicURL, "google-url": s.GoogleURL,
	} {
		u, err := url.Parse(v)
		if v != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			return invalid(name, "%q is not an address that starts with http:// or https://", v)
		}
	}
	if u := string(s.DatabaseURL); u != "" && !strings.HasPrefix(u, "postgres://") && !strings.HasPrefix(u, "postgresql://") {
		return invalid("database-url", "it must start with postgres://")
	}
	if u := string(s.NATSURL); u != "" && s.DatabaseURL == "" {
		return invalid("nats-url", "it also needs --database-url, because SQLite can't be shared over a network")
	}
	if _, err := s.proxies(); err != nil {
		return err
	}
	if s.Workers < 1 || s.Workers > 10_000 {
		return invalid("workers", "%d is not between 1 and 10000", s.Workers)
	}
	if s.Grace < 0 || s.Grace > 10*time.Minute {
		return invalid("grace", "%s is not between 0s and 10m", s.Grace)
	}
	if len(s.Bot) > 0 && (s.does("web") || s.does("work")) {
		return invalid("bot", "it only works with --role listen")
	}
	return nil
}

// proxies parses --proxies. An address becomes a network with one address.
func (s *settings) proxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range s.Proxies {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, err := netip.ParseAddr(text)
			if err != nil {
				return nil, invalid("proxies", "%q is neither an address nor a network such as 10.0.0.0/8", text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// does reports whether this process has a role.
func (s *settings) does(role string) bool {
	return slices.Contains(s.Role, role) || slices.Contains(s.Role, "all")
}

func invalid(name, format string, args ...any) error {
	return openmates.Errorf(openmates.EInvalid, "The setting --%s (%s) can't be used: %s.", name, envName(name), fmt.Sprintf(format, args...))
}

// unknownSettings lists variables that look like settings but aren't. Most are
// typos.
func unknownSettings(environ []string) []string {
	var unknown []string
	known := map[string]bool{}
	for _, f := range describe() {
		known[f.env] = true
		if f.secret {
			known[f.env+"_FILE"] = true
		}
	}
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, envPrefix) && !strings.HasPrefix(name, envPrefix+"TEST_") && !known[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

type described struct {
	flag, env, def, help string
	secret               bool
}

// describe lists every setting in the order of the struct.
func describe() []described {
	parser, err := kong.New(&commandLine{}, kong.Name("openmates"))
	if err != nil {
		return nil
	}
	var all []described
	for _, f := range parser.Model.Flags {
		if f.Name == "help" {
			continue
		}
		_, isSecret := reflect.TypeAssert[sealed](f.Target)
		all = append(all, described{"--" + f.Name, envName(f.Name), f.Default, f.Help, isSecret})
	}
	return all
}

// printConfig writes every setting with its default and its help.
func printConfig(w io.Writer) {
	for _, d := range describe() {
		env := d.env
		if d.secret {
			env += " or " + d.env + "_FILE"
		}
		fmt.Fprintf(w, "%s\n    %s\n    default: %s\n    %s\n\n", d.flag, env, orNone(d.def), d.help)
	}
}

func orNone(s string) string {
	if s == "" {
		return "(empty)"
	}
	return s
}

func (s *settings) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel))
	opts := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
