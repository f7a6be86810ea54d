package llmtest

import (
	"fmt"

	"openmates/internal/llm"
)

// refusalWords are error texts of many servers, with their meaning.
func refusalWords() []quirk {
	rows := []struct {
		api    API
		who    string
		status int
		body   string // or the message, if it isn't JSON
		kind   llm.Kind
	}{
		{"", "LM Studio", 400, "Trying to keep the first 4711 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.", llm.KindTooLong},
		{"", "xAI", 400, "This model's maximum prompt length is 131072 but the request contains 160000 tokens.", llm.KindTooLong},
		{"", "Kimi", 400, "Invalid request: Your request exceeded model token limit: 8192 (requested: 9000)", llm.KindTooLong},
		{"", "Together", 422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 10 `max_new_tokens`", llm.KindTooLong},
		{"", "TGI", 422, "Input validation error: `inputs` must have less than 4096 tokens. Given: 9000", llm.KindTooLong},
		{"", "DashScope", 400, "Range of input length should be [1, 30720]", llm.KindTooLong},
		{"", "z.ai", 400, `{"error":{"code":"1261","message":"Prompt exceeds max length"}}`, llm.KindTooLong},
		{"", "Ollama's cloud", 400, "prompt too long; exceeded max context length by 5000 tokens", llm.KindTooLong},
		{"", "Groq's tokens per minute", 413, `{"error":{"message":"Request too large for model x in organization y on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce your message size and try again.","type":"tokens","code":"rate_limit_exceeded"}}`, llm.KindTooLong},
		{"", "DashScope's inspection", 400, `{"error":{"message":"Input data may contain inappropriate content.","type":"data_inspection_failed","code":"data_inspection_failed"}}`, llm.KindFiltered},
		{"", "z.ai's inspection", 400, `{"error":{"code":"1301","message":"System detected potentially unsafe or sensitive content in input or generation."}}`, llm.KindFiltered},
		{"", "OpenAI's usage policy", 400, `{"error":{"message":"Invalid prompt: your prompt was flagged as potentially violating our usage policy.","type":"invalid_request_error","code":"invalid_prompt"}}`, llm.KindFiltered},
		{"", "OpenRouter's moderation", 403, `{"error":{"code":403,"message":"openai/x requires moderation on OpenAI. Your input was flagged for \"violence\".","metadata":{"reasons":["violence"]}}}`, llm.KindFiltered},
		{"", "a country that is not served", 403, `{"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported","type":"request_forbidden"}}`, llm.KindBarred},
		{"", "a firewall's page", 403, `<!DOCTYPE html><html><title>Attention Required! | Cloudflare</title></html>`, llm.KindBarred},
		{"", "z.ai's balance", 429, `{"error":{"code":"1113","message":"Insufficient balance or no resource package. Please recharge."}}`, llm.KindNoCredit},
		{"", "a call that the model wrote wrong, Groq", 400, `{"error":{"message":"Failed to call a function. Please adjust your prompt.","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"<function=x>"}}`, llm.KindCut},
		{"", "LM Studio without a model", 404, `{"error":{"message":"No models loaded. Please load a model in the developer page or use the lms load command.","type":"invalid_request_error","code":"model_not_found"}}`, llm.KindNoModel},
		{Anthropic, "a gateway's 401", 401, `{"type":"error","error":{"type":"api_error","message":"no"}}`, llm.KindBadKey},
		{Anthropic, "a gateway's 429", 429, `{"type":"error","error":{"type":"api_error","message":"slow down"}}`, llm.KindRateLimited},
		{Anthropic, "a gateway's 400", 400, `{"type":"error","error":{"type":"api_error","message":"prompt is too long"}}`, llm.KindTooLong},
		{Anthropic, "input and answer together", 400, `{"type":"error","error":{"type":"invalid_request_error","message":"input length and ` + "`max_tokens`" + ` exceed context limit: 190000 + 20000 > 200000"}}`, llm.KindTooLong},
		{Google, "a country that is not served", 400, `{"error":{"code":400,"status":"FAILED_PRECONDITION","message":"User location is not supported for the API use."}}`, llm.KindBarred},
	}
	all := make([]quirk, 0, len(rows)+1)
	for _, r := range rows {
		reply := refuses(r.status, r.body)
		if r.body[0] != '{' && r.body[0] != '<' {
			reply = saying(r.status, r.body)
		}
		all = append(all, quirk{name: "refused: " + r.who, api: r.api, say: says(reply), fails: true, kind: r.kind})
	}
	return append(all, quirk{name: "refused: LM Studio, in the stream", say: says(Reply{Raw: fmt.Appendf(nil, "event: error\ndata: {\"error\":{\"message\":%q}}\n\n", rows[0].body)}), fails: true, kind: llm.KindTooLong})
}
