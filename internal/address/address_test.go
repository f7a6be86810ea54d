package address_test

import (
	"testing"

	"openmates/internal/address"
)

func TestAnAddressIsSchemeAndHost(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "mates.example", "ftp://mates.example", "https://", "https://mates.example/below", "javascript:alert(1)"} {
		if _, err := address.New(bad, true); err == nil {
			t.Errorf("%q passes as a public address", bad)
		}
	}
}

// Every change is reported to those who wait for one.
func TestAMoveIsHeard(t *testing.T) {
	t.Parallel()
	p, err := address.New("http://127.0.0.1:8080/", false)
	if err != nil {
		t.Fatal(err)
	}
	if p.URL() != "http://127.0.0.1:8080" || p.Chosen() || p.Secure() {
		t.Errorf("at first: %s, chosen %v, secure %v", p.URL(), p.Chosen(), p.Secure())
	}
	for _, to := range []string{"https://mates.example", "https://other.example"} {
		moved := p.Moved()
		select {
		case <-moved:
			t.Fatal("it has moved before it has")
		default:
		}
		if err := p.Move(to); err != nil {
			t.Fatal(err)
		}
		<-moved
		if p.URL() != to || !p.Chosen() || !p.Secure() {
			t.Errorf("now: %s, chosen %v, secure %v", p.URL(), p.Chosen(), p.Secure())
		}
	}
	if err := p.Move("nonsense"); err == nil || p.URL() != "https://other.example" {
		t.Errorf("moved to nonsense: %v, %s", err, p.URL())
	}
}
