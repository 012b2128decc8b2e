// A click on the map of a form fills in the coordinates; they can be typed as well.
"use strict";
(() => {
  for (const figure of document.querySelectorAll("figure[data-for]")) {
    const field = document.getElementById(figure.dataset.for), drawing = figure.querySelector("svg");
    const [west, north, across, down, margin] = ["west", "north", "across", "down", "margin"].map((each) => Number(figure.dataset[each]));
    const mark = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    for (const [name, value] of [["class", "dot here"], ["r", 7]]) mark.setAttribute(name, value);
    figure.hidden = false;
    drawing.addEventListener("click", (event) => {
      const box = drawing.getBoundingClientRect();
      const x = (event.clientX - box.left) * drawing.viewBox.baseVal.width / box.width;
      const y = (event.clientY - box.top) * drawing.viewBox.baseVal.height / box.height;
      field.value = `${(north - (y - margin) / down).toFixed(4)}, ${(west + (x - margin) / across).toFixed(4)}`;
      for (const [name, value] of [["cx", x], ["cy", y]]) mark.setAttribute(name, value);
      drawing.append(mark);
    });
  }
})();
