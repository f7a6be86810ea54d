// The field that people write in: names after "@" become ids, Enter sends,
// Shift+Enter begins a line, files go along, "/" runs a command of an app.
import { decode, encode, suggest } from "./mentions.js";

export function compose({ here, api, notice, attempt, nonce, nameOf, el, hue, initials, place }) {
  const form = document.getElementById("compose");
  const field = document.getElementById("composer");
  const files = document.getElementById("file");
  const fileList = document.getElementById("files");
  const box = document.getElementById("context");
  const menu = document.getElementById("suggestions");
  let mode = null; // {kind: "reply"|"edit", message}
  let choice = null; // {start, list, at}
  let picked = null; // the command that was chosen; several apps may have one of its name
  let lastTyping = 0;
  let draftKey = "";
  let shift = false;

  const targets = () => place().targets;
  const grow = () => {
    field.style.height = "auto";
    field.style.height = Math.min(field.scrollHeight, innerHeight * 0.4) + "px";
  };

  function setMode(next) {
    mode = next;
    box.hidden = !mode;
    if (!mode) return box.replaceChildren();
    const cancel = el("button", { type: "button", "aria-label": "Stop" }, "✕");
    cancel.addEventListener("click", () => { if (mode?.kind === "edit") field.value = ""; setMode(null); field.focus(); });
    const ping = mode.kind === "reply" ? el("label", {}, el("input", { type: "checkbox", id: "ping", checked: true }), "mention") : null;
    box.replaceChildren(el("span", {}, mode.kind === "edit" ? "Changing your message" : "Replying to " + nameOf(mode.message.author)), ...(ping ? [ping] : []), cancel);
    field.focus();
  }

  // Suggestions

  function offer() {
    const found = commandOffer() ?? suggest(field.value, field.selectionStart, targets());
    choice = found && found.list.length ? { ...found, at: 0 } : null;
    drawMenu();
  }

  function commandOffer() {
    const m = /^\/([\w-]*)$/.exec(field.value);
    if (!m || mode) return null;
    const list = (place().commands ?? []).filter((c) => c.name.startsWith(m[1])).slice(0, 25);
    return { start: 0, list: list.map((c) => ({ id: c.id, name: c.name, kind: "command", app: c.app, note: c.description, command: c })) };
  }

  function drawMenu() {
    menu.hidden = !choice;
    field.setAttribute("aria-expanded", String(Boolean(choice)));
    if (!choice) return menu.replaceChildren();
    menu.replaceChildren(...choice.list.map((t, i) => {
      const sign = t.kind === "user" ? initials(t.name) : t.kind === "role" ? "@" : "/";
      const row = el("li", { role: "option", id: "s" + i, "aria-selected": String(i === choice.at), "data-suggestion": t.name, "data-kind": t.kind, "data-app": t.app ?? null },
        el("span", { class: "avatar h" + hue(t.command?.application_id ?? t.id), "aria-hidden": "true" }, t.app ? initials(t.app) : sign), (t.app ? "/" : "") + t.name,
        t.bot ? el("span", { class: "tag" }, "BOT") : "", t.app ? el("span", { class: "tag" }, t.app) : "", el("small", {}, t.note ?? (t.kind === "role" ? "role" : "")));
      row.addEventListener("mousedown", (event) => { event.preventDefault(); take(i); });
      return row;
    }));
    field.setAttribute("aria-activedescendant", "s" + choice.at);
    menu.children[choice.at]?.scrollIntoView({ block: "nearest" });
  }

  function take(i) {
    const t = choice.list[i];
    const caret = field.selectionStart;
    picked = t.command ?? null;
    const text = (t.kind === "command" ? "/" : "@") + t.name + " ";
    field.setRangeText(text, choice.start, caret, "end");
    choice = null;
    drawMenu();
    grow();
  }

  // Sending

  async function send() {
    const text = field.value.trim();
    if (!text && !files.files.length) return;
    const was = { text: field.value, mode };
    field.value = "";
    grow();
    setMode(null);
    try {
      if (was.mode?.kind === "edit") {
        await api("PATCH", `/channels/${here.channel}/messages/${was.mode.message.id}`, { content: encode(text, targets()) });
      } else if (!(await runCommand(text))) {
        await post(text, was.mode);
      }
      draftKey = "";
    } catch (e) {
      field.value = was.text;
      setMode(was.mode);
      notice("That was not sent: " + e.message);
    }
  }

  async function post(text, as) {
    // A second attempt with the same text carries the same nonce, so that it cannot post twice.
    draftKey ||= nonce();
    const body = { content: encode(text, targets()), nonce: draftKey, enforce_nonce: true };
    if (as?.kind === "reply") {
      body.message_reference = { message_id: as.message.id, channel_id: here.channel, fail_if_not_exists: false };
      if (!as.ping) body.allowed_mentions = { parse: ["users", "roles", "everyone"], replied_user: false };
    }
    if (!files.files.length) return api("POST", `/channels/${here.channel}/messages`, body);
    const multi = new FormData();
    body.attachments = [...files.files].map((f, i) => ({ id: i, filename: f.name }));
    multi.set("payload_json", JSON.stringify(body));
    [...files.files].forEach((f, i) => multi.set(`files[${i}]`, f, f.name));
    await api("POST", `/channels/${here.channel}/messages`, multi);
    files.value = "";
    fileList.replaceChildren();
  }

  async function runCommand(text) {
    const m = /^\/([\w-]+)\s*([\s\S]*)$/.exec(text);
    const named = m ? (place().commands ?? []).filter((c) => c.name === m[1]) : [];
    if (!named.length) return false;
    const command = named.length === 1 ? named[0] : named.find((c) => c.id === picked?.id);
    if (!command) throw new Error("Several apps have this command. Choose one from the list.");
    picked = null;
    const first = command.options?.[0];
    const options = first && m[2] ? [{ type: first.type, name: first.name, value: encode(m[2], targets()) }] : [];
    await api("POST", "/interactions", {
      type: 2, application_id: command.application_id, guild_id: here.guild || undefined, channel_id: here.channel, session_id: "page", nonce: nonce(),
      data: { version: command.version, id: command.id, name: command.name, type: 1, options },
    });
    return true;
  }

  function sayTyping() {
    const now = Date.now();
    if (mode?.kind === "edit" || !field.value || now - lastTyping < 8000) return;
    lastTyping = now;
    api("POST", `/channels/${here.channel}/typing`).catch(() => { /* only a courtesy */ });
  }

  field.addEventListener("input", () => { draftKey = ""; grow(); offer(); sayTyping(); });
  field.addEventListener("blur", () => { choice = null; drawMenu(); });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    shift = event.shiftKey;
    if (choice) {
      const n = choice.list.length;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        choice.at = (choice.at + (event.key === "ArrowDown" ? 1 : n - 1)) % n;
        return drawMenu();
      }
      if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey)) {
        event.preventDefault();
        return take(choice.at);
      }
      if (event.key === "Escape") { choice = null; return drawMenu(); }
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === "Escape" && mode) {
      if (mode.kind === "edit") field.value = "";
      setMode(null);
    }
  });
  // Drivers of browsers send the character of Enter even when its key was taken.
  field.addEventListener("beforeinput", (event) => {
    if (event.inputType === "insertLineBreak" && !shift) event.preventDefault();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (mode?.kind === "reply") mode.ping = document.getElementById("ping").checked;
    attempt(send);
  });
  files.addEventListener("change", () => fileList.replaceChildren(...[...files.files].map((f) => el("span", {}, "📎 " + f.name))));
  grow();
  if (matchMedia("(hover: hover)").matches) field.focus();

  return {
    reply: (m) => setMode({ kind: "reply", message: m }),
    edit: (m) => {
      setMode({ kind: "edit", message: m });
      field.value = decode(m.content, targets());
      grow();
    },
  };
}
