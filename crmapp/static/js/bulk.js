/* The list of accounts: how many are ticked, all that match but those that were unticked again, and
   a fresh start after each swap of the list. */
(() => {
  const form = () => document.getElementById("accounts-bulk-bar");
  const boxes = () => [...document.querySelectorAll("#accounts-region tbody .tick input")];
  const all = () => document.getElementById("accounts-bulk-all");

  const tell = () => {
    const said = form()?.querySelector(".bulk-count");
    if (!said) return;
    const ticked = boxes().filter((box) => box.checked).length;
    const { tickedOne, tickedMany } = said.dataset;
    const text = all().checked || !ticked ? "" : ticked === 1 ? tickedOne : tickedMany.replace("{}", ticked);
    if (said.textContent !== text) said.textContent = text;
  };
  document.addEventListener("rows:ticked", (event) => {
    if (!event.target.closest("#accounts-region")) return;
    if (!boxes().some((box) => box.checked)) all().checked = false;
    tell();
  });
  document.addEventListener("change", (event) => {
    if (event.target !== all()) return;
    const head = document.getElementById("accounts-tick-all");
    if (head.checked !== event.target.checked || head.indeterminate) head.click();
    tell();
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== form()) return;
    const left = all().checked ? boxes().filter((box) => !box.checked) : [];
    form().elements.without.value = left.map((box) => box.value).join(",");
  }, true);

  document.addEventListener("htmx:before:request", (event) => {
    if (event.detail.ctx.sourceElement === form()) document.getElementById("accounts-bulk-menu").open = false;
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.target?.id !== "accounts-table" || !form()) return;
    [...boxes(), all(), document.getElementById("accounts-tick-all")].forEach((box) => { box.checked = box.indeterminate = false; });
    tell();
  });
  addEventListener("pageshow", tell);
})();
