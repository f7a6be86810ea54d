// Markdown as people write it in chats, drawn with DOM methods only: no text
// of a message ever becomes HTML.

const block = /^(?:(#{1,3}) +(.+)|-# +(.+)|>>> ?([\s\S]*)|> ?(.*)|(\s*)(?:[-*]|(\d{1,4})\.) +(.+))$/;

const inlineRule = new RegExp([
  String.raw`\\([\\*_~|\x60>\[\]()#@<.!-])`, //                      1 escaped sign
  String.raw`(\x60+)([\s\S]*?[^\x60])\2(?!\x60)`, //                     2,3 code
  String.raw`\*\*\*(?=\S)([\s\S]+?)\*\*\*(?!\*)`, //               4 bold italic
  String.raw`\*\*(?=\S)([\s\S]+?)\*\*(?!\*)`, //                   5 bold
  String.raw`__(?=\S)([\s\S]+?)__(?!_)`, //                        6 underlined
  String.raw`\*(?=[^\s*])([^*]*?[^\s*])\*(?!\*)`, //               7 italic
  String.raw`(?<![\p{L}\p{N}_])_(?=\S)([^_]+?)_(?![\p{L}\p{N}_])`, // 8 italic
  String.raw`~~(?=\S)([\s\S]+?)~~`, //                             9 struck
  String.raw`\|\|([\s\S]+?)\|\|`, //                               10 spoiler
  String.raw`\[([^\]\n]+)\]\(<?(https?:\/\/[^\s)>]+)>?\)`, //      11,12 named link
  String.raw`<@!?(\d{1,20})>`, //                                  13 person
  String.raw`<@&(\d{1,20})>`, //                                   14 role
  String.raw`<#(\d{1,20})>`, //                                    15 channel
  String.raw`<(https?:\/\/[^\s>]+)>`, //                           16 link
  String.raw`(https?:\/\/[^\s<]*[^\s<.,:;"'\])!?*_~])`, //         17 link
  String.raw`@(everyone|here)\b`, //                               18 all
  String.raw`<t:(-?\d{1,13})(?::[tTdDfFR])?>`, //                  19 time
].join("|"), "gu");

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

function link(url, children) {
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}

// inline draws one run of text. names says who stands behind an id.
function inline(text, names, depth = 0) {
  const out = [];
  const rule = new RegExp(inlineRule);
  let done = 0;
  const deeper = (t) => inline(t, names, depth + 1);
  for (let m; depth < 8 && (m = rule.exec(text)); done = rule.lastIndex) {
    if (m.index > done) out.push(text.slice(done, m.index));
    if (m[1]) out.push(m[1]);
    else if (m[2]) out.push(el("code", {}, m[3].trim() || m[3]));
    else if (m[4]) out.push(el("strong", {}, el("em", {}, ...deeper(m[4]))));
    else if (m[5]) out.push(el("strong", {}, ...deeper(m[5])));
    else if (m[6]) out.push(el("u", {}, ...deeper(m[6])));
    else if (m[7] || m[8]) out.push(el("em", {}, ...deeper(m[7] || m[8])));
    else if (m[9]) out.push(el("s", {}, ...deeper(m[9])));
    else if (m[10]) out.push(el("span", { class: "spoiler", tabindex: "0" }, ...deeper(m[10])));
    else if (m[11]) out.push(link(m[12], deeper(m[11])));
    else if (m[13]) out.push(mention("user", m[13], "@" + names.user(m[13]), m[13] === names.me));
    else if (m[14]) out.push(mention("role", m[14], "@" + names.role(m[14]), false));
    else if (m[15]) out.push(mention("channel", m[15], "#" + names.channel(m[15]), false));
    else if (m[16] || m[17]) out.push(link(m[16] || m[17], [m[16] || m[17]]));
    else if (m[18]) out.push(mention("all", m[18], m[0], true));
    else if (m[19]) out.push(el("time", {}, new Date(Number(m[19]) * 1000).toLocaleString()));
    else out.push(m[0]);
  }
  if (done < text.length) out.push(text.slice(done));
  return out;
}

function mention(kind, id, label, me) {
  return el("span", { class: me ? "mention me" : "mention", "data-mention": kind, "data-id": id }, label);
}

// markdown draws a whole message. An open code fence runs to the end, so that
// an answer that is still growing already looks as it will.
export function markdown(text, names) {
  const out = document.createDocumentFragment();
  const parts = text.split("```");
  parts.forEach((part, i) => {
    if (i % 2 === 1) {
      const m = /^([\w+#.-]*)\n([\s\S]*)$/.exec(part);
      const code = m ? m[2] : part;
      out.append(el("pre", { "data-language": m && m[1] ? m[1] : null }, el("code", {}, code.replace(/\n$/, ""))));
    } else {
      if (i > 0) part = part.replace(/^\n/, "");
      if (i < parts.length - 1) part = part.replace(/\n$/, "");
      if (part) blocks(out, part, names);
    }
  });
  return out;
}

function blocks(out, text, names) {
  const lines = text.split("\n");
  let paragraph = [];
  const flush = () => {
    if (paragraph.length) out.append(el("p", {}, ...inline(paragraph.join("\n"), names)));
    paragraph = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const m = block.exec(lines[i]);
    if (!m) {
      if (lines[i].trim() === "") flush();
      else paragraph.push(lines[i]);
      continue;
    }
    flush();
    if (m[1]) out.append(el("h" + (m[1].length + 2), {}, ...inline(m[2], names)));
    else if (m[3]) out.append(el("small", {}, ...inline(m[3], names)));
    else if (m[4] !== undefined) {
      const quote = el("blockquote");
      blocks(quote, [m[4], ...lines.slice(i + 1)].join("\n"), names);
      out.append(quote);
      break;
    } else if (m[5] !== undefined) i = quoted(out, lines, i, names);
    else i = list(out, lines, i, names);
  }
  flush();
}

function quoted(out, lines, i, names) {
  const inside = [];
  for (; i < lines.length && /^> ?/.test(lines[i]); i++) inside.push(lines[i].replace(/^> ?/, ""));
  const quote = el("blockquote");
  blocks(quote, inside.join("\n"), names);
  out.append(quote);
  return i - 1;
}

// list takes the run of lines that are items; deeper indents make inner lists.
function list(out, lines, i, names) {
  const item = /^(\s*)(?:([-*])|(\d{1,4})\.) +(.+)$/;
  const open = [];
  for (; i < lines.length; i++) {
    const m = item.exec(lines[i]);
    if (!m) break;
    const indent = m[1].length;
    const kind = m[2] ? "ul" : "ol";
    while (open.length && (open.at(-1).indent > indent || (open.at(-1).indent === indent && open.at(-1).kind !== kind))) open.pop();
    if (!open.length || open.at(-1).indent < indent) {
      const node = el(kind, kind === "ol" ? { start: m[3] } : {});
      const inner = open.length ? open.at(-1).node.lastElementChild : null;
      (inner ?? out).append(node);
      open.push({ indent, kind, node });
    }
    open.at(-1).node.append(el("li", {}, ...inline(m[4], names)));
  }
  return i - 1;
}
