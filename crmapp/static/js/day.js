/* My day: who works by keys stays where she was when a row has gone from its list. */
(() => {
  let at = -1;
  const rows = () => [...document.querySelectorAll("[data-day] tbody tr")];
  document.addEventListener("htmx:before:swap", () => {
    at = document.querySelector("[data-day]")?.contains(document.activeElement)
      ? rows().findIndex((row) => row.contains(document.activeElement)) : -1;
  });
  document.addEventListener("htmx:after:swap", () => {
    if (at < 0 || rows().some((row) => row.contains(document.activeElement))) return;
    const all = rows();
    all[Math.min(at, all.length - 1)]?.querySelector("th a")?.focus();
    at = -1;
  });
})();
