"use strict";

// Draws the figures in the colours of the page, sorts tables, shows and hides what a key names,
// copies texts.

// The page's own colours in a figure, and what they are on a dark page; see figure_parts.py.
const DARK = {
  "#1f2328": "#e8eaed",
  "#59636e": "#9ba3ac",
  "#e4e7eb": "#2c3238",
  "#fffffe": "#15181c",
};
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const narrow = window.matchMedia("(max-width: 640px)");
const hidden = new Set(); // predictors or strategies, as the figures' legend groups

// Whether the key above a figure shows and hides its traces.
function keyed(source) {
  return source.closest("figure").querySelector(".key") !== null;
}

function draw(source) {
  const id = source.dataset.plot;
  let text = source.textContent;
  if (dark.matches) {
    for (const [from, to] of Object.entries(DARK)) text = text.replaceAll(from, to);
  }
  const { data, layout } = JSON.parse(text);
  const ticks = layout.xaxis.ticktext;
  if (narrow.matches && ticks && ticks.length > 5) {
    layout.xaxis.ticktext = ticks.map((tick, i) => (i % 2 ? "" : tick));
  }
  for (const trace of data) trace.visible = !hidden.has(trace.legendgroup);
  Plotly.react(id, data, layout, {
    responsive: true,
    displaylogo: false,
    displayModeBar: keyed(source) ? "hover" : false,
    modeBarButtons: [["toImage"]],
    toImageButtonOptions: { format: "svg", filename: id },
  });
}

function drawAll(selector) {
  document.querySelectorAll(selector).forEach(draw);
}

function toggle(button) {
  const trace = button.dataset.trace;
  const shown = hidden.delete(trace);
  if (!shown) hidden.add(trace);
  document.querySelectorAll("[data-trace]").forEach((other) => {
    if (other.dataset.trace === trace) other.setAttribute("aria-pressed", String(shown));
  });
  Array.from(document.querySelectorAll("[data-plot]")).filter(keyed).forEach(draw);
}

function sortBy(header) {
  const now = header.getAttribute("aria-sort");
  const other = { ascending: "descending", descending: "ascending" };
  const order = now ? other[now] : header.dataset.first;
  const sign = order === "ascending" ? 1 : -1;
  const numeric = header.classList.contains("num");
  const body = header.closest("table").tBodies[0];
  const value = (row) => {
    const cell = row.cells[header.cellIndex];
    if (!numeric) return cell.textContent;
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  };
  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return (x === null) - (y === null); // unknown comes last
    return sign * (numeric ? x - y : x.localeCompare(y));
  };
  body.append(...Array.from(body.rows).sort(compare));
  for (const cell of header.parentElement.cells) cell.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", order);
}

// Copies the text before the button; where that is not allowed, selects it.
function copy(button) {
  const text = button.previousElementSibling;
  const select = () => getSelection().selectAllChildren(text);
  const said = () => {
    button.textContent = "copied";
    setTimeout(() => (button.textContent = "copy"), 1500);
  };
  if (!navigator.clipboard) return select();
  navigator.clipboard.writeText(text.textContent).then(said, select);
}

if (window.Plotly) {
  drawAll("[data-plot]");
  for (const query of [dark, narrow]) {
    query.addEventListener("change", () => drawAll("[data-plot]"));
  }
}
document.querySelectorAll("thead th[data-first]").forEach((header) => {
  header.querySelector("button").addEventListener("click", () => sortBy(header));
});
document.querySelectorAll("[data-trace]").forEach((button) => {
  button.addEventListener("click", () => toggle(button));
});
document.querySelectorAll("[data-copy]").forEach((button) => {
  button.addEventListener("click", () => copy(button));
});
