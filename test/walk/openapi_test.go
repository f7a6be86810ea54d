package walk

import (
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"openmates/internal/walktest"
)

// What the API says of itself is valid OpenAPI by a library that nobody here
// wrote.
func TestTheAPIDescribesItselfAsOpenAPIDemands(t *testing.T) {
	t.Parallel()
	p := start(t, nil, walktest.Serve(t)...)
	status, text := walktest.NewVisitor(t, p.Web).Get("/api/v1/openapi.json")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if doc.Paths.Len() < 50 {
		t.Errorf("%d paths", doc.Paths.Len())
	}
	doc.Info.Title = ""
	if doc.Validate(t.Context()) == nil {
		t.Error("any document is valid")
	}
}
