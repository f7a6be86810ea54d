package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
)

// sayWith posts a text with a file, in reply to a message.
func (m *member) sayWith(text, name string, data []byte, replyTo string) chatMessage {
	m.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	said := map[string]any{"content": text}
	if replyTo != "" {
		said["message_reference"] = map[string]string{"message_id": replyTo}
	}
	payload, _ := json.Marshal(said)
	_ = form.WriteField("payload_json", string(payload))
	part, err := form.CreateFormFile("files[0]", name)
	if err != nil {
		m.Fatal(err)
	}
	_, _ = part.Write(data)
	_ = form.Close()
	req, err := http.NewRequestWithContext(m.Context(), http.MethodPost, m.Discord+"/api/v10/channels/"+m.channel+"/messages", &body)
	if err != nil {
		m.Fatal(err)
	}
	req.Header.Set("Authorization", m.token)
	req.Header.Set("Content-Type", form.FormDataContentType())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.Fatal(err)
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(res.Body)
	var posted chatMessage
	if err := json.Unmarshal(answer, &posted); err != nil || res.StatusCode != http.StatusOK {
		m.Fatalf("%s: %s", res.Status, answer)
	}
	return posted
}

// Through the whole program, a mate is shown what a message shows: a reply's
// message, and the text of a file that the program reads in a process of its own.
func TestTheDemoTellsWhatItWasShown(t *testing.T) {
	t.Parallel()
	p := start(t, nil, demoArgs(t)...)
	ada := p.member("Ada")
	sophia := ada.bot("Sophia")
	first := ada.answer(ada.say("<@"+sophia+"> hello"), func(c chatMessage) bool { return strings.HasSuffix(c.Content, ".") })
	var docx bytes.Buffer
	z := zip.NewWriter(&docx)
	w, err := z.Create("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, `<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Minutes of Monday</w:t></w:r></w:p></w:body></w:document>`)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	said := ada.sayWith("<@"+sophia+"> what do you think of this?", "minutes.docx", docx.Bytes(), first.ID)
	ada.answer(said, func(c chatMessage) bool {
		return strings.Contains(c.Content, "the message that this replies to, written by you, Sophia") && strings.Contains(c.Content, first.Content[:20]) &&
			strings.Contains(c.Content, "the file minutes.docx: “Minutes of Monday”")
	})
}
