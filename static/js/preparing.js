// Waits until the portal answers as the wanted instance, then goes on; says so when it will not come.
(function () {
  "use strict";
  const box = document.querySelector("[data-preparing]");
  const wanted = box.dataset.preparing;
  const SLOW_MS = 30000;
  const started = Date.now();

  function show(name, visible) {
    box.querySelector("[data-preparing-" + name + "]").hidden = !visible;
  }

  async function look() {
    try {
      const response = await fetch(box.dataset.health, { cache: "no-store" });
      const health = await response.json();
      if (health.instance === wanted) {
        location.replace(box.dataset.onward);
        return;
      }
      if (health.wanted !== wanted) {
        show("now", false);
        show("slow", false);
        show("bar", false);
        show("failed", true);
        return;
      }
    } catch (error) {
      // The server is just being started again: look once more.
    }
    if (Date.now() - started > SLOW_MS) show("slow", true);
    setTimeout(look, 700);
  }
  look();
})();
