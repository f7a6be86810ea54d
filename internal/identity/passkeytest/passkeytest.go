// Package passkeytest is an authenticator of WebAuthn in software, for tests:
// it makes passkeys and signs with them as a browser and its device would
// together (WebAuthn 3, sections 6 and 7; ES256, attestation "none").
//
// It promises to be wrong where it is told to. It refuses to keep anything
// beyond its own life.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// Device holds passkeys.
type Device struct {
	Origin     string // that the browser stands on
	Unverified bool   // asks for no finger, face or PIN
	Frozen     bool   // its counter is where it began, as that of an old copy is
	keys       []*key
}

type key struct {
	id     []byte
	party  string
	handle []byte
	secret *ecdsa.PrivateKey
	count  uint32
}

// b64 is how WebAuthn writes bytes in JSON.
var b64 = base64.RawURLEncoding

// options are what a server asks a browser for, as far as it matters here.
type options struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
		RPID string `json:"rpId"`
		User struct {
			ID string `json:"id"`
		} `json:"user"`
		Allow []struct {
			ID string `json:"id"`
		} `json:"allowCredentials"`
	} `json:"publicKey"`
}

// Make makes a passkey and gives the browser's answer.
func (d *Device) Make(asked []byte) ([]byte, error) {
	var o options
	if err := json.Unmarshal(asked, &o); err != nil {
		return nil, err
	}
	handle, err := b64.DecodeString(o.PublicKey.User.ID)
	if err != nil {
		return nil, fmt.Errorf("user handle: %w", err)
	}
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	k := &key{id: make([]byte, 32), party: o.PublicKey.RP.ID, handle: handle, secret: secret, count: 1}
	rand.Read(k.id)
	public, err := secret.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	// Attested credential data, section 6.5.1: AAGUID, length, ID, COSE key.
	data := make([]byte, 16, 200)
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.id))) //nolint:gosec // 32
	data = append(data, k.id...)
	data = append(data, 0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20) // {1: 2, 3: -7, -1: 1, -2: x,
	data = append(data, public[1:33]...)
	data = append(data, 0x22, 0x58, 0x20) // -3: y}
	data = append(data, public[33:]...)
	authData := append(d.head(k, 0x40), data...)
	// {"fmt": "none", "attStmt": {}, "authData": …} in CBOR, section 8.7
	object := append([]byte{0xa3, 0x63}, "fmt"...)
	object = append(append(object, 0x64), "none"...)
	object = append(append(object, 0x67), "attStmt"...)
	object = append(append(object, 0xa0, 0x68), "authData"...)
	object = append(object, 0x58, byte(len(authData)))
	object = append(object, authData...)
	client, err := d.client("webauthn.create", o.PublicKey.Challenge)
	if err != nil {
		return nil, err
	}
	d.keys = append(d.keys, k)
	return k.answer(map[string]any{
		"clientDataJSON": b64.EncodeToString(client), "attestationObject": b64.EncodeToString(object), "transports": []string{"internal"},
	})
}

// Use signs with a passkey and gives the browser's answer.
func (d *Device) Use(asked []byte) ([]byte, error) {
	var o options
	if err := json.Unmarshal(asked, &o); err != nil {
		return nil, err
	}
	for _, k := range d.keys {
		allowed := len(o.PublicKey.Allow) == 0
		for _, a := range o.PublicKey.Allow {
			allowed = allowed || a.ID == b64.EncodeToString(k.id)
		}
		if !allowed || k.party != o.PublicKey.RPID {
			continue
		}
		k.count++
		client, err := d.client("webauthn.get", o.PublicKey.Challenge)
		if err != nil {
			return nil, err
		}
		authData := d.head(k, 0)
		hash := sha256.Sum256(client)
		sum := sha256.Sum256(append(append([]byte(nil), authData...), hash[:]...))
		signature, err := ecdsa.SignASN1(rand.Reader, k.secret, sum[:])
		if err != nil {
			return nil, err
		}
		return k.answer(map[string]any{
			"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(authData),
			"signature": b64.EncodeToString(signature), "userHandle": b64.EncodeToString(k.handle),
		})
	}
	return nil, errors.New("the device has no passkey that was asked for")
}

// head is the beginning of authenticator data, section 6.1.
func (d *Device) head(k *key, flags byte) []byte {
	party := sha256.Sum256([]byte(k.party))
	flags |= 0x01 // somebody was there
	if !d.Unverified {
		flags |= 0x04
	}
	count := k.count
	if d.Frozen {
		count = 1
	}
	return binary.BigEndian.AppendUint32(append(party[:], flags), count)
}

func (d *Device) client(kind, challenge string) ([]byte, error) {
	return json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.Origin, "crossOrigin": false})
}

func (k *key) answer(response map[string]any) ([]byte, error) {
	id := b64.EncodeToString(k.id)
	return json.Marshal(map[string]any{
		"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": map[string]any{},
		"authenticatorAttachment": "platform",
	})
}
