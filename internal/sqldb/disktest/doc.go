// Package disktest gives tests a disk of their own, and fills it. It works on
// Linux and for root; elsewhere tests are skipped.
package disktest
