package identity_test

import (
	"math"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/identity"
)

func TestPasswordsThatAreEasyToGuess(t *testing.T) {
	t.Parallel()
	v := identity.NewVault(identity.Cost{Memory: 64, Time: 1, Threads: 1}, 1)
	for _, bad := range []string{
		"Password2031!", "P@ssw0rd2024", "Passw0rd!!!!", "password-password", "Sommer2026!", "summer2019summer", "qwertyuiop123", "qwertz123456",
		"asdfghjkl2024", "1qaz2wsx3edc", "zaq1xsw2cde3", "!@#$%^&*()12", "abcdefg12345", "9876543210ab", "openmates2026", "OpenMates!123",
		"0penM@tes2025", "openmatesopenmates", "mates-mates-mates", "discord12345", "letmein2025!!", "welcome-admin1", "adminadmin123",
		"iloveyou2020!", "dragon19901224", "24121990michael", "aaabbbcccddd", "xyxyxyxyxyxyx1y"[:14], "lovelove2024", "ada2024ada2024",
		"lovelace1815!!", "Manchester1999", "123abc123abc", "trustno1trustno1", "Berlin2026!!", "hallo12345678", "monkey!monkey!",
		"mypassword", "pleasechangeme", "letmeinplease", "administrator1", "iloveyousomuch", "correct horse battery staple", "correct-horse-battery-staple",
		"correcthorsebatterystaple", "michaeljackson", "manchesterunited", "qwertyuiop[]", "1qaz2wsx3edc4rfv", "asdfghjklöä", "minecraft123", "Passwort2024!!",
		"geheim123456", "Fussball#2025",
	} {
		if err := v.Valid(openmates.Secret(bad), "adalove", "Ada Lovelace"); openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("%q is taken (%g guesses)", bad, identity.Guesses(bad))
		}
	}
	for _, good := range []string{
		"three quiet lighthouses", "lantern-harbour-42", "x9$kq2Lm!v", "пароль-из-слов", "correct zebra wobbles slowly", "Tr4m-Kelp-Fjord",
		"b7Qp-0xV2-kkeW", "мой дом у моря стоит", "grün ist die Hoffnung nicht", "kayak.mosaic.tundra", "Vj8#mmWq21", "漢字とかなをまぜる合言葉",
		"canary password 3Lm",
	} {
		if err := v.Valid(openmates.Secret(good), "adalove", "Ada Lovelace"); err != nil {
			t.Errorf("%q is refused (%g guesses): %v", good, identity.Guesses(good), err)
		}
	}
}

// A long password costs bounded time, and what comes after the bound neither
// helps nor hurts it.
func TestALongPasswordIsScoredByItsBeginning(t *testing.T) {
	t.Parallel()
	start := strings.Repeat("aB3!xy7q", identity.MaxScored/8)
	if got, want := identity.Guesses(start+strings.Repeat("é", 20_000)), identity.Guesses(start); got != want {
		t.Errorf("a longer password needs %g guesses, its beginning %g", got, want)
	}
	if got, want := identity.Guesses(strings.Repeat("é", identity.MaxScored)+"x"), identity.Guesses(strings.Repeat("é", identity.MaxScored)); got != want {
		t.Errorf("the bound cuts a character in two: %g guesses instead of %g", got, want)
	}
}

// The words of a user's own names count as known to the attacker.
func TestOwnNamesMakeAPasswordWeaker(t *testing.T) {
	t.Parallel()
	const password = "quillfeather-1815"
	if with, without := identity.Guesses(password, "quillfeather"), identity.Guesses(password); with >= identity.MinGuesses || without < identity.MinGuesses {
		t.Errorf("%q needs %g guesses with the name and %g without", password, with, without)
	}
}

func FuzzGuesses(f *testing.F) {
	f.Add("password123", "ada")
	f.Add("ééééé", "")
	f.Add("\xff\xfe1q2w3e", "\xff")
	f.Add("1@4$71@4$7", "i4a5t")
	f.Fuzz(func(t *testing.T, password, name string) {
		if len(password) > 2000 || len(name) > 100 {
			return
		}
		if n := identity.Guesses(password, name); !(n >= 0) || math.IsInf(n, 1) {
			t.Errorf("%q with %q needs %g guesses", password, name, n)
		}
	})
}
