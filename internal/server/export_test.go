package server

// HostOf returns the name in a host with or without a port.
func HostOf(s string) string { return hostOf(s) }

// IsLoopback reports whether a host is this machine.
func IsLoopback(host string) bool { return isLoopback(host) }

// Private reports whether a host is of one's own network.
func Private(host string) bool { return private(host) }
