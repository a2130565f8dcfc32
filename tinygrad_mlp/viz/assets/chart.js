// Charts: lines over the epochs, or over what else `data.unit` names, with a mark at the one that is chosen, and the
// same numbers as a table.

const UNIT = data.unit ?? "epoch";

// On the right is room for the names of the lines.
const LONGEST = Math.max(...data.charts.flatMap(({ lines }) => lines.map((line) => line.name.length)));
const SIZE = { width: 720, height: 330, left: 66, right: Math.max(92, 9.9 * LONGEST), top: 24, bottom: 46 };
const INNER = { width: SIZE.width - SIZE.left - SIZE.right, height: SIZE.height - SIZE.top - SIZE.bottom };

/** An element of a drawing. */
function shape(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const minus = (text) => text.replaceAll("-", "−");

/** A value in a table or a sentence: a share in per cent, another number with six digits. */
function figure(value, isShare) {
  if (value === null) return "–";
  return minus(isShare ? `${(100 * value).toFixed(2)} %` : String(Number(value.toPrecision(6))));
}

/** Round numbers from `low` to `high`, about `wanted` of them. */
function roundNumbers(low, high, wanted) {
  const rough = (high - low) / wanted || 1;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5].find((factor) => factor * unit >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const numbers = [];
  for (let i = first; i * step <= high + step * 1e-9; i++) numbers.push(Number((i * step).toPrecision(12)));
  return numbers;
}

/** Epochs at which an axis has a number: round ones, and always whole. */
function roundEpochs(first, last, wanted) {
  const found = roundNumbers(first, last, Math.min(wanted, Math.max(1, last - first))).filter(Number.isInteger);
  return found.length > 0 ? found : [first];
}

/** The vertical scale of values: its place of a value, and its round numbers. Where they span a lot it is logarithmic. */
function scaleFor(values, isShare, isLog = false) {
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (isLog || (!isShare && low > 0 && high / low > 20)) {
    const [from, to] = [Math.log10(low) - 0.08, Math.log10(high) + 0.08];
    const decades = roundNumbers(Math.ceil(from), Math.floor(to), 5).filter(Number.isInteger);
    const factors = to - from < 3 ? [1, 2, 5] : [1];
    const ticks = decades.length === 0 ? [low, high] : range(Math.floor(from), Math.floor(to))
      .flatMap((exponent) => factors.map((factor) => Number(`${factor}e${exponent}`)))
      .filter((tick) => Math.log10(tick) >= from && Math.log10(tick) <= to)
      .filter((tick) => factors.length > 1 || decades.includes(Math.round(Math.log10(tick))));
    return { isLog: true, ticks, share: (value) => (Math.log10(value) - from) / (to - from) };
  }
  const room = (high - low) * 0.05 || Math.abs(high) * 0.05 || 0.05;
  low = low >= 0 ? Math.max(0, low - room) : low - room;
  high = isShare ? Math.min(1, high + room) : high + room;
  return { isLog: false, ticks: roundNumbers(low, high, 5), share: (value) => (value - low) / (high - low) };
}

const range = (first, last) => Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);

