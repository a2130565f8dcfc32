// The player: which moment is shown, by which keys, buttons and links it changes, and how the graph shows it.

// The moments: the leaves, each operator forward, each backward in the order in which backward ran them, the gradients.
const moments = [
  { pass: "start", step: null },
  ...data.steps.map((step) => ({ pass: "forward", step })),
  ...[...ran].reverse().map((step) => ({ pass: "backward", step })),
  ...(ran.length > 0 ? [{ pass: "end", step: null }] : []),
];
const last = moments.length - 1;
const boxes = new Map([...document.querySelectorAll("#graph [data-number]")].map((box) => [Number(box.dataset.number), box]));
const arrows = new Map(data.steps.map((step) => [step.number, []])); // by the step that reads what they carry
for (const arrow of document.querySelectorAll("#graph [data-to^='step-']")) {
  arrows.get(Number(arrow.dataset.to.slice(5)))?.push(arrow);
}
const leafBoxes = [...document.querySelectorAll("#graph .leaf[id], #graph .parameter[id]")].map((box) => ({
  box, arrows: [...document.querySelectorAll(`#graph [data-from="${CSS.escape(box.id)}"]`)],
}));
let position = 0;
let timer = null;

// -- what is said of a moment ---------------------------------------------------------------------

function sentence({ pass, step }) {
  if (pass === "start") return "The leaves, before the first operator runs.";
  if (pass === "end") return "Backward is done: the gradients of the leaves.";
  if (pass === "forward") {
    const read = list(step.inputs.map((input) => input.name));
    return `Forward, ${step.number} of ${data.steps.length}: ${step.operator} reads ${read || "nothing"} and gives `
      + `${step.name} ${step.shape ? shapeText(step.shape) : ""}.`;
  }
  const parts = step.parts.map((part) => `${normText(arrayAt(part.value))} to ${part.to}`.trim());
  const came = `${step.operator} gets the cotangent ${normText(arrayAt(step.cotangent))} of ${step.name}`;
  return `Backward, ${ran.length - ran.indexOf(step)} of ${ran.length}: ${came} and hands on ${list(parts) || "nothing"}.`;
}

// -- showing a moment -----------------------------------------------------------------------------

function show(wanted, isFromLink = false) {
  position = Math.max(0, Math.min(last, wanted));
  const moment = moments[position];
  // What reads the layout comes before what changes it, so that the browser lays the page out once a step.
  byId("panel").scrollTop = 0;
  if (moment.step) follow(boxes.get(moment.step.number));
  byId("panel").replaceChildren(...panelOf(moment).filter((part) => part !== null));
  byId("panel").dataset.pass = moment.pass;
  byId("tip").hidden = true;
  byId("said").textContent = sentence(moment);
  byId("scrubber").value = position;
  byId("scrubber").setAttribute("aria-valuetext", sentence(moment));
  byId("counter").textContent = `${position} / ${last}`;
  for (const name of ["first", "back"]) byId(name).disabled = position === 0;
  for (const name of ["next", "end"]) byId(name).disabled = position === last;
  mark(moment);
  document.dispatchEvent(new CustomEvent("moment", { detail: moment }));
  if (!isFromLink) nameSoon(moment);
  if (position === last) pause();
}

/** Where a step stands at a moment: ahead, done (forward), now, waiting (in backward) or back (backward is done). */
function stateOf(step, { pass, step: now }, waits) {
  if (pass === "start") return "ahead";
  if (pass === "end") return "back";
  if (step === now) return "now";
  if (pass === "forward") return step.number < now.number ? "done" : "ahead";
  if (step.number > now.number) return "back";
  return waits.has(step.number) ? "waiting" : "done";
}

function mark(moment) {
  const waits = new Set(moment.pass === "backward" ? waitingAt(moment).map((sum) => sum.number) : []);
  byId("graph").dataset.pass = moment.pass;
  for (const step of data.steps) {
    const box = boxes.get(step.number);
    const state = stateOf(step, moment, waits);
    if (!box || box.dataset.state === state) continue;
    box.dataset.state = state;
    for (const arrow of arrows.get(step.number)) arrow.dataset.state = state;
    box.setAttribute("tabindex", state === "now" ? "0" : "-1");
    if (state === "now") box.setAttribute("aria-current", "step");
    else box.removeAttribute("aria-current");
  }
  for (const { box, arrows: own } of leafBoxes) {
    const isDone = ["backward", "end"].includes(moment.pass) && own.every((arrow) => /back|now/.test(arrow.dataset.state));
    box.dataset.state = isDone ? "back" : "ahead";
  }
}

/** Scroll the graph so that a box can be seen, if it cannot. */
function follow(box) {
  if (!box) return;
  const graph = byId("graph");
  const [view, own] = [graph.getBoundingClientRect(), box.getBoundingClientRect()];
  const room = 40;
  if (own.top < view.top + room || own.bottom > view.bottom - room) {
    graph.scrollTop += own.top + own.height / 2 - view.top - view.height / 2;
  }
  if (own.left < view.left + room || own.right > view.right - room) {
    graph.scrollLeft += own.left + own.width / 2 - view.left - view.width / 2;
  }
}

// -- links ----------------------------------------------------------------------------------------

function linkOf({ pass, step }) {
  if (step) return `#step=${step.number}${pass === "backward" ? "&pass=backward" : ""}`;
  return pass === "end" ? "#end" : "#";
}

let naming = null;

/** Put the link of a moment into the address, when it has been shown for a while: browsers limit how often that may be. */
function nameSoon(moment) {
  clearTimeout(naming);
  naming = setTimeout(() => history.replaceState(null, "", linkOf(moment)), 200);
}

