/* Toasts: at the top of the screen and above an open dialog; they go after a while, errors stay. */
(() => {
  const box = document.getElementById("toasts");
  if (!box) return;
  const LIFE = { ok: 7000, info: 7000, warn: 12000 };
  const place = () => {
    const dialog = [...document.querySelectorAll("dialog[open]")].filter((open) => open.matches(":modal")).at(-1);
    const home = dialog ?? document.body;
    if (box.parentElement !== home) home.append(box);
    if (!box.matches(":popover-open")) box.showPopover();
  };
  const start = (toast) => {
    toast.dataset.met = "";
    const button = toast.querySelector(".toast-close");
    button.hidden = false;
    button.addEventListener("click", () => toast.remove());
    const life = LIFE[toast.dataset.kind];
    if (!life) return;
    let timer;
    const run = () => { clearTimeout(timer); timer = setTimeout(() => toast.remove(), life); };
    const stay = () => clearTimeout(timer);
    toast.addEventListener("pointerenter", stay);
    toast.addEventListener("focusin", stay);
    toast.addEventListener("pointerleave", run);
    toast.addEventListener("focusout", run);
    run();
  };
  const look = () => {
    const fresh = box.querySelectorAll(".toast:not([data-met])");
    if (!fresh.length) return;
    const said = (toast) => toast.querySelector("p").textContent;
    const told = [...box.querySelectorAll(".toast.bad[data-met]")]; // what asks aside would pile them up
    fresh.forEach((toast) => told.filter((old) => said(old) === said(toast)).forEach((old) => old.remove()));
    if (box.matches(":popover-open")) box.hidePopover(); // shown anew, it stands above everything
    place();
    fresh.forEach(start);
  };
  new MutationObserver(look).observe(box, { childList: true });
  new MutationObserver(() => { if (box.querySelector(".toast")) place(); })
    .observe(document.body, { attributes: true, attributeFilter: ["open"], subtree: true });
  document.getElementById("drawer")?.addEventListener("close", () => document.body.append(box));
  look();

  const complain = () => {
    const told = [...box.querySelectorAll(".toast.bad p")];
    if (told.some((text) => text.textContent === box.dataset.error)) return; // a page that polls would pile them up
    const toast = document.createElement("div");
    toast.className = "toast bad";
    toast.dataset.kind = "bad";
    const text = document.createElement("p");
    text.textContent = box.dataset.error;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "toast-close";
    button.ariaLabel = box.dataset.close;
    button.textContent = "×";
    toast.append(text, button);
    box.append(toast);
  };
  document.addEventListener("htmx:error", (event) => { if (event.detail.ctx) complain(); });
  document.addEventListener("htmx:response:error", (event) => {
    const { response } = event.detail.ctx;
    if (response.status >= 500 && !event.detail.ctx.text?.includes("<hx-partial")) complain();
  });
})();
