// Heat maps: a canvas with a cell for each value, which is read at the pointer or, with the keyboard, at a cursor that
// the arrows move. A grid is its { rows, columns } and the { width, height } of a cell.

// Cividis: its lightness grows from end to end, so that negative (dark), zero (middle) and positive (light) are told
// apart in black and white and by eyes that see fewer colours.
const STOPS = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"]
  .map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));

/** A colour for a share between -1 and 1, as red, green and blue. */
function colour(share) {
  const place = ((share + 1) / 2) * (STOPS.length - 1);
  const low = Math.min(Math.floor(place), STOPS.length - 2);
  return STOPS[low].map((from, i) => Math.round(from + (STOPS[low + 1][i] - from) * (place - low)));
}

/** The colours of the scale between the texts of its ends. */
function scaleStrip(low, high) {
  const strip = element("span", { class: "strip" });
  strip.style.background = `linear-gradient(to right, ${STOPS.map((stop) => `rgb(${stop.join(" ")})`).join(", ")})`;
  return element("div", { class: "legend" }, low, strip, high);
}

/** A canvas with a pixel for each value, which the browser makes larger: that is quick. */
function painted(values, grid, colourOf) {
  const canvas = element("canvas", { width: grid.columns, height: grid.rows });
  const image = new ImageData(grid.columns, grid.rows);
  values.forEach((value, i) => {
    image.data.set(colourOf(value), 4 * i);
    image.data[4 * i + 3] = 255;
  });
  canvas.getContext("2d", { willReadFrequently: true }).putImageData(image, 0, 0);
  return canvas;
}

/** A heat map from its canvas; `told` says what a cell holds, which has a { row, column }. */
function heatMap(canvas, grid, label, told) {
  canvas.style.width = `${grid.columns * grid.width}px`;
  canvas.style.height = `${grid.rows * grid.height}px`;
  const cursor = element("span", { class: "cursor", hidden: "" });
  const map = element("div", {
    class: "map", tabindex: "0", role: "application", "aria-roledescription": "heat map",
    "aria-label": `${label} The arrows read its values.`,
  }, canvas, cursor);
  listen(map, cursor, grid, told);
  return map;
}

// -- a value at the pointer or at the cursor ------------------------------------------------------

function listen(map, cursor, grid, told) {
  const place = { row: 0, column: 0 };
  const show = (isSpoken) => {
    const text = told(place);
    Object.assign(cursor.style, { left: `${place.column * grid.width}px`, top: `${place.row * grid.height}px`,
      width: `${grid.width}px`, height: `${grid.height}px` });
    cursor.hidden = false;
    showTip(cursor.getBoundingClientRect(), text);
    if (isSpoken) byId("cell").textContent = text;
  };
  const hide = () => {
    cursor.hidden = true;
    byId("tip").hidden = true;
  };
  map.addEventListener("pointermove", (event) => {
    const box = map.getBoundingClientRect();
    place.row = within(Math.floor((event.clientY - box.top) / grid.height), grid.rows);
    place.column = within(Math.floor((event.clientX - box.left) / grid.width), grid.columns);
    show(false);
  });
  map.addEventListener("pointerleave", hide);
  map.addEventListener("blur", hide);
  map.addEventListener("focus", () => { if (map.matches(":focus-visible")) show(true); });
  map.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return hide();
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
      Home: [0, -grid.columns], End: [0, grid.columns] }[event.key];
    if (!move || event.ctrlKey || event.altKey || event.metaKey) return undefined;
    place.row = within(place.row + move[0], grid.rows);
    place.column = within(place.column + move[1], grid.columns);
    event.preventDefault();
    event.stopPropagation(); // the arrows read this map now, and do not step
    return show(true);
  });
}

const within = (n, size) => Math.max(0, Math.min(size - 1, n));

function showTip(box, text) {
  const tip = byId("tip");
  tip.textContent = text;
  tip.hidden = false;
  tip.style.left = `${Math.max(4, Math.min(box.right + 8, window.innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${Math.max(4, box.top - tip.offsetHeight - 6)}px`;
}
