// The list of jobs: each with its steps, its place and its polls. Only what can be seen is drawn.

import { contract, isShown, mood, now, place, timelines } from "./model.js";
import { language, many, span, speak, t } from "./words.js";

const MAX_SEGMENTS = 24;
const MANY_STEPS = 6;
const rows = new Map();
const seen = new Set();
const list = document.getElementById("jobs");
let acts;

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      isIntersecting ? seen.add(target.row) : seen.delete(target.row);
    }
    draw();
  },
  { rootMargin: "300px" },
);

/** Set what the buttons of a job do. */
export const begin = (given) => (acts = given);

/** Show these jobs, in this order. */
export function arrange(jobs) {
  for (const [id, row] of rows) if (jobs.get(id)?.timeline !== row.timeline) drop(id, row);
  for (const [id, job] of jobs) rows.has(id) ? (rows.get(id).job = job) : rows.set(id, make(job));
  list.replaceChildren(...[...jobs.keys()].map((id) => rows.get(id).element));
  draw();
}

export function update(job) {
  const row = rows.get(job.job_id);
  if (row) row.job = job;
  return Boolean(row);
}

export function clear() {
  for (const [id, row] of rows) drop(id, row);
}

export function draw() {
  const at = now();
  for (const row of seen) if (row.job) drawRow(row, at);
}

export function open(id) {
  const row = rows.get(id);
  if (!row) return;
  if (!row.more) toggle(row);
  row.element.scrollIntoView({ block: "center" });
  row.id.focus({ preventScroll: true });
}

function drop(id, row) {
  watcher.unobserve(row.element);
  seen.delete(row);
  row.element.remove();
  rows.delete(id);
}

function make(job) {
  const element = document.getElementById("job-row").content.firstElementChild.cloneNode(true);
  speak(element);
  const parts = [".id", ".several", ".state", ".step", ".track", ".facts"];
  const [id, several, state, step, track, facts] =
    parts.map((part) => element.querySelector(part));
  const { firstElementChild: name, lastElementChild: rest } = state;
  const { timeline } = job;
  const drawn = { element, id, several, step, name, rest, track, facts };
  const row = { job, timeline, ...drawn, segments: [], from: -1 };
  element.row = row;
  id.textContent = job.job_id;
  step.setAttribute("aria-label", t("Move {id} to its next step", { id: job.job_id }));
  id.addEventListener("click", () => toggle(row));
  const isAtEnd = () => step.getAttribute("aria-disabled") === "true";
  step.addEventListener("click", () => isAtEnd() || acts.step(job.job_id));
  track.addEventListener("click", (event) => {
    const index = event.target.closest(".segment")?.dataset.index;
    if (index !== undefined) acts.jump(job.job_id, Number(index) + 1);
  });
  watcher.observe(element);
  return row;
}

function drawRow(row, at) {
  const steps = timelines.get(row.job.timeline)?.steps;
  if (!steps) return;
  const here = place(row.job, at);
  if (here.over) acts.refresh();
  drawSegments(row, steps, here.index);
  const step = steps[here.index];
  put(row.name, step.outcome);
  put(row.rest, waiting(here, step, row.job.failed));
  drawKeys(row);
  put(row.facts, factsOf(row.job.tracks[0] ?? {}));
  row.element.dataset.mood = mood(step.kind, step.outcome);
  row.step.setAttribute("aria-disabled", String(step.for === null));
  const ends = t("The job is at its end: reset it, or jump to a step.");
  row.step.title = step.for === null ? ends : "";
  row.segments.forEach((segment) => {
    const part = segment.index < here.index ? 1 : segment.index > here.index ? 0 : here.part;
    if (segment.part !== part) segment.fill.style.transform = `scaleX(${part})`;
    segment.part = part;
  });
  const current = row.segments[here.index - row.from];
  if (current && row.head.parentElement !== current.element) {
    for (const { element } of row.segments) {
      element.classList.toggle("current", element === current.element);
    }
    current.element.append(row.head);
  }
  row.head.style.left = `${here.part * 100}%`;
  if (row.version !== row.job.version) drawDots(row);
  const position = t("Step {n} of {all}", { n: here.index + 1, all: steps.length });
  const text = `${position}: ${step.outcome}, ${row.rest.textContent}`;
  if (row.track.getAttribute("aria-label") !== text) row.track.setAttribute("aria-label", text);
  if (row.more) drawMore(row, here.index);
}

/** Draw the steps, or as many as there is room for. */
function drawSegments(row, steps, index) {
  const fits = steps.length <= MAX_SEGMENTS;
  if (row.from >= 0 && (fits || (index >= row.from && index < row.from + MAX_SEGMENTS))) return;
  row.from = fits ? 0 : Math.max(0, Math.min(steps.length - MAX_SEGMENTS, index - 4));
  const shown = steps.slice(row.from, row.from + MAX_SEGMENTS);
  const short = shown.length >= MANY_STEPS;
  row.segments = shown.map((step, offset) => segmentOf(step, row.from + offset, short));
  row.track.replaceChildren(...row.segments.map((segment) => segment.element));
  const after = steps.length - row.from - row.segments.length;
  const loops = timelines.get(row.job.timeline).at_end === "loop";
  row.track.dataset.before = row.from ? `+${row.from}` : "";
  row.track.dataset.after = after > 0 ? `+${after}` : loops ? "↻" : "";
  row.head = make_("i", "head");
  row.marks = new Map();
  row.version = -1;
}

