package account

import (
	"strings"
	"testing"
	"unicode/utf8"

	"openmates"
)

func TestPasswordsThatAreEasyToGuess(t *testing.T) {
	t.Parallel()
	v := newVault(Cost{Memory: 64, Time: 1, Threads: 1}, 1)
	for _, bad := range []string{
		"Password2031!", "P@ssw0rd2024", "Passw0rd!!!!", "password-password", "Sommer2026!", "summer2019summer", "qwertyuiop123", "qwertz123456",
		"asdfghjkl2024", "1qaz2wsx3edc", "zaq1xsw2cde3", "!@#$%^&*()12", "abcdefg12345", "9876543210ab", "openmates2026", "OpenMates!123",
		"0penM@tes2025", "openmatesopenmates", "mates-mates-mates", "discord12345", "letmein2025!!", "welcome-admin1", "adminadmin123",
		"iloveyou2020!", "dragon19901224", "24121990michael", "aaabbbcccddd", "xyxyxyxyxyxyx1y"[:14], "lovelove2024", "ada2024ada2024",
		"lovelace1815!!", "Manchester1999", "123abc123abc", "trustno1trustno1", "Berlin2026!!", "hallo12345678", "monkey!monkey!",
	} {
		if err := v.valid(openmates.Secret(bad), "adalove", "Ada Lovelace"); openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("%q is taken (weight %d)", bad, v.guess.weight(strings.ToLower(bad)))
		}
	}
	for _, good := range []string{
		"three quiet lighthouses", "lantern-harbour-42", "x9$kq2Lm!v", "пароль-из-слов", "correct zebra wobbles slowly", "Tr4m-Kelp-Fjord",
		"b7Qp-0xV2-kkeW", "мой дом у моря стоит", "grün ist die Hoffnung nicht", "kayak.mosaic.tundra", "Vj8#mmWq21", "漢字とかなをまぜる合言葉",
		"canary password 3Lm",
	} {
		if err := v.valid(openmates.Secret(good), "adalove", "Ada Lovelace"); err != nil {
			t.Errorf("%q is refused (weight %d): %v", good, v.guess.weight(strings.ToLower(good)), err)
		}
	}
	if len(v.guess.words) < 400 || len(v.guess.listed) < 200 {
		t.Errorf("%d words, %d passwords", len(v.guess.words), len(v.guess.listed))
	}
}

func FuzzWeight(f *testing.F) {
	f.Add("password123")
	f.Add("ééééé")
	f.Add("\xff\xfe1q2w3e")
	g := newGuesser()
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2000 {
			return
		}
		if n := g.weight(s, "ada"); n < 0 || n > 1+2*utf8.RuneCountInString(s) {
			t.Errorf("%q weighs %d", s, n)
		}
	})
}
