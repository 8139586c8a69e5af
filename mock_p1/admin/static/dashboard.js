// The dashboard: what the control API knows, and its calls as buttons. All is text, never markup.

import * as api from "./api.js";
import * as jobList from "./jobs.js";
import {
  clock, contract, dot, forget, isPoll, isPolled, jobs, now, pace, poll, setClock, setJob, setLost,
  timelines,
} from "./model.js";
import * as pollList from "./polls.js";
import {
  about, joined, language, many, moment, refusal, speak, t, told,
} from "./words.js";

const MAX_JOBS = 1000;
const MAX_LINES = 2000;
const NO_TEXT = "No text: made in Python, or read from several files.";
const $ = (id) => document.getElementById(id);
const { make_, put } = jobList;
const FREEZE = ["freeze", "strip-freeze"]; // on a small screen in a strip that stays
let scenario = null;
let early = [];
let lastRow = 0;
let complete = true;
let reloading = null;

function say(text, bad = false) {
  put($("notice-text"), text);
  $("notice").className = `notice ${bad ? "bad" : ""} ${text ? "" : "gone"}`;
  clearTimeout(say.timer);
  if (text && !bad) say.timer = setTimeout(() => say(""), 6000);
}

/** Do something, and say how it went; nothing of what nobody asked for, unless it fails. */
async function attempt(act, done = () => "") {
  try {
    const answer = await act();
    if (done) say(done(answer));
    return answer;
  } catch (error) {
    const refused = error instanceof api.AdminError;
    say(refused ? refusal(error) : t("The mock does not answer."), true);
    return null;
  }
}

const path = (id, rest = "") => `jobs/${encodeURIComponent(id)}${rest}`;
const moved = (job) => t("{id} is at {name} now.", { id: job.job_id, name: job.outcome });
const acts = {
  step: (id) => attempt(() => api.call("POST", path(id, "/step")), moved),
  jump: (id, step) => attempt(() => api.call("PUT", path(id), { step }), moved),
  reset: (id) =>
    attempt(() => api.call("POST", path(id, "/reset")), () => t("{id} starts again.", { id })),
  fail: (name, times, job, on) => {
    const kind = contract.faults.includes(name) ? "fault" : "error";
    const body = { [kind]: name, times, on, ...(job ? { job } : {}) };
    return attempt(() => api.call("POST", "next", body), () => t("Queued."));
  },
  poll: (id) => attempt(() => api.call("POST", path(id, "/poll"), {}), null),
  answer: (number) =>
    attempt(async () => showAnswer(await api.call("GET", `requests/${number}/answer`))),
  curl: async (id) => (await attempt(() => api.call("GET", path(id)), null))?.curl ?? "",
  copy: (id) => {
    const copied = async () => copy((await api.call("GET", path(id, "/curl"))).curl);
    return attempt(copied, () => t("Copied."));
  },
  uploaded: async (id) => {
    const job = encodeURIComponent(id);
    const answer = await attempt(() => api.call("GET", `uploads?job=${job}`), null);
    const isKept = (upload) => upload.complete && upload.content_kept;
    return answer && (answer.uploads.findLast(isKept) ?? false);
  },
  file: ({ number, filename }) =>
    attempt(() => api.save(`uploads/${number}/content`, filename)),
  show: (source) => showSource(source),
  say: (text) => say(text),
  refresh: () => reloading ?? reloadSoon(500),
};
const changeClock = (body, done) =>
  attempt(async () => heard("clock", await api.call("POST", "clock", body)), done);
const advance = (span) =>
  changeClock({ advance: span }, () => t("The clock was advanced by {span}.", { span }));

/** Say what is played now, and what became of the jobs that were polled. */
function switched({ name, kept, dropped, gone, gone_jobs: ids }) {
  const again = dropped - gone;
  const said = [t("{name} is played.", { name })];
  if (kept) said.push(many(kept, "1 job goes on.", "{n} jobs go on."));
  if (again) said.push(many(again, "1 job starts again.", "{n} jobs start again."));
  if (gone) said.push(t("No longer there: {ids}.", { ids: ids.join(", ") }));
  return joined(said);
}

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = make_("textarea", "unseen"); // only safe pages get the clipboard itself
  document.body.append(field);
  field.value = text;
  field.select();
  document.execCommand("copy");
  field.remove();
}

const on = (id, act) => $(id).addEventListener("click", act);
const each = (selector, act) => {
  for (const button of document.querySelectorAll(selector)) act(button);
};
const advanceBySpan = () => advance($("span").value.trim());
const setSpeed = (speed) => changeClock({ speed });
const askForClock = () =>
  attempt(async () => heard("clock", await api.call("GET", "clock")), null);

