//go:build unix

package main

import (
	"io/fs"
	"syscall"
)

// keepPrivate makes every file and folder that this process creates private,
// including those created by libraries that don't set a mode.
func keepPrivate() { syscall.Umask(0o077) }

// ownerOf returns the account that owns a file.
func ownerOf(st fs.FileInfo) (uid int, known bool) {
	s, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(s.Uid), true
}
