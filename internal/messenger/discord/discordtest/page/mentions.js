// Who can be meant by "@Name", and what a client sends for it. People type
// names; Discord's API wants ids.

// targets are {id, name, kind: "user"|"role", bot}. People come before roles of
// the same name: a managed role is named like its bot, and the person means
// the bot.
export function encode(text, targets) {
  const byLength = [...targets].sort((a, b) => b.name.length - a.name.length || (a.kind === "user" ? -1 : 1));
  let out = "";
  for (let i = 0; i < text.length; ) {
    if (text[i] === "`") {
      const fence = /^(`+)[\s\S]*?\1(?!`)/.exec(text.slice(i));
      const code = fence ? fence[0] : text[i];
      out += code;
      i += code.length;
      continue;
    }
    const before = i === 0 ? " " : text[i - 1];
    if (text[i] === "@" && !/[\p{L}\p{N}_<]/u.test(before)) {
      const rest = text.slice(i + 1);
      const hit = byLength.find((t) => startsWithName(rest, t.name));
      if (hit) {
        out += hit.kind === "role" ? `<@&${hit.id}>` : `<@${hit.id}>`;
        i += 1 + hit.name.length;
        continue;
      }
    }
    out += text[i++];
  }
  return out;
}

function startsWithName(rest, name) {
  if (rest.slice(0, name.length).toLowerCase() !== name.toLowerCase()) return false;
  return !/^[\p{L}\p{N}_]/u.test(rest.slice(name.length));
}

// decode is for editing: ids become names again.
export function decode(text, targets) {
  const by = new Map(targets.map((t) => [t.kind + t.id, t.name]));
  return text.replace(/<@(&|!?)(\d+)>/g, (all, sign, id) => {
    const name = by.get((sign === "&" ? "role" : "user") + id);
    return name ? "@" + name : all;
  });
}

// suggest answers what stands between an "@" and the caret.
export function suggest(text, caret, targets) {
  const m = /(?:^|[^\p{L}\p{N}_<])@([\p{L}\p{N}_.-]{0,32})$/u.exec(text.slice(0, caret));
  if (!m) return null;
  const typed = m[1].toLowerCase();
  const fits = targets.filter((t) => t.name.toLowerCase().includes(typed));
  fits.sort((a, b) => rank(a, typed) - rank(b, typed) || a.name.localeCompare(b.name));
  return { start: caret - m[1].length - 1, list: fits.slice(0, 8) };
}

function rank(t, typed) {
  return (t.name.toLowerCase().startsWith(typed) ? 0 : 2) + (t.kind === "role" ? 1 : 0);
}
