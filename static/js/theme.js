// Sets the theme before the first paint and keeps it: light, dark, or what the system says.
// Stored under the key unfold uses, so its own pages agree.
(function () {
  "use strict";
  var system = window.matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    try {
      return JSON.parse(localStorage.getItem("adminTheme")) || "auto";
    } catch (error) {
      return "auto";
    }
  }

  function apply() {
    var theme = stored();
    var dark = theme === "dark" || (theme === "auto" && system.matches);
    document.documentElement.classList.toggle("dark", dark);
    document.documentElement.classList.toggle("light", !dark);
    document.dispatchEvent(new CustomEvent("cb:theme", { detail: { dark: dark } }));
  }

  apply();
  system.addEventListener("change", apply);
  document.addEventListener("click", function (event) {
    if (!event.target.closest("[data-theme-toggle]")) return;
    var dark = document.documentElement.classList.contains("dark");
    localStorage.setItem("adminTheme", JSON.stringify(dark ? "light" : "dark"));
    apply();
  });
})();
