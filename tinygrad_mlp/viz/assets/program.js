// The program of a compiled step beside its tape: which line came from which operators, and the other way round.

const program = data.program;
const wide = window.matchMedia("(min-width: 1500px)"); // program and operator stand side by side
const isOnTape = ({ kind, number }) => number !== null && ["forward", "backward"].includes(kind);
const passOf = (origin) => (isOnTape(origin) ? origin.kind : "other");
const lineAt = (number) => program.lines[number - 1];
let active = 0; // the line at which the arrows are
let chosenLine = null; // the line that was chosen last, until a moment is chosen elsewhere
let chosenOrigins = [];
const HINT = "Choose a line of the program to see the operators from which it came, or an operator to see its lines.";
let isFromHere = false; // whether the moment that is shown was chosen by what stands here

// -- the lines ------------------------------------------------------------------------------------

/** A line of the program; what follows a "#" stands apart from the code. */
function lineElement({ number, text, kind }) {
  const [, codeText, remark] = kind === "source" ? [null, text, ""] : text.match(/^(.*?)(  # .*)?$/);
  return element("div", { role: "option", id: `line-${number}`, "aria-selected": "false", "data-kind": kind },
    element("span", { class: "gutter" }, String(number)),
    element("code", {}, codeText, remark ? element("span", { class: "remark" }, remark) : ""));
}

const options = program.lines.map(lineElement);
byId("lines").append(...options);

function activate(index) {
  options[active].classList.remove("active");
  active = Math.max(0, Math.min(options.length - 1, index));
  options[active].classList.add("active");
  byId("lines").setAttribute("aria-activedescendant", options[active].id);
  const [view, own] = [byId("lines").getBoundingClientRect(), options[active].getBoundingClientRect()];
  if (own.top >= view.top && own.bottom <= view.bottom) return;
  const isFar = own.bottom < view.top - own.height || own.top > view.bottom + own.height;
  byId("lines").scrollTop += isFar ? own.top - view.top - view.height / 3
    : own.top < view.top ? own.top - view.top : own.bottom - view.bottom;
}

options.forEach((option, index) => option.addEventListener("click", () => { activate(index); chooseLine(index + 1); }));

const lineKeys = {
  ArrowUp: () => activate(active - 1),
  ArrowDown: () => activate(active + 1),
  PageUp: () => activate(active - 10),
  PageDown: () => activate(active + 10),
  Home: () => activate(0),
  End: () => activate(options.length - 1),
  Enter: () => chooseLine(active + 1),
  " ": () => chooseLine(active + 1),
};

/** The keys of a part of the page, which the player does not get. */
function takeKeys(part, keysOfPart) {
  part.addEventListener("keydown", (event) => {
    if (!(event.key in keysOfPart) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    keysOfPart[event.key]();
  });
}

takeKeys(byId("lines"), lineKeys);

// -- choosing -------------------------------------------------------------------------------------

/** Choose a line: the operators from which it came are marked, and the player goes to the first of them. */
function chooseLine(number) {
  const line = lineAt(number);
  chosenLine = number;
  chosenOrigins = line.origins;
  goTo(line.origins.map((id) => program.origins[id]).find(isOnTape));
  showChoice();
}

/** Choose what made calls; an operator of the tape by the player, as if it had been chosen in the graph. */
function chooseOrigin(id) {
  const origin = program.origins[id];
  chosenLine = null;
  chosenOrigins = [id];
  goTo(isOnTape(origin) ? origin : null);
  showTab("program");
  showChoice();
  const first = linesOf(id)[0];
  if (first) activate(first - 1);
}

/** Have the player show the moment of an operator. */
function goTo(origin) {
  if (!origin) return;
  const found = moments.findIndex((m) => m.step?.number === origin.number && m.pass === origin.kind);
  if (found < 0) return;
  isFromHere = true;
  step(found);
  isFromHere = false;
}

const linesOf = (id) => program.origins[id].lines;

/** The origins of a moment of the player. */
function originsAt({ pass, step: now }) {
  const ids = program.origins.map((_, id) => id);
  if (pass === "end") return ids.filter((id) => program.origins[id].kind === "leaf");
  if (!now) return [];
  return ids.filter((id) => program.origins[id].number === now.number && program.origins[id].kind === pass);
}

document.addEventListener("moment", ({ detail }) => {
  if (isFromHere) return;
  chosenLine = null;
  chosenOrigins = originsAt(detail);
  showChoice();
  const first = Math.min(...chosenOrigins.flatMap(linesOf));
  if (Number.isFinite(first)) activate(first - 1);
});

function showChoice() {
  const passes = new Map(); // of each line that is marked
  for (const id of chosenOrigins) {
    const pass = passOf(program.origins[id]);
    for (const number of chosenLine === null ? linesOf(id) : [chosenLine]) passes.set(number, pass);
  }
  if (chosenLine !== null && !passes.has(chosenLine)) passes.set(chosenLine, "other");
  options.forEach((option, index) => {
    const pass = passes.get(index + 1);
    option.setAttribute("aria-selected", String(pass !== undefined));
    if (pass) option.dataset.pass = pass;
    else delete option.dataset.pass;
    option.classList.toggle("chosen", chosenLine === index + 1);
  });
  const numbers = new Set(chosenLine === null ? [] : chosenOrigins.map((id) => program.origins[id].number));
  for (const [number, box] of boxes) {
    if (numbers.has(number)) box.dataset.origin = "";
    else delete box.dataset.origin;
  }
  for (const button of document.querySelectorAll("#others .chip")) {
    button.setAttribute("aria-pressed", String(chosenOrigins.includes(Number(button.dataset.id))));
  }
  byId("origin").replaceChildren(...(chosenLine === null ? saidOfOrigins() : saidOfLine(lineAt(chosenLine))));
}

// -- what is said ---------------------------------------------------------------------------------

/** A button that chooses an origin. */
function chip(id) {
  const origin = program.origins[id];
  const { file, line, text } = origin.place;
  const made = element("button", { type: "button", class: "chip" }, origin.title);
  made.dataset.pass = passOf(origin);
  made.dataset.id = id;
  if (line) made.setAttribute("title", `${file}:${line}  ${text}`);
  made.addEventListener("click", () => chooseOrigin(id));
  return made;
}

const chips = (ids) => element("ul", { class: "chips" }, ids.map((id) => element("li", {}, chip(id))));

/** A button that chooses a line. */
function lineChip(number) {
  const title = lineAt(number).text.trim();
  const made = element("button", { type: "button", class: "chip", title }, `line ${number}`);
  made.addEventListener("click", () => { showTab("program"); activate(number - 1); chooseLine(number); });
  return made;
}

function saidOfLine(line) {
  const made = [element("h2", {}, `Line ${line.number}`, line.kind === "call" ? ` comes from` : "")];
  if (line.kind !== "call") made.push(paragraph(line.said));
  if (line.origins.length > 0) made.push(chips(line.origins));
  const more = line.does.map((i) => program.left[i]);
  const own = line.calls.filter((text) => !more.some((each) => each.call === text));
  if (own.length > 0) made.push(paragraph("Recorded there: ", list(own), "."));
  if (line.kind === "call" && line.said) made.push(paragraph(line.said));
  if (more.length > 0) {
    made.push(paragraph("It also does the work of"), element("ul", {}, more.map((each) => (
      element("li", {}, code(each.call), " of ", chip(each.origin), ` ${each.reason}`)))));
  }
  return made;
}

function saidOfOrigins() {
  if (chosenOrigins.length === 0) return [element("p", { class: "quiet" }, HINT)];
  return chosenOrigins.flatMap((id) => {
    const origin = program.origins[id];
    const { file, line, text } = origin.place;
    const lines = origin.lines.map(lineChip);
    const where = lines.length > 0 ? ` stands in ${count(lines.length, "line")}` : " has no line of its own";
    const said = [element("h2", {}, origin.title, element("span", { class: "quiet" }, where))];
    if (lines.length > 0) said.push(element("ul", { class: "chips" }, lines.map((each) => element("li", {}, each))));
    if (line) said.push(paragraph(`${file}:${line}  `, code(text)));
    if (origin.said) said.push(paragraph(origin.said));
    if (origin.left.length > 0) {
      const shown = origin.left.map((i) => leftOut(program.left[i], false));
      said.push(paragraph("Recorded and left out:"), element("ul", {}, shown));
    }
    return said;
  });
}

function leftOut({ call, origin, reason, into }, isListed) {
  return element("li", {}, code(call), ...(isListed ? [" of ", chip(origin)] : [` ${reason}`]),
    ...(into === null ? [] : [" ", lineChip(into)]));
}

// -- what was left out ----------------------------------------------------------------------------

function showLeftOut() {
  const reasons = new Map();
  for (const each of program.left) reasons.set(each.reason, [...(reasons.get(each.reason) ?? []), each]);
  const silent = program.origins.map((_, id) => id).filter((id) => program.origins[id].said);
  const parts = [...reasons].map(([reason, found]) => (
    [reason, found.length, element("ul", {}, found.map((each) => leftOut(each, true)))]));
  for (const said of new Set(silent.map((id) => program.origins[id].said))) {
    const ids = silent.filter((id) => program.origins[id].said === said);
    parts.push([said, ids.length, chips(ids)]);
  }
  const none = parts.length === 0 ? [paragraph("Every recorded call has a line of its own.")] : [];
  byId("left").append(...none, ...parts.map(([said, n, shown]) => (
    element("section", {}, element("h2", {}, said, element("span", {}, ` ${n}`)), shown))));
  byId("tab-left").append(` ${program.left.length}`);
}

// -- what is not on the tape ----------------------------------------------------------------------

function showOthers() {
  const ids = program.origins.map((_, id) => id).filter((id) => !isOnTape(program.origins[id]));
  const isLeaf = (id) => program.origins[id].kind === "leaf";
  const groups = [["Gradients", ids.filter(isLeaf)], ["Not on the tape", ids.filter((id) => !isLeaf(id))]];
  const shown = groups.filter(([, own]) => own.length > 0)
    .map(([name, own]) => element("div", {}, element("h2", {}, name), chips(own)));
  if (shown.length === 0) return;
  const label = "Gradients, and what is not on the tape";
  byId("picture").append(element("div", { id: "others", role: "region", tabindex: "0", "aria-label": label }, shown));
}

// -- tabs -----------------------------------------------------------------------------------------

const tabs = ["program", "left", "panel"];
let tab = "program";

function showTab(wanted) {
  tab = wide.matches && wanted === "panel" ? "program" : wanted;
  for (const name of tabs) {
    const button = byId(`tab-${name}`);
    button.setAttribute("aria-selected", String(name === tab));
    button.setAttribute("tabindex", name === tab ? "0" : "-1");
    byId(name).hidden = name !== tab && !(name === "panel" && wide.matches);
  }
}

function nextTab(by) {
  const shown = tabs.filter((name) => name !== "panel" || !wide.matches);
  showTab(shown[(shown.indexOf(tab) + by + shown.length) % shown.length]);
  byId(`tab-${tab}`).focus();
}

for (const name of tabs) byId(`tab-${name}`).addEventListener("click", () => showTab(name));
takeKeys(byId("tabs"), { ArrowLeft: () => nextTab(-1), ArrowRight: () => nextTab(1) });
wide.addEventListener("change", () => showTab(tab));
byId("changed").hidden = !program.changed;
showLeftOut();
showOthers();
showTab("program");
