/* The command palette: Ctrl+K or its button opens it, arrows choose, Enter opens, Escape closes.
   The field keeps the focus; aria-activedescendant says which answer is chosen. */
(() => {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = document.getElementById("palette-words");
  const count = document.getElementById("palette-count");
  const list = () => document.getElementById("palette-results");
  const options = () => [...list().querySelectorAll('[role="option"]')];
  const chosen = () => list().querySelector('[aria-selected="true"]');
  if (/^(Mac|iP)/.test(navigator.platform)) document.querySelectorAll("[data-palette] kbd").forEach((key) => { if (key.textContent === "Ctrl") key.textContent = "⌘"; });
  let eager = false; // Enter was pressed before the answer to what was typed

  const choose = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
  };
  const step = (by) => {
    const all = options();
    if (all.length) choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
  };
  const fresh = () => list().dataset.words === field.value;
  const follow = (apart) => {
    const option = chosen();
    if (!option) return;
    if (apart && option.href) window.open(option.href, "_blank", "noopener");
    else option.click();
  };
  const ask = () => field.dispatchEvent(new Event("palette:open"));
  const open = () => {
    if (dialog.open) { field.select(); return; }
    dialog.showModal();
    field.select();
    ask();
  };
  field.addEventListener("htmx:after:init", () => { if (dialog.open) ask(); }); // who opened it before htmx came

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-palette]");
    if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (moves[event.key]) { event.preventDefault(); step(moves[event.key]); }
    else if (event.key === "Enter" && event.target === field) {
      event.preventDefault();
      if (fresh()) follow(event.ctrlKey || event.metaKey);
      else eager = true;
    }
  });
  field.addEventListener("input", () => { eager = false; });
  document.addEventListener("htmx:after:swap", () => {
    if (!dialog.open || !fresh() || chosen()) return;
    const all = options();
    choose(all[0]);
    count.textContent = all.length === 1 ? count.dataset.one : count.dataset.many.replace("#", all.length);
    if (eager) { eager = false; follow(false); }
  });
  dialog.addEventListener("pointermove", (event) => {
    const option = event.target.closest('[role="option"]');
    if (option && option !== chosen()) choose(option);
  });
  dialog.addEventListener("click", (event) => {
    const beside = event.target === dialog && !("closedBy" in dialog);
    if (beside || event.target.closest("[data-close]")) dialog.close();
    // What opens in the drawer, or only changes the place on this page, leaves the palette behind.
    else if (event.target.closest('[role="option"]') && !event.ctrlKey && !event.metaKey) dialog.close();
  });
})();
