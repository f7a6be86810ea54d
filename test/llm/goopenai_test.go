// Package llm_test checks the simulated model servers with third-party clients.
package llm_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	peer "github.com/sashabaranov/go-openai"

	"openmates/internal/llm"
	"openmates/internal/llm/llmtest"
)

func TestGoOpenAIUnderstandsTheServer(t *testing.T) {
	t.Parallel()
	s := llmtest.Start(t, llmtest.Config{})
	call := llm.Call{ID: "call_1", Name: "search", Arguments: `{"q":"größe"}`}
	s.Script(
		llmtest.Reply{Text: "Hello wörld 👋", Calls: []llm.Call{call}, Args: 3, Usage: &llm.Usage{Input: 120, Cached: 100, Output: 30}},
		llmtest.Reply{Text: "whole", Calls: []llm.Call{call}, Usage: &llm.Usage{Input: 5, Output: 6}},
		llmtest.Reply{Fail: &llmtest.Failure{Kind: llm.KindRateLimited}},
	)
	config := peer.DefaultConfig("k")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	config.BaseURL, config.HTTPClient = s.URL(), &http.Client{Transport: transport}
	c := peer.NewClientWithConfig(config)
	ask := peer.ChatCompletionRequest{
		Model: "m", MaxTokens: 9, StreamOptions: &peer.StreamOptions{IncludeUsage: true}, //nolint:staticcheck // the older name is what most servers know
		Messages: []peer.ChatCompletionMessage{{Role: "system", Content: "be brief"}, {Role: "user", Content: "hello"}},
		Tools:    []peer.Tool{{Type: peer.ToolTypeFunction, Function: &peer.FunctionDefinition{Name: "search", Parameters: map[string]any{"type": "object"}}}},
	}

	stream, err := c.CreateChatCompletionStream(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	var text, id, args string
	var finish peer.FinishReason
	var usage *peer.Usage
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.Usage != nil {
			usage = r.Usage
		}
		for _, choice := range r.Choices {
			text += choice.Delta.Content
			for _, f := range choice.Delta.ToolCalls {
				id += f.ID
				args += f.Function.Arguments
			}
			if choice.FinishReason != "" {
				finish = choice.FinishReason
			}
		}
	}
	if text != "Hello wörld 👋" || id != call.ID || args != call.Arguments || finish != peer.FinishReasonToolCalls {
		t.Errorf("got %q, call %q %s, %s", text, id, args, finish)
	}
	if usage == nil || usage.PromptTokens != 120 || usage.PromptTokensDetails.CachedTokens != 100 || usage.CompletionTokens != 30 {
		t.Errorf("usage %+v", usage)
	}

	ask.StreamOptions = nil
	r, err := c.CreateChatCompletion(t.Context(), ask)
	if err != nil || r.Choices[0].Message.Content != "whole" || r.Choices[0].Message.ToolCalls[0].Function.Arguments != call.Arguments || r.Usage.TotalTokens != 11 {
		t.Errorf("got %+v, %v", r, err)
	}
	_, err = c.CreateChatCompletion(t.Context(), ask)
	if e, ok := errors.AsType[*peer.APIError](err); !ok || e.HTTPStatusCode != http.StatusTooManyRequests || e.Code != "rate_limit_exceeded" {
		t.Errorf("got %v", err)
	}
	if list, err := c.ListModels(t.Context()); err != nil || len(list.Models) != 2 {
		t.Errorf("models: %+v, %v", list, err)
	}
	q := s.Questions()[0]
	if q.System != "be brief" || q.MaxTokens != 9 || len(q.Tools) != 1 || q.Last() != "hello" {
		t.Errorf("asked %+v", q)
	}
}
