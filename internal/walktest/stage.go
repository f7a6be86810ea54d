package walktest

import (
	"strings"
	"testing"

	"openmates/internal/llm/llmtest"
	"openmates/internal/messenger/discord/discordtest"
)

// Stage is what a walk needs besides the program: Discord and a model.
type Stage struct {
	*Program // nil until it runs
	Sim      *discordtest.Server
	Model    *llmtest.Server
	Known    []string // facts about people; the model repeats those that it is told
}

// NewStage returns a stage. The program isn't running yet.
func NewStage(t *testing.T, known ...string) *Stage {
	t.Helper()
	s := &Stage{Known: known, Sim: discordtest.Start(t, discordtest.Config{MaxConcurrency: 16})}
	s.Model = llmtest.Start(t, llmtest.Config{Models: []string{"gpt-5-mini"}, Answer: s.repeat})
	return s
}

// Settings returns the environment of a program that uses this Discord.
func (s *Stage) Settings() map[string]string {
	return map[string]string{"OPENMATES_DISCORD_API": s.Sim.API(), "OPENMATES_DISCORD_AUTHORIZE": s.Sim.Authorize()}
}

// Serve returns the arguments of a server with its data in the test's folder.
func Serve(t *testing.T) []string {
	return []string{"serve", "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--log-level", "debug"}
}

// ModelsEnd is how each answer of the model ends.
const ModelsEnd = "That is all I was told."

// repeat is the model: it repeats what it was told about the person who asks.
func (s *Stage) repeat(q llmtest.Question) llmtest.Reply {
	var told []string
	for _, fact := range s.Known {
		if strings.Contains(q.System, fact) {
			told = append(told, fact)
		}
	}
	return llmtest.Reply{Text: strings.Join(append(told, ModelsEnd), "\n")}
}

// Password returns a person's password.
func Password(username string) string { return "three quiet boats of " + username }

// Fact returns a person's value for the field with this name.
func Fact(name, username string) string { return "the " + name + " of " + username }

// Facts returns all facts about a person.
func Facts(username string) []string {
	return []string{Fact("tone", username), Fact("about", username), Fact("goals", username)}
}

// What a mate answers who it must not talk to, to the letter.
const (
	Unlinked    = "Please connect first your Discord account with your OpenMates account"
	Unconnected = "Please connect first the Discord guilde with your team."
	NoMember    = "Your Discord account is linked, but you aren't a member of the team Lighthouse that this Discord server belongs to. Ask one of its admins to invite you."
)
