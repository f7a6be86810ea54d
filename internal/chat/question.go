package chat

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/queue"
)

// Question is a question to a mate: a Message from a messenger, or an Ask from
// this server. A new source of questions adds a third.
type Question interface {
	// job returns the question as it is journalled. The same question always
	// has the same key.
	job(now time.Time) (queue.Job, error)
}

// The kinds of jobs that the room accepts, next to queue.Message.
const (
	KindAsk   queue.Kind = "question"
	KindTrial queue.Kind = "trial" // its body is removed when the job is closed
)

// Message is a message on a network that means a mate.
type Message messenger.Inbound

func (m Message) job(now time.Time) (queue.Job, error) {
	in := messenger.Inbound(m)
	body, err := json.Marshal(in)
	if err != nil {
		return queue.Job{}, fmt.Errorf("write message %s: %w", in.Key, err)
	}
	return queue.Job{Key: in.Key, Kind: queue.Message, Lane: in.Conversation(), Body: body, Attempt: 1, Accepted: now}, nil
}

// Ask is a question from the API or the pages of this server. It only contains
// IDs: who asks, and with which rights, is looked up when it is answered.
type Ask struct {
	// Ticket lets its owner ask the same question again for the same answer.
	// Without one, the answer is cancelled when nobody waits for it any more.
	Ticket string
	Team   openmates.ID // whose limits apply and who pays; for a trial, 0 = the server alone
	User   openmates.ID
	Mate   openmates.ID
	Text   string
	// Language is the caller's, in case the person has set none; "" = unknown.
	Language string
	// Trial is for a server admin who tries a mate, even a disabled one.
	// Nothing of a trial is remembered: it includes its own Past.
	Trial bool
	Past  []Said
}

// Said is a question and its answer.
type Said struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

// asked is the body of an Ask's job.
type asked struct {
	Team     openmates.ID `json:"team,omitzero"`
	User     openmates.ID `json:"user"`
	Mate     openmates.ID `json:"mate"`
	Text     string       `json:"text"`
	Language string       `json:"language,omitempty"`
	At       time.Time    `json:"at"`
	Past     []Said       `json:"past,omitempty"`
}

// The networks under which an Ask's turn is recorded: places on this server,
// without a connector.
const (
	networkAPI   openmates.Network = "api"
	networkTrial openmates.Network = "try"
)

func (a Ask) kind() (queue.Kind, openmates.Network) {
	if a.Trial {
		return KindTrial, networkTrial
	}
	return KindAsk, networkAPI
}

// key returns the key of the turn. Nobody else can use it, and another question
// with the same ticket has a different one.
func (a Ask) key() string {
	_, network := a.kind()
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %d %q %q", a.Team, a.User, a.Mate, a.Ticket, a.Text))
	return string(network) + ":" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20])
}

func (a Ask) job(now time.Time) (queue.Job, error) {
	kind, _ := a.kind()
	body, err := json.Marshal(asked{
		Team: a.Team, User: a.User, Mate: a.Mate, Text: a.Text, Language: a.Language, At: now,
		Past: a.Past[max(len(a.Past)-historyTurns, 0):],
	})
	if err != nil {
		return queue.Job{}, fmt.Errorf("write a question: %w", err)
	}
	// People ask several things at once there, each with a waiting connection;
	// they notice when a question is lost, and ask again.
	j := queue.Job{Key: a.key(), Kind: kind, Alone: true, Soft: true, Body: body, Attempt: 1, Accepted: now}
	j.Lane = inbound(j, asked{Team: a.Team, User: a.User, Mate: a.Mate}).Conversation()
	return j, nil
}

// inbound returns an Ask as a message. A person and a mate have one
// conversation per team, and each trial is its own.
func inbound(j queue.Job, a asked) messenger.Inbound {
	in := messenger.Inbound{
		Key: j.Key, Network: networkAPI, BotID: a.Mate,
		Workspace: openmates.WorkspaceID(a.Team.String()), Channel: openmates.ChannelID(a.Team.String() + ":" + a.User.String()),
		Author: messenger.Account{ID: openmates.AccountID(a.User.String()), Language: a.Language},
		Text:   a.Text, At: a.At,
	}
	if j.Kind == KindTrial {
		in.Network, in.Workspace, in.Channel = networkTrial, "", openmates.ChannelID(j.Key)
	}
	return in
}

// turn is an accepted question until its outcome.
type turn struct {
	source source
	in     messenger.Inbound // the question as a message, whatever its source
	info   messenger.Info
	asker  openmates.Asker // set by identify
	shown  shown           // set after choose
	again  bool            // an earlier attempt may have posted
}

