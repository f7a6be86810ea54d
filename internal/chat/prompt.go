package chat

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
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

// request puts together what the model is asked: who it is, where it talks,
// what was said before, and the question.
func (r *Room) request(ctx context.Context, q question) (llm.Request, error) {
	system, err := r.system(ctx, q)
	if err != nil {
		return llm.Request{}, err
	}
	past, err := r.past(ctx, q)
	if err != nil {
		return llm.Request{}, fmt.Errorf("read the conversation: %w", err)
	}
	req := llm.Request{System: system, MaxTokens: answerTokens}
	who := speakers{mate: q.asker.Mate.Handle}
	for _, e := range past {
		req.Messages = append(req.Messages,
			llm.Message{Role: llm.RoleUser, Text: said(who.name(e.Author, e.Privacy), e.Question)},
			llm.Message{Role: llm.RoleAssistant, Text: e.Answer})
	}
	req.Messages = append(req.Messages, llm.Message{Role: llm.RoleUser, Text: said(who.name(q.asker.User, q.asker.Privacy), q.in.Text)})
	return req, nil
}

func (r *Room) past(ctx context.Context, q question) ([]openmates.Exchange, error) {
	if q.trial != nil {
		past := slices.Clone(q.trial.Past)
		for i := range past { // an admin tries a mate out alone
			past[i].Author, past[i].Privacy = q.asker.User, q.asker.Privacy
		}
		return past, nil
	}
	return r.cfg.Store.History(ctx, q.in.Conversation(), historyTurns)
}

// Recent topics are the beginnings of questions: a hint, not a record.
const (
	mostTopics   = 5
	topicLetters = 80
)

func (r *Room) system(ctx context.Context, q question) (string, error) {
	facts := promptFacts{Mate: q.asker.Mate, Team: q.asker.Team.Name, Network: q.info.Label, Asker: q.seen()}
	if facts.Asker.Topics && q.asker.Team.ID != 0 {
		topics, err := r.cfg.Store.Topics(ctx, q.asker.Team.ID, q.asker.User.ID, mostTopics)
		if err != nil {
			return "", fmt.Errorf("read recent topics: %w", err)
		}
		for _, t := range topics {
			facts.Topics = append(facts.Topics, topic(t))
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

// seen is the person as the mate may see them.
func (q question) seen() openmates.Seen {
	return q.asker.User.SeenBy(q.asker.Privacy, q.asker.Mate.Handle)
}

// topic is the beginning of a question, on one line.
func topic(question string) string {
	return spelling.Clip(strings.Join(strings.Fields(question), " "), topicLetters)
}

// location is the person's time zone, UTC when it is not known.
func location(name string) *time.Location {
	if loc, err := time.LoadLocation(name); err == nil {
		return loc
	}
	return time.UTC
}

func parsePrompt() (*template.Template, error) {
	return template.New("system.md").Funcs(template.FuncMap{"name": nameable, "line": oneLine, "marked": marked}).Parse(systemPrompt)
}
