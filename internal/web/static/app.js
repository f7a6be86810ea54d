// Every page works without this file. It only spares clicks: it sends the
// form of the way back from a consent page, shows that a long answer is on its
// way, keeps listener states fresh, and copies addresses.
"use strict";

for (const form of document.querySelectorAll("form[data-send]")) {
  // The button of the form would send it a second time.
  form.addEventListener("submit", () => {
    for (const b of form.querySelectorAll("button")) b.disabled = true;
  });
  form.requestSubmit();
}

for (const form of document.querySelectorAll("form[data-busy]")) {
  const note = document.getElementById(form.dataset.busy);
  form.addEventListener("submit", () => {
    note.hidden = false;
    for (const b of form.querySelectorAll("button")) b.disabled = true;
  });
  // Coming back by the history shows the form as it was left.
  addEventListener("pageshow", () => {
    note.hidden = true;
    for (const b of form.querySelectorAll("button")) b.disabled = false;
  });
}

for (const box of document.querySelectorAll("[data-refresh]")) {
  const address = box.dataset.refresh;
  let shown = "";
  const refresh = async () => {
    if (!document.hidden && !box.contains(document.activeElement)) {
      try {
        const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" }, redirect: "error" });
        if (answer.status === 401) return location.reload();
        if (answer.ok) {
          const html = await answer.text();
          if (html !== shown) box.innerHTML = html;
          shown = html;
        }
      } catch {
        // The server is away or restarting; the next round tells.
      }
    }
    setTimeout(refresh, 2000);
  };
  setTimeout(refresh, 2000);
}

// What is typed into such a field is looked at by the server while it is typed.
for (const input of document.querySelectorAll("input[data-check]")) {
  const said = document.getElementById(input.dataset.says);
  const names = document.querySelector(`input[data-names="${input.id}"]`);
  let timer = 0;
  const look = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const asked = new URLSearchParams({ slug: input.value, name: names ? names.value : "" });
      if (!input.value && !(names && names.value)) return;
      try {
        const answer = await fetch(`${input.dataset.check}?${asked}`, { headers: { "X-Requested-With": "fetch" }, redirect: "error" });
        if (answer.ok) said.innerHTML = await answer.text();
      } catch {
        // Sending the form tells as well.
      }
    }, 300);
  };
  input.addEventListener("input", look);
  if (names) names.addEventListener("input", look);
}

for (const input of document.querySelectorAll("input[data-zone]")) {
  if (!input.value) input.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) {
    button.remove();
    continue;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const was = button.textContent;
    button.textContent = button.dataset.sayDone;
    setTimeout(() => { button.textContent = was; }, 1600);
  });
}
