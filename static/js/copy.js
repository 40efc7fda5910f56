// Copies a field's text. The button shows only where this script runs; without it the field can be selected by hand.
(function () {
  "use strict";
  for (const button of document.querySelectorAll("[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    const said = document.querySelector("[data-copied]");
    button.hidden = false;
    field.addEventListener("focus", () => field.select());
    button.addEventListener("click", async () => {
      let copied = false;
      try {
        // Only where the page came over HTTPS or from this machine.
        await navigator.clipboard.writeText(field.value);
        copied = true;
      } catch {
        field.focus();
        copied = document.execCommand("copy");
      }
      if (!copied) field.focus();
      said.textContent = copied ? "Copied." : "This browser does not let it be copied: the key is selected, copy it by hand.";
    });
  }
})();
