package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"openmates"
	"openmates/client"
)

// A program asks a mate of its team, with an access token that may ask.
func Example() {
	// A server that always gives the same answer.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"mate":"sophia","text":"Hello, Ada.","model":"demo/scripted","usage":{"input":12,"output":4}}`)
	}))
	defer server.Close()

	c, err := client.New(client.Config{URL: server.URL, Token: "omp_example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	reply, err := c.Process(context.Background(), "harbour", client.Question{Mate: "sophia", Text: "Good morning!"})
	if err != nil {
		fmt.Println(openmates.MessageOf(err)) // a finished sentence
		return
	}
	fmt.Printf("%s: %s (%d tokens)\n", reply.Mate, reply.Text, reply.Usage.Input+reply.Usage.Output)
	// Output: sophia: Hello, Ada. (16 tokens)
}

// The code of a problem says what to do.
func ExampleProblem() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"status":404,"code":"not_found","detail":"There is no team here, or you are no member of it."}`)
	}))
	defer server.Close()

	c, err := client.New(client.Config{URL: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Team(context.Background(), "harbour")
	if openmates.CodeOf(err) == openmates.ENotFound {
		fmt.Println(openmates.MessageOf(err))
	}
	// Output: There is no team here, or you are no member of it.
}