function addButtons(kind, values, label, act, place = `${kind}s`) {
  for (const value of values) {
    const button = make_("button", "", label(value));
    button.dataset[kind] = value;
    button.addEventListener("click", () => act(value));
    $(place).append(button);
  }
}

function addListeners() {
  for (const id of FREEZE) on(id, () => changeClock({ freeze: !clock.frozen }));
  const further = (span) => `+${span}`;
  addButtons("advance", ["1s", "10s", "1m", "10m", "1h"], further, advance);
  addButtons("advance", ["10m", "1h"], further, advance, "strip");
  addButtons("speed", [1, 10, 60, 600, 3600], (speed) => `${speed}×`, setSpeed);
  on("advance", advanceBySpan);
  $("span").addEventListener("keydown", (event) => event.key === "Enter" && advanceBySpan());
  on("fail", () => acts.fail($("failure").value, Number($("times").value), null,
    $("operation").value));
  on("forgive", () => attempt(() => api.call("DELETE", "next")));
  on("play", () =>
    attempt(() => api.call("PUT", "scenario", { name: $("scenarios").value }), switched));
  on("reset", () => show($("sure")));
  on("sure-close", () => $("sure").close());
  on("sure-reset", resetAll);
  on("forget", () => attempt(() => api.call("DELETE", "requests")));
  on("first-copy", () => acts.copy($("first-copy").dataset.job));
  on("notice-close", () => say(""));
  on("own", () => openSender(false));
  on("edit", editPlayed);
  on("download", () => attempt(() => api.save("scenario/text", scenario.name)));
  on("answer-close", () => $("answer").close());
  on("sender-close", () => $("sender").close());
  on("send", sendOwn);
  $("file").addEventListener("change", async () => {
    $("draft").value = (await $("file").files[0]?.text()) ?? "";
    delete $("draft").dataset.edits;
  });
  $("find").addEventListener("input", () => reloadSoon(200));
  $("source").addEventListener("toggle", drawSource);
  document.addEventListener("visibilitychange", () => document.hidden || askForClock());
}

/** Open a dialog; what was said before has nothing to do with it. */
function show(dialog) {
  say("");
  dialog.showModal();
}

/** Begin anew, also in what the page was asked to show. */
function resetAll() {
  $("sure").close();
  $("find").value = "";
  attempt(() => api.call("POST", "reset"), () => t("Everything starts again."));
}

function openSender(masked) {
  if (!masked && "edits" in $("draft").dataset) {
    $("draft").value = "";
    delete $("draft").dataset.edits;
  }
  $("masked").hidden = !masked;
  drawProblems("problems", []);
  show($("sender"));
}

/** Let the scenario that is played be changed; its keys stay on the other side. */
function editPlayed() {
  if (scenario.text === null) return say(t(NO_TEXT));
  $("draft").value = scenario.text;
  $("draft").dataset.edits = scenario.name;
  openSender(true);
}

const NO_ANSWER = {
  connection_reset: "No answer: the connection was reset.",
  empty_response: "No answer: the connection was closed before its first byte.",
  timeout: "No answer: the client waited until it gave up.",
};

function showAnswer({ number, http_status: status, fault, content_type: kind, body }) {
  const about = [`#${number}`, status && `HTTP ${status}`, fault, kind];
  put($("answer-about"), about.filter(Boolean).join(" · "));
  let text = body ?? t(NO_ANSWER[fault] ?? "nothing");
  let link = null;
  if (body !== null) try {
    const read = JSON.parse(body);
    text = JSON.stringify(read, null, 2);
    link = new URL(read.download_url);
  } catch {} // no JSON, or no link in it
  put($("answer-body"), text);
  const shown = link && /^https?:$/.test(link.protocol);
  $("answer-result").hidden = !shown;
  if (shown) {
    $("answer-result").href = link.href;
    const name = decodeURIComponent(link.pathname.split("/").pop());
    put($("answer-result"), t("Download {name}", { name }));
  }
  if (!$("answer").open) $("answer").showModal();
}

async function sendOwn() {
  const { edits } = $("draft").dataset;
  const name = encodeURIComponent((edits ?? $("file").files[0]?.name ?? "scenario").slice(0, 100));
  const text = $("draft").value;
  try {
    const query = `name=${name}${edits ? "&masked=true" : ""}`;
    const answer = await api.call("PUT", `scenario?${query}`, text, "application/yaml");
    delete $("draft").dataset.edits;
    drawProblems("problems", []);
    $("sender").close();
    say(switched(answer));
  } catch (error) {
    const isRefused = error instanceof api.AdminError;
    const refused = { text: isRefused ? refusal(error) : t("The mock does not answer.") };
    drawProblems("problems", error.problems ?? [refused]);
  }
}

