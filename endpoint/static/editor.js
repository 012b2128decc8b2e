// The SPARQL editor on /sparql: YASGUI with our examples as tabs, our own completions, and results as chart and map.
// Without it the form that stands in the page does the same work.
"use strict";
(() => {
  const root = document.getElementById("editor");
  const Yasgui = window.Yasgui;
  if (!root || !Yasgui) return;
  const settings = JSON.parse(document.getElementById("editor-settings").textContent);
  const { Yasqe, Yasr } = Yasgui;
  const svg = (name, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  // no span: YASR hides those of its tabs on a phone
  const icon = (text) => Object.assign(document.createElement("b"), { textContent: text });

  // Completions: classes and properties of this publication; nothing is asked of anybody else.
  const complete = (name, words) =>
    Yasqe.forkAutocompleter(name, {
      name: `our-${name}`, persistenceId: null, bulk: true, get: () => Promise.resolve(words),
    });
  complete("class", settings.classes);
  complete("property", settings.properties);
  Yasqe.defaults.autocompleters = ["prefixes", "variables", "our-class", "our-property"];
  Yasqe.forkAutocompleter("prefixes", {
    name: "prefixes", persistenceId: null, bulk: true,
    get: () => Promise.resolve(Object.entries(settings.prefixes).map(([prefix, iri]) => `${prefix}: <${iri}>`)),
  });

  const number = (term) => (term && term.type === "literal" && term.value !== "" ? Number(term.value) : NaN);
  const bindings = (yasr) => (yasr.results && yasr.results.getBindings()) || [];
  const variables = (yasr) => (yasr.results && yasr.results.getVariables()) || [];

  // Bars: the first column whose values are all numbers, called by the first that is none.
  class Chart {
    priority = 1;
    label = settings.texts.chart;
    constructor(yasr) { this.yasr = yasr; }
    columns() {
      const rows = bindings(this.yasr), names = variables(this.yasr);
      const length = names.find((name) => rows.every((row) => Number.isFinite(number(row[name]))));
      const label = names.find((name) => name !== length && rows.some((row) => row[name] && row[name].type === "literal")) ||
        names.find((name) => name !== length);
      return { rows, length, label };
    }
    canHandleResults() {
      const { rows, length, label } = this.columns();
      return rows.length > 1 && rows.length <= 60 && length !== undefined && label !== undefined;
    }
    getIcon() { return icon("▤"); }
    draw() {
      const { rows, length, label } = this.columns();
      const largest = Math.max(...rows.map((row) => Math.abs(number(row[length]))), 1e-9);
      const bars = rows.map((row, place) => {
        const value = number(row[length]), y = place * 40;
        const name = row[label] ? row[label].value : "";
        return svg("g", {},
          svg("text", { x: 0, y: y + 14 }, name.length > 70 ? `${name.slice(0, 70)}…` : name),
          svg("rect", { x: 0, y: y + 20, height: 10, rx: 1, width: Math.max(2, (Math.abs(value) / largest) * 520) }),
          svg("text", { x: Math.max(2, (Math.abs(value) / largest) * 520) + 8, y: y + 29 }, value.toLocaleString(settings.language)));
      });
      const title = `${length} · ${label}`;
      this.yasr.resultsEl.replaceChildren(
        svg("svg", { viewBox: `0 0 640 ${rows.length * 40}`, class: "drawn", role: "img", "aria-label": title }, ...bars));
    }
  }

  // Dots: every WKT point of the answer, over the outlines that the server has.
  const POINT = /POINT\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)/i;
  class Map_ {
    priority = 2;
    label = settings.texts.map;
    constructor(yasr) { this.yasr = yasr; }
    spots() {
      const names = variables(this.yasr);
      return bindings(this.yasr).flatMap((row) => {
        const where = names.find((name) => row[name] && POINT.test(row[name].value));
        if (!where) return [];
        const [, east, north] = POINT.exec(row[where].value).map(Number);
        const label = names.find((name) => name !== where && row[name] && row[name].type === "literal");
        return [{ east, north, text: label ? row[label].value : "" }];
      });
    }
    canHandleResults() { return this.spots().length > 0; }
    getIcon() { return icon("◉"); }
    async draw() {
      const spots = this.spots();
      const outlines = await fetch(settings.outlines).then((answer) => answer.json()).catch(() => ({ countries: {} }));
      const rings = Object.values(outlines.countries).flatMap((regions) => Object.values(regions).flat());
      const points = [...rings.flat(), ...spots.map((spot) => [spot.east, spot.north])];
      const wests = points.map((point) => point[0]), norths = points.map((point) => point[1]);
      const west = Math.min(...wests), north = Math.max(...norths), middle = ((north + Math.min(...norths)) / 2) * Math.PI / 180;
      const scale = 620 / Math.max((Math.max(...wests) - west) * Math.cos(middle), 0.5);
      const x = (east) => 10 + (east - west) * Math.cos(middle) * scale, y = (at) => 10 + (north - at) * scale;
      const height = y(Math.min(...norths)) + 20;
      const lands = rings.map((ring) => svg("path", { class: "land", d: `M${ring.map(([e, n]) => `${x(e).toFixed(1)} ${y(n).toFixed(1)}`).join("L")}Z` }));
      const dots = spots.slice(0, 500).map((spot) => svg("g", {},
        svg("circle", { cx: x(spot.east), cy: y(spot.north), r: 5 }, svg("title", {}, spot.text)),
        spots.length > 30 ? "" : svg("text", { x: x(spot.east) + 9, y: y(spot.north) + 4 }, spot.text)));
      this.yasr.resultsEl.replaceChildren(
        svg("svg", { viewBox: `0 0 640 ${Math.round(height)}`, class: "drawn", role: "img", "aria-label": settings.texts.map }, ...lands, ...dots));
    }
  }
  // YASR's own words, in the language of the page.
  for (const name of ["table", "response"]) {
    const Plugin = Yasr.plugins[name];
    Yasr.registerPlugin(name, class extends Plugin { label = settings.texts[name]; });
  }
  Yasr.registerPlugin("chart", Chart);
  Yasr.registerPlugin("map", Map_);

  const form = document.getElementById("plain");
  const asked = new URLSearchParams(location.search).get("query");
  const yasgui = new Yasgui(root, {
    requestConfig: { endpoint: settings.endpoint, method: "POST" },
    copyEndpointOnNewTab: false,
    persistenceId: `hamkor ${settings.endpoint}`,
    endpointCatalogueOptions: { getData: () => [{ endpoint: settings.endpoint }], keys: [], renderItem: () => {} },
    autofocus: false,
    populateFromUrl: false,
    yasqe: { createShareableLink: null },
    yasr: { prefixes: settings.prefixes, pluginOrder: ["table", "response", "chart", "map", "boolean", "error"] },
  });
  const short = (name) => (name.length > 30 ? `${name.slice(0, 29).trimEnd()}…` : name);
  const add = (name, query) =>
    yasgui.addTab(true, { ...Yasgui.Tab.getDefaults(yasgui), name: short(name), yasqe: { value: query } }, { avoidDuplicateTabs: true });
  const fresh = Object.keys(yasgui._tabs).length < 2 && !localStorage.getItem(`hamkor seen ${settings.endpoint}`);
  if (fresh) {
    const [empty] = Object.values(yasgui._tabs);
    for (const example of settings.examples.slice(0, 4).reverse()) add(example.label, example.text);
    if (empty) empty.close();
    localStorage.setItem(`hamkor seen ${settings.endpoint}`, "1");
  }
  if (asked) add(settings.texts.asked, asked);
  form.hidden = true;
  root.hidden = false;
  for (const tab of Object.values(yasgui._tabs)) tab.getYasqe && tab.getYasqe() && tab.getYasqe().refresh();

  // An example opens as a tab of its own.
  document.querySelectorAll("[data-example]").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    const example = settings.examples[Number(link.dataset.example)];
    add(example.label, example.text);
    root.scrollIntoView();
  }));

  // What the answer names stays on this host.
  const stay = (event) => {
    const link = event.target.closest && event.target.closest("a[href]");
    const href = link && link.getAttribute("href");
    if (href && href.startsWith(settings.base)) link.setAttribute("href", settings.here + href.slice(settings.base.length));
  };
  for (const kind of ["mouseover", "focusin", "click"]) root.addEventListener(kind, stay, true);

  // A link to the query that lasts, and the query as code: a page of its own.
  document.getElementById("keep").addEventListener("click", (event) => {
    event.preventDefault();
    form.querySelector("textarea").value = yasgui.getTab().getQuery();
    const keep = form.querySelector("[formaction]");
    form.querySelector("form").requestSubmit(keep);
  });
})();
