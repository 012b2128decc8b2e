// Suggestions on /search while a name is being typed: a combobox with a list (ARIA APG), over /suggest.
// Without it the form that stands in the page does the same work.
"use strict";
(() => {
  const input = document.getElementById("q");
  const list = document.getElementById("suggestions");
  const said = document.getElementById("suggested");
  if (!input || !list || !said) return;
  const { source, found, none } = list.dataset;
  const pause = 150;
  let waiting = 0, asking = null, at = -1;

  for (const [name, value] of Object.entries({
    role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list", autocomplete: "off",
  })) input.setAttribute(name, value);

  const options = () => [...list.children];
  const close = () => {
    clearTimeout(waiting);
    asking?.abort();
    at = -1;
    list.hidden = true;
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (place) => {
    const all = options();
    at = all.length ? (place + all.length) % all.length : -1;
    all.forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    if (at < 0) return;
    input.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  };
  // the languages that were chosen stay while one moves
  const kept = (address) => {
    const [here, there] = [new URL(source, location.href), new URL(address, location.href)];
    for (const name of ["ui", "lang"]) if (here.searchParams.has(name)) there.searchParams.set(name, here.searchParams.get(name));
    return there.href;
  };
  const option = (result, index) => {
    const item = document.createElement("li");
    item.id = `suggestion-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.dataset.url = kept(result.url);
    const name = document.createElement("span");
    name.textContent = result.label;
    if (result.language) name.lang = result.language;
    const about = document.createElement("small");
    about.textContent = result.matched === result.label ? result.description : `${result.matched} · ${result.description}`;
    item.append(name, " ", about);
    return item;
  };
  const show = (results) => {
    list.replaceChildren(...results.map(option));
    list.hidden = !results.length;
    at = -1;
    input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-expanded", String(results.length > 0));
    said.textContent = results.length ? found.replace("0", String(results.length)) : none;
  };
  const ask = async () => {
    asking?.abort();
    const text = input.value.trim();
    if (text.length < 2) return close();
    const mine = asking = new AbortController();
    const url = new URL(source, location.href);
    url.searchParams.set("q", text);
    try {
      const answer = await fetch(url, { signal: mine.signal, headers: { Accept: "application/json" } });
      const { results } = answer.ok ? await answer.json() : { results: [] };
      if (mine === asking && !mine.signal.aborted && document.activeElement === input) show(results);
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, pause);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" && list.hidden) ask();
    else if (event.key === "ArrowDown") choose(at + 1);
    else if (event.key === "ArrowUp" && !list.hidden) choose(at < 0 ? -1 : at - 1);
    else if (event.key === "Enter" && at >= 0) location.assign(options()[at].dataset.url);
    else if (event.key === "Escape" && !list.hidden) close();
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", close);
  // before the input loses the focus, which would take the list away
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const item = event.target.closest("[role=option]");
    if (item) location.assign(item.dataset.url);
  });
})();