/** A chart: `figure` is its element, `mark` marks an epoch. `choose` is called with an epoch that is clicked. */
function chart({ name, lines, percent, log }, choose) {
  const values = lines.flatMap((line) => line.values).filter((value) => value !== null);
  const title = element("h3", {}, name);
  if (values.length === 0) {
    return { figure: element("div", { class: "chart" }, title, element("p", {}, "It is undefined.")), mark() {} };
  }
  const scale = scaleFor(values, percent, log);
  const [first, last] = [data.epochs[0], data.epochs.at(-1)];
  const x = (epoch) => SIZE.left + (last === first ? 0.5 : (epoch - first) / (last - first)) * INNER.width;
  const y = (value) => SIZE.top + (1 - scale.share(value)) * INNER.height;
  const ends = lines.map(({ values: own }) => `from ${figure(own[0], percent)} to ${figure(own.at(-1), percent)}`);
  const label = `${name} over the ${UNIT}s ${first} to ${last}: ${list(lines.map((line, i) => `${line.name} ${ends[i]}`))}`;
  const svg = shape("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: "img", "aria-label": label });
  svg.append(...axes(scale, x, y, percent), ...kept(x));
  lines.forEach((line, i) => svg.append(...curve(line, i, x, y)));
  svg.append(...endLabels(lines, x, y));
  const moment = shape("line", { class: "moment", y1: SIZE.top, y2: SIZE.top + INNER.height, visibility: "hidden" });
  const dots = lines.map((_, i) => shape("circle", { class: `dot l${i % 4}`, r: 5.5, visibility: "hidden" }));
  svg.append(moment, ...dots, surface(svg, first, last, choose));
  if (scale.isLog) title.append(element("span", { class: "quiet" }, " (logarithmic scale)"));
  const mark = (epoch) => {
    const at = data.epochs.indexOf(epoch);
    moment.setAttribute("visibility", at < 0 ? "hidden" : "visible");
    for (const end of ["x1", "x2"]) moment.setAttribute(end, x(epoch));
    dots.forEach((dot, i) => {
      const value = at < 0 ? null : lines[i].values[at];
      dot.setAttribute("visibility", value === null ? "hidden" : "visible");
      if (value === null) return;
      dot.setAttribute("cx", x(epoch));
      dot.setAttribute("cy", y(value));
    });
  };
  return { figure: element("div", { class: "chart" }, title, key(lines), svg), mark };
}

/** The number at an axis: a small one with an exponent, as there is no room for its zeros. */
const tickText = (tick) => (tick !== 0 && Math.abs(tick) < 1e-4 ? minus(tick.toExponential()) : short(tick));

function axes(scale, x, y, isShare) {
  const bottom = SIZE.top + INNER.height;
  const right = SIZE.left + INNER.width;
  const rows = scale.ticks.flatMap((tick) => [
    shape("line", { class: "grid", x1: SIZE.left, x2: right, y1: y(tick), y2: y(tick) }),
    shape("text", { x: SIZE.left - 9, y: y(tick) + 5, "text-anchor": "end" },
      isShare ? minus(`${Number((100 * tick).toFixed(2))} %`) : tickText(tick)),
  ]);
  const columns = roundEpochs(data.epochs[0], data.epochs.at(-1), 10).map((epoch) => shape("text",
    { x: x(epoch), y: bottom + 20, "text-anchor": "middle" }, String(epoch)));
  return [...rows, ...columns, shape("line", { class: "axis", x1: SIZE.left, x2: right, y1: bottom, y2: bottom }),
    shape("text", { x: SIZE.left + INNER.width / 2, y: bottom + 40, "text-anchor": "middle" }, UNIT)];
}

/** Where the weights were kept, if that was not simply the end. */
function kept(x) {
  if (!data.is_early) return [];
  const at = x(data.best);
  return [shape("line", { class: "kept", x1: at, x2: at, y1: SIZE.top, y2: SIZE.top + INNER.height }),
    shape("text", { x: at, y: SIZE.top - 7, "text-anchor": "middle" }, "kept")];
}

function curve(line, i, x, y) {
  let path = "";
  line.values.forEach((value, at) => {
    const isNew = at === 0 || line.values[at - 1] === null;
    if (value !== null) path += `${isNew ? "M" : "L"}${x(data.epochs[at]).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  const isThere = (at) => (line.values[at] ?? null) !== null;
  const alone = line.values.flatMap((_, at) => (isThere(at) && !isThere(at - 1) && !isThere(at + 1) ? [at] : []));
  const dots = alone.map((at) => shape("circle", { class: `dot l${i % 4}`, r: 4, cx: x(data.epochs[at]), cy: y(line.values[at]) }));
  return [shape("path", { class: `series l${i % 4}`, d: path || "M0 0" }), ...dots];
}

/** The names of the lines where they end, pushed apart so that none covers another. */
function endLabels(lines, x, y) {
  const ends = lines.map((line, i) => ({ line, i, at: line.values.findLastIndex((value) => value !== null) }))
    .filter(({ at }) => at >= 0)
    .map((end) => ({ ...end, x: x(data.epochs[end.at]), y: y(end.line.values[end.at]) + 5 }))
    .sort((a, b) => a.y - b.y);
  const gap = 17;
  ends.forEach((end, i) => { if (i > 0) end.y = Math.max(end.y, ends[i - 1].y + gap); });
  let floor = SIZE.top + INNER.height + 5;
  for (const end of ends.reverse()) {
    end.y = Math.min(end.y, floor);
    floor = end.y - gap;
  }
  return ends.map((end) => shape("text", { class: `end l${end.i % 4}`, x: end.x + 9, y: end.y }, end.line.name));
}

function key(lines) {
  return element("ul", { class: "key" }, lines.map((line, i) => element("li", {},
    shape("svg", { viewBox: "0 0 42 10", "aria-hidden": "true" }, shape("path", { class: `series l${i % 4}`, d: "M2 5H40" })),
    element("b", {}, line.name), line.said ? `: ${line.said}` : "")));
}

/** What is clicked to choose an epoch; the keyboard has the slider. */
function surface(svg, first, last, choose) {
  const made = shape("rect", { class: "surface", x: SIZE.left - 8, y: SIZE.top, width: INNER.width + 16, height: INNER.height });
  made.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    const share = (((event.clientX - box.left) / box.width) * SIZE.width - SIZE.left) / INNER.width;
    choose(Math.round(first + Math.max(0, Math.min(1, share)) * (last - first)));
  });
  return made;
}

// -- tables -----------------------------------------------------------------------------------------

/** A table: `heads` are its columns, `rows` the cells, of which the first is the name of the row. */
function table(heads, rows, attributes = {}) {
  return element("table", attributes,
    element("thead", {}, element("tr", {}, heads.map((head) => element("th", named(head, "col"), head)))),
    element("tbody", {}, rows.map(([name, ...cells]) => element("tr", {}, element("th", named(name, "row"), name),
      cells.map((cell) => (cell instanceof Element ? cell : element("td", {}, cell)))))));
}

/** The name of a row or a column; a long one is broken into lines. */
const named = (text, scope) => ({ scope, ...(text.length > LONG ? { class: "long" } : {}) });
const LONG = 16;

/** What is wider or higher than its place, and is scrolled with the keyboard too. */
const scrolling = (label, content) =>
  element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, content);

/** What is shown when it is asked for, and made only then. */
function foldedTable(summary, make, label = summary) {
  const made = element("details", {}, element("summary", {}, summary));
  const fill = () => {
    if (!made.open) return;
    made.querySelector(".scroll")?.remove();
    made.append(scrolling(label, make()));
  };
  made.addEventListener("toggle", fill);
  return { made, fill };
}
