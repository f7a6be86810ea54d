package llmtest

import "openmates/internal/llm"

// thinking tests visible thoughts: they aren't part of the answer, and some
// must be sent back with the results of the calls they led to.
func thinking() []quirk {
	call := `{"tool_calls":[{"index":0,"id":"a","function":{"name":"calculate","arguments":"{\"x\":\"17*23\"}"}}]}`
	calculated := []string{`calculate {"x":"17*23"}`}
	signed := `{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"calculate","arguments":"{\"x\":\"17*23\"}"},"extra_content":{"google":{"thought_signature":"c2ln"}}}]}`
	block := func(s string) string { return "data: " + s + "\n\n" }
	return []quirk{
		{name: "tags in the text", say: says(chunks(texts("<th", "ink>secret plan", "</think>", "\n\nHello.")...)), text: "Hello.", ever: "secret"},
		{name: "other tags", say: says(chunks(texts("<thought>secret plan</thought>Hello.")...)), text: "Hello.", ever: "secret"},
		{name: "tags that never close", say: says(ending("length", texts("<think>secret", " plan")...)), text: "", ever: "secret", stop: llm.StopLength},
		{name: "tags in code", say: says(chunks(texts("Write `<think>` ", "before it and `</think>`\n", "behind it.")...)), text: "Write `<think>` before it and `</think>`\nbehind it."},
		{name: "only the closing tag", say: says(chunks(texts("secret plan", "\n</th", "ink>\n\n", "Hello.")...)), text: "Hello."},
		{name: "reasoning_content comes back with the result", ask: withTools(), say: says(ending("tool_calls", `{"reasoning_content":"secret "}`, `{"reasoning_content":"plan"}`, call)), calls: calculated, ever: "secret", round: `"reasoning_content":"secret plan"`},
		{name: "reasoning comes back with the result", ask: withTools(), say: says(ending("tool_calls", `{"reasoning":"secret plan"}`, call)), calls: calculated, ever: "secret", round: `"reasoning":"secret plan"`},
		{name: "signed reasoning comes back with the result", ask: withTools(), say: says(ending("tool_calls", `{"reasoning":"secret plan","reasoning_details":[{"type":"reasoning.text","text":"secret plan","signature":"c2ln"}]}`, call)), calls: calculated, ever: "secret", round: `"reasoning_details":[{"type":"reasoning.text","text":"secret plan","signature":"c2ln"}]`},
		{name: "Gemini's signature comes back with its call", ask: withTools(), say: says(ending("tool_calls", signed)), calls: calculated, round: `"extra_content":{"google":{"thought_signature":"c2ln"}}`},
		{name: "thinking comes back before its call", api: Anthropic, ask: withTools(), say: says(Reply{Raw: []byte(
			block(`{"type":"message_start","message":{"usage":{"input_tokens":5}}}`) +
				block(`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}`) +
				block(`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"secret plan"}}`) +
				block(`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}`) +
				block(`{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"cmVk"}}`) +
				block(`{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"a","name":"calculate","input":{"x":"17*23"}}}`) +
				block(`{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":12}}`) + block(`{"type":"message_stop"}`))}),
			calls: calculated, ever: "secret", round: `[{"type":"thinking","thinking":"secret plan","signature":"c2ln"},{"type":"redacted_thinking","data":"cmVk"},{"type":"tool_use"`},
		{name: "tags in the text", api: Anthropic, say: says(Reply{Text: "<think>secret plan</think>\nHello."}), text: "Hello.", ever: "secret"},
		{name: "encrypted reasoning comes back before its call", api: Responses, ask: withTools(), say: says(Reply{Raw: []byte(
			block(`{"type":"response.reasoning_summary_text.delta","delta":"secret"}`) +
				block(`{"type":"response.output_item.done","item":{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"ZW5j"}}`) +
				block(`{"type":"response.output_item.done","item":{"type":"function_call","id":"fc_1","call_id":"a","name":"calculate","arguments":"{\"x\":\"17*23\"}"}}`) +
				block(`{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":5,"output_tokens":9}}}`))}),
			calls: calculated, ever: "secret", round: `{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"ZW5j"}`},
		{name: "tags in the text", api: Google, say: says(Reply{Text: "<think>secret plan</think>\nHello."}), text: "Hello.", ever: "secret"},
	}
}
