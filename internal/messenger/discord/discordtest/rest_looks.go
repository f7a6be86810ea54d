package discordtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"image"
	_ "image/png" // pictures come as PNG
	"strings"
)

// picture reads image data (reference, Image Data) and gives the hash by which
// Discord names the picture; "" for null, which removes it.
func picture(field string, data *string) (string, error) {
	if data == nil {
		return "", nil
	}
	text, ok := strings.CutPrefix(*data, "data:image/png;base64,")
	raw, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		return "", errForm(field, "BASE_TYPE_INVALID", "This field has the wrong type.")
	}
	if _, _, err := image.DecodeConfig(bytes.NewReader(raw)); err != nil {
		return "", errForm(field, "IMAGE_INVALID", "Invalid image")
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16]), nil
}

// pictureField reads a field that was given.
func pictureField(field string, raw json.RawMessage) (string, error) {
	var data *string
	if json.Unmarshal(raw, &data) != nil {
		return "", errForm(field, "BASE_TYPE_INVALID", "This field has the wrong type.")
	}
	return picture(field, data)
}

func nameOf(hash string) *string {
	if hash == "" {
		return nil
	}
	return &hash
}

// InstallParams are what the link on the bot's profile asks for
// (resources/application, Install Params Object).
type InstallParams struct {
	Scopes      []string `json:"scopes"`
	Permissions string   `json:"permissions"`
}

// UnmarshalJSON takes the permissions as a number, which requests hold, or as
// a string, which answers hold.
func (p *InstallParams) UnmarshalJSON(b []byte) error {
	var raw struct {
		Scopes      []string        `json:"scopes"`
		Permissions json.RawMessage `json:"permissions"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	p.Scopes, p.Permissions = raw.Scopes, strings.Trim(string(raw.Permissions), `"`)
	return nil
}

// Look is how an application and its bot present themselves.
type Look struct {
	BotName, Avatar, Icon, Description string // pictures by their hash, "" = none
	Install                            *InstallParams
}

// Look tells how an application and its bot present themselves.
func (s *Server) Look(appID string) Look {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.apps[appID]
	if a == nil {
		return Look{}
	}
	u := s.users[a.BotID]
	return Look{BotName: u.Name, Avatar: u.Avatar, Icon: a.Settings.Icon, Description: a.Settings.Description, Install: a.Settings.Install}
}

// Rename gives the bot of an application another name.
func (s *Server) Rename(appID, name string) { s.rename(appID, "", name) }

// DeleteApplication removes an application, as the developer portal does.
func (s *Server) DeleteApplication(appID string) { s.deleteApplication(appID) }
