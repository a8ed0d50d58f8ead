/* htmx requests that change something carry the page's CSRF token. */
document.addEventListener("htmx:config:request", (event) => {
  const { request } = event.detail.ctx;
  if (/^(GET|HEAD)$/i.test(request.method)) return;
  request.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
});
document.documentElement.dataset.js = "";

/* Who signed in again in another tab sends her form once more, with the token of the new session. */
document.addEventListener("csrf:renewed", (event) => {
  const { token } = event.detail;
  document.querySelector('meta[name="csrf-token"]').content = token;
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = token;
});
