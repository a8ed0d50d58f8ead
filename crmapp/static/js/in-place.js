/* Editing a value where it stands: a click on it opens the form, Escape gives up, Tab saves and moves
   on to the next value, Ctrl+Enter saves a long text. */
(() => {
  let next = null;

  document.addEventListener("click", (event) => {
    const edit = event.target.closest(".fact dd")?.querySelector(".edit");
    if (!edit || event.target.closest("a, button, input, label") || !getSelection().isCollapsed) return;
    edit.click();
  });
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("form[data-in-place]");
    if (!form) return;
    if (event.key === "Escape") {
      event.preventDefault();
      form.querySelector("[data-give-up]").click();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      form.requestSubmit();
    } else if (event.key === "Tab" && !event.ctrlKey && !event.altKey && event.target.matches("input, select") && !form.querySelector(".may-exist")) {
      const facts = [...document.querySelectorAll(".fact")].filter((fact) => fact.querySelector(".edit, form"));
      const neighbour = facts[facts.indexOf(form.closest(".fact")) + (event.shiftKey ? -1 : 1)];
      if (!neighbour) return;
      event.preventDefault();
      next = neighbour.id;
      form.requestSubmit();
    }
  });
  document.addEventListener("htmx:finally:request", (event) => {
    const { ctx } = event.detail;
    if (!next || ctx.request?.method === "GET") return;
    const place = ctx.response?.status === 200 && document.getElementById(next);
    next = null;
    if (place) place.querySelector(".edit, input:not([type=hidden]), select, textarea")?.focus();
  });
})();
