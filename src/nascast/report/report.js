"use strict";

// Sorts tables, shows and hides what a key names, tells the values under the pointer, enlarges
// charts and pictures, copies texts, saves tables. Without it the page shows the same.

function toggle(button) {
  const group = button.dataset.trace;
  const shown = button.getAttribute("aria-pressed") !== "true";
  document.querySelectorAll(`[data-trace="${group}"]`).forEach((other) => {
    other.setAttribute("aria-pressed", String(shown));
  });
  document.querySelectorAll(`figure:has(.key) [data-group="${group}"]`).forEach((item) => {
    item.style.display = shown ? "" : "none";
  });
}

// Texts of marks, which browsers tell late and never on a touch, are told by the page.
function takeTips() {
  document.querySelectorAll(".chart title").forEach((title) => {
    title.parentElement.dataset.tip = title.textContent;
    title.parentElement.setAttribute("aria-label", title.textContent);
    title.remove();
  });
}

const tip = document.querySelector(".tip");

function tell(text, event) {
  const shown = document.querySelector("dialog[open]") || document.body;
  if (tip.parentElement !== shown) shown.append(tip); // a dialog covers all outside of it
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
  const above = event.clientY - height - 12;
  tip.style.top = `${above > 4 ? above : event.clientY + 18}px`;
}

// The points of a path, in units of the stretched sheet; of a step, where its value is reached.
const known = new WeakMap();
function points(path) {
  if (!known.has(path)) {
    const found = [];
    let x = 0;
    for (const [, kind, text] of path.getAttribute("d").matchAll(/([MLHVh])([^MLHVh]*)/g)) {
      const [a, b] = text.split(" ").map(Number);
      if (kind === "h") continue;
      if (kind !== "V") x = a;
      if (kind !== "H") found.push([x, kind === "V" ? a : b]);
    }
    known.set(path, found);
  }
  return known.get(path);
}

const WIDE = 100000; // units of a sheet, as svg.py has them

function nearest(chart, event) {
  const box = chart.querySelector(".sheet").getBoundingClientRect();
  const [px, py] = [event.clientX - box.left, event.clientY - box.top];
  let best = null;
  let least = 24 * 24; // pixels, squared
  chart.querySelectorAll("[data-name]").forEach((path) => {
    if (path.style.display === "none") return;
    for (const [x, y] of points(path)) {
      const far = ((x / WIDE) * box.width - px) ** 2 + ((y / WIDE) * box.height - py) ** 2;
      if (far < least) [least, best] = [far, { path, x: x / WIDE, y: 1 - y / WIDE }];
    }
  });
  return best;
}

function duration(seconds) {
  const units = [[0.9995, "ms", 0.001], [120, "s", 1], [7200, "min", 60], [360000, "h", 3600]];
  const [, name, size] = units.find(([below]) => seconds < below) || [0, "d", 86400];
  return `${Number((seconds / size).toPrecision(2))} ${name}`;
}

// A value as text, from its share of an axis; with the digits that the sheet can tell.
function valued(scale, share, unit) {
  const [low, high, log] = scale.split(" ").map(Number);
  if (log) {
    const value = low * (high / low) ** share;
    return unit === "time" ? duration(value) : value.toPrecision(3);
  }
  const digits = Math.max(0, Math.min(8, 3 - Math.floor(Math.log10(high - low))));
  return Number((low + (high - low) * share).toFixed(digits)).toLocaleString("en") + unit;
}

function point(event) {
  const chart = event.target.closest(".chart");
  if (!chart) return tell("");
  const marked = event.target.closest("[data-tip]");
  if (marked) return tell(marked.dataset.tip, event);
  const found = nearest(chart, event);
  if (!found) return tell("");
  const { x, y, xname, xunit, yunit } = chart.dataset;
  const at = valued(x, found.x, xunit);
  tell(`${found.path.dataset.name}\n${xname} ${at}: ${valued(y, found.y, yunit)}`, event);
}

const dialog = document.querySelector("dialog");

function enlarge(place) {
  const copy = place.cloneNode(true);
  copy.removeAttribute("id");
  copy.querySelectorAll(".enlarge").forEach((button) => button.remove());
  dialog.querySelector("div").replaceChildren(copy);
  dialog.showModal();
}

function addEnlargers() {
  document.querySelectorAll("[data-large]").forEach((place) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "enlarge", textContent: "enlarge" });
    button.addEventListener("click", () => enlarge(place));
    place.append(button);
  });
}

// Saves a table as CSV: numbers as they sort, texts as they read.
function save(button) {
  const table = document.getElementById(button.dataset.csv);
  const text = (cell) => (cell.dataset.value ?? cell.innerText).trim();
  const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const lines = Array.from(table.rows, (row) => Array.from(row.cells, (c) => quoted(text(c))));
  const link = document.createElement("a");
  const file = new Blob([lines.map((line) => `${line.join(",")}\n`).join("")], { type: "text/csv" });
  link.href = URL.createObjectURL(file);
  link.download = `${button.dataset.csv}.csv`;
  link.click();
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

document.querySelectorAll("thead th[data-first]").forEach((header) => {
  header.querySelector("button").addEventListener("click", () => sortBy(header));
});
document.querySelectorAll("[data-trace]").forEach((button) => {
  button.addEventListener("click", () => toggle(button));
});
document.querySelectorAll("[data-copy]").forEach((button) => {
  button.addEventListener("click", () => copy(button));
});
document.querySelectorAll("[data-csv]").forEach((button) => {
  button.addEventListener("click", () => save(button));
});
takeTips();
addEnlargers();
window.addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("details")) each.open = true; // paper has no clicks
});
document.addEventListener("pointermove", point);
document.addEventListener("pointerdown", point);
document.addEventListener("scroll", () => tell(""), { passive: true });
dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.matches("[data-close]")) dialog.close();
});