/** The moment that a link means; the start if it means none. */
function linked() {
  if (location.hash === "#end") return last;
  const asked = new URLSearchParams(location.hash.slice(1));
  const pass = asked.get("pass") === "backward" ? "backward" : "forward";
  const found = moments.findIndex((m) => m.pass === pass && String(m.step.number) === asked.get("step"));
  return Math.max(0, found);
}

// -- playing --------------------------------------------------------------------------------------

function play() {
  if (position === last) show(0);
  pause();
  // A long tape plays faster, so that nobody sits through it.
  const pace = Math.max(60, Math.min(1200, 60000 / moments.length)) / Number(byId("speed").value);
  timer = setInterval(() => show(position + 1), pace);
  showPlaying();
}

function pause() {
  clearInterval(timer);
  timer = null;
  showPlaying();
}

function showPlaying() {
  byId("icon").setAttribute("d", timer === null ? "M4 2l10 6-10 6z" : "M3 2h4v12H3zM9 2h4v12H9z");
  byId("play").setAttribute("aria-label", timer === null ? "Play" : "Pause");
}

function step(wanted) {
  pause();
  show(wanted);
}

const keys = {
  ArrowLeft: () => step(position - 1),
  ArrowRight: () => step(position + 1),
  Home: () => step(0),
  End: () => step(last),
  " ": () => (timer === null ? play() : pause()),
};

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const own = target.closest("select, summary") || (target.closest("button, [role=button]") && key === " ");
  if (!(key in keys) || own || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  keys[key]();
});

byId("first").addEventListener("click", keys.Home);
byId("back").addEventListener("click", keys.ArrowLeft);
byId("next").addEventListener("click", keys.ArrowRight);
byId("end").addEventListener("click", keys.End);
byId("play").addEventListener("click", keys[" "]);
byId("scrubber").addEventListener("input", (event) => step(Number(event.target.value)));
byId("speed").addEventListener("change", () => { if (timer !== null) play(); });
window.addEventListener("hashchange", () => show(linked(), true));

// -- the graph ------------------------------------------------------------------------------------

/** Choose a step in the pass that is shown. */
function choose(number) {
  const pass = ["backward", "end"].includes(moments[position].pass) ? "backward" : "forward";
  const found = moments.findIndex((m) => m.step?.number === number && m.pass === pass);
  if (found >= 0) step(found);
}

// Of roles that fall back on another one, older readers know only the last.
for (const part of document.querySelectorAll("#graph [role]")) {
  part.setAttribute("role", part.getAttribute("role").split(" ").at(-1));
}

for (const [number, box] of boxes) {
  const { operator, name } = stepAt(number);
  box.setAttribute("role", "button");
  box.setAttribute("aria-label", `step ${number}: ${operator}, gives ${name}`);
  box.setAttribute("tabindex", "-1");
  box.addEventListener("click", () => choose(number));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(number); }
  });
}

for (const { box } of leafBoxes) {
  box.addEventListener("click", () => step(["backward", "end"].includes(moments[position].pass) ? last : 0));
}

// What backward brings is not shown before it has come: the cotangents, the gradients, and that something was freed.
for (const text of document.querySelectorAll("#graph .box[id] text")) {
  if (/^(cotangent|grad) \||^freed$/.test(text.textContent)) text.classList.add("later");
}
for (const mark of document.querySelectorAll("#graph .box[id] .hollow")) mark.classList.add("later");

const picture = document.querySelector("#graph svg");
const natural = picture ? picture.viewBox.baseVal : null;
const legendBox = picture?.querySelector(".legend")?.getBBox();
if (legendBox?.height > 0) { // the title above it is not shown
  natural.height -= legendBox.y - 8;
  natural.y += legendBox.y - 8;
}
let zoom = 1;

function setZoom(wanted) {
  if (!natural) return;
  zoom = Math.max(0.1, Math.min(4, wanted));
  picture.setAttribute("width", natural.width * zoom);
  picture.setAttribute("height", natural.height * zoom);
  if (moments[position].step) follow(boxes.get(moments[position].step.number));
}

/** As large as the width allows, but neither so small that no text can be read nor larger than is good to look at. */
function fit() {
  const room = byId("graph").clientWidth - 32;
  setZoom(Math.max(0.6, Math.min(1.5, room / natural.width)));
}

byId("smaller").addEventListener("click", () => setZoom(zoom / 1.25));
byId("larger").addEventListener("click", () => setZoom(zoom * 1.25));
byId("fit").addEventListener("click", fit);

// -- the beginning --------------------------------------------------------------------------------

byId("births").append(...data.births.map(({ number, kind, what }) => {
  const pass = kind === "cotangent" ? "backward" : "forward";
  return element("a", { href: `#step=${number}&pass=${pass}` }, `${what.split(" ")[0]} was born at %${number}, ${pass}`);
}).flatMap((link) => [link, " "]));
byId("facts").textContent = `${count(data.steps.length, "operator")}, ${data.leaves.length === 1 ? "1 leaf"
  : `${data.leaves.length} leaves`}${ran.length > 0 ? "" : " · before backward()"}`;
byId("scrubber").max = last;
byId("track").style.setProperty("--half", `${(100 * data.steps.length) / Math.max(1, last)}%`);
if (picture) {
  picture.setAttribute("role", "group");
  picture.setAttribute("aria-label", "operators");
  picture.removeAttribute("aria-labelledby");
}
if (natural) fit();
show(linked(), true);
