// Histograms of weights and of gradients over the epochs: a heat map with a column for each epoch, and beside it the
// chosen column as bars. What is counted is in the table below it.

const ROOM = { width: 440, height: 288 }; // of a heat map, in pixels

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (exponent) =>
  `10${exponent < 0 ? "⁻" : ""}${[...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[digit]).join("")}`;

/** The rows of a histogram from top to bottom: the counts of each epoch, and what is counted. */
function rowsOf(histogram, isMagnitude) {
  const { edges, counts, zero } = histogram;
  const rows = range(0, edges.length - 2).map((bin) => ({
    said: `${short(edges[bin])} to ${short(edges[bin + 1])}`, counts: counts.map((column) => column[bin]),
  })).reverse();
  return isMagnitude ? [...rows, { said: "exactly 0", counts: zero }] : rows;
}

/** One histogram: `figure` is its element, `mark` shows an epoch. */
function histogramOf(histogram, { name, what, elements, isMagnitude }, choose) {
  const rows = rowsOf(histogram, isMagnitude);
  const columns = histogram.epochs.length;
  const grid = {
    rows: rows.length, columns,
    width: Math.max(2, Math.min(40, Math.floor(ROOM.width / columns))),
    height: Math.max(5, Math.min(14, Math.floor(ROOM.height / rows.length))),
  };
  const most = Math.max(1, ...rows.flatMap((row) => row.counts));
  const values = rows.flatMap((row) => row.counts);
  const canvas = painted(values, grid, (n) => colour((2 * Math.log1p(n)) / Math.log1p(most) - 1));
  const told = ({ row, column }) => {
    const n = rows[row].counts[column];
    return `epoch ${histogram.epochs[column]}, ${rows[row].said}: ${n.toLocaleString("en")} of ${elements.toLocaleString("en")}`;
  };
  const [first, last] = [histogram.epochs[0], histogram.epochs.at(-1)];
  const map = heatMap(canvas, grid, `${name}, ${what}: a column for each epoch from ${first} to ${last}.`, told);
  const present = element("span", { class: "present", hidden: "" });
  present.style.width = `${grid.width}px`;
  map.append(present);
  map.addEventListener("click", (event) => {
    const column = Math.floor((event.clientX - map.getBoundingClientRect().left) / grid.width);
    choose(histogram.epochs[within(column, columns)]);
  });
  const profile = shape("svg", { class: "profile", width: 136, height: grid.rows * grid.height, "aria-hidden": "true" });
  const side = element("div", { class: "ticks aside", "aria-hidden": "true" });
  const upright = isMagnitude ? decadeTicks(histogram, grid) : valueTicks(histogram, grid);
  const figure = element("figure", { class: "histogram" },
    element("figcaption", {}, element("b", {}, what), badText(histogram)),
    upright, map, profile, epochTicks(histogram, grid), side, legendOf(most));
  const mark = (epoch) => {
    const column = columnOf(histogram, epoch);
    present.hidden = column < 0;
    present.style.left = `${column * grid.width}px`;
    showProfile(profile, side, rows, column, grid, histogram);
  };
  return { figure, mark, rows };
}

/** The column that is shown for an epoch: its own or, where not every epoch was kept, the last one before it. */
function columnOf(histogram, epoch) {
  return histogram.epochs.findLastIndex((kept) => kept <= epoch);
}

function showProfile(profile, side, rows, column, grid, histogram) {
  if (column < 0) {
    profile.replaceChildren();
    side.textContent = "";
    return;
  }
  const most = Math.max(1, ...rows.map((row) => row.counts[column]));
  profile.replaceChildren(...rows.map((row, i) => shape("rect", {
    x: 0, y: i * grid.height + 0.5, height: grid.height - 1, width: (132 * row.counts[column]) / most,
  })));
  side.replaceChildren(element("span", {}, `epoch ${histogram.epochs[column]}, up to ${most.toLocaleString("en")}`));
}

function badText({ bad, epochs }) {
  const at = bad.findIndex((n) => n > 0);
  if (at < 0) return "";
  return element("span", { class: "bad" }, ` ${count(bad[at], "element")} nan or inf in epoch ${epochs[at]}: they are left out.`);
}

// -- scales -----------------------------------------------------------------------------------------

function ticks(kind, places) {
  return element("div", { class: `ticks ${kind}`, "aria-hidden": "true" }, places.map(([place, text]) => {
    const made = element("span", {}, text);
    made.style[kind === "up" ? "top" : "left"] = `${place}px`;
    return made;
  }));
}

function valueTicks({ edges }, grid) {
  const [low, high] = [edges[0], edges.at(-1)];
  const height = grid.rows * grid.height;
  const numbers = roundNumbers(low, high, Math.max(2, Math.min(7, height / 36)));
  const places = numbers.map((value) => [((high - value) / (high - low)) * height, short(value)]);
  return ticks("up", places.filter(([place]) => place > 5 && place < height - 5));
}

function decadeTicks({ edges }, grid) {
  const [low, high] = [Math.log10(edges[0]), Math.log10(edges.at(-1))];
  const height = (grid.rows - 1) * grid.height; // the last row counts zeros
  const place = (exponent) => ((high - exponent) / (high - low)) * height;
  const every = Math.max(1, Math.ceil((22 * (high - low)) / height));
  const shown = range(Math.ceil(low - 1e-9), Math.floor(high + 1e-9))
    .filter((exponent) => exponent % every === 0 && place(exponent) > 5 && place(exponent) < height - 8);
  return ticks("up", [...shown.map((exponent) => [place(exponent), power(exponent)]), [height + grid.height / 2, "0"]]);
}

function epochTicks({ epochs }, grid) {
  const shown = roundEpochs(epochs[0], epochs.at(-1), 8).map((epoch) => [epochs.indexOf(epoch), epoch]);
  return ticks("along", shown.filter(([column]) => column >= 0).map(([column, epoch]) => [(column + 0.5) * grid.width, String(epoch)]));
}

const legendOf = (most) => scaleStrip("0", `${most.toLocaleString("en")} elements (logarithmic scale)`);

// -- a layer ----------------------------------------------------------------------------------------

/** One layer: `section` is its element, `mark` shows an epoch. */
function layerOf(layer, choose) {
  const { name, elements } = layer;
  const weights = histogramOf(layer.weights, { name, what: "Weights, by their value", elements }, choose);
  const gradients = histogramOf(layer.gradients,
    { name, what: "Gradients, by their magnitude", elements, isMagnitude: true }, choose);
  let epoch = 0;
  const rowsNow = ({ rows }, histogram) => {
    const column = columnOf(histogram, epoch);
    return rows.map((row) => [row.said, column < 0 ? "–" : row.counts[column].toLocaleString("en")]);
  };
  const { made, fill } = foldedTable("The counts of the chosen epoch", () => element("div", { class: "pair" },
    table(["weights", "elements"], rowsNow(weights, layer.weights)),
    table(["magnitudes of gradients", "elements"], rowsNow(gradients, layer.gradients))), `${name}: the counts`);
  const section = element("section", { class: "layer", "aria-label": name }, element("h3", {}, name,
    element("span", { class: "quiet" }, ` (${elements.toLocaleString("en")} weights)`)),
  element("div", { class: "histograms" }, weights.figure, gradients.figure), made);
  const mark = (chosen) => {
    epoch = chosen;
    weights.mark(epoch);
    gradients.mark(epoch);
    fill();
  };
  return { section, mark };
}
