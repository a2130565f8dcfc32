// The panel of the chosen operator: its line, its values, its rule, and what backward did there.

const operatorOf = (step) => data.operators[step.operator] ?? null;
const innerSums = data.sums.filter((sum) => sum.number !== null);
const leafSums = new Map(data.sums.filter((sum) => sum.number === null).map((sum) => [sum.leaf, sum]));
const opened = new Set(); // which foldable parts stay open from step to step

/** The name of a step's output, and its number where that is not the name. */
const called = ({ name, number }) => (name === `%${number}` ? name : `${name} (%${number})`);
const section = (heading, ...content) => element("section", {}, element("h3", {}, heading), ...content);
const paragraph = (...content) => element("p", {}, ...content);
const code = (text) => element("code", {}, text);
const codeBlock = (text) => element("pre", { tabindex: "0", class: "code" }, code(text));

/** A part of the panel that folds; it stays open or closed when the next step is shown. */
function foldable(key, summary, ...content) {
  const made = element("details", opened.has(key) ? { open: "" } : {}, element("summary", {}, summary), ...content);
  made.addEventListener("toggle", () => (made.open ? opened.add(key) : opened.delete(key)));
  return made;
}

/** The panel at a moment: `pass` is "start", "forward", "backward" or "end". */
function panelOf(moment) {
  const { pass, step } = moment;
  if (pass === "start") return [heading("The leaves", ""), ...leaves(moment)];
  if (pass === "end") return [heading("The gradients", "backward"), ...leaves(moment)];
  const title = heading(step.operator, pass, step);
  if (pass === "forward") return [title, source(step), ...birthsAt(step, "value"), ...forward(step)];
  return [title, source(step), ...birthsAt(step, "cotangent"), ...backward(step, moment)];
}

function heading(text, pass, step = null) {
  const title = element("h2", {}, text);
  if (step) title.prepend(element("span", { class: "number" }, `%${step.number}`), " ");
  const made = step && step.name !== `%${step.number}` ? [`→ ${step.name}`] : [];
  const within = step?.modules.length > 0 ? [`in ${step.modules.join(" › ")}`] : [];
  const where = [...made, ...within].join(" · ");
  const mark = pass ? element("span", { class: `pass ${pass}` }, pass) : null;
  return element("div", { class: "title" }, title, where ? element("span", { class: "where" }, where) : null, mark);
}

/** What is said where a nan or an infinity was born: that it was, why, and what to write instead. */
function birthsAt(step, kind) {
  return data.births
    .filter((birth) => birth.number === step.number && birth.kind === kind)
    .map((birth) => element("p", { class: "birth" }, element("b", {}, "Born here. "), birth.said));
}

// -- the line of the program ----------------------------------------------------------------------

function source(step) {
  if (step.place === null) return null;
  const { file, line, function: name } = step.place;
  const lines = Object.entries(data.files[file]).filter(([number]) => Math.abs(number - line) <= 2);
  const margin = Math.min(...lines.filter(([, text]) => text).map(([, text]) => text.length - text.trimStart().length));
  const shown = lines.map(([number, text]) => {
    const own = Number(number) === line;
    const body = element(own ? "mark" : "span", {}, text.slice(margin) || " ");
    return element("span", { class: own ? "line own" : "line" }, element("i", {}, number), body);
  });
  const where = `${file.split(/[\\/]/).at(-1)}:${line}${name === "<module>" ? "" : `, in ${name}`}`;
  const caption = element("figcaption", { title: file }, where);
  return element("figure", { class: "source" }, caption, element("pre", { tabindex: "0" }, shown));
}

// -- forward --------------------------------------------------------------------------------------

function forward(step) {
  const operator = operatorOf(step);
  return [
    section("Reads", maps(step.inputs.map((input) => valueOr(input.value, input, operandName(input))))),
    section("Computes", ...numpyCode(step, operator)),
    section("Gives", maps([valueOr(step.value, step, step.name)])),
    saved(step),
    foldable("rule", "Its derivative", ...derivative(step)),
  ];
}

const maps = (figures) => element("div", { class: "maps" }, figures);
const isNamed = (input) => input.name !== input.parameter && input.name !== input.kind;
const operandName = (input) => (isNamed(input) ? `${input.parameter} = ${input.name}` : input.parameter);

/** An array as a heat map; where its values are not known, its name and shape. */
function valueOr(place, { shape, dtype, kind }, name) {
  const array = arrayAt(place);
  const note = kind === "constant" ? "constant" : kind === "parameter" ? "parameter" : "";
  if (array) return heat(array, name, note);
  const text = `${shape ? shapeText(shape) : "shape not known"} ${dtype ?? ""}`;
  const caption = element("figcaption", {}, element("b", {}, name), " ", element("span", {}, text));
  return element("figure", { class: "heat" }, caption, element("p", { class: "quiet" }, "values were not watched"));
}

