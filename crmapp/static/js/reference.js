/* The page of the API: sends what a [data-api-try] form holds as a program would, with the token that
   stands in its field and nowhere else, and shows what is answered; finds operations by words; opens
   the one that the address names. */
(() => {
  const page = document.querySelector("[data-api]");
  if (!page) return;
  const token = document.getElementById("api-token");
  const TOLD = ["ETag", "Location", "Retry-After", "WWW-Authenticate"];

  const asked = (form) => {
    const query = new URLSearchParams();
    const headers = { "Accept-Language": document.documentElement.lang };
    let path = form.dataset.path;
    let body;
    for (const { name, value, dataset } of form.querySelectorAll("[data-place]")) {
      const typed = value.trim();
      if (dataset.place === "path") path = path.replace(`{${name}}`, encodeURIComponent(typed));
      else if (dataset.place === "body") body = value;
      else if (typed && dataset.place === "query") query.append(name, typed);
      else if (typed) headers[name] = typed;
    }
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (token.value.trim()) headers.Authorization = `Bearer ${token.value.trim()}`;
    const options = { method: form.dataset.method, headers, body, credentials: "omit", mode: "same-origin", cache: "no-store" };
    return [query.size ? `${path}?${query}` : path, options];
  };
  const parsed = (text) => { try { return JSON.parse(text); } catch { return null; } };
  const child = (around, tag, text) => {
    const made = around.appendChild(document.createElement(tag));
    made.textContent = text;
    return made;
  };

  const say = (form, kind, code, text) => {
    const status = form.querySelector(".api-status");
    status.replaceChildren();
    if (code) child(status, "span", code).className = `tag ${kind}`;
    child(status, "span", text);
  };
  const show = (form, response, text, known) => {
    const answer = form.querySelector(".api-answer");
    const [wrong, headers, body] = answer.children;
    wrong.replaceChildren();
    for (const { field, detail } of known?.errors ?? []) child(wrong, "li", field ? `${field}: ${detail}` : detail);
    headers.replaceChildren();
    for (const name of TOLD.filter((each) => response.headers.has(each))) {
      child(headers, "dt", name);
      child(headers, "dd", response.headers.get(name));
    }
    body.textContent = known ? JSON.stringify(known, null, 2) : text;
    body.hidden = !text;
    answer.hidden = false;
  };
  const keep = (form, version) => { // who changes what was read, sends its version
    const same = [...page.querySelectorAll("[data-api-try]")].filter((each) => each.dataset.path === form.dataset.path);
    for (const each of same) {
      const field = each.elements["If-Match"];
      if (field) field.value = version;
      const ids = form.querySelectorAll('[data-place="path"]');
      if (each !== form) ids.forEach(({ name, value }) => { each.elements[name].value = value; });
    }
  };
  const send = async (form) => {
    const begun = performance.now();
    say(form, "", "", page.dataset.sending);
    form.querySelector(".api-answer").hidden = true;
    try {
      const response = await fetch(...asked(form));
      const text = await response.text();
      const known = parsed(text);
      const took = page.dataset.done.replace("{}", Math.round(performance.now() - begun));
      if (response.ok) say(form, "ok", response.status, took);
      else say(form, "bad", response.status, known?.detail ?? known?.title ?? page.dataset.strange);
      if (response.status === 401 && !token.value.trim()) {
        const said = child(form.querySelector(".api-status"), "span", "");
        child(said, "a", page.dataset.tokenless).href = "#api-token";
      }
      show(form, response, text, known);
      if (response.ok && response.headers.has("ETag")) keep(form, response.headers.get("ETag"));
    } catch {
      say(form, "bad", "–", page.dataset.lost);
    }
  };
  page.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target.closest("[data-api-try]");
    const button = form?.querySelector("[type=submit]");
    if (!button || button.ariaDisabled) return;
    button.ariaDisabled = "true";
    await send(form);
    button.removeAttribute("aria-disabled");
  });
  addEventListener("pagehide", () => { token.value = ""; });

  const search = page.querySelector("[data-api-find] input");
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  search.addEventListener("input", () => {
    const words = fold(search.value).split(/\s+/).filter(Boolean);
    const groups = [...page.querySelectorAll(".api-group")];
    for (const group of groups) {
      const all = [...group.querySelectorAll(".api-op")];
      all.forEach((each) => { each.hidden = !words.every((word) => each.dataset.words.includes(word)); });
      group.hidden = all.every((each) => each.hidden);
    }
    page.querySelector("[data-api-none]").hidden = groups.some((group) => !group.hidden);
  });
  const open = () => {
    const named = document.getElementById(location.hash.slice(1));
    if (named?.matches(".api-op")) named.open = true;
  };
  addEventListener("hashchange", open);
  open();
})();
