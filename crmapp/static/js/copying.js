/* <button data-copy="text" data-copied="what it says then" hidden>: puts a text on the clipboard;
   what it says then is announced by a [data-copy-said] beside it. */
(() => {
  if (!navigator.clipboard) return;
  const show = () => document.querySelectorAll("[data-copy][hidden]").forEach((button) => { button.hidden = false; });
  show();
  document.addEventListener("htmx:after:swap", show);
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      return; // the browser does not allow it: the address can still be marked by hand
    }
    const label = button.querySelector("span");
    button.dataset.label ??= label.textContent;
    label.textContent = button.dataset.copied;
    const said = button.parentElement.querySelector("[data-copy-said]");
    if (said) said.textContent = button.dataset.copied;
    setTimeout(() => { label.textContent = button.dataset.label; }, 2000);
  });
})();
