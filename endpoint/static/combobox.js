// A text field that suggests while one types: a combobox with a list (ARIA APG), for /search and the forms of things.
"use strict";
const pause = 150;

// input: the field. list: an empty element for the options. said: where it is told how many there are.
// words: what is told, as { found, none }. fetched(text, signal): the options, each with a label, its language and more.
// chosen(option): what comes of it.
export const combobox = ({ input, list, said, words, fetched, chosen }) => {
  let waiting = 0, asking = null, at = -1, known = [];

  list.setAttribute("role", "listbox");
  list.hidden = true;
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list", autocomplete: "off",
  })) input.setAttribute(name, value);

  const close = () => {
    clearTimeout(waiting);
    asking?.abort();
    at = -1;
    list.hidden = true;
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const point = (place) => {
    const all = [...list.children];
    at = all.length ? (place + all.length) % all.length : -1;
    all.forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    if (at < 0) return;
    input.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  };
  const item = (option, index) => {
    const made = document.createElement("li");
    made.id = `${list.id}-${index}`;
    made.setAttribute("role", "option");
    made.setAttribute("aria-selected", "false");
    const name = document.createElement("span");
    name.textContent = option.label;
    if (option.language) name.lang = option.language;
    const about = document.createElement("small");
    const more = option.description || "";
    about.textContent = !option.matched || option.matched === option.label ? more : `${option.matched} · ${more}`;
    made.append(name, " ", about);
    return made;
  };
  const show = (options) => {
    known = options;
    list.replaceChildren(...options.map(item));
    list.hidden = !options.length;
    at = -1;
    input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-expanded", String(options.length > 0));
    said.textContent = options.length ? words.found.replace("0", String(options.length)) : words.none;
  };
  const ask = async () => {
    asking?.abort();
    const text = input.value.trim();
    if (text.length < 2) return close();
    const mine = asking = new AbortController();
    try {
      const options = await fetched(text, mine.signal);
      if (mine === asking && !mine.signal.aborted && document.activeElement === input) show(options);
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  };
  const take = (place) => {
    const option = known[place];
    close();
    chosen(option);
  };

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, pause);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" && list.hidden) ask();
    else if (event.key === "ArrowDown") point(at + 1);
    else if (event.key === "ArrowUp" && !list.hidden) point(at < 0 ? -1 : at - 1);
    else if (event.key === "Enter" && at >= 0) take(at);
    else if (event.key === "Escape" && !list.hidden) close();
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", close);
  // before the input loses the focus, which would take the list away
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const found = event.target.closest("[role=option]");
    if (found) take([...list.children].indexOf(found));
  });
};

// what /suggest has for a text: things with iri, url, label, language, the name that matched, and a description
export const suggestions = async (source, text, signal) => {
  const url = new URL(source, location.href);
  url.searchParams.set("q", text);
  const answer = await fetch(url, { signal, headers: { Accept: "application/json" } });
  return answer.ok ? (await answer.json()).results : [];
};
