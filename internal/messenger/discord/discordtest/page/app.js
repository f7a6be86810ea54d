// The chat page comes alive: it talks to the same REST API as any client, with
// the token of the person that the address names, and hears of news from
// /sim/events. Without this script the page still shows the channel and posts.
import { el } from "./markdown.js";
import { avatar, hue, initials, message, nameOf, plain } from "./render.js";
import { compose } from "./composer.js";

const here = { ...document.body.dataset }; // as, guild, channel
const $ = (id) => document.getElementById(id);
const list = $("messages");
const scroll = $("scroll");
const messages = new Map();
const typing = new Map();
let place = null;
let writer = null;

async function api(method, path, body) {
  const form = body instanceof FormData;
  const headers = { Authorization: place.me.token };
  if (body && !form) headers["Content-Type"] = "application/json";
  const answer = await fetch("/api/v10" + path, { method, headers, body: form ? body : body && JSON.stringify(body) });
  const text = await answer.text();
  if (answer.status === 429) {
    const wait = JSON.parse(text).retry_after ?? 1;
    await new Promise((done) => setTimeout(done, wait * 1000));
    return api(method, path, body);
  }
  if (!answer.ok) {
    let why = "the server answered " + answer.status;
    try { why = JSON.parse(text).message ?? why; } catch { /* not JSON: the status must do */ }
    throw new Error(why);
  }
  return text ? JSON.parse(text) : null;
}

let noticeEnds = 0;
function notice(text) {
  const box = $("notice");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(noticeEnds);
  noticeEnds = setTimeout(() => { box.hidden = true; }, 5000);
}

const attempt = (work) => work().catch((e) => notice("That did not work: " + e.message));

async function loadPlace() {
  const query = new URLSearchParams({ as: here.as, guild: here.guild, channel: here.channel });
  const answer = await fetch("/sim/place?" + query);
  if (!answer.ok) throw new Error("this place does not exist for you");
  place = await answer.json();
  place.names = new Map(place.users.map((u) => [u.id, u.name]));
  place.roleNames = new Map(place.roles.map((r) => [r.id, r.name]));
  place.channelNames = new Map(place.channels.map((c) => [c.id, c.name]));
}

const context = {
  get me() { return place.me.id; },
  get threads() { return Boolean(here.guild) && !place.thread; },
  href: (channel) => `/channels/${here.guild || "@me"}/${channel}?as=${here.as}`,
  names(m) {
    return {
      me: place.me.id,
      user: (id) => place.names.get(id) ?? (m.mentions ?? []).find((u) => u.id === id)?.username ?? "unknown",
      role: (id) => place.roleNames.get(id) ?? "unknown role",
      channel: (id) => place.channelNames.get(id) ?? "unknown",
    };
  },
  reply: (m) => writer.reply(m),
  edit: (m) => writer.edit(m),
  remove: (m) => attempt(() => api("DELETE", `/channels/${here.channel}/messages/${m.id}`)),
  react: (m, emoji, on) => attempt(() => api(on ? "PUT" : "DELETE", `/channels/${here.channel}/messages/${m.id}/reactions/${encodeURIComponent(emoji)}/@me`)),
  thread: (m) => attempt(async () => {
    const name = await ask("New thread", "Name of the thread", plain(m.content || "Thread", context.names(m)).slice(0, 60));
    if (!name) return;
    const made = await api("POST", `/channels/${here.channel}/messages/${m.id}/threads`, { name });
    location.assign(context.href(made.id));
  }),
  press: (m, customID, button) => attempt(async () => {
    button.disabled = true;
    try {
      await api("POST", "/interactions", {
        type: 3, application_id: m.application_id ?? m.author.id, guild_id: here.guild || undefined, channel_id: here.channel,
        message_id: m.id, session_id: "page", nonce: nonce(), data: { component_type: 2, custom_id: customID },
      });
    } finally { button.disabled = false; }
  }),
};

function nonce() {
  return String((BigInt(Date.now() - 1420070400000) << 22n) + BigInt(Math.floor(Math.random() * (1 << 22))));
}

// ask is the one small dialog of the page.
function ask(title, label, value) {
  const box = $("ask");
  const input = el("input", { name: "value", maxlength: "100", required: true, "aria-label": label, id: "ask-value" });
  input.value = value ?? "";
  box.replaceChildren(el("form", { method: "dialog" }, el("h2", {}, title), input,
    el("menu", {}, el("button", { type: "button", id: "ask-cancel" }, "Cancel"), el("button", { value: "ok", class: "primary" }, "Create"))));
  $("ask-cancel").addEventListener("click", () => box.close(""));
  box.returnValue = "";
  box.showModal();
  input.select();
  return new Promise((done) => box.addEventListener("close", () => done(box.returnValue === "ok" ? input.value.trim() : ""), { once: true }));
}

// Messages

const older = (a, b) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

function put(m, arrived) {
  const known = messages.get(m.id);
  const whole = known ? { ...known, ...m } : m;
  if (!whole.author) return;
  messages.set(m.id, whole);
  const sticks = nearEnd();
  const row = message(whole, context);
  const old = list.querySelector(`[data-message-id="${CSS.escape(m.id)}"]`);
  if (old) old.replaceWith(row);
  else {
    if (arrived) row.classList.add("arrived");
    const next = [...list.children].reverse().find((x) => older(x.dataset.messageId, m.id) < 0);
    if (next) next.after(row);
    else list.prepend(row);
  }
  group(row);
  if (row.nextElementSibling) group(row.nextElementSibling);
  if (sticks) toEnd();
}

