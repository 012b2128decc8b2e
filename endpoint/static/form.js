// The form of a thing: one more row where there may be several, and names while one types, over /suggest.
// Without it the form that stands in the page does the same work.
"use strict";
(() => {
  const form = document.querySelector("form.shaped");
  if (!form) return;
  let last = Math.max(0, ...[...form.elements].map((each) => Number((/^v\.(\d+)$/.exec(each.name) || [])[1] || 0)));

  for (const field of form.querySelectorAll("[data-more]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "second";
    button.textContent = field.dataset.more;
    const said = document.createElement("span");
    said.className = "unseen";
    said.textContent = ": " + field.querySelector(".name").textContent;
    button.append(said);
    button.addEventListener("click", () => {
      const rows = field.querySelectorAll(".value[data-new]");
      const row = rows[rows.length - 1].cloneNode(true);
      last += 1;
      for (const each of row.querySelectorAll("[name]")) {
        each.name = each.name.replace(/\d+$/, String(last));
        if (each.name.startsWith("v.")) each.value = "";
        each.removeAttribute("aria-invalid");
        each.removeAttribute("aria-describedby");
      }
      for (const each of row.querySelectorAll(".wrong")) each.remove();
      rows[rows.length - 1].after(row);
      row.querySelector("[name^='v.']").focus();
    });
    field.append(button);
  }

  // what was found stands above the form: readers of the page by ear are led there
  document.getElementById("preview")?.focus();
})();
