// Arrays as heat maps: a cell for each value that is shown, and the figures of the whole array.

const BAD = "#d4145a"; // nan and inf, which are marked besides: × and + or −

/** The values of an array of the page that are shown, decoded once. */
function valuesOf(array) {
  if (!array.values) {
    const raw = Uint8Array.from(atob(array.data), (letter) => letter.charCodeAt(0));
    array.values = new (array.wide ? Float64Array : Float32Array)(raw.buffer);
  }
  return array.values;
}

const arrayAt = (place) => (place === null || place === undefined ? null : data.arrays[place]);
const shownHeight = (array) => (array.rows ? array.rows.length : array.height);
const shownWidth = (array) => (array.columns ? array.columns.length : array.width);

/** The greatest finite absolute value of an array: the end of its scale, the same on both sides of zero. */
function scaleOf(array) {
  const { minimum, maximum } = array.figures;
  return Math.max(Math.abs(minimum ?? 0), Math.abs(maximum ?? 0));
}

/** The size of a cell; a small matrix has room for its numbers. */
function cellSize(array) {
  const rows = shownHeight(array);
  const columns = shownWidth(array);
  if (columns <= 5 && rows <= 8) return { width: columns === 1 && rows === 1 ? 96 : 60, height: 26, numbers: true };
  const fit = (n, room, most) => Math.max(2, Math.min(most, Math.floor(room / n)));
  return { width: fit(columns, 256, 26), height: fit(rows, 176, 26), numbers: false };
}

const gridOf = (array) => ({ rows: shownHeight(array), columns: shownWidth(array), ...cellSize(array) });

/** The canvas of an array, drawn. */
function drawn(array) {
  const cell = cellSize(array);
  const isPlain = !cell.numbers && array.figures.nan + array.figures.infinite === 0;
  if (!isPlain) return drawnWithSigns(array, cell);
  const scale = scaleOf(array) || 1;
  return painted(valuesOf(array), gridOf(array), (value) => colour(value / scale));
}

/** A canvas with a cell for each value, which has room for its number or for the sign of what is not finite. */
function drawnWithSigns(array, cell) {
  const columns = shownWidth(array);
  const sharp = Math.min(window.devicePixelRatio || 1, 2);
  const size = { width: columns * cell.width * sharp, height: shownHeight(array) * cell.height * sharp };
  const canvas = element("canvas", size);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.scale(sharp, sharp);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = "12px system-ui, sans-serif";
  const scale = scaleOf(array) || 1;
  valuesOf(array).forEach((value, i) => {
    drawCell(context, value, scale, (i % columns) * cell.width, Math.floor(i / columns) * cell.height, cell);
  });
  return canvas;
}

function drawCell(context, value, scale, x, y, cell) {
  const finite = Number.isFinite(value);
  const [red, green, blue] = finite ? colour(value / scale) : [0, 0, 0];
  context.fillStyle = finite ? `rgb(${red} ${green} ${blue})` : BAD;
  context.fillRect(x, y, cell.width, cell.height);
  if (finite && !cell.numbers) return;
  context.fillStyle = finite && red * 0.3 + green * 0.59 + blue * 0.11 > 125 ? "#000" : "#fff";
  const text = cell.numbers ? short(value) : Number.isNaN(value) ? "×" : value > 0 ? "+" : "−";
  if (cell.width < 8 || cell.height < 8) context.fillRect(x, y, 1, cell.height); // no room for a sign, but for a stripe
  else context.fillText(text, x + cell.width / 2, y + cell.height / 2 + 0.5, cell.width - 2);
}

/** The index of a shown cell in the whole array. */
function indexOf(array, row, column) {
  let rest = array.rows ? array.rows[row] : row;
  if (array.shape.length === 0) return "";
  const index = [array.columns ? array.columns[column] : column];
  for (const size of array.shape.slice(0, -1).reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${index.join(", ")}]`;
}

/** An array as a figure: its name, its values, its scale and its figures. */
function heat(array, name, note = "") {
  const label = `${shapeText(array.shape)} ${array.dtype}`;
  const caption = element("figcaption", {}, element("b", {}, name), ` ${normText(array)} ${label} ${note}`);
  if (array.values?.length === 0 || array.height * array.width === 0) {
    return element("figure", { class: "heat" }, caption, element("p", {}, "It has no elements."));
  }
  const told = (place) => `${indexOf(array, place.row, place.column)} ${valueText(array, place)}`.trim();
  const map = heatMap(drawn(array), gridOf(array), `${name} ${label}: ${figuresText(array)}.`, told);
  return element("figure", { class: "heat" }, caption, map, legend(array), sampleText(array), figures(array));
}

function legend(array) {
  if (cellSize(array).numbers) return null;
  const scale = scaleOf(array);
  return scaleStrip(short(-scale), short(scale));
}

function sampleText(array) {
  if (!array.rows) return null;
  const text = `a sample of ${shownHeight(array)} × ${shownWidth(array)} of ${array.height} × ${array.width}`;
  return element("p", { class: "sample" }, text);
}

function figuresText(array) {
  const { minimum, mean, maximum, nan, infinite, zero } = array.figures;
  return `minimum ${short(minimum)}, mean ${short(mean)}, maximum ${short(maximum)}, ${nan} nan, ${infinite} inf, ${zero} zero`;
}

function figures(array) {
  const { minimum, mean, maximum, nan, infinite, zero } = array.figures;
  const shown = [["min", short(minimum)], ["mean", short(mean)], ["max", short(maximum)],
    ["nan", nan], ["inf", infinite], ["zero", zero]];
  return element("dl", {}, shown.map(([name, value]) => {
    const isBad = (name === "nan" || name === "inf") && value > 0;
    return element("div", isBad ? { class: "bad" } : {}, element("dt", {}, name), element("dd", {}, String(value)));
  }));
}

function valueText(array, { row, column }) {
  const value = valuesOf(array)[row * shownWidth(array) + column];
  return array.dtype === "bool" ? (value ? "True" : "False") : exact(value, array.wide);
}
