// Suggestions on /search while a name is being typed, over /suggest; one that is chosen is gone to.
// Without it the form that stands in the page does the same work.
"use strict";
import { combobox, suggestions } from "./combobox.js";

const input = document.getElementById("q");
const list = document.getElementById("suggestions");
const said = document.getElementById("suggested");
if (input && list && said) {
  const { source, found, none } = list.dataset;
  // the languages that were chosen stay while one moves
  const kept = (address) => {
    const [here, there] = [new URL(source, location.href), new URL(address, location.href)];
    for (const name of ["ui", "lang"]) if (here.searchParams.has(name)) there.searchParams.set(name, here.searchParams.get(name));
    return there.href;
  };
  combobox({
    input, list, said, words: { found, none },
    fetched: (text, signal) => suggestions(source, text, signal),
    chosen: (option) => location.assign(kept(option.url)),
  });
}
