package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// privateFolder creates the data folder, or uses an existing one, so that no
// other account of the machine can read it. A folder that belongs to somebody
// else, or contains other files, is refused rather than changed.
func privateFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return invalid("data", "%v", err)
	}
	st, err := os.Stat(dir)
	if err != nil {
		return invalid("data", "%v", err)
	}
	if !st.IsDir() {
		return invalid("data", "%s is not a folder", dir)
	}
	owner, known := ownerOf(st)
	switch {
	case !known: // no owners and modes on this system
		return nil
	case owner == 0 && owner != os.Geteuid() && st.Mode().Perm()&0o002 == 0:
		// A volume that root created for this account. We can't change its
		// mode, but each file in it is private.
		return foreign(dir)
	case owner != os.Geteuid():
		return invalid("data", "the folder %s belongs to another account on this machine; use another folder, or run `chown %d %s`", dir, os.Geteuid(), dir)
	case st.Mode().Perm()&0o077 == 0:
		return foreign(dir)
	case st.Mode()&fs.ModeSticky != 0 || !ours(dir):
		return invalid("data", "other accounts on this machine can open the folder %s, which contains other files; use a separate folder, or run `chmod 700 %s`", dir, dir)
	}
	if err := foreign(dir); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs the x bit
		return fmt.Errorf("close the data folder to others: %w", err)
	}
	return foreign(dir) // again, because until now others could have added files
}

// foreign refuses a folder to which an account other than root has added files:
// it could know the key in it, or have the database open.
func foreign(dir string) error {
	all, err := os.ReadDir(dir)
	if err != nil {
		return invalid("data", "%v", err)
	}
	for _, e := range all {
		path := filepath.Join(dir, e.Name())
		for _, look := range []func(string) (fs.FileInfo, error){os.Lstat, os.Stat} { // a link, and its target
			st, err := look(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return invalid("data", "%v", err)
			}
			if owner, known := ownerOf(st); known && owner != 0 && owner != os.Geteuid() {
				return invalid("data", "%s belongs to another account on this machine, which could read stored data; remove it, or, if it's yours, run `chown %d %s`", path, os.Geteuid(), path)
			}
		}
	}
	return nil
}

// ours reports whether a folder is empty or already contains data of this
// program.
func ours(dir string) bool {
	for _, name := range []string{databaseFile, keyFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer f.Close()
	names, err := f.Readdirnames(2)
	empty := len(names) == 0 || len(names) == 1 && names[0] == "lost+found" // the root of a file system
	return empty && (err == nil || errors.Is(err, io.EOF))
}

// The files of the data folder that this package names.
const (
	databaseFile = "openmates.db"
	keyFile      = "key"
)
