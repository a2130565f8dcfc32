// The page of a comparison: the losses of both runs, where they part, what they had at the end, and what they printed.

const last = data.epochs.length - 1;
let place = null;

function choose(step) {
  const wanted = data.epochs.findIndex((shown) => shown >= step);
  go(wanted < 0 ? last : wanted);
}

function go(wanted) {
  const chosen = Math.max(0, Math.min(last, wanted));
  if (chosen === place || last < 0) return;
  place = chosen;
  for (const part of charts) part.mark(data.epochs[place]);
  byId("said").textContent = sentence();
  byId("scrubber").value = place;
  byId("scrubber").setAttribute("aria-valuetext", sentence());
  byId("counter").textContent = `${data.epochs[place]} / ${data.steps}`;
}

function sentence() {
  const [ours, theirs, difference, relative] = data.figures[place].map(minus);
  const apart = difference === "0" ? "equal" : `difference ${difference}, relative ${relative}`;
  return `Step ${data.epochs[place]} of ${data.steps}: loss ${ours} (${data.names[0]}) and ${theirs} (${data.names[1]}), ${apart}.`;
}

// -- losses -----------------------------------------------------------------------------------------

function curves() {
  const shown = data.charts.filter(({ lines }) => lines.some((line) => line.values.some((value) => value !== null)));
  return shown.map((one) => chart(one, choose));
}

function equalText() {
  const parts = [];
  if (data.equal === data.steps) parts.push("The losses are equal to the last bit at every step.");
  else if (data.equal > 0) parts.push(`At ${count(data.equal, "step")} of ${data.steps.toLocaleString("en")} the losses are equal to the last bit: gaps in the curve of the difference.`);
  if (data.epochs.length < data.steps) {
    parts.push(`Of the ${data.steps.toLocaleString("en")} steps ${data.epochs.length.toLocaleString("en")} are shown: of each stretch the one with the largest difference, the first and the last.`);
  }
  return parts.join(" ");
}

const stepTable = () => table(["step", ...data.names, "difference", "relative"],
  data.figures.map((figures, i) => [String(data.epochs[i]), ...figures.map(minus)]));

// -- where they part --------------------------------------------------------------------------------

const factTable = (rows, label) => element("table", { "aria-label": label }, element("tbody", {}, rows.map(([name, ...cells]) =>
  element("tr", {}, element("th", { scope: "row" }, name), cells.map((cell) => element("td", {}, cell))))));

/** The values of an array around one of them; `rows` and `columns` are their indices in the last two dimensions. */
function blockOf({ name, dtype, shape: sizes, rows, columns, cells, at, leading }) {
  const where = leading && leading.length > 0 ? `, at [${leading.join(", ")}, row, column]` : "";
  const caption = element("caption", {}, name, element("span", { class: "quiet" }, ` ${dtype} ${sizes.length > 0 ? shapeText(sizes) : "()"}${where}`));
  const isWorst = (i, j) => at && rows[i] === at[0] && columns[j] === at[1];
  return element("div", {}, scrolling(`${name}, some of its elements`, element("table", {}, caption,
    element("thead", {}, element("tr", {}, element("td", {}), columns.map((j) => element("th", { scope: "col" }, String(j))))),
    element("tbody", {}, cells.map((texts, i) => element("tr", {}, element("th", { scope: "row" }, String(rows[i])),
      texts.map((text, j) => element("td", isWorst(i, j) ? { class: "worst" } : {}, minus(text)))))))));
}

function showParting(parting) {
  byId("place").append(factTable(parting.facts, "The call to blame"));
  if (parting.text) byId("place").append(element("pre", { class: "code", tabindex: "0", role: "region", "aria-label": "The call" }, parting.text));
  byId("blocks").append(...parting.blocks.map(blockOf));
  if (parting.inputs.length === 0) return;
  const inputs = element("details", {}, element("summary", {}, "What went in"),
    element("div", { class: "blocks" }, parting.inputs.map(blockOf)));
  byId("inputs").append(inputs);
}

// -- the table --------------------------------------------------------------------------------------

