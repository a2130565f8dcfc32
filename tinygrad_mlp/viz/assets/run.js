// The page of a training: what it consists of, and the epoch that all of it shows.

const last = data.epochs.length;
let epoch = null;

function choose(wanted) {
  const chosen = Math.max(0, Math.min(last, wanted));
  if (chosen === epoch) return;
  epoch = chosen;
  for (const part of [...charts, ...layers, updates]) part.mark(epoch);
  byId("said").textContent = sentence();
  byId("scrubber").value = epoch;
  byId("scrubber").setAttribute("aria-valuetext", sentence());
  byId("counter").textContent = `${epoch} / ${last}`;
}

function sentence() {
  if (epoch === 0) return "Before the first step: the weights as they were drawn.";
  const at = data.epochs.indexOf(epoch);
  const told = data.charts.map(({ name, lines, percent }) => {
    const values = lines.map((line) => `${line.name} ${figureShort(line.values[at], percent)}`);
    return `${name[0].toLowerCase()}${name.slice(1)} ${values.join(", ")}`.replace("r²", "R²");
  });
  return `Epoch ${epoch} of ${last}: ${told.join("; ")}.`;
}

const figureShort = (value, isShare) => (isShare ? figure(value, true) : short(value));

// -- the parts --------------------------------------------------------------------------------------

function factTable([title, rows]) {
  return element("table", {}, element("caption", {}, title), element("tbody", {}, rows.map(([name, value], i) =>
    element("tr", title === "Scores" && i === 0 ? { class: "first" } : {}, element("th", { scope: "row" }, name), element("td", {}, value)))));
}

function epochTable() {
  const columns = data.charts.flatMap(({ name, lines, percent }) =>
    lines.map((line) => ({ head: `${line.name} ${name.toLowerCase()}`.replace("r²", "R²"), values: line.values, percent })));
  return table(["epoch", ...columns.map(({ head }) => head)], data.epochs.map((number, i) =>
    [String(number), ...columns.map(({ values, percent }) => figure(values[i], percent))]));
}

function updateTable() {
  return table(["epoch", ...data.layers.map((layer) => layer.updates.name)], data.epochs.map((number, i) =>
    [String(number), ...data.layers.map((layer) => figure(layer.updates.values[i]))]));
}

/** What is said of the histograms: what is counted, when, and of which epochs. */
function seenText() {
  const all = data.layers[0].gradients.epochs;
  const part = all.length < last ? ` Of the ${last} epochs ${all.length} were kept, evenly spaced, with the last.` : "";
  return "A column for each epoch, counted at its end; epoch 0 is before the first step. The gradients are those of the "
    + "last batch of the epoch, by their magnitude, with those that are exactly 0 in the lowest row. The bars are the "
    + `chosen epoch. Biases are left out.${part}`;
}

const charts = data.charts.map((one) => chart(one, choose));
const layers = data.layers.map((layer) => layerOf(layer, choose));
const updates = chart({ name: "Update-to-weight ratio", lines: data.layers.map((layer) => layer.updates), percent: false }, choose);

const [[, scores]] = data.facts;
byId("facts").textContent = `${scores[0][0].toLowerCase()} ${scores[0][1]}`.replace("r²", "R²");
byId("tables").append(...data.facts.map(factTable));
byId("command").textContent = data.command;
byId("versions").textContent = data.versions;
byId("charts").append(...charts.map((one) => one.figure));
byId("epochs").append(foldedTable("The numbers of every epoch", epochTable).made);
if (data.confusion) byId("confusion").append(...confusionOf(data.confusion));
else byId("confused").remove();
if (!data.confusion) byId("mistaken-title").textContent = "The largest errors";
byId("mistakes").append(...mistakesOf(data.mistakes));
byId("seen").textContent = seenText();
byId("layers").append(...layers.map((layer) => layer.section));
byId("updates").append(element("div", { class: "columns" }, updates.figure), element("p", { class: "quiet" },
  "The norm of what the last step of the epoch changed, by the norm of the weights before it; around 0.001 is usual."),
foldedTable("The ratios of every epoch", updateTable).made);

// -- the epoch --------------------------------------------------------------------------------------

byId("scrubber").max = last;
byId("scrubber").addEventListener("input", (event) => choose(Number(event.target.value)));
document.addEventListener("keydown", (event) => {
  const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const own = event.target.closest("input, .scroll, pre");
  if (!move || own || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  choose(epoch + move);
});
choose(data.best);
