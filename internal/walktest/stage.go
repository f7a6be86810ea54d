package walktest

import (
	"strings"
	"testing"

	"openmates/internal/llm/llmtest"
	"openmates/internal/messenger/discord/discordtest"
)

// Stage is what a walk needs beside the program: its Discord and its model.
type Stage struct {
	*Program // nil until it runs
	Sim      *discordtest.Server
	Model    *llmtest.Server
	Known    []string // what people tell of themselves; the model repeats what it is told of it
}

// NewStage opens a stage on which the program does not run yet.
func NewStage(t *testing.T, known ...string) *Stage {
	t.Helper()
	s := &Stage{Known: known, Sim: discordtest.Start(t, discordtest.Config{MaxConcurrency: 16})}
	s.Model = llmtest.Start(t, llmtest.Config{Models: []string{"gpt-5-mini"}, Answer: s.repeat})
	return s
}

// Settings are the environment of a program that speaks to this Discord.
func (s *Stage) Settings() map[string]string {
	return map[string]string{"OPENMATES_DISCORD_API": s.Sim.API(), "OPENMATES_DISCORD_AUTHORIZE": s.Sim.Authorize()}
}

// Serve are the arguments of a server with its data in a folder of the test.
func Serve(t *testing.T) []string {
	return []string{"serve", "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--log-level", "debug"}
}

// ModelsEnd is how each answer of the model ends.
const ModelsEnd = "That is all I was told."

// repeat is the model: it says what it was told of the person who asks.
func (s *Stage) repeat(q llmtest.Question) llmtest.Reply {
	var told []string
	for _, fact := range s.Known {
		if strings.Contains(q.System, fact) {
			told = append(told, fact)
		}
	}
	return llmtest.Reply{Text: strings.Join(append(told, ModelsEnd), "\n")}
}

// Password is the one that somebody chooses.
func Password(username string) string { return "three quiet boats of " + username }

// Fact is what somebody tells of themselves in the field of this name.
func Fact(name, username string) string { return "the " + name + " of " + username }

// Facts are all that somebody tells of themselves.
func Facts(username string) []string {
	return []string{Fact("tone", username), Fact("about", username), Fact("goals", username)}
}

// What a mate answers who it must not talk to, to the letter.
const (
	Unlinked    = "Please connect first your Discord account with your OpenMates account"
	Unconnected = "Please connect first the Discord guilde with your team."
	NoMember    = "Your Discord account is linked, but you aren't a member of the team Lighthouse that this Discord server belongs to. Ask one of its admins to invite you."
)
