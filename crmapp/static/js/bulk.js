/* The list of accounts: which are ticked, on whichever of its pages; all that match but those that were
   unticked again. It is forgotten where the list asks for other accounts, or the page is left. */
(() => {
  const form = () => document.getElementById("accounts-bulk-bar");
  const boxes = () => [...document.querySelectorAll("#accounts-region tbody .tick input")];
  const all = () => document.getElementById("accounts-bulk-all");
  const others = new Set(); // those that are ticked; where all are, those that are not
  let every = false;
  let list = "";

  const asked = () => { // which accounts the list shows, in whatever order and columns
    const address = new URL(form().getAttribute("action"), location.href);
    ["sort", "columns"].forEach((name) => address.searchParams.delete(name));
    return address.search;
  };
  const none = () => { every = false; others.clear(); };
  const collect = () => boxes().forEach((box) => (box.checked === every ? others.delete(box.value) : others.add(box.value)));
  const tell = () => {
    const said = form()?.querySelector(".bulk-count");
    if (!said) return;
    const { tickedOne, tickedMany } = said.dataset;
    const ticked = others.size;
    const text = every || !ticked ? "" : ticked === 1 ? tickedOne : tickedMany.replace("{}", ticked);
    if (said.textContent !== text) said.textContent = text;
  };
  const show = () => {
    const head = document.getElementById("accounts-tick-all");
    boxes().forEach((box) => { box.checked = every !== others.has(box.value); });
    const ticked = boxes().filter((box) => box.checked).length;
    head.checked = ticked > 0 && ticked === boxes().length;
    head.indeterminate = ticked > 0 && !head.checked;
    all().checked = every;
    tell();
  };
  document.addEventListener("rows:ticked", (event) => {
    if (!event.target.closest("#accounts-region")) return;
    if (every && !boxes().some((box) => box.checked)) none();
    collect();
    all().checked = every;
    tell();
  });
  document.addEventListener("change", (event) => {
    if (event.target !== all()) return;
    none();
    every = event.target.checked;
    show();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#accounts-bulk-clear")) return;
    none();
    show();
    document.getElementById("accounts-tick-all").focus();
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    const ids = [...others].join(",");
    document.getElementById("accounts-bulk-ids").value = every ? "" : ids;
    form().elements.without.value = every ? ids : "";
  }, true);

  document.addEventListener("htmx:before:request", (event) => {
    if (event.detail.ctx.sourceElement === form()) document.getElementById("accounts-bulk-menu").open = false;
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.target?.id !== "accounts-table") return;
    const before = list;
    list = form() ? asked() : "";
    if (list !== before) none();
    if (form()) show();
  });
  addEventListener("pageshow", () => { // the browser may have ticked what was ticked before
    if (!form()) return;
    list = asked();
    every = all().checked;
    collect();
    tell();
  });
})();
