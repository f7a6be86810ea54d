package google

import (
	"encoding/json"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// The request, with the API reference's names ("models.streamGenerateContent").
type request struct {
	System   *content  `json:"systemInstruction,omitempty"`
	Contents []content `json:"contents"`
	Tools    []tools   `json:"tools,omitempty"`
	Config   *config   `json:"generationConfig,omitempty"`
}

type config struct {
	MaxTokens int `json:"maxOutputTokens,omitempty"`
}

type content struct {
	Role  string `json:"role,omitempty"`
	Parts []part `json:"parts"`
}

// part is a text, a call or a call's result.
type part struct {
	Text      *string   `json:"text,omitempty"`
	Thought   bool      `json:"thought,omitempty"`
	Call      *call     `json:"functionCall,omitempty"`
	Response  *response `json:"functionResponse,omitempty"`
	Signature string    `json:"thoughtSignature,omitempty"`
	Data      *blob     `json:"inlineData,omitempty"`
}

type blob struct {
	Type string `json:"mimeType"`
	Data []byte `json:"data"`
}

type call struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args,omitempty"`
}

type response struct {
	ID       string            `json:"id,omitempty"`
	Name     string            `json:"name"`
	Response map[string]string `json:"response"`
}

type tools struct {
	Functions []declaration `json:"functionDeclarations"`
}

// declaration has its schema in parametersJsonSchema, because "parameters" only
// supports a part of JSON Schema.
type declaration struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parametersJsonSchema"`
}

func encode(id string, req llm.Request) request {
	var r request
	if req.System != "" {
		r.System = &content{Parts: []part{{Text: &req.System}}}
	}
	if req.MaxTokens > 0 {
		r.Config = &config{MaxTokens: req.MaxTokens}
	}
	for _, m := range req.Messages {
		role, parts := parts(id, m)
		// All results of parallel calls must be in one content.
		if n := len(r.Contents); n > 0 && r.Contents[n-1].Role == role {
			r.Contents[n-1].Parts = append(r.Contents[n-1].Parts, parts...)
			continue
		}
		r.Contents = append(r.Contents, content{role, parts})
	}
	if len(req.Tools) > 0 {
		var all tools
		for _, t := range req.Tools {
			all.Functions = append(all.Functions, declaration{t.Name, t.Description, wire.Parameters(t.Parameters)})
		}
		r.Tools = []tools{all}
	}
	return r
}

func parts(model string, m llm.Message) (string, []part) {
	switch m.Role {
	case llm.RoleTool:
		field := "output"
		if m.Failed {
			field = "error"
		}
		return "user", []part{{Response: &response{m.CallID, m.Name, map[string]string{field: m.Text}}}}
	case llm.RoleAssistant:
		var all []part
		if m.Text != "" || len(m.Calls) == 0 {
			all = append(all, part{Text: &m.Text})
		}
		for _, c := range m.Calls {
			p := part{Call: &call{c.ID, c.Name, wire.Arguments(c.Arguments)}}
			if c.Echo.Of == model {
				p.Signature = c.Echo.Data
			}
			all = append(all, p)
		}
		return "model", all
	}
	all := []part{}
	for _, p := range m.Pictures {
		all = append(all, part{Data: &blob{p.Type, p.Data}})
	}
	if m.Text != "" || len(all) == 0 {
		all = append(all, part{Text: &m.Text})
	}
	return "user", all
}
