// Rules of a tariff: added, removed and moved without asking the server. Without this script the same buttons do.
(function () {
  "use strict";
  const form = document.querySelector("[data-tariff-form]");
  if (!form) return;
  const rules = form.querySelector("[data-rules]");
  const template = form.querySelector("[data-rule-template]");
  const nothing = form.querySelector("[data-no-rules]");
  const status = form.querySelector("[data-rule-status]");

  function changed(said) {
    const all = rules.querySelectorAll("[data-rule]");
    all.forEach((rule, at) => {
      rule.querySelector("[data-rule-title]").textContent = "Rule " + (at + 1);
    });
    nothing.hidden = all.length > 0;
    status.textContent = said;
    form.dispatchEvent(new Event("rules-changed"));
  }

  function add() {
    const keys = Array.from(rules.querySelectorAll("input[name=rule]"), (input) => Number(input.value) || 0);
    const key = String(Math.max(0, ...keys) + 1);
    const holder = document.createElement("template");
    holder.innerHTML = template.innerHTML.replaceAll("KEY", key);
    const rule = holder.content.firstElementChild;
    rules.append(rule);
    changed("A rule was added.");
    rule.querySelector("input:not([type=hidden])").focus();
  }

  function remove(rule) {
    const next = rule.nextElementSibling || rule.previousElementSibling;
    rule.remove();
    changed("The rule was removed.");
    (next || form.querySelector("[data-rule-add]")).focus();
  }

  function move(rule, button, up) {
    const other = up ? rule.previousElementSibling : rule.nextElementSibling;
    if (!other) return;
    rules.insertBefore(up ? rule : other, up ? other : rule);
    changed("The rule was moved " + (up ? "up." : "down."));
    // At the end of the list the button is hidden: the focus goes to its neighbor.
    const hidden = up ? !rule.previousElementSibling : !rule.nextElementSibling;
    (hidden ? rule.querySelector(up ? "[data-rule-down]" : "[data-rule-up]") : button).focus();
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const rule = button.closest("[data-rule]");
    if (button.matches("[data-rule-add]")) add();
    else if (button.matches("[data-rule-remove]")) remove(rule);
    else if (button.matches("[data-rule-up], [data-rule-down]")) move(rule, button, button.matches("[data-rule-up]"));
    else return;
    event.preventDefault();
  });

  // "Show me" of a finding: the rule, unfolded, with the focus in it.
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-show-rule]");
    if (!link) return;
    const rule = document.getElementById(link.getAttribute("href").slice(1));
    if (!rule) return;
    event.preventDefault();
    for (const details of rule.querySelectorAll("details")) {
      details.open = Array.from(details.querySelectorAll("input")).some((input) => (input.type === "checkbox" ? input.checked : input.value));
    }
    rule.scrollIntoView({ block: "center" });
    rule.focus({ preventScroll: true });
  });

  // Amounts follow a currency that is typed.
  const currency = form.querySelector("input[name=currency]");
  if (currency) {
    currency.addEventListener("input", () => {
      for (const shown of form.querySelectorAll("[data-currency]")) shown.textContent = currency.value.toUpperCase();
    });
  }

  // What is typed and not saved is not lost by a click beside it.
  let dirty = false;
  form.addEventListener("input", () => (dirty = true));
  form.addEventListener("rules-changed", () => (dirty = true));
  form.addEventListener("submit", () => (dirty = false));
  window.addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
})();
