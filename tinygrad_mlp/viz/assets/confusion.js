// The confusion matrix: for each true class, how often it was taken for which.

const MOST_CLASSES = 20;
const sum = (numbers) => numbers.reduce((total, n) => total + n, 0);

/** The classes that are shown: all, or those with which most mistakes were made. */
function classesShown({ classes, counts }) {
  const all = range(0, classes.length - 1);
  if (all.length <= MOST_CLASSES) return all;
  const wrong = all.map((i) => sum(counts[i]) + sum(counts.map((row) => row[i])) - 2 * counts[i][i]);
  return all.sort((a, b) => wrong[b] - wrong[a] || a - b).slice(0, MOST_CLASSES).sort((a, b) => a - b);
}

function confusionOf(confusion) {
  const shown = classesShown(confusion);
  const isPart = shown.length < confusion.classes.length;
  const said = `A row for each true class, a column for each predicted one: the number of test rows, and their share of
    the row in per cent. The framed diagonal is what was right.`;
  const part = isPart ? ` ${shown.length} of ${confusion.classes.length} classes are shown, those with the most mistakes.` : "";
  return [
    element("p", {}, said + part),
    element("div", { class: "pair" }, scrolling("The confusion matrix", matrix(confusion, shown, isPart)),
      scrolling("Precision, recall and F1 of each class", measures(confusion))),
  ];
}

function matrix({ classes, counts }, shown, isPart) {
  const heads = ["true \\ predicted", ...shown.map((i) => classes[i]), ...(isPart ? ["others"] : [])];
  const rows = shown.map((i) => {
    const total = sum(counts[i]);
    const rest = total - sum(shown.map((j) => counts[i][j]));
    return [classes[i], ...shown.map((j) => cell(counts[i][j], total, i === j)), ...(isPart ? [cell(rest, total, false)] : [])];
  });
  return table(heads, rows, { class: "confusion" });
}

function cell(n, total, isRight) {
  const made = element("td", { class: [isRight ? "right" : "", n === 0 ? "none" : ""].join(" ").trim() }, n.toLocaleString("en"));
  if (n === 0) return made;
  const share = n / total;
  made.append(element("small", {}, `${short(100 * share)} %`));
  const tint = Math.round(8 + 30 * Math.sqrt(share));
  made.style.background = `color-mix(in srgb, var(${isRight ? "--forward" : "--backward"}) ${tint}%, var(--paper))`;
  return made;
}

function measures({ classes, by_class }) {
  const rows = by_class.map((row, i) => [classes[i], ...row.map((value) => figure(value, true))]);
  return table(["class", "precision", "recall", "F1"], rows);
}
