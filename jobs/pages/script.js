"use strict";

// Charts: each is drawn into its figure, by an interpreter that needs no eval.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const config = read("chart-config");

// A chart is one picture by the name of its figure: Vega gives each mark a role of its
// own without words, and the numbers are in the table beside it.
const name = (place) => {
  for (const part of place.querySelectorAll("svg [role]")) {
    part.removeAttribute("role");
    part.removeAttribute("aria-roledescription");
  }
  const caption = place.closest("figure").querySelector("figcaption strong");
  const picture = place.querySelector("svg");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", caption.textContent);
};
const drawn = Object.entries(read("charts")).map(([chart, spec]) => {
  const place = document.querySelector(`[data-chart="${CSS.escape(chart)}"]`);
  return window.vegaEmbed(place, spec, {
    config,
    ast: true,
    renderer: "svg",
    actions: false,
    defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
  }).then(() => name(place));
});
Promise.all(drawn).then(() => {
  document.documentElement.dataset.charts = "drawn";
});

// A table that fits its place needs no stop of its own for the keyboard.
const fit = () => {
  for (const place of document.querySelectorAll(".scroll")) {
    const fits = place.scrollWidth <= place.clientWidth
      && place.scrollHeight <= place.clientHeight;
    if (fits) place.removeAttribute("tabindex");
    else place.tabIndex = 0;
  }
};
window.addEventListener("resize", fit);
for (const part of document.querySelectorAll("details")) {
  part.addEventListener("toggle", fit);
}
fit();

// Sellers: search over every text of a row, sort by the number behind a cell.
const sellers = document.getElementById("seller-table");
if (sellers) {
  const body = sellers.tBodies[0];
  const rows = [...body.rows];
  const heads = [...sellers.tHead.rows[0].cells];
  const search = document.getElementById("seller-search");
  const count = document.getElementById("seller-count");

  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const row of rows) {
      const said = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => said.includes(word));
      if (!row.hidden) found += 1;
    }
    count.textContent = `${found} of ${rows.length} rows`;
  });

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    const data = cell.querySelector("data");
    if (data) return data.value;
    return cell.classList.contains("number") ? "" : cell.textContent.trim();
  };
  const compare = (isNumber) => (one, other) => {
    if (one === other) return 0;
    if (one === "") return -1;
    if (other === "") return 1;
    return isNumber ? Number(one) - Number(other) : one.localeCompare(other, "en");
  };
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const isNumber = head.classList.contains("number");
      const first = isNumber ? "descending" : "ascending";
      const second = isNumber ? "ascending" : "descending";
      const order = head.getAttribute("aria-sort") === first ? second : first;
      for (const each of heads) each.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", order);
      const by = compare(isNumber);
      const way = order === "ascending" ? 1 : -1;
      rows.sort((a, b) => way * by(valueOf(a, column), valueOf(b, column)));
      body.append(...rows);
    });
  });
}
