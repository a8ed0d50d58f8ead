/* The drawer opens when something lands in it, closes on the event drawer:close, and forgets. */
(() => {
  const drawer = document.getElementById("drawer");
  const body = document.getElementById("drawer-body");
  if (!drawer) return;
  let opener = null;

  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.target === body && !drawer.open) opener = ctx.sourceElement;
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.target !== body || drawer.open || !body.childElementCount) return;
    drawer.showModal();
    (body.querySelector("[autofocus]") ?? body.querySelector("input:not([type=hidden]), select, textarea") ?? drawer).focus();
  });
  drawer.addEventListener("close", () => {
    body.replaceChildren();
    if (opener?.isConnected) opener.focus();
    opener = null;
  });
  document.addEventListener("drawer:close", () => drawer.open && drawer.close());
  drawer.addEventListener("click", (event) => {
    if (event.target === drawer && !("closedBy" in drawer)) drawer.close();
  });
  drawer.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-drawer]")) { event.preventDefault(); drawer.close(); }
  });
})();