const hear = {
  poll: hearRow,
  request: hearRow,
  job: hearJob,
  clock(data) {
    setClock(data);
    drawClock();
  },
  next: drawQueue,
  requests: () => pollList.clear(),
  problems: (data) => drawProblems("broken-list", data.problems),
  missed({ requests: n }) {
    pollList.miss(n);
    const missed = "{n} requests could not be shown in time.";
    if (n) say(many(n, "1 request could not be shown in time.", missed));
    reloading ?? reloadSoon(999);
  },
  reset: reloadAll,
  scenario: reloadAll,
  async hello(data) {
    hear.clock(data.clock);
    hear.problems(data.scenario);
    if (!contract.faults.length) await loadContract();
    if (!data.resumed) await reloadAll();
  },
};
const heard = (kind, data) => hear[kind]?.(data);

function hearRow(row) {
  if (row.number <= lastRow) return;
  lastRow = row.number;
  pollList.add(row);
  const isOfUnknown = isPoll(row) && !poll(row);
  if (isOfUnknown) early = [...early, row].slice(-100);
  const isNew = isOfUnknown && complete && row.place;
  if (isNew || (row.done && row.job_id)) acts.refresh();
}

function hearJob(job) {
  if (!job.tracks || job.timeline !== jobs.get(job.job_id)?.timeline) return;
  jobList.update(setJob(job));
}

function reloadSoon(pause) {
  clearTimeout(reloading);
  reloading = setTimeout(() => {
    reloading = null;
    attempt(reload, null);
  }, pause);
}

/** Ask what the mock imitates. */
async function loadContract() {
  Object.assign(contract, await api.call("GET", "contract"));
  jobList.offer($("operation"), $("failure"));
}

async function reload() {
  const find = $("find").value;
  const containing = find ? `&containing=${encodeURIComponent(find)}` : "";
  const page = await api.call("GET", `jobs?limit=${MAX_JOBS}${containing}`);
  const known = new Set(page.jobs.map((job) => job.job_id));
  for (const id of jobs.keys()) if (!known.has(id)) jobs.delete(id);
  for (const [name, timeline] of Object.entries(page.timelines)) timelines.set(name, timeline);
  const late = early;
  early = [];
  const inOrder = new Map(page.jobs.map((job) => [job.job_id, setJob(job)]));
  jobs.clear();
  for (const [id, job] of inOrder) jobs.set(id, job);
  late.forEach(dot);
  jobList.arrange(jobs);
  complete = page.next === null && !find;
  const [shown, all] = [page.jobs.length, page.total].map((n) => n.toLocaleString(language));
  put($("jobs-count"), all);
  let more = "";
  if (page.next !== null) {
    more = t("{shown} of {all} are shown; find the others by their id.", { shown, all });
  } else if (!page.total) {
    const none = "No job yet. One shows here as soon as it is polled.";
    more = t(find ? "No job has that in its id." : none);
  }
  put($("jobs-more"), more);
  $("jobs-more").hidden = !more;
  const first = jobs.keys().next().value;
  if (!first || lastRow) return;
  $("first-copy").dataset.job = first;
  acts.curl(first).then((line) => put($("first-curl"), line));
}

/** Ask for everything. */
async function reloadAll() {
  const paths = ["scenario", "requests?limit=200", "next"];
  const [played, rows, queue] = await Promise.all(paths.map((name) => api.call("GET", name)));
  if (scenario?.text !== played.text) {
    jobList.clear();
    timelines.clear();
    jobs.clear();
  }
  for (const job of jobs.values()) forget(job);
  scenario = played;
  drawScenario();
  drawProblems("broken-list", played.problems);
  drawQueue(queue);
  lastRow = 0;
  early = [];
  await reload();
  pollList.clear(rows.count - rows.requests.length);
  for (const row of rows.requests) {
    pollList.add(row);
    if (row.number > played.played_after) dot(row);
  }
  lastRow = rows.last;
}

function drawClock() {
  for (const button of FREEZE.map($)) {
    button.setAttribute("aria-pressed", String(clock.frozen));
    put(button, t(clock.frozen ? "Resume" : "Freeze"));
  }
  const n = clock.speed.toLocaleString(language);
  const speed = clock.speed === 1 ? t("mock’s clock, 1×") : t("{n}× as fast", { n });
  const runs = clock.kind === "virtual" ? t("by hand only") : clock.frozen ? t("frozen") : speed;
  put($("pace"), clock.lost ? t("stands still here") : runs);
  each("[data-speed]", (button) =>
    button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === clock.speed)));
}

