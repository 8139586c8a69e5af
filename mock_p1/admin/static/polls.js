// The stream of polls, the newest first. Rows wait until the page draws.

import { isPoll, mood } from "./model.js";
import { make_, put } from "./jobs.js";
import { moment, span, t, told } from "./words.js";

const MAX_ROWS = 200;
const list = document.getElementById("polls");
const counted = document.getElementById("polls-count");
const none = document.getElementById("polls-none");
const before = new Map();
const callers = new Map();
let waiting = [];
let count = 0;
let show;
let answer;

export const begin = (...given) => ([show, answer] = given);

export function add(row) {
  const series = `${row.job_id} ${row.caller}`;
  const last = isPoll(row) ? before.get(series) : undefined;
  if (isPoll(row)) before.set(series, row.seconds);
  if (before.size > 10000) before.clear();
  tellApart(row);
  waiting.push({ ...row, after: last === undefined ? null : row.seconds - last });
  count += 1;
}

/** Show which caller it was, from when on two keys look alike. */
function tellApart({ api_key: key, caller }) {
  if (!key || !caller) return;
  if (!callers.has(key)) callers.set(key, caller);
  else if (callers.get(key) !== caller) list.classList.add("alike");
  if (callers.size > 10000) callers.clear();
}

export const miss = (n) => (count += n);

export function clear(from = 0) {
  waiting = [];
  count = from;
  before.clear();
  callers.clear();
  list.classList.remove("alike");
  list.replaceChildren();
}

export function draw() {
  put(counted, count ? String(count) : "");
  none.hidden = count > 0;
  list.hidden = count === 0;
  if (!waiting.length) return;
  const stays = list.scrollTop > 8 ? list.scrollHeight - list.scrollTop : 0;
  list.prepend(...waiting.slice(-MAX_ROWS).reverse().map(rowOf));
  while (list.childElementCount > MAX_ROWS) list.lastElementChild.remove();
  if (stays) list.scrollTop = list.scrollHeight - stays;
  waiting = [];
}

function rowOf(row) {
  const item = make_("li", row.operation ? "poll" : "poll odd");
  item.dataset.mood = row.operation ? moodOf(row) : "fail";
  const job = make_("button", "link", row.job_id ?? "");
  job.setAttribute("aria-label", t("open {id}", { id: row.job_id }));
  job.addEventListener("click", () => show(row.job_id));
  const name = row.operation ? row.outcome : `${row.method} ${row.path}`;
  const after = row.after === null ? "" : `+${span(row.after)}`;
  const first = make_("p");
  first.append(make_("b", "", name));
  if (row.api_key) first.append(make_("span", "caller", row.caller));
  first.append(make_("span", "after", after));
  const second = make_("p", "small");
  if (row.job_id) second.append(job);
  const operation = isPoll(row) ? "" : row.operation;
  const known = row.operation ? "" : t("not imitated");
  const facts = [operation, row.api_key, row.http_status ?? "", known].filter(Boolean);
  const shown = make_("span", "", facts.join(" · "));
  if (row.api_key) shown.title = `${row.api_key} (${row.caller})`;
  second.append(shown);
  if (isPoll(row)) {
    const look = make_("button", "link answer", t("Answer"));
    look.setAttribute("aria-label", t("Answer to poll {n}", { n: row.number }));
    look.addEventListener("click", () => answer(row.number));
    second.append(look);
  }
  second.append(make_("time", "", moment(row.seconds)));
  item.append(first, second, ...row.notes.map(noteOf));
  return item;
}

/** Write a note; a long hash is shown by its first digits, and whole where the pointer rests. */
function noteOf(text) {
  const said = told(text);
  const note = make_("p", "note", said.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/, "$1…"));
  if (note.textContent !== said) note.title = said;
  return note;
}

function moodOf(row) {
  if (row.done === row.outcome) return "done";
  const kinds = ["fault", "error", "status"];
  return mood(kinds.find((name) => row[name]) ?? "reply", row.outcome);
}