function numpyCode(step, operator) {
  if (!operator) return [paragraph(`A Function of the program: ${step.operator}.`)];
  const calls = operator.calls.length > 0 ? paragraph("NumPy: ", operator.calls.flatMap((call) => [code(call), " "])) : null;
  const said = paragraph(`${operator.doc}.`);
  if (!operator.code) return [said, calls];
  const lines = operator.code.split("\n").length;
  const block = codeBlock(operator.code);
  return lines <= 6 ? [said, block] : [said, calls, foldable("code", `The code, ${lines} lines`, block)];
}

function saved(step) {
  const text = step.saved ? `${list(step.saved.names)}: ${bytes(step.saved.bytes)}` : step.freed ? "freed" : "nothing";
  const after = step.saved && step.freed ? ", given back by backward" : "";
  return section("Saves for backward", paragraph(text + after));
}

// -- rules ----------------------------------------------------------------------------------------

function ruleOf(step, parameter) {
  const rules = operatorOf(step)?.rules ?? {};
  return rules[parameter] ?? Object.values(rules)[0] ?? null;
}

/** The rule of an input: as a formula where it has one, and as it stands in the derivative table. */
function ruleBlock(rule, parameter) {
  if (!rule) return element("p", { class: "quiet" }, "a Function of the program: its own backward is the rule");
  const head = ["cotangent", parameter];
  const shown = rule.formula ? element("div", { class: "formula" }, mathOf(["mrow", head, ["mo", "="], rule.formula])) : null;
  return element("div", { class: "rule" }, shown, rule.code ? codeBlock(rule.code) : null);
}

function derivative(step) {
  const rules = Object.entries(operatorOf(step)?.rules ?? {});
  if (rules.length === 0) return [ruleBlock(null, "")];
  const broadcast = operatorOf(step).broadcast ? ", summed where the input was broadcast" : "";
  const said = paragraph(`g is the cotangent of ${step.name}; each input gets`, `${broadcast}:`);
  return [said, ...rules.flatMap(([parameter, rule]) => [element("h4", {}, parameter), ruleBlock(rule, parameter)])];
}

// -- backward -------------------------------------------------------------------------------------

function backward(step, moment) {
  const cotangent = arrayAt(step.cotangent);
  const sums = innerSums.filter((sum) => sum.number === step.number).map((sum) => sumOf(sum, moment));
  const several = step.outputs.map((output) => [arrayAt(output.cotangent), `g of ${output.name}`]).filter(([array]) => array);
  const came = cotangent ? [[cotangent, "g"]] : several;
  return [
    section(`What came: g, the cotangent of ${step.name}`,
      came.length > 0 ? maps(came.map(([array, name]) => heat(array, name))) : null,
      came.length > 0 ? null : element("p", { class: "quiet" }, "it is not known as an array"), ...sums),
    section("What goes on", ...step.parts.flatMap((part) => partOf(step, part, moment))),
    waiting(moment),
    saved(step),
    foldable("values", "Its values in the forward pass",
      maps([...step.inputs.map((input) => valueOr(input.value, input, operandName(input))),
        valueOr(step.value, step, step.name)])),
    foldable("numpy", "Its NumPy code", ...numpyCode(step, operatorOf(step))),
  ];
}

function partOf(step, part, moment) {
  const array = arrayAt(part.value);
  const to = part.number === null ? part.to : `${part.to === `%${part.number}` ? "" : `${part.to} `}%${part.number}`;
  const title = element("h4", {}, `to ${part.parameter}`, element("span", {}, ` ${to}`));
  const leafSum = part.number === null ? leafSums.get(part.leaf) : null;
  const waits = part.number === null ? null
    : innerSums.find((sum) => sum.number === part.number && (sum.name === part.to || stepAt(part.number).outputs.length < 2));
  return [
    title,
    ruleBlock(ruleOf(step, part.parameter), part.parameter),
    array ? maps([heat(array, part.number === null ? `${part.to}.grad gets` : `${part.to} gets`)]) : null,
    leafSum ? sumOf(leafSum, moment) : null,
    waits ? paragraph(waitText(waits, moment)) : null,
  ];
}

// -- sums, and who is waited for ------------------------------------------------------------------

/** Whether a consumer has handed its part on by now. */
const hasSpoken = (number, { pass, step }) => pass === "end" || (pass === "backward" && number >= step.number);

