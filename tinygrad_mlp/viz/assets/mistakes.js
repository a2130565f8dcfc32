// What was predicted worst: digits as images, rows of a table as rows.

function mistakesOf({ shown, total, rows, columns, columns_in_all }) {
  const isQuantity = data.confusion === null;
  if (!isQuantity && total === 0) return [element("p", {}, `All ${count(rows, "row")} of the test part were classified correctly.`)];
  const part = shown.length < total ? `${shown.length} of ${total.toLocaleString("en")} shown` : "all shown";
  if (isQuantity) {
    const said = `The rows of the test part with the largest errors, ${part}.`;
    return [element("p", {}, said + columnsText(columns, columns_in_all)), worst(shown, columns)];
  }
  const what = shown[0].image ? "digit" : "row";
  const were = total === 1 ? "was" : "were";
  const said = `${total.toLocaleString("en")} of ${rows.toLocaleString("en")} test ${what}s ${were} misclassified, ${part}: `
    + "those first of which the network was surest.";
  return [element("p", {}, said + columnsText(columns, columns_in_all)), shown[0].image ? digits(shown) : worst(shown, columns)];
}

function columnsText(columns, all) {
  return columns.length < all ? ` Of the ${all} columns that the network reads, the first ${columns.length} are shown.` : "";
}

function digits(shown) {
  return element("ul", { class: "digits" }, shown.map((mistake) => element("li", {}, digit(mistake),
    element("b", {}, `${mistake.true} → ${mistake.predicted}`),
    element("span", {}, `${figure(mistake.probability, true)} sure`),
    element("span", {}, `${mistake.true}: ${figure(mistake.of_true, true)}`),
    element("span", {}, `image ${mistake.row}`))));
}

/** The ink of a digit on paper, a pixel for each value, which the browser makes larger. */
function digit({ image, row, true: truth, predicted, probability }) {
  const label = `Image ${row}: a ${truth}, taken for a ${predicted} with ${figure(probability, true)}`;
  const grid = { rows: image.length, columns: image[0].length };
  const canvas = painted(image.flat(), grid, (ink) => [0, 1, 2].map(() => Math.round(255 * (1 - ink))));
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  return canvas;
}

function worst(shown, columns) {
  const text = (value) => {
    const isNumber = /^-?[\d.]+(e[+-]\d+)?$/.test(value);
    const kind = isNumber ? "" : value.length > LONG ? "text long" : "text";
    return element("td", { class: kind }, isNumber ? minus(value) : value || "–");
  };
  const isQuantity = data.confusion === null;
  const heads = ["row", "true", "predicted", ...(isQuantity ? ["error"] : ["its probability", "that of the truth"]), ...columns];
  const rows = shown.map((mistake) => {
    const { true: truth, predicted, probability, of_true } = mistake;
    const found = isQuantity
      ? [figure(truth), figure(predicted), figure(predicted - truth)]
      : [text(truth), text(predicted), figure(probability, true), figure(of_true, true)];
    return [String(mistake.row), ...found, ...mistake.cells.map(text)];
  });
  const made = table(heads, rows);
  made.querySelectorAll("thead th").forEach((head, i) => { // a column of texts has its name on the left too
    if (rows[0][i] instanceof Element && rows[0][i].classList.contains("text")) head.classList.add("text");
  });
  return scrolling("The worst rows of the test part", made);
}
