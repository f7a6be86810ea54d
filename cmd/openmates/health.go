package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"openmates"
)

// health asks the server that runs with the same settings whether it lives. An
// image without a shell has no other way to be asked.
func health(ctx context.Context, s settings, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	at := "http://" + reachable(s.Addr) + "/healthz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", at, err)
	}
	// No proxy of the environment stands between a process and itself.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return &openmates.Error{Code: openmates.EUnavailable, Message: openmates.T("No server answers at %s.", at), Err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return openmates.Errorf(openmates.EUnavailable, "The server at %s answered %s.", at, resp.Status)
	}
	fmt.Fprintln(stdout, "ok")
	return nil
}