// group hides the head of a message that follows another of the same author soon.
function group(row) {
  const before = row.previousElementSibling;
  row.classList.toggle("follow", Boolean(before) && !row.dataset.replyTo
    && before.dataset.authorId === row.dataset.authorId
    && new Date(row.dataset.time) - new Date(before.dataset.time) < 7 * 60000);
}

function drop(id) {
  messages.delete(id);
  const row = list.querySelector(`[data-message-id="${CSS.escape(id)}"]`);
  const next = row?.nextElementSibling;
  row?.remove();
  if (next) group(next);
}

const nearEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; };

async function loadMessages() {
  const got = await api("GET", `/channels/${here.channel}/messages?limit=100`);
  list.replaceChildren();
  messages.clear();
  for (const m of got.reverse()) put(m, false);
  toEnd();
  document.body.dataset.ready = "true";
}

list.addEventListener("click", (event) => {
  const jump = event.target.closest("[data-jump]");
  if (!jump) return;
  event.preventDefault();
  const to = list.querySelector(`[data-message-id="${CSS.escape(jump.dataset.jump)}"]`);
  if (!to) return notice("That message is further up than this page shows.");
  to.scrollIntoView({ block: "center" });
  to.classList.remove("found");
  void to.offsetWidth;
  to.classList.add("found");
});

// Who is typing

function typed(userID, name) {
  if (userID === place.me.id) return;
  clearTimeout(typing.get(userID)?.ends);
  typing.set(userID, { name, ends: setTimeout(() => { typing.delete(userID); drawTyping(); }, 10000) });
  drawTyping();
}

function stoppedTyping(userID) {
  clearTimeout(typing.get(userID)?.ends);
  if (typing.delete(userID)) drawTyping();
}

function drawTyping() {
  const names = [...typing.values()].map((t) => t.name);
  const box = $("typing");
  if (!names.length) return box.replaceChildren();
  const text = names.length > 3 ? "Several people are typing" : names.join(", ").replace(/, ([^,]*)$/, " and $1") + (names.length > 1 ? " are typing" : " is typing");
  box.replaceChildren(el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), text + "…");
}

// News

const structure = /^(GUILD_(CREATE|DELETE|UPDATE|ROLE_.*|MEMBER_.*)|CHANNEL_.*|THREAD_(CREATE|UPDATE|DELETE|LIST_SYNC))$/;

function news(type, d) {
  if (type === "MESSAGE_CREATE") {
    if (d.channel_id !== here.channel) return unread(d);
    stoppedTyping(d.author.id);
    put(d, true);
  } else if (type === "MESSAGE_UPDATE") {
    if (d.channel_id === here.channel && (messages.has(d.id) || d.author)) put(d, false);
  } else if (type === "MESSAGE_DELETE") {
    if (d.channel_id === here.channel) drop(d.id);
  } else if (type.startsWith("MESSAGE_REACTION")) {
    if (d.channel_id === here.channel) attempt(async () => put(await api("GET", `/channels/${d.channel_id}/messages/${d.message_id}`), false));
  } else if (type === "TYPING_START") {
    if (d.channel_id === here.channel) typed(d.user_id, d.member?.nick ?? nameOf(d.member?.user ?? { username: place.names.get(d.user_id) ?? "Somebody" }));
  } else if (structure.test(type)) refreshSoon();
}

function unread(m) {
  if (m.author.id === place.me.id) return;
  const channel = document.querySelector(`#channels a[data-channel-id="${CSS.escape(m.channel_id)}"]`);
  channel?.classList.add("unread");
  const guild = document.querySelector(`#rail a[data-guild-id="${CSS.escape(m.guild_id ?? "@me")}"]`);
  if (guild && !guild.classList.contains("here")) guild.classList.add("unread");
  if (!m.guild_id && !channel) refreshSoon();
}

// When rooms or members change, the server draws the side lists anew; what it
// drew is taken over as elements.
let refreshing = 0;
function refreshSoon() {
  clearTimeout(refreshing);
  refreshing = setTimeout(() => attempt(async () => {
    const answer = await fetch(location.pathname + "?as=" + here.as);
    if (!answer.ok) return location.assign("/?as=" + here.as);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["rail-list", "channel-list", "member-list"]) {
      const [now, then] = [$(id), fresh.getElementById(id)];
      if (!now || !then) continue;
      const marked = [...now.querySelectorAll("a.unread")].map((a) => a.dataset.channelId ?? a.dataset.guildId);
      now.replaceChildren(...then.childNodes);
      for (const a of now.querySelectorAll("a")) {
        if (marked.includes(a.dataset.channelId ?? a.dataset.guildId) && !a.classList.contains("here")) a.classList.add("unread");
      }
    }
    await loadPlace();
    for (const m of messages.values()) put(m, false);
  }), 150);
}

function listen() {
  const source = new EventSource("/sim/events?token=" + encodeURIComponent(place.me.token));
  let lost = false;
  source.addEventListener("open", () => {
    document.body.dataset.live = "true";
    // What was said while the line was cut is fetched.
    if (lost && here.channel) attempt(loadMessages);
    lost = false;
  });
  source.addEventListener("error", () => { lost = true; delete document.body.dataset.live; });
  source.addEventListener("message", (event) => {
    const { t, d } = JSON.parse(event.data);
    news(t, d);
  });
}

document.querySelector('#rail a[href="#make-guild"]').addEventListener("click", () => {
  $("make-guild").open = true;
  $("guild-name").focus();
});

async function start() {
  await loadPlace();
  if (here.channel) {
    writer = compose({ here, api, notice, attempt, nonce, nameOf, avatar, el, hue, initials, place: () => place });
    await loadMessages();
  }
  listen();
}

attempt(start);
