//go:build unix

package main

import (
	"io/fs"
	"syscall"
)

// keepPrivate makes every file and folder that this process creates its own:
// also those that a library makes without saying with which mode.
func keepPrivate() { syscall.Umask(0o077) }

// ownerOf returns the account that a file belongs to.
func ownerOf(st fs.FileInfo) (uid int, known bool) {
	s, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(s.Uid), true
}