/** Say how many keys poll the job, and which one is shown: the one that polled last. */
function drawKeys({ several, job: { keys, tracks } }) {
  several.hidden = keys < 2;
  if (keys < 2) return;
  put(several, t("{n} keys", { n: keys }));
  const key = `${tracks[0]?.api_key ?? ""} (${tracks[0]?.caller ?? ""})`;
  several.title = t("Shown: {key}, which polled last.", { key });
}

function segmentOf(step, index, short) {
  const kind = step.polls ? "beads" : step.for_seconds ? "span" : "hand";
  const element = make_("div", `segment ${step.for === null ? "end" : kind}`);
  const fill = make_("i", "fill");
  const lasts = make_("em", "", shortly(step));
  const name = short ? step.outcome.replace(/^job_/, "") : step.outcome;
  const label = make_("b");
  label.append(make_("i", "prefix", /^job_/.exec(name)?.[0]), name.replace(/^job_/, ""));
  element.append(fill, label, lasts, make_("span", "dots"));
  element.dataset.mood = mood(step.kind, step.outcome);
  element.dataset.index = index;
  const facts = [step.outcome, lasts.textContent, step.source].filter(Boolean);
  element.title = `${index + 1}. ${facts.join(" · ")}`;
  element.style.flexGrow = weight(step);
  if (step.polls > 1 && step.polls <= 30) element.style.setProperty("--parts", step.polls);
  return { element, fill, index, part: -1 };
}

/** Draw the dots that are new, remove those that are gone. */
function drawDots(row) {
  row.version = row.job.version;
  const dots = row.job.dots.filter((dot) => isShown(row.job, dot));
  for (const [dot, mark] of row.marks) {
    if (dots.includes(dot)) continue;
    mark.remove();
    row.marks.delete(dot);
  }
  for (const dot of dots) {
    const segment = row.segments[dot.step - row.from];
    if (row.marks.has(dot) || !segment) continue;
    const mark = make_("i");
    mark.style.left = `${dot.part * 100}%`;
    mark.dataset.mood = dot.mood;
    segment.element.querySelector(".dots").append(mark);
    row.marks.set(dot, mark);
  }
}

/** How wide a step is: enough to be read, more where it lasts longer. */
function weight({ polls, for_seconds: seconds }) {
  if (polls) return 1.4 + Math.min(polls, 20) * 0.12;
  return seconds ? 1.6 + Math.log10(1 + seconds) * 0.7 : 1.3;
}

function shortly(step) {
  if (step.polls) return many(step.polls, "1 poll", "{n} polls");
  if (step.for_seconds) return step.for;
  return step.for === null ? "" : t(step.for === "upload" ? "until its file comes" : "by hand");
}

/** Say what came, and what was done with it. */
function factsOf({ file, downloads, switches }) {
  const facts = [file?.filename];
  if (file?.complete) {
    facts.push(many(file.size, "1 byte", "{n} bytes", file.size.toLocaleString(language)));
  }
  if (downloads) facts.push(t("downloaded × {n}", { n: downloads }));
  if (switches) facts.push(t("model switched"));
  return facts.filter(Boolean).join(" · ");
}

function waiting(here, step, failed) {
  if (!here.polled) {
    return t(Object.keys(failed).length ? "only queued failures so far" : "not polled yet");
  }
  if (here.file) return t("waits for its file");
  if (here.left !== undefined) return t("{time} left", { time: span(here.left) });
  if (here.more !== undefined) return many(here.more, "1 more poll", "{n} more polls");
  return t(here.manual && step.for === "manual" ? "waits for a step by hand" : "at its end");
}

function toggle(row) {
  row.more?.remove();
  row.more = row.more ? null : openMore(row);
  row.id.setAttribute("aria-expanded", String(Boolean(row.more)));
  row.element.classList.toggle("open", Boolean(row.more));
  draw();
}

function openMore(row) {
  const id = row.job.job_id;
  const more = document.getElementById("job-more").content.firstElementChild.cloneNode(true);
  speak(more);
  const [call, failure] = more.querySelectorAll("select");
  offer(call, failure, ({ has_job: one }) => one);
  const fail = () => acts.fail(failure.value, 1, id, call.value);
  more.querySelector(".fail").addEventListener("click", fail);
  more.querySelector(".reset").addEventListener("click", () => acts.reset(id));
  more.querySelector(".poll-once").addEventListener("click", () => acts.poll(id));
  more.querySelector(".poll-on").addEventListener("click", () => pollOn(more, id));
  more.querySelector(".copy").addEventListener("click", () => acts.copy(id));
  const steps = timelines.get(row.job.timeline).steps.slice(0, 500);
  more.querySelector(".steps").replaceChildren(...steps.map((step) => itemOf(id, step)));
  row.element.append(more);
  return more;
}

