// Passkeys can't be used without this file: browsers offer them to scripts
// only. It asks the server what to sign, asks the browser for it, puts the
// answer into the form, and sends that like any other.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list) => (list || []).map((c) => ({ ...c, id: bytes(c.id) }));

const make = async (o) => {
  const made = await navigator.credentials.create({
    publicKey: {
      ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) },
      excludeCredentials: named(o.excludeCredentials),
    },
  });
  return {
    clientDataJSON: text(made.response.clientDataJSON), attestationObject: text(made.response.attestationObject),
    transports: made.response.getTransports ? made.response.getTransports() : [], made,
  };
};

const use = async (o) => {
  const made = await navigator.credentials.get({
    publicKey: { ...o, challenge: bytes(o.challenge), allowCredentials: named(o.allowCredentials) },
  });
  const handle = made.response.userHandle;
  return {
    clientDataJSON: text(made.response.clientDataJSON), authenticatorData: text(made.response.authenticatorData),
    signature: text(made.response.signature), ...(handle ? { userHandle: text(handle) } : {}), made,
  };
};

const wrong = (error, say) => {
  if (error.name === "InvalidStateError" && say.sayKnown) return say.sayKnown;
  if (error.name === "NotAllowedError" || error.name === "AbortError") return say.sayStopped;
  return error.message;
};

const ask = async (form) => {
  const answer = await fetch(form.dataset.begin, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "error" });
  const options = await answer.json();
  if (!answer.ok) throw new Error(options.error);
  const { made, ...response } = await (form.dataset.passkey === "make" ? make : use)(options.publicKey);
  return JSON.stringify({
    id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {},
    ...(made.authenticatorAttachment ? { authenticatorAttachment: made.authenticatorAttachment } : {}),
  });
};

const notes = document.querySelectorAll("[data-no-passkeys]");
if (!window.PublicKeyCredential) {
  for (const note of notes) note.dataset.noPasskeys = "shown";
  for (const form of document.querySelectorAll("form[data-passkey]")) form.remove();
} else {
  for (const note of notes) note.hidden = true;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button");
    const error = form.querySelector("[data-wrong]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      error.hidden = true;
      try {
        form.elements.answer.value = await ask(form);
        if (form.elements.password) form.elements.password.disabled = true;
        form.submit();
      } catch (e) {
        error.textContent = wrong(e, form.dataset);
        error.hidden = false;
        button.disabled = false;
      }
    });
  }
}
