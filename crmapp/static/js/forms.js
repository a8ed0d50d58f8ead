/* A refused form shows its first mistake; a form is sent once; the keyboard stays where it was. */
(() => {
  // Two people's values are chosen in the summary, so it comes before the fields.
  const invalid = (root) => root.querySelector('[data-summary="first"]') ?? root.querySelector('[aria-invalid="true"]') ?? root.querySelector("[data-summary]");

  const show = (found) => {
    found?.focus();
    if (found?.dataset.summary === "first") found.scrollIntoView();
  };

  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.response?.status === 422 || ctx.response?.status === 409) show(invalid(ctx.target?.isConnected ? ctx.target : document));
  });
  if (document.querySelector("[data-summary]")) show(invalid(document));

  // Before htmx hears of it: a second click would send the form once more.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    form.dataset.sent = "1";
    // Disabled only after the form has been read, or the button's own value would be lost.
    setTimeout(() => form.querySelectorAll("button:not([type=button], [aria-disabled])").forEach((button) => { button.ariaDisabled = "true"; button.dataset.waits = ""; }));
  }, true);
  const again = (form) => {
    delete form.dataset.sent;
    form.querySelectorAll("button[data-waits]").forEach((button) => { button.removeAttribute("aria-disabled"); delete button.dataset.waits; });
  };
  document.addEventListener("htmx:finally:request", (event) => {
    const source = event.detail.ctx.sourceElement;
    const form = source?.closest?.("form");
    if (form && !("aside" in source.dataset)) again(form); // what was asked aside did not send it
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(again));

  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
})();