/** The consumers among some parts, each once: "%2 (twice) and %5". */
function consumers(parts) {
  const times = new Map();
  for (const { from } of parts) times.set(from, (times.get(from) ?? 0) + 1);
  const words = ["", "", " (twice)"];
  return { many: times.size > 1, text: list([...times].map(([from, n]) => `%${from}${words[n] ?? ` (${n} times)`}`)) };
}

function waitText(sum, moment) {
  const missing = consumers(sum.parts.filter((part) => !hasSpoken(part.from, moment)));
  if (missing.text === "") return `${sum.name} has heard all of its ${sum.parts.length} uses, and may run.`;
  const spoken = consumers(sum.parts.filter((part) => hasSpoken(part.from, moment)));
  const verb = ({ many }) => (many ? "have" : "has");
  return `${sum.name} waits: ${spoken.text} ${verb(spoken)} spoken, ${missing.text} ${verb(missing)} not.`;
}

/** The values that wait at a moment: some of their consumers have handed on their parts, others have not. */
function waitingAt(moment) {
  return innerSums.filter((sum) => {
    const spoken = sum.parts.filter((part) => hasSpoken(part.from, moment)).length;
    return spoken > 0 && spoken < sum.parts.length;
  });
}

function waiting(moment) {
  const sums = waitingAt(moment);
  if (sums.length === 0) return null;
  return section("Waiting now", element("ul", {}, sums.map((sum) => element("li", {}, waitText(sum, moment)))));
}

/** The parts that meet at a value, with who has spoken, their sum, and the sum that a plain recursion would make. */
function sumOf(sum, moment) {
  const parts = sum.parts.map((part) => {
    const spoken = hasSpoken(part.from, moment);
    const text = `%${part.from} ${stepAt(part.from).operator} ${normText(arrayAt(part.value))}`;
    const mark = element("span", { class: spoken ? "spoken" : "silent" }, spoken ? "✓ has spoken" : "… has not yet");
    return element("li", {}, text, " ", mark);
  });
  const total = arrayAt(sum.total);
  const said = `${sum.name} is used ${sum.parts.length} times: its cotangent is the sum of`;
  const norms = total ? paragraph(`together ${normText(total)}`) : null;
  return element("div", { class: "sum" }, paragraph(said), element("ul", {}, parts), norms,
    sum.number === null ? null : recursionButton(sum));
}

function recursionButton(sum) {
  const answer = element("div", { class: "recursion", role: "status" });
  const button = element("button", { type: "button", "aria-expanded": "false" }, "What would a plain recursion add up?");
  button.addEventListener("click", () => {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    answer.replaceChildren(...(isOpen ? [] : recursionAnswer(sum)));
  });
  return element("div", {}, button, answer);
}

function recursionAnswer(sum) {
  const times = visitsOf(sum.number);
  const said = paragraph(`A recursion that runs a node for each part that arrives would run ${sum.name} `,
    `${times.toLocaleString("en")} times instead of once, and each time hand on all that was added up so far.`);
  const found = recursionOf(sum);
  if (found === null) {
    const first = firstWrongAbove(sum);
    const why = first ? `It goes wrong further up already, at ${called(first)}: the parts that arrive here `
      + "would not be these. " : "The parts of this value are not known as arrays of one shape. ";
    return [said, paragraph(why, "The tape runs a node only when all of its consumers have spoken.")];
  }
  const n = found.parts.length;
  const terms = found.parts.map((part, i) => `${n - i === 1 ? "" : `${n - i} × `}the part of %${part.from}`);
  const sampled = arrayAt(found.parts[0].value).rows ? " (of the sample)" : "";
  const total = arrayAt(sum.total);
  return [said, paragraph(`To its inputs would go the rule of ${terms.join(" + ")}: `,
    `${normText(found.array)}${sampled} instead of ${normText(total)}.`),
  maps([heat(found.array, "a recursion hands on"), ...(total ? [heat(total, "the tape hands on")] : [])])];
}

// -- leaves ---------------------------------------------------------------------------------------

function leaves(moment) {
  const isEnd = moment.pass === "end";
  const said = isEnd ? "Backward is done: each leaf has the sum of the parts that came." : ran.length > 0
    ? "What the program starts from: the tensors that require a gradient."
    : "What the program starts from. backward() has not run: only the forward pass can be played.";
  const figures = data.leaves.map((leaf) => {
    const array = arrayAt(isEnd ? leaf.grad : leaf.value);
    if (!array) return valueOr(null, leaf, isEnd ? `${leaf.name}.grad` : leaf.name);
    return heat(array, isEnd ? `${leaf.name}.grad` : leaf.name, isEnd ? "" : leaf.kind);
  });
  return [paragraph(said), maps(figures)];
}
