/* <input data-timezone>: is told the time zone of the browser. */
document.querySelectorAll("[data-timezone]").forEach((field) => {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
});
