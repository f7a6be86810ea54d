package discordtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"image"
	_ "image/png" // pictures are PNG
	"strings"
)

// picture parses image data (reference, Image Data) and returns the hash that
// identifies the picture; "" for null, which removes it.
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

// pictureField parses a field that was sent.
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

// InstallParams are the parameters of the link on the bot's profile
// (resources/application, Install Params Object).
type InstallParams struct {
	Scopes      []string `json:"scopes"`
	Permissions string   `json:"permissions"`
}

// UnmarshalJSON accepts the permissions as a number, as in requests, or as a
// string, as in responses.
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

// Look is the profile of an application and its bot.
type Look struct {
	BotName, Avatar, Icon, Description string // pictures by hash, "" = none
	Install                            *InstallParams
}

// Look returns the profile of an application and its bot.
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

// Rename returns an application's bot another name.
func (s *Server) Rename(appID, name string) { s.rename(appID, "", name) }

// DeleteApplication deletes an application, like the developer portal.
func (s *Server) DeleteApplication(appID string) { s.deleteApplication(appID) }
