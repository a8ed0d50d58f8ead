/* htmx requests that change something carry the page's CSRF token. */
document.addEventListener("htmx:config:request", (event) => {
  const { request } = event.detail.ctx;
  if (/^(GET|HEAD)$/i.test(request.method)) return;
  request.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
});
document.documentElement.dataset.js = "";
