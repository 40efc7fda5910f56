// Boxes that offer what a text may become: places, connectors, customers, tokens. Without it they take exact names.
(function () {
  "use strict";
  const WAIT_MS = 200;

  function companyOf(input) {
    const form = input.form;
    const choice = form && form.querySelector("[data-entity-choice]");
    return choice ? choice.value : form ? form.dataset.entity : "";
  }

  for (const input of document.querySelectorAll("input[data-options]")) {
    const list = document.getElementById(input.getAttribute("list"));
    let timer = 0;
    let asked = 0;
    if (!list) continue;

    async function offer() {
      const text = input.value.trim();
      // One that was offered is chosen: nothing more to offer.
      if (!text || [...list.options].some((option) => option.value === text)) return;
      const mine = ++asked;
      const query = new URLSearchParams({ entity: companyOf(input), q: text });
      try {
        const response = await fetch(`${input.dataset.options}?${query}`, { headers: { Accept: "application/json" } });
        if (!response.ok || mine !== asked) return;
        const found = await response.json();
        list.replaceChildren(
          ...found.options.map(({ value, label }) => {
            const option = document.createElement("option");
            option.value = value;
            option.label = label;
            option.textContent = label;
            return option;
          }),
        );
      } catch (error) {
        // Offline: the box still takes what is typed.
      }
    }
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(offer, WAIT_MS);
    });
  }
})();
