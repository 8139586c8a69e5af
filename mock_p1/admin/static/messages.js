// Texts of the mock in another language. It makes them in English, of pieces and of values; a
// message of the catalogue has {places} for what stands there, which may be a message too.
// mock_p1/cli/translation.py does the same for the command line, and says why it does so.

const MAX_DEPTH = 6;
const MAX_TRIED = 6;
const MAX_LOOKED_UP = 500;
const MAX_KNOWN = 10_000;
const SHORT = 40;
const GENERIC = 10;
const FOLLOWING = 12;
const ADDED = /^(?:[;,]| ?\()/;
const WORD = /[A-Za-z][a-z]+(?![A-Za-z0-9_.,:;'"/(-])|[A-Z][a-z]+:(?= )/;
const ENGLISH = new RegExp(`(?<![A-Za-z0-9_.'"$/-])(?:${WORD.source})`, "g");
const SENTENCE = /(?<![A-Za-z0-9_.'"$/-])[A-Za-z][a-z]+ [a-z]{2,}(?![A-Za-z0-9_.'"(/-])/;
const QUOTED = /'[^']*'|"[^"]*"|`[^`]*`/g;
const WORDS_IN = new Set(["what", "value", "given", "kind", "kind_of", "data", "listed"]);

const MEANT = new Set(["meant", "near"]);

const plain = (text) => text.replaceAll("{{", "{").replaceAll("}}", "}");
const englishIn = (text) => text.match(ENGLISH)?.length ?? 0;
const lettersIn = (text) => text.match(/\p{L}/gu)?.length ?? 0;

/** Split a message at its places: the literals around them, and their names. */
function template(text, said) {
  const literals = [""];
  const names = [];
  for (const [piece, name] of text.matchAll(/\{\{|\}\}|\{(\w+)\}|[^{}]+/g)) {
    if (name === undefined) {
      literals[literals.length - 1] += plain(piece);
    } else {
      names.push(name);
      literals.push("");
    }
  }
  const letters = lettersIn(literals.join(""));
  const isAdded = !literals[0] && literals.length > 1 && ADDED.test(literals[1]);
  return { literals, names, said, letters, isAdded };
}

function* templates(text, said) {
  if (!/[\p{L}\p{N}]/u.test(text)) return;
  if (ADDED.test(text) || text[0] === " ") {
    yield template(`{before}${text}`, `{before}${said}`);
  } else if (text.endsWith(" ")) {
    yield template(`${text}{after}`, `${said}{after}`);
  } else {
    const made = template(text, said);
    if (made.names.length) yield made;
    if (made.letters > FOLLOWING) yield template(`{before} ${text}`, `{before} ${said}`);
  }
}

/** Find a piece of a message between two places of a text; -1 where it is not there. */
function placeOf(literal, text, start, end) {
  const inside = (at) => (at >= 0 && at + literal.length <= end ? at : -1);
  if (literal === " ") {
    const quoted = ["'", '"'].map((quote) => text.indexOf(` ${quote}`, start));
    const found = quoted.filter((at) => at >= 0 && at + 2 <= end);
    return found.length ? Math.min(...found) : inside(text.indexOf(literal, start));
  }
  if (!ADDED.test(literal)) return inside(text.indexOf(literal, start));
  const at = text.lastIndexOf(literal, end - literal.length);
  return at >= start ? at : -1;
}

function fit({ literals, names, letters }, text) {
  const first = literals[0];
  const last = literals.at(-1);
  const middle = literals.slice(1, -1);
  const end = text.length - last.length;
  if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return null;
  const isWeak = letters > 0 && letters < 4 && !literals.join("").includes(";");
  if (isWeak && text.length > SHORT) return null;
  const places = [];
  let here = first.length;
  for (const [index, literal] of middle.entries()) {
    const sought = literal || (middle.slice(index).find(Boolean) ?? "");
    const there = sought ? placeOf(sought, text, here, end) : end;
    if (there < 0) return null;
    places.push(text.slice(here, there));
    here = there + literal.length;
  }
  places.push(text.slice(here, end));
  const found = Object.fromEntries(names.map((name, index) => [name, places[index]]));
  return /^[0-9,]+$/.test(found.count ?? "0") ? found : null;
}

/** Tell whether nothing of our own would stay English with this in the places. */
function isWholeWith({ literals, letters }, values) {
  return values.every(([, { text, isWhole }], index) => {
    if (letters && /(?:: |\()$/.test(literals[index])) return true;
    const isBare = letters > 0 && letters < GENERIC && /^[a-z]+:?$/.test(text);
    return isWhole && !isBare;
  });
}

const filled = (said, values) =>
  said.replace(/\{\{|\}\}|\{(\w+)\}/g, (piece, name) => (name ? values[name] : piece[0]));

/** Return what says a text of the mock by a catalogue: what is not in it stays as it is. */
export function speaker(messages) {
  const exact = new Map(Object.entries(messages).map((pair) => pair.map(plain)));
  const made = Object.entries(messages).flatMap(([text, said]) => [...templates(text, said)]);
  made.sort((one, other) => other.isAdded - one.isAdded || other.letters - one.letters);
  const known = new Map();
  let lookedUp = 0;

  function said(text, depth) {
    let best = { text, isWhole: !SENTENCE.test(text.replace(QUOTED, "")) };
    let left = englishIn(text);
    lookedUp += 1;
    if (!left || depth > MAX_DEPTH || lookedUp > MAX_LOOKED_UP) return best;
    let tried = 0;
    for (const each of made) {
      const places = fit(each, text);
      if (places === null || Object.values(places).includes(text)) continue;
      const values = Object.entries(places).map(([name, it]) => [name, inPlace(it, name, depth)]);
      tried += 1;
      if (isWholeWith(each, values)) {
        const texts = Object.fromEntries(values.map(([name, it]) => [name, it.text]));
        const found = filled(each.said, texts);
        const still = englishIn(found);
        if (still < left) [best, left] = [{ text: found, isWhole: true }, still];
      }
      if (!left || tried === MAX_TRIED) break;
    }
    return best;
  }

  function inPlace(text, name, depth) {
    const isText = text.trim().includes(" ") || WORDS_IN.has(name.replace(/_+$/, ""));
    if (!isText || MEANT.has(name)) return { text, isWhole: true };
    const found = exact.get(text);
    return found ? { text: found, isWhole: true } : said(text, depth + 1);
  }

  return (text) => {
    if (!known.has(text)) {
      if (known.size >= MAX_KNOWN) known.clear();
      lookedUp = 0;
      known.set(text, exact.get(text) || said(text, 0).text);
    }
    return known.get(text);
  };
}
