/* Rows of a form are put in order by dragging their grip, with a mouse or a finger. A drop is sent like the
   press of a button, so the server says where the row stands; Escape gives up. Keyboards have the buttons. */
(() => {
  let row = null;
  let order = [];
  let y = 0;
  let timer = 0;

  const middle = (other) => { const box = other.getBoundingClientRect(); return box.top + box.height / 2; };
  // The others move around the row: an element that is taken out and put back loses the pointer.
  const place = () => {
    const began = row.previousElementSibling;
    for (let next; (next = row.nextElementSibling) && y > middle(next);) row.before(next);
    for (let last; (last = row.previousElementSibling) && y < middle(last);) row.after(last);
    return row.previousElementSibling !== began;
  };
  const follow = () => {
    clearTimeout(timer);
    if (!row || !place()) return;
    row.scrollIntoView({ block: "nearest", behavior: "instant" });
    timer = setTimeout(follow, 150); // held at the edge of the screen, it goes on
  };
  const end = (keep) => {
    if (!row) return;
    clearTimeout(timer);
    const dropped = row;
    row = null;
    dropped.classList.remove("dragged");
    const list = dropped.parentElement;
    if (order.every((each, place) => each === list?.children[place])) return;
    if (keep) dropped.closest("form").requestSubmit(dropped.querySelector(".grip"));
    else list.append(...order);
  };

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("[data-sortable] .grip");
    if (!grip || event.button || row) return;
    event.preventDefault();
    row = grip.closest("[data-sortable] > *");
    order = [...row.parentElement.children];
    y = event.clientY;
    row.classList.add("dragged");
    grip.setPointerCapture(event.pointerId);
  });
  document.addEventListener("pointermove", (event) => {
    if (!row?.querySelector(".grip").hasPointerCapture(event.pointerId)) return;
    y = event.clientY;
    follow();
  });
  document.addEventListener("pointerup", () => end(true));
  document.addEventListener("lostpointercapture", () => end(false));
  document.addEventListener("keydown", (event) => {
    if (!row || event.key !== "Escape") return;
    event.preventDefault();
    end(false);
  }, true);
  // A grip that is only pressed moves nothing; the form is sent by the drop.
  for (const type of ["mousedown", "click"]) document.addEventListener(type, (event) => {
    if (event.target.closest?.("[data-sortable] .grip")) event.preventDefault();
  });
})();
