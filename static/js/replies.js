// Puts a template into the text it belongs to, without losing files that were chosen. Without script the form does it.
(function () {
  "use strict";
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-template-into]");
    if (!button) return;
    event.preventDefault();
    const area = document.getElementById(button.dataset.templateInto);
    const option = button.parentElement.querySelector("select").selectedOptions[0];
    if (area && option && option.dataset.text) {
      area.value = area.value.trim() ? area.value.trim() + "\n\n" + option.dataset.text : option.dataset.text;
      area.dispatchEvent(new Event("input", { bubbles: true }));
      area.focus();
    }
  });
})();
