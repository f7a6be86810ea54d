package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"openmates"
)

// health checks whether the server with these settings is running. It is for
// images without a shell or other programs.
func health(ctx context.Context, s settings, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	at := "http://" + reachable(s.Addr) + "/healthz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return fmt.Errorf("check %s: %w", at, err)
	}
	// Ignore proxies from the environment: a process doesn't need one to reach
	// itself.
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