// source is where a question comes from. It has a method for everything that
// differs between sources.
type source interface {
	// place returns where to post the answer.
	place() place
	// identify returns who asks, as of now. openmates.ENotFound means that
	// there is nobody to answer, or no mate.
	identify(ctx context.Context, in messenger.Inbound) (openmates.Asker, error)
	// authorise decides a turn that needs no model, usually because the mate
	// may not answer this person here; nil = ask the model.
	authorise(ctx context.Context, t *turn) (*decision, error)
	// past returns what was said before, oldest first.
	past(ctx context.Context, t *turn) ([]openmates.Exchange, error)
	// remembers reports whether the journal keeps the question.
	remembers() bool
}

// place is where an answer is posted: a network's connector, or the desk.
type place interface {
	Info() messenger.Info
	Send(ctx context.Context, via messenger.Via, out messenger.Outbound) (openmates.MessageID, error)
}

// open decodes a job. Its error means that no attempt can.
func (r *Room) open(j queue.Job) (*turn, error) {
	t := &turn{again: j.Again}
	switch j.Kind {
	case queue.Message, "":
		if err := json.Unmarshal(j.Body, &t.in); err != nil {
			return nil, fmt.Errorf("read job %s: %w", j.Key, err)
		}
		conn, ok := r.cfg.Connectors[t.in.Network]
		if !ok {
			return nil, fmt.Errorf("job %s: no connector for %q", j.Key, t.in.Network)
		}
		t.source = fromMessenger{r, conn}
	case KindAsk, KindTrial:
		var a asked
		if err := json.Unmarshal(j.Body, &a); err != nil {
			return nil, fmt.Errorf("read job %s: %w", j.Key, err)
		}
		t.in = inbound(j, a)
		t.source = fromAPI{r, a}
		if j.Kind == KindTrial {
			t.source = trial{fromAPI{r, a}}
		}
	default:
		return nil, fmt.Errorf("job %s is of the unknown kind %q", j.Key, j.Kind)
	}
	t.info = t.source.place().Info()
	return t, nil
}

// The sources.
type (
	fromMessenger struct {
		room *Room
		conn messenger.Connector
	}
	fromAPI struct {
		room *Room
		asked
	}
	// trial is a question with which a server admin tries a mate.
	trial struct{ fromAPI }
)

func (s fromMessenger) place() place { return s.conn }
func (s fromAPI) place() place {
	return counter{s.room.desk, houseInfo(networkAPI, "the OpenMates API")}
}
func (s trial) place() place {
	return counter{s.room.desk, houseInfo(networkTrial, "the OpenMates pages, where an admin tries you out")}
}

// houseInfo describes a place on this server: it accepts texts of any length.
func houseInfo(n openmates.Network, label string) messenger.Info {
	return messenger.Info{
		Network: n, Label: label, TextLimit: math.MaxInt, Measure: func(s string) int { return len(s) },
		Markdown: messenger.Markdown{Tables: true, LongFences: true},
	}
}

func (fromMessenger) remembers() bool { return true }
func (fromAPI) remembers() bool       { return true }
func (trial) remembers() bool         { return false }

func (s fromMessenger) past(ctx context.Context, t *turn) ([]openmates.Exchange, error) {
	return s.room.cfg.Store.History(ctx, t.in.Conversation(), historyTurns)
}

func (s fromAPI) past(ctx context.Context, t *turn) ([]openmates.Exchange, error) {
	return s.room.cfg.Store.History(ctx, t.in.Conversation(), historyTurns)
}

func (s trial) past(_ context.Context, t *turn) ([]openmates.Exchange, error) {
	var past []openmates.Exchange
	for _, e := range s.Past { // only the admin takes part in a trial
		past = append(past, openmates.Exchange{Author: t.asker.User, Privacy: t.asker.Privacy, Question: e.Question, Answer: e.Answer})
	}
	return past, nil
}

// blank reports whether a question is empty: it has no text and shows nothing.
func (t *turn) blank() bool {
	return strings.TrimSpace(t.in.Text) == "" && len(t.in.Files) == 0 && len(t.in.Quotes) == 0
}

// onlyVoice reports whether a question is only a voice message.
func (t *turn) onlyVoice() bool {
	return strings.TrimSpace(t.in.Text) == "" && len(t.in.Files) > 0 && !slices.ContainsFunc(t.in.Files, func(f messenger.File) bool { return !f.Voice })
}
