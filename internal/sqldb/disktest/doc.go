// Package disktest gives tests their own disk, and fills it. It needs Linux and
// root; elsewhere tests are skipped.
package disktest
