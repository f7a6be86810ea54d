package llmtest

import (
	"fmt"
	"strings"

	"openmates/internal/llm"
)

// streams are answers that deviate from the format but can still be read.
func streams() []quirk {
	const done = "data: [DONE]\n\n"
	call := func(parts ...string) Reply {
		var deltas []string
		for _, p := range parts {
			deltas = append(deltas, `{"tool_calls":`+p+`}`)
		}
		return ending("tool_calls", deltas...)
	}
	calculated := []string{`calculate {"x":"17*23"}`}
	whole := `{"index":0,"id":"a","function":{"name":"calculate","arguments":"{\"x\":\"17*23\"}"}}`
	rows := []quirk{
		{name: "the text so far beside each piece, Perplexity", say: says(Reply{Raw: []byte(
			`data: {"choices":[{"delta":{"content":"Paris "},"message":{"content":"Paris "}}]}` + "\n\n" +
				`data: {"choices":[{"delta":{"content":"is it."},"message":{"content":"Paris is it."},"finish_reason":"stop"}]}` + "\n\n")}), text: "Paris is it."},
		{name: "the whole once more at the end", say: says(Reply{Raw: []byte(
			`data: {"choices":[{"delta":{"content":"Paris."}}]}` + "\n\n" + `data: {"choices":[{"message":{"content":"Paris."},"finish_reason":"stop"}]}` + "\n\n" + done)}), text: "Paris."},
		{name: "a call once more at the end", say: says(Reply{Raw: []byte(
			`data: {"choices":[{"delta":{"tool_calls":[` + whole + `]}}]}` + "\n\n" + `data: {"choices":[{"message":{"tool_calls":[` + whole + `]},"finish_reason":"tool_calls"}]}` + "\n\n" + done)}), calls: calculated},
		{name: "content as a list", say: says(chunks(`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"secret plan"}]}]}`,
			`{"content":[{"type":"text","text":"Hello "}]}`, `{"content":"there"}`, `{"content":[{"type":"reference","reference_ids":[1]}]}`)), text: "Hello there", ever: "secret"},
		{name: "content as a list of strings", say: says(chunks(`{"content":["Hello ","there"]}`)), text: "Hello there"},
		{name: "half a character in each piece", say: says(chunks(`{"content":"ok \ud83d"}`, `{"content":"\ude00 end"}`)), text: "ok 😀 end"},
		{name: "half a character and no more", say: says(chunks(`{"content":"ok"}`, `{"content":"\ud83d"}`)), text: "ok"},
		{name: "an escaped backslash before a u", say: says(chunks(`{"content":"\\ud83d"}`, `{"content":" fine"}`)), text: `\ud83d fine`},
		{name: "events under the name of JSON", say: says(Reply{Raw: []byte(`data: {"choices":[{"delta":{"content":"fine."},"finish_reason":"stop"}]}` + "\n\n" + done), Type: "application/json"}), text: "fine."},
		{name: "a document under the name of events", say: says(Reply{Raw: []byte(`{"choices":[{"message":{"content":"fine."},"finish_reason":"stop"}]}` + "\n\n" + done)}), text: "fine."},
		{name: "a document that is an error", say: says(Reply{Raw: []byte(`{"error":{"message":"Insufficient Balance","code":402}}`), Type: "application/json"}), fails: true, kind: llm.KindNoCredit},
		{name: "arguments as an object", say: says(call(`[{"index":0,"id":"a","function":{"name":"calculate","arguments":{"x":"17*23"}}}]`)), calls: calculated},
		{name: "one call without its list", say: says(call(strings.Replace(whole, `"index":0,`, "", 1))), calls: calculated},
		{name: "another id in each part", say: says(call(`[{"index":0,"id":"a","function":{"name":"calculate","arguments":"{\"x\":"}}]`, `[{"index":0,"id":"b","function":{"arguments":"\"17*23\""}}]`, `[{"index":0,"id":"c","function":{"arguments":"}"}}]`)), calls: calculated},
		{name: "two calls of number 0 without ids", say: says(call(`[{"index":0,"id":"","function":{"name":"calculate","arguments":"{\"x\":\"17*23\"}"}}]`, `[{"index":0,"id":"","function":{"name":"calculate","arguments":"{\"x\":\"1\"}"}}]`)), calls: []string{calculated[0], `calculate {"x":"1"}`}},
		{name: "the name in each part", say: says(call(`[{"index":0,"id":"a","function":{"name":"calculate","arguments":"{\"x\":"}}]`, `[{"index":0,"id":"a","function":{"name":"calculate","arguments":"\"17*23\"}"}}]`)), calls: calculated},
		{name: "the call of before", say: says(ending("function_call", `{"function_call":{"name":"calculate","arguments":""}}`, `{"function_call":{"arguments":"{\"x\":\"17*23\"}"}}`)), calls: calculated},
		{name: "numbers of usage as strings", say: says(Reply{Raw: []byte(`data: {"choices":[{"delta":{"content":"fine."},"finish_reason":"stop"}],"usage":{"prompt_tokens":"50","completion_tokens":20.0}}` + "\n\n" + done)}), text: "fine.", usage: llm.Usage{Input: 50, Output: 20}},
		{name: "zeros behind the usage", say: says(Reply{Raw: []byte(`data: {"choices":[{"delta":{"content":"fine."},"finish_reason":"stop"}],"usage":{"prompt_tokens":50,"completion_tokens":20}}` + "\n\n" + `data: {"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":1}}` + "\n\n" + done)}), text: "fine.", usage: llm.Usage{Input: 50, Output: 20}},
	}
	for _, empty := range []string{`""`, `{}`, `false`, `null`, `[]`} {
		rows = append(rows, quirk{name: "an error that is none: " + empty, say: says(Reply{Raw: []byte(`data: {"error":` + empty + `,"choices":[{"delta":{"content":"fine."},"finish_reason":"stop"}]}` + "\n\n" + done)}), text: "fine."})
	}
	for finish, stop := range map[string]llm.Stop{
		"model_length": llm.StopLength, "max_output_tokens": llm.StopLength, "sensitive": llm.StopFilter,
		"insufficient_system_resource": llm.StopOther, "error": llm.StopOther, "network_error": llm.StopOther, "abort": llm.StopOther, "overloaded_error": llm.StopOther,
		"eos": llm.StopEnd, "STOP": llm.StopEnd, "end_turn": llm.StopEnd,
	} {
		rows = append(rows, quirk{name: "an end called " + finish, say: says(ending(finish, texts("The first half of")...)), text: "The first half of", stop: stop})
	}
	return append(rows, otherStreams()...)
}

