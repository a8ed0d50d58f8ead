/* The drawer opens when something lands in it, closes on the event drawer:close, and forgets. Once
   something was typed, a click beside it does not close it, and Escape and the cross ask first. */
(() => {
  const drawer = document.getElementById("drawer");
  const body = document.getElementById("drawer-body");
  if (!drawer) return;
  let opener = null;
  let typed = false;
  const mayGo = () => !(typed || body.querySelector("[data-unsaved]")) || confirm(drawer.dataset.ask);

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
  body.addEventListener("input", () => { typed = true; drawer.setAttribute("closedby", "closerequest"); });
  drawer.addEventListener("cancel", (event) => { if (event.target === drawer && !mayGo()) event.preventDefault(); });
  drawer.addEventListener("submit", (event) => {
    if (event.target.method === "dialog" && !mayGo()) event.preventDefault();
  });
  drawer.addEventListener("close", () => {
    typed = false;
    drawer.setAttribute("closedby", "any");
    body.replaceChildren();
    if (opener?.isConnected) opener.focus();
    opener = null;
  });
  document.addEventListener("drawer:close", () => drawer.open && drawer.close());
  drawer.addEventListener("click", (event) => {
    if (event.target === drawer && !("closedBy" in drawer) && !typed) drawer.close();
  });
  drawer.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-drawer]")) { event.preventDefault(); drawer.close(); }
  });
})();
