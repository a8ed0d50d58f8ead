/* Keyboard shortcuts. An element with data-key is pressed by that key, a field is gone to; j, k, x and e
   go by the rows of a list, data-row-key is a key for the row one is in. Nothing happens while one types,
   in a dialog, or when switched off. */
(() => {
  if (document.documentElement.dataset.shortcuts === "off") return;
  const TYPING = 'input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"]), textarea, select, [contenteditable]';
  const PATIENCE = 1500; // between g and the letter after it
  let first = "";
  let timer = 0;

  const seen = (element) => element.checkVisibility();
  const pressed = (key) => { // in a closed menu too; of what several toasts offer, what the newest does
    const marked = `[data-key="${CSS.escape(key)}"]`;
    return [...document.querySelectorAll(`.toast ${marked}`)].at(-1) ?? document.querySelector(marked);
  };
  const rows = () => [...document.querySelectorAll("main .grid tbody tr, main .to-do .event")].filter(seen);
  const handle = (row) => row.querySelector("th a, td a") ?? row.querySelector("input:not([type=hidden]), a");
  const here = (all) => all.findIndex((row) => row.contains(document.activeElement));

  const walk = (by) => {
    const all = rows();
    const at = here(all);
    const row = all[at < 0 ? (by > 0 ? 0 : -1) : at + by];
    if (!row) return false;
    handle(row)?.focus();
    row.scrollIntoView({ block: "nearest" });
    return true;
  };
  const tick = () => {
    const all = rows();
    const box = all[here(all)]?.querySelector(".tick input");
    box?.click();
    return Boolean(box);
  };
  const edit = () => {
    const all = rows();
    const row = all[here(all)];
    const end = row?.closest("table")?.dataset.edit; // what follows the address of a record
    const link = end && row.querySelector("th a");
    if (link) location.assign(link.pathname + end);
    return Boolean(link);
  };
  const search = () => {
    const field = [...document.querySelectorAll('main input[type="search"]')].find(seen);
    field?.focus();
    field?.select();
    return Boolean(field);
  };
  const press = (key) => {
    const element = pressed(key);
    if (!element) return false;
    if (element.matches(TYPING)) element.focus();
    else element.click();
    if (element.closest(".toast")) delete element.dataset.key; // next time it is the toast before
    return true;
  };
  const inRow = (key) => {
    const all = rows();
    const button = all[here(all)]?.querySelector(`[data-row-key="${CSS.escape(key)}"]`);
    button?.click();
    return Boolean(button);
  };
  const DONE = { j: () => walk(1), k: () => walk(-1), x: tick, e: edit, "/": search };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.(TYPING) || document.querySelector("dialog:modal")) return;
    const key = first ? `${first} ${event.key}` : event.key;
    clearTimeout(timer);
    first = "";
    if (press(key) || DONE[key]?.() || inRow(key)) event.preventDefault();
    else if (key === "g") { first = key; timer = setTimeout(() => { first = ""; }, PATIENCE); }
  });
})();
