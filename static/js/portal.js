// The frame: menu on small screens, "/" for search, menus that close, icons kept out of the accessible text.
(function () {
  "use strict";
  const root = document.documentElement;

  // Icons are ligatures: their text would be read out, and measured for contrast, as words.
  function hideIcons(node) {
    if (node.nodeType !== 1) return;
    if (node.matches(".material-symbols-outlined")) node.setAttribute("aria-hidden", "true");
    for (const icon of node.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
      icon.setAttribute("aria-hidden", "true");
    }
  }
  // The boxes select2 builds have no name of their own: they get that of their field.
  function nameSearchBoxes() {
    for (const box of document.querySelectorAll(".select2-container:not([data-named])")) {
      const select = box.previousElementSibling;
      if (!select || !select.matches("select")) continue;
      const label =
        (select.id && document.querySelector('label[for="' + select.id + '"]')) ||
        (select.closest("div:has(label, h3)") || document).querySelector("label, h3");
      const name = label ? label.textContent.trim().replace(/\*$/, "") : "Choose";
      box.dataset.named = "";
      for (const part of box.querySelectorAll("[role=combobox], [role=textbox]")) part.setAttribute("aria-label", name);
    }
    for (const field of document.querySelectorAll(".select2-search__field:not([aria-label])")) {
      const select = field.closest(".select2-container").previousElementSibling;
      const label = select && select.id && document.querySelector('label[for="' + select.id + '"]');
      field.setAttribute("aria-label", label ? "Search: " + label.textContent.trim() : "Search");
    }
  }
  hideIcons(document.body);
  nameSearchBoxes();
  new MutationObserver((changes) => {
    for (const change of changes) change.addedNodes.forEach(hideIcons);
    nameSearchBoxes();
  }).observe(document.body, { childList: true, subtree: true });

  // unfold expects its own markup around every file field; plain ones are left alone.
  for (const input of document.querySelectorAll("input[type=file].cb-file")) input.hasChangeListener = true;

  const sidebar = document.getElementById("cb-sidebar");
  const opener = document.querySelector("[data-nav-open]");
  const scrim = document.querySelector(".cb-scrim");
  function menu(open) {
    if (!sidebar || !opener) return;
    root.classList.toggle("cb-nav-is-open", open);
    opener.setAttribute("aria-expanded", String(open));
    if (scrim) scrim.hidden = !open;
    if (open) {
      const first = sidebar.querySelector(".cb-nav a");
      if (first) first.focus();
    }
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-nav-open]")) menu(true);
    else if (event.target.closest("[data-nav-close]")) {
      menu(false);
      opener.focus();
    }
    for (const details of document.querySelectorAll("details[data-menu][open]")) {
      if (!details.contains(event.target)) details.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (root.classList.contains("cb-nav-is-open")) {
        menu(false);
        opener.focus();
      }
      for (const details of document.querySelectorAll("details[data-menu][open]")) {
        details.open = false;
        details.querySelector("summary").focus();
      }
    }
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.querySelector("[data-search]");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
  });
})();

// Filters are folded away on a small screen until asked for.
(function () {
  "use strict";
  if (window.matchMedia("(max-width: 760px)").matches) {
    for (const details of document.querySelectorAll("details[data-fold-small]")) details.open = false;
  }
})();

// Two dates are asked for only when the period is "Dates:"; a preset then sends none.
(function () {
  "use strict";
  for (const select of document.querySelectorAll("select[name=period]")) {
    const fields = document.querySelectorAll('[data-if-dates="' + select.id + '"]');
    const show = () => {
      for (const field of fields) {
        field.hidden = select.value !== "";
        field.querySelector("input").disabled = field.hidden;
      }
    };
    select.addEventListener("change", show);
    show();
  }
})();
