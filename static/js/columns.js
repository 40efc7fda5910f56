// Which columns of a table a person wants to see, remembered in this browser.
(function () {
  "use strict";
  for (const chooser of document.querySelectorAll("[data-columns]")) {
    const key = "cb-columns:" + chooser.dataset.columns;
    const table = document.getElementById(chooser.dataset.table);
    if (!table) continue;
    let hidden = [];
    try {
      hidden = JSON.parse(localStorage.getItem(key)) || [];
    } catch (error) {
      hidden = [];
    }
    const show = () => {
      for (const cell of table.querySelectorAll("[data-col]")) cell.hidden = hidden.includes(cell.dataset.col);
    };
    for (const box of chooser.querySelectorAll("input")) box.checked = !hidden.includes(box.value);
    chooser.addEventListener("change", () => {
      hidden = [...chooser.querySelectorAll("input:not(:checked)")].map((box) => box.value);
      localStorage.setItem(key, JSON.stringify(hidden));
      show();
    });
    show();
  }
})();
