/* <button data-print hidden>: prints the page. */
(() => {
  const show = () => document.querySelectorAll("[data-print][hidden]").forEach((button) => { button.hidden = false; });
  show();
  document.addEventListener("htmx:after:swap", show);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-print]");
    if (!button) return;
    const menu = button.closest("details");
    if (menu) menu.open = false;
    window.print();
  });
})();
