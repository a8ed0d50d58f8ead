/* The grid: a click on a row ticks it; ticks are sent as they are made, one request at a time; the
   boxes then show what the server keeps; the keyboard stays where it was. */
(() => {
  const form = () => document.getElementById("grid-table");
  const boxes = () => [...(form()?.querySelectorAll('input[name="key"]') ?? [])];
  let busy = false;
  let again = false;

  const send = () => {
    if (busy) { again = true; return; }
    if (boxes().some((box) => box.checked !== box.defaultChecked)) { busy = true; form().requestSubmit(); }
  };
  const settle = () => {
    const all = boxes();
    all.forEach((box) => { box.checked = box.defaultChecked; });
    const head = document.getElementById("grid-tick-all");
    if (!head) return;
    const ticked = all.filter((box) => box.checked).length;
    head.checked = ticked > 0 && ticked === all.length;
    head.indeterminate = ticked > 0 && ticked < all.length;
  };

  document.addEventListener("rows:ticked", (event) => { if (event.target.closest("#grid-table")) send(); });
  document.addEventListener("htmx:finally:request", (event) => {
    if (!form()) { busy = again = false; return; }
    if (event.detail.ctx.sourceElement?.id === "grid-table") busy = false;
    if (busy) return;
    if (again) { again = false; send(); }
    if (!busy) settle();
  });

  document.addEventListener("mousedown", (event) => {
    if (event.shiftKey && event.target.closest("#grid-table tbody tr")) event.preventDefault(); // no text selected
  });
  // A click on a number chooses the row, as everywhere in it; a double click follows its link, as do
  // the Enter key and a click with Ctrl.
  const number = (event) => event.target.closest("#grid-table tbody td.num > a");
  document.addEventListener("dblclick", (event) => { if (number(event)) location.assign(number(event).href); });
  document.addEventListener("click", (event) => {
    const row = event.target.closest("#grid-table tbody tr");
    const chooses = number(event) && event.detail > 0 && !event.ctrlKey && !event.metaKey;
    if (chooses) event.preventDefault();
    if (!row || (!chooses && event.target.closest("a, button, input, label, summary")) || !getSelection().isCollapsed) return;
    const box = row.querySelector('input[name="key"]');
    box.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey }));
    box.focus({ preventScroll: true });
  });

  // A menu closes with what was chosen in it: the focus goes to its button. What else goes when it was
  // used (Clear, the second step to all, the last page's arrow) leaves the focus with the table.
  let menu = null;
  let inside = false;
  document.addEventListener("htmx:before:request", (event) => {
    menu = event.detail.ctx.sourceElement?.closest?.("#grid-tools details.menu")?.id;
    inside = Boolean(document.activeElement?.closest("#grid-sheet"));
  });
  document.addEventListener("htmx:after:swap", () => {
    const button = menu && document.querySelector(`#${menu} > summary`);
    menu = null;
    button?.focus();
    if (inside && document.activeElement === document.body) document.getElementById("grid-region")?.focus({ preventScroll: true });
  });
  settle();
})();
