// Puts the text of a field into the clipboard. Without a script, or a clipboard, the field can be marked by hand.
(() => {
  for (const button of document.querySelectorAll("button[data-copies]")) {
    const field = document.getElementById(button.dataset.copies);
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      field.select();
      await navigator.clipboard.writeText(field.value);
      button.nextElementSibling.textContent = button.dataset.done;
    });
  }
})();
