// Presses the button for somebody who is really looking: not in a page loaded ahead or in the background.
(() => {
  const form = document.getElementById("leaving");
  const press = () => {
    if (document.visibilityState === "visible" && !document.prerendering) {
      document.removeEventListener("visibilitychange", press);
      form.requestSubmit();
    }
  };
  if (form) {
    document.addEventListener("visibilitychange", press);
    press();
  }
})();
