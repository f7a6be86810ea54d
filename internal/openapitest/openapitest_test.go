package openapitest

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

const document = `{"openapi": "3.1.0",
"paths": {
	"/people/me": {"get": {"operationId": "me", "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}}}}}},
	"/people/{id}": {
		"parameters": [{"name": "id", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/ID"}}],
		"get": {"operationId": "get", "responses": {"200": {"$ref": "#/components/responses/Found"}, "4XX": {"content": {"application/json": {}}}}},
		"post": {"operationId": "post",
			"parameters": [{"name": "times", "in": "query", "required": true, "schema": {"type": "integer", "maximum": 3}},
				{"name": "of", "in": "query", "schema": {"type": "array", "items": {"$ref": "#/components/schemas/ID"}}}],
			"requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}, "multipart/form-data": {}}},
			"responses": {"204": {}, "default": {"content": {"application/problem+json": {"schema": {"type": "object", "required": ["code"]}}}}}}}},
"components": {
	"responses": {"Found": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}}}},
	"schemas": {
		"ID": {"type": "string", "pattern": "^[0-9]+$"},
		"Person": {"type": "object", "additionalProperties": false, "required": ["id"], "properties": {
			"id": {"$ref": "#/components/schemas/ID"}, "born": {"type": ["string", "null"], "format": "date-time"},
			"friends": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}}}}}}}`

func read(t *testing.T) *Document {
	t.Helper()
	d, err := Read([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestThePatternWithMoreWordsIsFound(t *testing.T) {
	t.Parallel()
	d := read(t)
	for path, want := range map[string]string{"/people/me": "me", "/people/7": "get"} {
		if o := d.Find("GET", path); o == nil || o.ID != want {
			t.Errorf("%s is %+v, want %s", path, o, want)
		}
	}
	for _, path := range []string{"/people", "/people/", "/people/7/8", "/nobody/7"} {
		if o := d.Find("GET", path); o != nil {
			t.Errorf("%s is %s", path, o.ID)
		}
	}
	if len(d.Operations()) != 3 {
		t.Errorf("%d operations", len(d.Operations()))
	}
}

func TestAnswersAreHeldAgainstTheDocument(t *testing.T) {
	t.Parallel()
	d := read(t)
	for _, c := range []struct {
		id     string
		status int
		kind   string
		body   string
		want   string // part of the error; "" = none
	}{
		{"get", 200, "application/json", `{"id":"7","born":"2026-01-02T03:04:05.6Z","friends":[{"id":"8","born":null}]}`, ""},
		{"get", 200, "application/json", `{"id":"x"}`, "id"},
		{"get", 200, "application/json", `{"id":"7","born":"yesterday"}`, "born"},
		{"get", 200, "application/json", `{"id":"7","friends":[{"id":"8","name":"Ann"}]}`, "name"},
		{"get", 200, "application/json", `{}`, "id"},
		{"get", 200, "text/plain", `{"id":"7"}`, "text/plain"},
		{"get", 201, "application/json", `{"id":"7"}`, "201"},
		{"get", 404, "application/json", `"anything"`, ""},
		{"post", 500, "application/problem+json", `{"code":"x"}`, ""},
		{"post", 500, "application/problem+json", `{}`, "code"},
	} {
		path := map[string]string{"get": "/people/7", "post": "/people/7"}[c.id]
		var v any
		if err := json.Unmarshal([]byte(c.body), &v); err != nil {
			t.Fatal(err)
		}
		err := d.Find(strings.ToUpper(c.id), path).CheckAnswer(c.status, c.kind, v)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := d.Check("ID", "x"); err == nil {
		t.Error("x is an ID")
	}
}

func TestRequestsAreHeldAgainstTheDocument(t *testing.T) {
	t.Parallel()
	post := read(t).Find("POST", "/people/7")
	for _, c := range []struct{ path, query, kind, body, want string }{
		{"/people/7", "times=2&of=1&of=2", "application/json; charset=utf-8", `{"id":"7"}`, ""},
		{"/people/7", "times=2&of=1", "multipart/form-data; boundary=x", "--x", ""},
		{"/people/x", "times=2", "application/json", `{"id":"7"}`, "id"},
		{"/people/7", "", "application/json", `{"id":"7"}`, "times"},
		{"/people/7", "times=4", "application/json", `{"id":"7"}`, "times"},
		{"/people/7", "times=two", "application/json", `{"id":"7"}`, "times"},
		{"/people/7", "times=2&of=x", "application/json", `{"id":"7"}`, "of"},
		{"/people/7", "times=2&more=1", "application/json", `{"id":"7"}`, "more"},
		{"/people/7", "times=2", "application/json", `{"id":7}`, "id"},
		{"/people/7", "times=2", "application/json", `{`, "JSON"},
		{"/people/7", "times=2", "application/json", "", "body"},
		{"/people/7", "times=2", "text/plain", "x", "text/plain"},
	} {
		query, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		err = post.CheckRequest(c.path, query, c.kind, []byte(c.body))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