/** Poll now and then, until the button is pressed again, the job ends, or it is closed. */
function pollOn(more, id) {
  const button = more.querySelector(".poll-on");
  const goes = button.getAttribute("aria-pressed") !== "true";
  const press = (pressed) => {
    button.setAttribute("aria-pressed", String(pressed));
    put(button, t(pressed ? "Stop" : "Poll every so many seconds"));
  };
  press(goes);
  clearTimeout(more.timer);
  if (!goes) return;
  const n = Math.min(3600, Math.max(1, Number(more.querySelector(".every").value) || 5));
  acts.say(t("Polls {id} every {n} s.", { id, n }));
  const again = async () => {
    if (!more.isConnected || button.getAttribute("aria-pressed") !== "true") return;
    const answer = await acts.poll(id);
    if (/"job_(finished|failed)"/.test(answer?.body)) return press(false);
    more.timer = setTimeout(again, n * 1000);
  };
  again();
}

function itemOf(id, step) {
  const item = make_("li");
  const where = make_("button", "quiet where", step.source);
  where.addEventListener("click", () => acts.show(step.source));
  const jump = make_("button", "jump", t("Jump here"));
  const label = t("Jump here: step {n}, {name}", { n: step.step, name: step.outcome });
  jump.setAttribute("aria-label", label);
  jump.addEventListener("click", () => acts.jump(id, step.step));
  const name = make_("b", "", step.outcome);
  name.dataset.mood = mood(step.kind, step.outcome);
  const facts = [shortly(step), step.message].filter(Boolean).join(" · ");
  item.append(name, make_("span", "", facts), where, jump);
  return item;
}

function drawMore(row, index) {
  row.more.querySelectorAll(".steps > li").forEach((item, position) => {
    if (position === index) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  });
  if (row.shown === row.job.version && row.more.dataset.drawn) return;
  row.more.dataset.drawn = "1";
  row.shown = row.job.version;
  const steps = timelines.get(row.job.timeline).steps;
  drawFile(row);
  drawCurl(row);
  const alike = ({ api_key: key }) => row.job.tracks.filter((it) => it.api_key === key).length > 1;
  const keys = row.job.tracks.map((track) => {
    const { step: n } = track;
    const times = track.polls + (row.job.failed[track.caller] ?? 0);
    const key = alike(track) ? `${track.api_key} (${track.caller})` : track.api_key;
    const facts = { key, n, name: steps[n - 1].outcome, times };
    const once = "Key {key}: step {n}, {name}, polled once";
    const often = "Key {key}: step {n}, {name}, polled {times} times";
    return make_("li", "", t(times === 1 ? once : often, facts));
  });
  const n = row.job.keys - keys.length;
  if (n > 0) keys.push(make_("li", "", t("and {n} more", { n })));
  row.more.querySelector(".keys").replaceChildren(...keys);
}

/** Show the line by which the key that is shown polls. */
async function drawCurl({ more, job }) {
  const caller = job.tracks[0]?.caller ?? "";
  if (more.dataset.caller === caller) return;
  more.dataset.caller = caller;
  const line = await acts.curl(job.job_id);
  if (more.dataset.caller === caller) put(more.querySelector("code"), line);
}

/** Offer the file that came for the job, by its name. */
async function drawFile(row) {
  const { more } = row;
  const newest = () => String(row.job.tracks[0]?.file?.upload ?? "");
  const drawn = newest();
  if (more.dataset.file === drawn) return;
  const found = drawn ? await acts.uploaded(row.job.job_id) : false;
  if (found === null || newest() !== drawn) return; // it is looked for again
  more.dataset.file = drawn;
  if (!found) return more.querySelector(".files").replaceChildren();
  const label = t("Download {name}", { name: found.filename });
  const button = make_("button", "link", label);
  button.addEventListener("click", () => acts.file(found));
  more.querySelector(".files").replaceChildren(button);
}

/** Offer operations, and the failures of the one that is chosen. */
export function offer(call, failure, fits = () => true) {
  const operations = contract.operations.filter(fits);
  const names = operations.map(({ name, polled }) => new Option(name, name, polled, polled));
  call.replaceChildren(...names);
  call.onchange = () => {
    const { errors } = operations[call.selectedIndex];
    const groups = Object.entries({ errors, faults: contract.faults }).map(([kind, all]) => {
      const group = make_("optgroup");
      group.label = t(kind);
      group.append(...all.map((name) => new Option(name)));
      return group;
    });
    failure.replaceChildren(...groups.filter((group) => group.childElementCount));
  };
  call.onchange();
}

/** Make an element; text is only ever text. */
export function make_(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