const KINDS = { parameter: "Parameters", gradient: "Gradients", buffer: "Buffers", state: "State of the optimisers", random: "Random numbers" };

function groupOf({ kind, rows }) {
  const title = KINDS[kind] ?? kind;
  const heads = ["name", "shape", "largest difference", "relative", "cosine", "", "worst at", ...data.names];
  const head = element("tr", {}, heads.map((text) => (text ? element("th", named(text, "col"), text) : element("td", {}))));
  const body = rows.map((row) => element("tr", row.same ? {} : { class: "apart" },
    element("th", { scope: "row" }, row.name || kind),
    element("td", {}, row.shape === null ? "" : row.shape.length > 0 ? shapeText(row.shape) : "()"),
    row.numbers.map((text) => element("td", {}, minus(text))),
    element("td", { class: "word" }, [row.same ? "same" : "differs", row.note].filter(Boolean).join(": ")),
    [row.index, ...row.values].map((text) => element("td", {}, minus(text)))));
  return [element("h3", {}, title), scrolling(title, element("table", {}, element("thead", {}, head), element("tbody", {}, body)))];
}

// -- what was printed -------------------------------------------------------------------------------

const SIGNS = { equal: ["", "the same"], near: ["≈", "the same within tolerance"], other: ["≠", "differs"] };

function linesOf({ first, count: all, lines }) {
  if (all === 0) return [element("p", {}, "Nothing was printed.")];
  const head = element("tr", {}, ["line", "same?", ...data.names].map((name) => element("th", { scope: "col" }, name)));
  const body = lines.map(([ours, theirs, how], i) => element("tr", { class: how },
    element("th", { scope: "row" }, String(first + i)),
    element("td", { class: "sign" }, element("span", { "aria-hidden": "true" }, SIGNS[how][0]), element("span", { class: "hidden" }, SIGNS[how][1])),
    [ours, theirs].map((line) => (line === null ? element("td", { class: "missing" }, "(no more)") : element("td", {}, line)))));
  const part = lines.length < all ? [element("p", { class: "quiet" }, `Lines ${first} to ${first + lines.length - 1} of ${all.toLocaleString("en")}.`)] : [];
  return [...part, scrolling("The lines of both", element("table", {}, element("thead", {}, head), element("tbody", {}, body)))];
}

// -- the parts --------------------------------------------------------------------------------------

const charts = curves();

byId("facts").textContent = data.same ? "the same" : "different";
byId("verdict").textContent = data.verdict;
if (!data.same) byId("verdict").className = "apart";
byId("warnings").append(...data.warnings.map((text) => element("li", {}, text)));
if (data.parting) showParting(data.parting);
else byId("parting").remove();
byId("charts").append(...charts.map((one) => one.figure));
byId("equal").textContent = equalText();
byId("steps").append(foldedTable("The losses of every step that is shown", stepTable).made);
if (data.end.length > 0) byId("groups").append(...data.end.flatMap(groupOf));
else byId("end").remove();
byId("lines").append(...linesOf(data.printed));
byId("command").textContent = data.command;
byId("runs").append(scrolling("The two runs", element("table", {},
  element("thead", {}, element("tr", {}, element("td", {}), data.names.map((name) => element("th", { scope: "col" }, name)))),
  element("tbody", {}, data.ran.map(([name, ...cells]) => element("tr", {}, element("th", { scope: "row" }, name), cells.map((cell) => element("td", {}, cell))))))));
byId("stopped").append(...data.stopped.flatMap(([name, text]) => [element("h3", {}, `What ended ${name}`),
  element("pre", { class: "code", tabindex: "0", role: "region", "aria-label": `What ended ${name}` }, text)]));

// -- the step ---------------------------------------------------------------------------------------

if (last < 0) {
  byId("curves").remove();
  document.querySelector("footer").hidden = true;
} else {
  byId("scrubber").max = last;
  byId("scrubber").addEventListener("input", (event) => go(Number(event.target.value)));
  document.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const own = event.target.closest("input, .scroll, pre");
    if (!move || own || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(place + move);
  });
  if (data.parting && data.parting.step) choose(data.parting.step);
  else go(data.worst);
}
