//go:build !unix

package main

import "io/fs"

// keepPrivate does nothing: this system has no umask.
func keepPrivate() {}

// ownerOf knows no owner here.
func ownerOf(fs.FileInfo) (uid int, known bool) { return 0, false }
