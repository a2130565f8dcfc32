// What a plain recursion would do instead of waiting: it runs a node each time that a part arrives there, and each time
// hands on all that has been added up so far. This is the mistake that many a first autograd makes.

const stepAt = (number) => data.steps[number - 1];
const ran = data.steps.filter((step) => step.cotangent !== null || step.parts.length > 0);

/** The numbers of the steps to which a step hands something on, in order, once for each edge. */
function edgesOf(step) {
  const ends = step.parts.length > 0 ? step.parts : step.inputs.filter((input) => input.kind === "operator");
  return ends.map((end) => end.number).filter((number) => number !== null);
}

/** How often a recursion would run each step: once for each path from the root. It may be more than a float counts. */
const visits = (() => {
  const found = data.steps.map(() => 0n);
  if (found.length > 0) found[found.length - 1] = 1n;
  for (const step of [...data.steps].reverse()) {
    for (const number of edgesOf(step)) found[number - 1] += found[step.number - 1];
  }
  return found;
})();

const readersOf = new Map(data.steps.map((step) => [step.number, []]));
for (const step of data.steps) for (const number of edgesOf(step)) readersOf.get(number).push(step.number);

const visitsOf = (number) => visits[number - 1];

/** The order in which a recursion comes to the steps for the first time. */
const arrival = (() => {
  const order = new Map();
  const ahead = data.steps.length > 0 ? [data.steps.length] : [];
  while (ahead.length > 0) {
    const number = ahead.pop();
    if (order.has(number)) continue;
    order.set(number, order.size);
    ahead.push(...edgesOf(stepAt(number)).reverse());
  }
  return order;
})();

/** What a recursion hands on in all from a value that is used twice or more; null where the parts are not known.
 *
 * The i-th of k parts is in k - i + 1 of the sums that are handed on. That holds where each consumer runs once; further
 * down the consumers' own parts are wrong already, and no array of this page says what they would be.
 */
function recursionOf(sum) {
  const parts = [...sum.parts].reverse().sort((a, b) => arrival.get(a.from) - arrival.get(b.from));
  const arrays = parts.map((part) => arrayAt(part.value));
  if (arrays.includes(null) || parts.some((part) => visitsOf(part.from) !== 1n)) return null;
  const length = valuesOf(arrays[0]).length;
  if (arrays.some((array) => valuesOf(array).length !== length)) return null;
  const values = new Float64Array(length);
  arrays.forEach((array, i) => {
    valuesOf(array).forEach((value, j) => { values[j] += value * (arrays.length - i); });
  });
  return { parts, array: { ...arrays[0], data: "", wide: true, values, figures: figuresOf(values) } };
}

/** The first value on the way to a sum that a recursion runs more than once, nearest to the root; null if none. */
function firstWrongAbove(sum) {
  const onTheWay = new Set();
  const ahead = sum.parts.map((part) => part.from);
  while (ahead.length > 0) {
    const number = ahead.pop();
    if (onTheWay.has(number)) continue;
    onTheWay.add(number);
    ahead.push(...readersOf.get(number));
  }
  const wrong = [...onTheWay].filter((number) => visitsOf(number) > 1n);
  return wrong.length > 0 ? stepAt(Math.max(...wrong)) : null;
}

/** The figures of some values, as snapshot.py makes them of an array. */
function figuresOf(values) {
  const finite = values.filter(Number.isFinite);
  const nan = values.reduce((n, x) => n + Number.isNaN(x), 0);
  const sum = finite.reduce((a, b) => a + b, 0);
  return {
    count: values.length, nan, infinite: values.length - finite.length - nan,
    zero: finite.reduce((n, x) => n + (x === 0), 0),
    minimum: finite.length ? finite.reduce((a, b) => Math.min(a, b)) : null,
    maximum: finite.length ? finite.reduce((a, b) => Math.max(a, b)) : null,
    mean: finite.length ? sum / finite.length : null,
    norm: finite.length ? Math.sqrt(finite.reduce((a, b) => a + b * b, 0)) : null,
  };
}
