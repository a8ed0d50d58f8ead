/* Ticking rows: all on this page by the box in the header, a range with Shift; the count is said. */
(() => {
  const boxes = (table) => [...table.querySelectorAll("tbody .tick input")];
  let last = null;

  const tell = (table) => {
    const all = boxes(table);
    const ticked = all.filter((box) => box.checked).length;
    const head = table.querySelector("thead [data-tick-all]");
    if (head) { head.checked = ticked > 0 && ticked === all.length; head.indeterminate = ticked > 0 && ticked < all.length; }
    table.dispatchEvent(new CustomEvent("rows:ticked", { bubbles: true, detail: { ticked } }));
  };
  document.addEventListener("click", (event) => {
    const box = event.target.closest(".tick input");
    const table = box?.closest("table");
    if (!table) return;
    if (box.matches("[data-tick-all]")) boxes(table).forEach((other) => { other.checked = box.checked; });
    else {
      const all = boxes(table);
      if (event.shiftKey && last?.isConnected && all.includes(last)) {
        const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
        all.slice(from, to + 1).forEach((other) => { other.checked = box.checked; });
      }
      last = box;
    }
    tell(table);
  });
})();
