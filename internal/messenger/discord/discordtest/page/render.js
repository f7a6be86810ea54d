// How one message looks. Everything is made of elements and text nodes.
import { el, markdown } from "./markdown.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export function timeText(iso) {
  const at = new Date(iso);
  return at.toDateString() === new Date().toDateString() ? clock.format(at) : day.format(at) + ", " + clock.format(at);
}

export function initials(name) {
  const words = name.trim().split(/\s+/);
  return (words.length > 1 ? [...words[0]][0] + [...words[1]][0] : [...name].slice(0, 2).join("")).toUpperCase();
}

// hue spreads names over the colours, the same for a name on every page; page.go counts alike.
export function hue(id) {
  let sum = 7;
  for (const c of id) sum = (sum * 31 + c.charCodeAt(0)) % 12;
  return sum;
}

export function avatar(user) {
  const image = user.avatar && /^data:image\//.test(user.avatar) ? user.avatar : user.avatar_url;
  if (image) return el("img", { class: "avatar", src: image, alt: "" });
  return el("span", { class: `avatar h${hue(user.id)}`, "aria-hidden": "true" }, initials(user.global_name || user.username));
}

export function nameOf(user) {
  return user.global_name || user.username;
}

export function message(m, ctx) {
  const own = m.author.id === ctx.me;
  const row = el("li", {
    class: own ? "message own" : "message",
    "data-message-id": m.id,
    "data-author": nameOf(m.author),
    "data-author-id": m.author.id,
    "data-bot": m.author.bot ? "true" : null,
    "data-time": m.timestamp,
    "data-reply-to": m.message_reference?.message_id,
  });
  if (m.message_reference && m.type === 19) row.append(reference(m, ctx));
  row.append(avatar(m.author), head(m), content(m, ctx), ...files(m), ...(m.embeds ?? []).map((e) => embed(e, ctx)));
  for (const line of m.components ?? []) row.append(components(line, m, ctx));
  if (m.reactions?.length) row.append(reactions(m, ctx));
  if (m.thread) row.append(el("a", { class: "thread-link", href: ctx.href(m.thread.id), "data-thread-id": m.thread.id }, "Open thread “" + m.thread.name + "”"));
  row.append(actions(m, own, ctx));
  if (mentions(m, ctx)) row.classList.add("for-me");
  return row;
}

function mentions(m, ctx) {
  return m.mention_everyone || (m.mentions ?? []).some((u) => u.id === ctx.me);
}

function head(m) {
  return el("header", {},
    el("strong", { class: `author t${hue(m.author.id)}` }, nameOf(m.author)),
    m.author.bot ? el("span", { class: "tag" }, "BOT") : null,
    el("time", { datetime: m.timestamp, title: new Date(m.timestamp).toLocaleString() }, timeText(m.timestamp)));
}

function content(m, ctx) {
  const box = el("div", { class: "content", "data-content": "" });
  box.append(markdown(m.content ?? "", ctx.names(m)));
  if (m.edited_timestamp) {
    const mark = el("span", { class: "edited", title: new Date(m.edited_timestamp).toLocaleString() }, "(edited)");
    const last = box.lastElementChild;
    (last && last.tagName === "P" ? last : box).append(" ", mark);
  }
  return box;
}

function reference(m, ctx) {
  const to = m.referenced_message;
  if (!to) return el("div", { class: "reference gone" }, "The original message was deleted.");
  const text = plain(to.content || "an attachment", ctx.names(to));
  return el("a", { class: "reference", href: "#m" + to.id, "data-jump": to.id },
    avatar(to.author), el("strong", {}, nameOf(to.author)), el("span", {}, text));
}

// plain is a message in one line: names for ids, no marks.
export function plain(text, names) {
  const line = text
    .replace(/<@!?(\d+)>/g, (_, id) => "@" + names.user(id))
    .replace(/<@&(\d+)>/g, (_, id) => "@" + names.role(id))
    .replace(/<#(\d+)>/g, (_, id) => "#" + names.channel(id))
    .replace(/[*_`~|>#]+/g, "")
    .replace(/\s+/g, " ");
  return line.length > 120 ? line.slice(0, 119) + "…" : line;
}

// near is the address of a file without the host: the page may have been opened
// under another name of this computer than the server calls itself.
function near(url) {
  const u = new URL(url, location.href);
  return u.pathname + u.search;
}

function files(m) {
  return (m.attachments ?? []).map((a) => {
    const url = near(a.url);
    const image = /^image\/(png|jpe?g|gif|webp|avif)$/.test(a.content_type ?? "");
    return image
      ? el("a", { class: "image", href: url, target: "_blank", rel: "noopener", "data-attachment": a.filename }, el("img", { src: url, alt: a.description || a.filename, loading: "lazy" }))
      : el("a", { class: "file", href: url, target: "_blank", rel: "noopener", download: a.filename, "data-attachment": a.filename },
          el("span", {}, a.filename), el("small", {}, size(a.size)));
  });
}

function size(n) {
  if (n < 1024) return n + " bytes";
  return n < 1 << 20 ? (n / 1024).toFixed(1) + " KiB" : (n / (1 << 20)).toFixed(1) + " MiB";
}

function embed(e, ctx) {
  const box = el("div", { class: "embed" });
  if (e.title) box.append(el("strong", {}, e.title));
  if (e.description) box.append(markdown(e.description, ctx.names({})));
  for (const f of e.fields ?? []) box.append(el("div", { class: "field" }, el("strong", {}, f.name), markdown(f.value, ctx.names({}))));
  if (e.footer?.text) box.append(el("small", {}, e.footer.text));
  return box;
}

const styles = { 1: "primary", 2: "secondary", 3: "success", 4: "danger" };

function components(line, m, ctx) {
  const row = el("div", { class: "components" });
  for (const c of line.components ?? []) {
    if (c.type !== 2) continue;
    const label = [c.emoji?.name, c.label].filter(Boolean).join(" ");
    if (c.style === 5 && /^https?:/.test(c.url ?? "")) {
      row.append(el("a", { class: "button secondary", href: c.url, target: "_blank", rel: "noopener" }, label));
      continue;
    }
    const button = el("button", { type: "button", class: styles[c.style] ?? "secondary", "data-custom-id": c.custom_id, disabled: Boolean(c.disabled) }, label);
    button.addEventListener("click", () => ctx.press(m, c.custom_id, button));
    row.append(button);
  }
  return row;
}

function reactions(m, ctx) {
  const row = el("div", { class: "reactions" });
  for (const r of m.reactions) {
    const button = el("button", { type: "button", class: r.me ? "mine" : null, "data-emoji": r.emoji.name }, `${r.emoji.name} ${r.count}`);
    button.addEventListener("click", () => ctx.react(m, r.emoji.name, !r.me));
    row.append(button);
  }
  return row;
}

function actions(m, own, ctx) {
  const bar = el("div", { class: "actions" });
  const add = (label, name, does) => {
    const b = el("button", { type: "button", "data-action": name }, label);
    b.addEventListener("click", does);
    bar.append(b);
  };
  add("Reply", "reply", () => ctx.reply(m));
  if (ctx.threads && !m.thread) add("Thread", "thread", () => ctx.thread(m));
  if (own) {
    add("Edit", "edit", () => ctx.edit(m));
    add("Delete", "delete", () => ctx.remove(m));
  }
  return bar;
}
