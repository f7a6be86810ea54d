package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// privateFolder makes the data folder, or takes one that is there, so that no
// other account of the machine can look into it. A folder that is somebody
// else's, or is used for something else too, is refused instead of changed.
func privateFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return invalid("data", "%v", err)
	}
	st, err := os.Stat(dir)
	if err != nil {
		return invalid("data", "%v", err)
	}
	if !st.IsDir() {
		return invalid("data", "%s is no folder", dir)
	}
	owner, known := ownerOf(st)
	switch {
	case !known: // this system has no such owners and modes
		return nil
	case owner == 0 && owner != os.Geteuid() && st.Mode().Perm()&0o002 == 0:
		// A volume that root has made for this account. Its mode is not ours to
		// change; each file in it is private.
		return foreign(dir)
	case owner != os.Geteuid():
		return invalid("data", "the folder %s belongs to another account of this machine; name another folder, or run `chown %d %s`", dir, os.Geteuid(), dir)
	case st.Mode().Perm()&0o077 == 0:
		return foreign(dir)
	case st.Mode()&fs.ModeSticky != 0 || !ours(dir):
		return invalid("data", "other accounts of this machine can open the folder %s, which holds other files too; name a folder of its own, or run `chmod 700 %s`", dir, dir)
	}
	if err := foreign(dir); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs the x
		return fmt.Errorf("close the data folder to others: %w", err)
	}
	return foreign(dir) // again: only now can nothing be added any more
}

// foreign refuses a folder in which another account, other than root, has put
// something: it could know the key that is there, or hold the database open.
func foreign(dir string) error {
	all, err := os.ReadDir(dir)
	if err != nil {
		return invalid("data", "%v", err)
	}
	for _, e := range all {
		path := filepath.Join(dir, e.Name())
		for _, look := range []func(string) (fs.FileInfo, error){os.Lstat, os.Stat} { // a link, and where it leads
			st, err := look(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return invalid("data", "%v", err)
			}
			if owner, known := ownerOf(st); known && owner != 0 && owner != os.Geteuid() {
				return invalid("data", "%s belongs to another account of this machine, which could read what is stored there; remove it, or, if it is yours, run `chown %d %s`", path, os.Geteuid(), path)
			}
		}
	}
	return nil
}

// ours reports whether a folder is empty or holds data of this program already.
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
	empty := len(names) == 0 || len(names) == 1 && names[0] == "lost+found" // a disk of its own
	return empty && (err == nil || errors.Is(err, io.EOF))
}

// The files of the data folder that this package names.
const (
	databaseFile = "openmates.db"
	keyFile      = "key"
)
