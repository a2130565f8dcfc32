// Elements, numbers and formulas. Every text of the program reaches the page as a text node, never as markup.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

/** An element with attributes and children; a child that is null is left out, one that is a string is a text. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.flat().filter((child) => child !== null));
  return made;
}

/** A formula, from the tree that formula.py makes. */
function mathOf(tree) {
  const root = mathElement(["math", tree]);
  root.setAttribute("display", "inline");
  return root;
}

function mathElement([tag, ...children]) {
  const made = document.createElementNS("http://www.w3.org/1998/Math/MathML", tag === "cotangent" ? "mi" : tag);
  if (tag === "mspace") made.setAttribute("width", "0.25em");
  if (tag === "mtd") made.setAttribute("style", "text-align: left");
  if (tag === "cotangent") made.setAttribute("class", "bar"); // the bar is a border, as long as the name
  for (const child of children) made.append(typeof child === "string" ? child : mathElement(child));
  return made;
}

/** A number with three digits, with a minus sign instead of a hyphen. */
function short(x) {
  if (x === null) return "–";
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "−inf";
  const text = Number.isInteger(x) && Math.abs(x) < 1e6 ? String(x) : String(Number(x.toPrecision(3)));
  return text.replaceAll("-", "−");
}

/** The shortest text that means this very number in its precision. */
function exact(x, wide) {
  if (!Number.isFinite(x)) return short(x);
  if (wide) return String(x).replaceAll("-", "−");
  for (let digits = 1; digits < 10; digits++) {
    const text = x.toPrecision(digits);
    if (Math.fround(Number(text)) === x) return String(Number(text)).replaceAll("-", "−");
  }
  return String(x);
}

const shapeText = (shape) => (shape === null ? "" : shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`);

/** The norm of an array, and how many of its elements are left out of it because they are nan or inf. */
function normText(array) {
  if (array === null) return "";
  const { norm, nan, infinite } = array.figures;
  const bad = [[nan, "nan"], [infinite, "inf"]].filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}`);
  return [norm === null ? "" : `|${short(norm)}|`, bad.length > 0 ? `(${bad.join(", ")})` : ""].join(" ").trim();
}

const count = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

/** The bytes that something takes, with a unit. */
function bytes(n) {
  if (n < 1000) return `${n} B`;
  return n < 1e6 ? `${short(n / 1e3)} kB` : `${short(n / 1e6)} MB`;
}

const list = (texts) => (texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`);
