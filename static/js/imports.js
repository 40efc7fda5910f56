// The upload form (file shown, notes about billing, progress of the upload) and what is announced while an import runs.
(function () {
  "use strict";

  function size(bytes) {
    const units = ["B", "KB", "MB", "GB"];
    let unit = 0;
    while (bytes >= 1000 && unit < units.length - 1) {
      bytes /= 1000;
      unit += 1;
    }
    return (unit && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)) + " " + units[unit];
  }

  function form() {
    return document.getElementById("import-form");
  }

  function showFile() {
    const drop = document.querySelector("[data-drop]");
    if (!drop) return;
    const input = drop.querySelector("input[type=file]");
    const file = input.files[0];
    drop.classList.add("cb-drop-live");
    drop.querySelector("[data-drop-hint]").textContent = file ? file.name : "Drop a file here, or choose one";
    drop.querySelector("[data-file-name]").textContent = file
      ? size(file.size) + ". Choose again to take another."
      : "As your system exported it. There is no need to open or clean it.";
  }

  // Only the chosen company's note about billing; imports.css shows it once "Bill" is chosen.
  function showBillingNote() {
    const company = form() && form().elements.entity;
    for (const note of document.querySelectorAll("[data-billing-note]")) {
      note.hidden = !company || note.dataset.billingNote !== company.value;
    }
  }

  function say(text) {
    const state = document.querySelector("[data-upload-state]");
    if (state) state.textContent = text;
  }

  function refresh() {
    showFile();
    showBillingNote();
  }

  document.addEventListener("change", (event) => {
    if (event.target.closest("#import-form")) refresh();
  });
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      const drop = event.target.closest && event.target.closest("[data-drop]");
      if (drop) drop.classList.toggle("cb-drop-over", name === "dragenter" || name === "dragover");
    });
  }

  document.addEventListener("htmx:xhr:progress", (event) => {
    if (!event.target.closest("#import-form")) return;
    const { loaded, total } = event.detail;
    say(loaded < total ? "Uploading: " + Math.floor((loaded * 100) / total) + " %" : "Looking through the file …");
  });
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      if (event.target.closest("#import-form")) {
        say("The upload broke off and nothing was imported. Check the connection and press Import again.");
      } else if (event.target.id === "import-outcome") {
        const lost = event.target.querySelector("[data-lost]");
        if (lost) lost.hidden = false;
      }
    });
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    // Signed out meanwhile: the answer is the sign-in page, which must not land inside this one.
    const from = event.detail.xhr.responseURL;
    if (from && new URL(from).pathname.startsWith("/login/")) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });

  document.addEventListener("htmx:afterSettle", () => {
    refresh();
    const spoken = document.querySelector("[data-announce]");
    const live = document.getElementById("import-live");
    // Said again only when it changed: every tenth of the way, and at the end.
    if (spoken && live && live.textContent !== spoken.dataset.announce) live.textContent = spoken.dataset.announce;
  });

  refresh();
})();