// otherStreams are those for Anthropic's and Google's APIs.
func otherStreams() []quirk {
	event := func(kind, data string) string {
		return fmt.Sprintf("event: %s\ndata: {\"type\":%q,%s}\n\n", kind, kind, data)
	}
	begun := event("message_start", `"message":{"usage":{"input_tokens":5,"output_tokens":1}}`)
	said := event("content_block_start", `"index":0,"content_block":{"type":"text","text":""}`)
	piece := func(s string) string {
		return event("content_block_delta", `"index":0,"delta":{"type":"text_delta","text":"`+s+`"}`)
	}
	end := func(reason string) string {
		return event("message_delta", `"delta":{"stop_reason":"`+reason+`"},"usage":{"output_tokens":5}`)
	}
	over := event("message_stop", `"x":0`)
	a := func(parts ...string) func(Question, int) Reply {
		return says(Reply{Raw: []byte(strings.Join(parts, ""))})
	}
	return []quirk{
		{name: "a document", api: Anthropic, say: says(Reply{Raw: []byte(`{"type":"message","content":[{"type":"text","text":"whole answer."}],"stop_reason":"end_turn","usage":{"input_tokens":5,"output_tokens":4}}`), Type: "application/json"}), text: "whole answer.", usage: llm.Usage{Input: 5, Output: 4}},
		{name: "a document with a call", api: Anthropic, say: says(Reply{Raw: []byte(`{"type":"message","content":[{"type":"tool_use","id":"a","name":"calculate","input":{"x":"17*23"}}],"stop_reason":"tool_use"}`), Type: "application/json"}), calls: []string{`calculate {"x":"17*23"}`}},
		{name: "[DONE] at the end", api: Anthropic, say: a(begun, said, piece("fine."), "data: [DONE]\n\n"), text: "fine."},
		{name: "half a character in each piece", api: Anthropic, say: a(begun, said, piece(`ok \ud83d`), piece(`\ude00 end`), end("end_turn"), over), text: "ok 😀 end"},
		{name: "an end that is none", api: Anthropic, say: a(begun, said, piece("The first half"), end("pause_turn"), over), text: "The first half", stop: llm.StopOther},
		{name: "an end that is not known", api: Anthropic, say: a(begun, said, piece("The first half"), end("something_new"), over), text: "The first half", stop: llm.StopOther},
		{name: "a list of chunks", api: Google, say: says(Reply{Raw: []byte(`[{"candidates":[{"content":{"parts":[{"text":"Hello "}]}}]},` + "\n" + `{"candidates":[{"content":{"parts":[{"text":"there."}]},"finishReason":"STOP"}]}]`), Type: "application/json"}), text: "Hello there."},
		{name: "an end that is not known", api: Google, say: says(Reply{Raw: []byte(`data: {"candidates":[{"content":{"parts":[{"text":"The first half"}]},"finishReason":"OTHER"}]}` + "\n\n")}), text: "The first half", stop: llm.StopOther},
	}
}