function drawQueue({ waiting, queue }) {
  $("queue").hidden = waiting === 0;
  const texts = queue.slice(0, 3).map(({ error, fault, reply, on: call, job, api_key, times }) => {
    const of = [isPolled(call) ? job ?? t("any job") : call, isPolled(call) ? "" : job, api_key];
    const what = error ?? fault ?? `HTTP ${reply.status_code}`;
    return t("{what} × {n}, {job}", { what, n: times, job: of.filter(Boolean).join(", ") });
  });
  if (queue.length > 3) texts.push(t("and {n} more", { n: queue.length - 3 }));
  put($("queue-text"), texts.join("; "));
}

function drawProblems(id, problems) {
  const items = problems.slice(0, 100).map(({ file, line, column, text }) =>
    make_("li", "", `${file ? `${file}${line ? `:${line}:${column}` : ""}: ` : ""}${told(text)}`));
  const count = many(problems.length, "1 problem", "{n} problems");
  if (items.length) items.unshift(make_("li", "count", count));
  $(id).replaceChildren(...items);
  $("broken").hidden = !$("broken-list").childElementCount;
}

function drawScenario() {
  const bundled = scenario.bundled;
  const current = scenario.name.replace(/\.yaml$/, "");
  put($("scenario-name"), scenario.name);
  put($("scenario-about"), about(scenario.description));
  document.title = `${scenario.name} · Mock P1`;
  const own = bundled.includes(current) ? [] : [new Option(scenario.name, "", false, true)];
  const { as_started: first, started_with: name } = scenario;
  const begun = t("{name} (as started)", { name });
  if (!first && !bundled.includes(name)) own.push(new Option(begun, name));
  const others = bundled.map((each) => new Option(each, each, false, each === current));
  $("scenarios").replaceChildren(...own, ...others);
  drawSource();
}

function drawSource() {
  if (!$("source").open || !scenario || drawSource.of === scenario) return;
  drawSource.of = scenario;
  const text = scenario.text ?? t(NO_TEXT);
  const lines = text.trimEnd().split("\n");
  const shown = lines.slice(0, MAX_LINES).map((line) => make_("span", "", `${line}\n`));
  const n = lines.length - MAX_LINES;
  if (n > 0) shown.push(make_("em", "", many(n, "1 more line", "{n} more lines")));
  $("text").replaceChildren(...shown);
}

function showSource(source) {
  $("source").open = true;
  drawSource();
  const line = $("text").children[Number(source.slice(source.lastIndexOf(":") + 1)) - 1];
  each("#text .marked", (marked) => marked.classList.remove("marked"));
  line?.classList.add("marked");
  (line ?? $("source")).scrollIntoView({ block: "center" });
  $("text").focus({ preventScroll: true });
}

const quiet = matchMedia("(prefers-reduced-motion: reduce)");

/** Draw what time has changed, less often for those who want little to move. */
function tick() {
  requestAnimationFrame(() => {
    const at = moment(quiet.matches && pace() ? Math.floor(now()) : now());
    for (const id of ["now", "strip-now"]) put($(id), at);
    jobList.draw();
    pollList.draw();
    setTimeout(tick, quiet.matches ? 1000 : 100);
  });
}

function ask(wrong) {
  $("wrong").hidden = !wrong;
  $("token").value = "";
  $("gate").showModal();
  return new Promise((done) => {
    $("gate-form").onsubmit = (event) => {
      event.preventDefault();
      $("gate").close();
      done($("token").value.trim());
    };
    $("gate").oncancel = (event) => event.preventDefault();
  });
}

let asking = null;

document.documentElement.lang = language;
speak(document);
jobList.begin(acts);
for (const link of document.querySelectorAll(".languages a")) {
  if (link.lang === language) link.setAttribute("aria-current", "true");
}
pollList.begin((id) => jobList.open(id), acts.answer);
addListeners();
api.begin((wrong) => (asking ??= ask(wrong).finally(() => (asking = null))));
tick();
api.listen(heard, (up) => {
  $("connection").dataset.state = up ? "up" : "wait";
  $("connection").firstElementChild.dataset.mood = up ? "done" : "fault";
  put($("connection-text"), t(up ? "live" : "reconnecting"));
  if (up && $("notice").classList.contains("bad")) say("");
  $("lost").hidden = up;
  document.body.classList.toggle("lost", !up);
  setLost(!up);
  drawClock();
});
