package secret_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// A MAC can be compared, belongs to its place, and survives a rotation of the
// keys; without the keys it can't be computed.
func TestMAC(t *testing.T) {
	t.Parallel()
	old, other := ring(t, key(1)), ring(t, key(2))
	mac := old.MAC("kept:1", canary)
	if mac != old.MAC("kept:1", canary) {
		t.Error("the same text has two MACs")
	}
	if mac == old.MAC("kept:2", canary) || mac == old.MAC("kept:1", canary+"x") || old.MAC("a", "b:c") == old.MAC("a:b", "c") {
		t.Error("another place, or another text, has the same MAC")
	}
	if !old.Verify("kept:1", canary, mac) || old.Verify("kept:2", canary, mac) || old.Verify("kept:1", canary+"x", mac) {
		t.Error("Verify does not tell right from wrong")
	}
	if other.Verify("kept:1", canary, mac) {
		t.Error("a ring without the key verifies")
	}
	rotated := ring(t, key(2), key(1))
	if !rotated.Verify("kept:1", canary, mac) || rotated.MAC("kept:1", canary) == mac {
		t.Error("after a rotation the old MACs are lost, or the new key is not used")
	}
	sum := sha256.Sum256([]byte(canary.Reveal()))
	for _, plain := range []string{string(canary), hex.EncodeToString(sum[:]), base64.RawURLEncoding.EncodeToString(sum[:])} {
		if strings.Contains(mac, plain) {
			t.Error("the MAC holds the text, or its plain hash")
		}
	}
	for _, bad := range []string{"", ".", "..", "v1", "v1..", mac + "A", mac[:len(mac)-1], strings.ToUpper(mac)} {
		if old.Verify("kept:1", canary, bad) {
			t.Errorf("%q is taken for a MAC", bad)
		}
	}
}
