// The form of a thing: one more row where there may be several, and names while one types, over /suggest.
// Without it the form that stands in the page does the same work.
"use strict";
import { combobox, suggestions } from "./combobox.js";

const form = document.querySelector("form.shaped");
// a list that one sees at a glance stays a list
const few = 12;
let last = 0, lists = 0;

const status = () => {
  const said = document.createElement("p");
  said.className = "unseen";
  said.setAttribute("aria-live", "polite");
  form.append(said);
  return said;
};

// A field that names a thing becomes a combobox. Of what was chosen the IRI is sent, of what was only typed the text.
const suggesting = (field, said) => {
  const { source, found, none, list: label } = form.dataset;
  const isAll = field.localName === "select" && !("many" in field.dataset);
  const pool = isAll ? [...field.options].filter((each) => each.value) : null;
  if (!source || (pool && pool.length <= few)) return;
  const name = field.name, chosen = field.selectedOptions?.[0];
  const input = document.createElement("input"), sent = document.createElement("input");
  const box = document.createElement("span"), list = document.createElement("ul");
  input.value = chosen ? (chosen.value && chosen.text) : field.value;
  for (const each of ["id", "aria-labelledby", "aria-invalid", "aria-describedby"]) {
    if (field.hasAttribute(each)) input.setAttribute(each, field.getAttribute(each));
  }
  sent.type = "hidden";
  box.className = "typed";
  list.id = `suggestions-${lists += 1}`;
  list.className = "suggestions";
  list.setAttribute("aria-label", label);
  const typed = () => {
    sent.removeAttribute("name");
    input.name = name;
  };
  const taken = (iri) => {
    input.removeAttribute("name");
    [sent.name, sent.value] = [name, iri];
  };
  if (chosen?.value.startsWith("<")) taken(chosen.value);
  else typed();
  box.append(input, sent, list);
  field.replaceWith(box);
  box.parentElement.querySelector("[value=find]")?.remove();
  input.addEventListener("input", typed);
  combobox({
    input, list, said, words: { found, none },
    fetched: async (text, signal) => {
      const url = new URL(source, location.href);
      for (const kind of field.dataset.kinds.split(" ")) url.searchParams.append("type", kind);
      const [results, begun] = [await suggestions(url, text, signal), text.toLowerCase()];
      if (!pool) return results.map((each) => ({ ...each, value: `<${each.iri}>` }));
      const by = new Map(results.map((each) => [`<${each.iri}>`, each]));
      const shown = pool.filter((each) => by.has(each.value) || each.text.toLowerCase().includes(begun));
      return shown.map((each) => ({ description: "", ...by.get(each.value), value: each.value, label: each.text }));
    },
    chosen: (option) => {
      input.value = option.label;
      taken(option.value);
    },
  });
};

const more = (field, said) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "second";
  button.textContent = field.dataset.more;
  const about = document.createElement("span");
  about.className = "unseen";
  about.textContent = ": " + field.querySelector(".name").textContent;
  button.append(about);
  const rows = [...field.querySelectorAll(".value[data-new]")];
  const pattern = rows[rows.length - 1].cloneNode(true);
  button.addEventListener("click", () => {
    const row = pattern.cloneNode(true);
    last += 1;
    for (const each of row.querySelectorAll("[name]")) {
      each.name = each.name.replace(/\d+$/, String(last));
      if (each.name.startsWith("v.")) each.value = "";
      each.removeAttribute("id");
      each.removeAttribute("aria-invalid");
      each.removeAttribute("aria-describedby");
    }
    for (const each of row.querySelectorAll(".wrong")) each.remove();
    [...field.querySelectorAll(".value")].pop().after(row);
    for (const each of row.querySelectorAll("[data-kinds]")) suggesting(each, said);
    row.querySelector("input:not([type=hidden]), select, textarea").focus();
  });
  field.append(button);
};

if (form) {
  const said = status();
  last = Math.max(0, ...[...form.elements].map((each) => Number((/^v\.(\d+)$/.exec(each.name) || [])[1] || 0)));
  for (const field of form.querySelectorAll("[data-more]")) more(field, said);
  for (const field of form.querySelectorAll("[data-kinds]")) suggesting(field, said);

  // what was found stands above the form: readers of the page by ear are led there
  document.getElementById("preview")?.focus();
}
