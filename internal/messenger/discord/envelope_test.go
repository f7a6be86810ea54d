package discord

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseEnvelope(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		op    int
		seq   int64
		event string
		data  string
	}{
		{`{"t":"MESSAGE_CREATE","s":3,"op":0,"d":{"a":"}"}}`, 0, 3, "MESSAGE_CREATE", `{"a":"}"}`},
		{`{"d":{"a":["\"}",{}]},"op":0,"s":3,"t":"GUILD_CREATE"}`, 0, 3, "GUILD_CREATE", `{"a":["\"}",{}]}`},
		{` { "op" : 10 , "d" : { "heartbeat_interval" : 41250 } , "s" : null , "t" : null } `, 10, 0, "", `{ "heartbeat_interval" : 41250 }`},
		{`{"op":11}`, 11, 0, "", ""},
		{`{"t":null,"s":null,"op":9,"d":false}`, 9, 0, "", "false"},
		{`{"op":9,"d":true}`, 9, 0, "", "true"},
		{`{"_trace":["x"],"t":"A\u0042","s":1,"op":0,"d":null}`, 0, 1, "AB", "null"},
	} {
		e, err := parseEnvelope([]byte(c.in))
		if err != nil || e.op != c.op || e.seq != c.seq || e.event != c.event || string(e.data) != c.data {
			t.Errorf("%s gave %+v with data %s, %v", c.in, e, e.data, err)
		}
	}
	for _, bad := range []string{"", "{", "}", "[]", `{}`, `{"op":"x"}`, `{"op":-1}`, `{"op"}`, `{"op":}`, `{op:1}`, `{"op":1,"d":{"a":"}`, `{"d":[[[}`, `{"`} {
		if e, err := parseEnvelope([]byte(bad)); err == nil {
			t.Errorf("%q gave %+v", bad, e)
		}
	}
}

// The scanner reads what encoding/json writes, in any order of the keys.
func TestParseEnvelopeLikeJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		name, _ := json.Marshal(rapid.String().Draw(rt, "t"))
		data, _ := json.Marshal(map[string]any{
			rapid.String().Draw(rt, "k"): []any{rapid.String().Draw(rt, "v"), rapid.Float64Range(-1e9, 1e9).Draw(rt, "f"), nil, true},
		})
		seq := rapid.Int64Range(0, 1<<60).Draw(rt, "s")
		parts := rapid.Permutation([]string{
			`"t":` + string(name), fmt.Sprintf(`"s":%d`, seq), `"op":0`, `"d":` + string(data),
		}).Draw(rt, "parts")
		e, err := parseEnvelope([]byte("{" + strings.Join(parts, ",") + "}"))
		var want string
		_ = json.Unmarshal(name, &want)
		if err != nil || e.seq != seq || e.event != want || string(e.data) != string(data) {
			rt.Fatalf("%+v, %s, %v", e, e.data, err)
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	f.Add([]byte(sampleFrame))
	f.Add([]byte(`{"op":10,"d":{"heartbeat_interval":41250}}`))
	f.Add([]byte(`{"d":"\\","op":0,"s":1e3,"t":""}`))
	l, _ := testListener(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		e, err := parseEnvelope(frame)
		if err != nil {
			return
		}
		if len(e.data) > len(frame) || e.op < 0 {
			t.Fatalf("%+v", e)
		}
		_, _ = l.work(e) // no input may panic
	})
}

func BenchmarkEnvelope(b *testing.B) {
	frame := []byte(sampleFrame)
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		if _, err := parseEnvelope(frame); err != nil {
			b.Fatal(err)
		}
	}
}

// The same without knowing that d comes last.
func BenchmarkEnvelopeDataFirst(b *testing.B) {
	e, _ := parseEnvelope([]byte(sampleFrame))
	frame := []byte(`{"d":` + string(e.data) + `,"op":0,"s":2,"t":"MESSAGE_CREATE"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseEnvelope(frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEnvelopeStdlib(b *testing.B) {
	frame := []byte(sampleFrame)
	b.ReportAllocs()
	for b.Loop() {
		var e struct {
			Op int             `json:"op"`
			S  int64           `json:"s"`
			T  string          `json:"t"`
			D  json.RawMessage `json:"d"`
		}
		if err := json.Unmarshal(frame, &e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkConcerns(b *testing.B) {
	e, _ := parseEnvelope([]byte(sampleFrame))
	needle := []byte("999999999999999999")
	b.ReportAllocs()
	for b.Loop() {
		if concerns(e.data, needle) {
			b.Fatal("the sample means somebody else")
		}
	}
}

func BenchmarkDecodeMessage(b *testing.B) {
	e, _ := parseEnvelope([]byte(sampleFrame))
	b.ReportAllocs()
	for b.Loop() {
		m := new(messageObject)
		if err := decode(e.data, m); err != nil || m.ID == "" {
			b.Fatal(err)
		}
	}
}
