/* A strip of tabs that is wider than the screen shows the open one. */
(() => {
  document.querySelectorAll(".tabs [aria-current]").forEach((tab) => {
    const strip = tab.closest(".tabs");
    const [wide, open] = [strip, tab].map((each) => each.getBoundingClientRect());
    strip.scrollLeft += open.left + open.width / 2 - wide.left - wide.width / 2;
  });
})();
