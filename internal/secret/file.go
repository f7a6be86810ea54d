package secret

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"openmates"
)

// Config says where the keys come from.
type Config struct {
	Keys openmates.Secret // base64 keys, separated by spaces, commas or line breaks; the first seals
	File string           // read if Keys is empty; created if it doesn't exist
}

// Load returns the Ring of a server. Keys takes precedence over File.
func Load(c Config) (*Ring, error) {
	if c.Keys != "" {
		return parse(c.Keys.Reveal(), "The setting with the keys for stored credentials")
	}
	text, err := os.ReadFile(c.File)
	made := errors.Is(err, fs.ErrNotExist)
	if made {
		if err := create(c.File); err != nil {
			return nil, fmt.Errorf("make key file: %w", err)
		}
		text, err = os.ReadFile(c.File)
	}
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if err := private(c.File); err != nil {
		return nil, err
	}
	r, err := parse(string(text), "The key file "+c.File)
	if err != nil {
		return nil, err
	}
	r.made = made
	return r, nil
}

func parse(text, where string) (*Ring, error) {
	var keys [][]byte
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,", r) }) {
		raw, err := decode(word)
		if err != nil || len(raw) != keySize {
			return nil, openmates.Errorf(openmates.EInvalid,
				"%s contains something that isn't a key: a key is 32 bytes in base64, as printed by `openssl rand -base64 32`.", where)
		}
		keys = append(keys, raw)
	}
	if len(keys) == 0 {
		return nil, openmates.Errorf(openmates.EInvalid, "%s doesn't contain a key. Restore the one it had, or saved credentials can't be read.", where)
	}
	return New(keys...)
}

// decode decodes base64 in its standard or URL alphabet, padded or not.
func decode(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	if strings.ContainsAny(s, "-_") {
		return base64.RawURLEncoding.DecodeString(s)
	}
	return base64.RawStdEncoding.DecodeString(s)
}

// private rejects a file that others can read.
func private(file string) error {
	if runtime.GOOS == "windows" { // has no such permissions
		return nil
	}
	st, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("read key file: %w", err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return openmates.Errorf(openmates.EInvalid,
			"Other users on this machine can read the key file. Run `chmod 600 %s` and start again.", file)
	}
	return nil
}

// create writes a new key to file atomically. If another process does so at the
// same moment, one of the two keys wins.
func create(file string) error {
	raw := make([]byte, keySize)
	if _, err := rand.Read(raw); err != nil {
		return err
	}
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".key-*") // created with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(raw) + "\n")
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	// A link fails where a rename would overwrite another process's key.
	if err := os.Link(tmp.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a new file name survive a power failure.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
