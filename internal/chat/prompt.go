package chat

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"text/template"
	"time"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/spelling"
)

//go:embed prompts/system.md
var systemPrompt string

// promptFacts is what the system prompt may tell the model.
type promptFacts struct {
	Mate    openmates.Mate
	Team    string
	Network string
	Asker   openmates.Seen // what the person lets this mate see
	Topics  []string
	Now     string
}

// request assembles the request to the model: who it is, where it talks, what
// was said before, and the question.
func (r *Room) request(ctx context.Context, t *turn) (llm.Request, error) {
	system, err := r.system(ctx, t)
	if err != nil {
		return llm.Request{}, err
	}
	past, err := t.source.past(ctx, t)
	if err != nil {
		return llm.Request{}, fmt.Errorf("read the conversation: %w", err)
	}
	req := llm.Request{System: system, MaxTokens: answerTokens}
	who := speakers{mate: t.asker.Mate.Handle}
	for _, e := range past {
		req.Messages = append(req.Messages,
			llm.Message{Role: llm.RoleUser, Text: said(who.name(e.Author, e.Privacy), words(e.Question, e.Shown))})
		if e.Answer != "" { // it was stopped before its first word
			req.Messages = append(req.Messages, llm.Message{Role: llm.RoleAssistant, Text: e.Answer})
		}
	}
	req.Messages = append(req.Messages, llm.Message{
		Role: llm.RoleUser, Text: said(who.name(t.asker.User, t.asker.Privacy), words(t.in.Text, t.shown.text)), Pictures: t.shown.pictures,
	})
	return req, nil
}

// Recent topics are the beginnings of questions: a hint, not a record.
const (
	mostTopics   = 5
	topicLetters = 80
)

func (r *Room) system(ctx context.Context, t *turn) (string, error) {
	facts := promptFacts{Mate: t.asker.Mate, Team: t.asker.Team.Name, Network: t.info.Label, Asker: t.seen()}
	if facts.Asker.Topics && t.asker.Team.ID != 0 {
		topics, err := r.cfg.Store.Topics(ctx, t.asker.Team.ID, t.asker.User.ID, mostTopics)
		if err != nil {
			return "", fmt.Errorf("read recent topics: %w", err)
		}
		for _, q := range topics {
			facts.Topics = append(facts.Topics, topic(q))
		}
	}
	now := r.cfg.Clock().In(location(facts.Asker.TimeZone))
	facts.Now = now.Format("Monday, 2 January 2006, 15:04 MST")
	var b strings.Builder
	if err := r.prompt.Execute(&b, facts); err != nil {
		return "", fmt.Errorf("write the system prompt: %w", err)
	}
	return b.String(), nil
}

// seen returns the person as the mate may see them.
func (t *turn) seen() openmates.Seen {
	return t.asker.User.SeenBy(t.asker.Privacy, t.asker.Mate.Handle)
}

// topic returns the start of a question, on one line.
func topic(question string) string {
	return spelling.Clip(strings.Join(strings.Fields(question), " "), topicLetters)
}

// location returns a time zone, or UTC if it is unknown.
func location(name string) *time.Location {
	if loc, err := time.LoadLocation(name); err == nil {
		return loc
	}
	return time.UTC
}

func parsePrompt() (*template.Template, error) {
	return template.New("system.md").Funcs(template.FuncMap{"name": nameable, "line": oneLine, "marked": marked}).Parse(systemPrompt)
}
