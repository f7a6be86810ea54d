package discordtest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// readForm splits a multipart body into payload_json and files[n] (reference,
// Uploading Files).
func (c *call) readForm(raw []byte, boundary string) error {
	form := multipart.NewReader(bytes.NewReader(raw), boundary)
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errForm("payload_json", "FORM_INVALID", "The form is broken.")
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return errForm("payload_json", "FORM_INVALID", "The form is broken.")
		}
		switch name := part.FormName(); {
		case name == "payload_json":
			c.body = data
		case part.FileName() != "":
			c.upl = append(c.upl, upload{field: name, name: path.Base(part.FileName()), kind: part.Header.Get("Content-Type"), data: data})
		case name == "content":
			c.body = mustJSON(map[string]string{"content": string(data)})
		}
	}
	if c.body == nil {
		c.body = []byte("{}")
	}
	return nil
}

// attachLocked creates attachments from the uploaded files.
func (s *Server) attachLocked(c *call) ([]*attachment, error) {
	if len(c.upl) > mostFiles {
		return nil, errForm("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
	}
	var list []*attachment
	for _, u := range c.upl {
		if len(u.data) > largestFile {
			return nil, &apiError{status: 413, code: 40005, message: "Request entity too large"}
		}
		id, _ := s.nextIDLocked()
		kind := u.kind
		if kind == "" || kind == "application/octet-stream" {
			if k := mime.TypeByExtension(path.Ext(u.name)); k != "" {
				kind = k
			}
		}
		list = append(list, &attachment{ID: id, Name: u.name, Type: kind, Data: u.data})
	}
	return list, nil
}

// signFile binds a URL to its expiry. The key is a fixed word with the file's
// ID: it must survive a restart and only protects a test.
func (s *Server) signFile(id, expires string) string {
	h := hmac.New(sha256.New, []byte("discord simulator"))
	fmt.Fprintf(h, "%s.%s", id, expires)
	return hex.EncodeToString(h.Sum(nil))
}

// serveAttachment serves a file to anybody with its signed URL, like Discord's
// CDN (reference, Signed Attachment CDN URLs).
func (s *Server) serveAttachment(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	expires, err := strconv.ParseInt(q.Get("ex"), 16, 64)
	id := r.PathValue("attachment")
	good := err == nil && s.cfg.Clock().Before(time.Unix(expires, 0)) &&
		hmac.Equal([]byte(q.Get("hm")), []byte(s.signFile(id, q.Get("ex"))))
	s.mu.Lock()
	a := s.files[id]
	s.mu.Unlock()
	if !good || a == nil || a.Name != r.PathValue("name") {
		http.Error(w, "This content is no longer available.", http.StatusNotFound)
		return
	}
	kind := a.Type
	if kind == "" {
		kind = "application/octet-stream"
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	// Uploaded files must not run on the origin of the chat page.
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if !strings.HasPrefix(kind, "image/") {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	}
	_, _ = w.Write(a.Data)
}
