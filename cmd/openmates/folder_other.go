//go:build !unix

package main

import "io/fs"

// keepPrivate does nothing, because this system has no umask.
func keepPrivate() {}

// ownerOf returns false, because this system has no owners.
func ownerOf(fs.FileInfo) (uid int, known bool) { return 0, false }
