/* Files that are dropped on a form are sent by it: <form data-drop="name of its file field">. */
(() => {
  const field = (form) => form.elements[form.dataset.drop];
  const brings = (event) => event.dataTransfer?.types.includes("Files") && document.querySelector("form[data-drop]");
  const over = (event) => (brings(event) ? event.target.closest?.("form[data-drop]") : null);

  const show = (root) => matchMedia("(hover: hover)").matches && root.querySelectorAll?.("[data-drop-hint][hidden]").forEach((hint) => { hint.hidden = false; });
  show(document);
  document.addEventListener("htmx:after:swap", () => show(document));

  document.addEventListener("dragover", (event) => {
    if (!brings(event)) return;
    event.preventDefault(); // beside a form it would leave the page
    const form = over(event);
    event.dataTransfer.dropEffect = form ? "copy" : "none";
    document.querySelectorAll("form.over").forEach((each) => each.classList.toggle("over", each === form));
    form?.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.querySelectorAll("form.over").forEach((each) => each.classList.remove("over"));
  });
  document.addEventListener("drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    const form = over(event);
    if (!form) return;
    form.classList.remove("over");
    field(form).files = event.dataTransfer.files;
    form.requestSubmit();
  });
})();
