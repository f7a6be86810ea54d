package discordtest

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Approve opens authorizeURL as the person, chooses the guild and clicks
// Authorize, over HTTP like a browser without JavaScript. It returns where the
// browser is redirected, or "" if the request had no redirect.
func (s *Server) Approve(authorizeURL, personID, guildID string) (redirect string, err error) {
	return s.decide(authorizeURL, url.Values{"decision": {"authorize"}, "as": {personID}, "guild_id": {guildID}})
}

// Deny clicks Cancel as the person.
func (s *Server) Deny(authorizeURL, personID string) (redirect string, err error) {
	return s.decide(authorizeURL, url.Values{"decision": {"cancel"}, "as": {personID}})
}

func (s *Server) decide(authorizeURL string, form url.Values) (string, error) {
	u, err := url.Parse(authorizeURL)
	if err != nil {
		return "", fmt.Errorf("authorize address: %w", err)
	}
	if at := s.URL() + u.Path; at != s.Authorize() {
		return "", fmt.Errorf("authorize address: the path %q is not the consent page", u.Path)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       10 * time.Second,
	}
	resp, err := client.PostForm(s.Authorize()+"?"+u.RawQuery, form)
	if err != nil {
		return "", fmt.Errorf("consent page: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", fmt.Errorf("consent page: %w", err)
	}
	switch resp.StatusCode {
	case http.StatusFound:
		return resp.Header.Get("Location"), nil
	case http.StatusOK:
		return "", nil
	default:
		return "", fmt.Errorf("the consent page refuses: %s", pageText(string(body)))
	}
}

// pageText extracts the sentence from page/message.html.
func pageText(page string) string {
	m := regexp.MustCompile(`(?s)<p id="text">(.*?)</p>`).FindStringSubmatch(page)
	if m == nil {
		return "no reason given"
	}
	return html.UnescapeString(strings.TrimSpace(m[1]))
}
