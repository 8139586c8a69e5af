// The dashboard: what the control API knows, drawn; and its calls, as buttons. Everything shown is text, never markup.

import * as api from "./api.js";
import * as jobList from "./jobs.js";
import { clock, dot, jobs, now, pace, poll, setClock, setJob, timelines } from "./model.js";
import * as pollList from "./polls.js";
import { language, many, moment, speak, t } from "./words.js";

const MAX_JOBS = 1000;
const MAX_LINES = 2000;
const ERRORS = ["invalid_api_key", "inactive_credential", "not_found_credential", "not_found_retrain_job", "job_may_be_deleted"];
const FAULTS = ["connection_reset", "empty_response", "truncated_body", "malformed_json", "slow_body", "timeout"];
const $ = (id) => document.getElementById(id);
const { make_, put } = jobList;
let scenario = null;
let lastRow = 0;
let complete = true;
let reloading = null;

// Saying what happened

function say(text, bad = false) {
  put($("notice-text"), text);
  $("notice").className = `notice ${bad ? "bad" : ""} ${text ? "" : "gone"}`;
  clearTimeout(say.timer);
  if (text && !bad) say.timer = setTimeout(() => say(""), 6000);
}

/** Do something that the API may refuse; say how it went. */
async function attempt(act, done) {
  try {
    const answer = await act();
    if (done) say(done(answer));
    return answer;
  } catch (error) {
    say(error instanceof api.Refusal ? `${error.message}. ${error.remedy}.` : t("The mock does not answer."), true);
    return null;
  }
}

// What the buttons do

const path = (id, rest = "") => `jobs/${encodeURIComponent(id)}${rest}`;
const moved = (job) => t("{id} is at {name} now.", { id: job.job_id, name: job.outcome });
const acts = {
  step: (id) => attempt(() => api.call("POST", path(id, "/step")), moved),
  jump: (id, step) => attempt(() => api.call("PUT", path(id), { step }), moved),
  reset: (id) => attempt(() => api.call("POST", path(id, "/reset")), () => t("{id} begins anew.", { id })),
  fail: (name, times, job) => attempt(() => api.call("POST", "next", { [ERRORS.includes(name) ? "error" : "fault"]: name, times, ...(job ? { job } : {}) }), () => t("Queued.")),
  curl: async (id) => (await attempt(() => api.call("GET", path(id))))?.curl ?? "",
  copy: (id) => attempt(async () => copy((await api.call("GET", path(id, "/curl"))).curl), () => t("Copied.")),
  show: (source) => showSource(source),
};
const turn = (body, done) => attempt(async () => heard("clock", await api.call("POST", "clock", body)), done);
const advance = (span) => turn({ advance: span }, () => t("The clock was moved on by {span}.", { span }));
const switched = (answer) => t("{name} is played now; {kept} jobs went on, {dropped} begin anew.", answer);

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = make_("textarea", "unseen"); // only pages that are safe for the browser get the clipboard itself
  document.body.append(field);
  field.value = text;
  field.select();
  document.execCommand("copy");
  field.remove();
}

const on = (id, act) => $(id).addEventListener("click", act);

function wire() {
  on("freeze", () => turn({ freeze: !clock.frozen }));
  for (const button of document.querySelectorAll("[data-advance]")) button.addEventListener("click", () => advance(button.dataset.advance));
  for (const button of document.querySelectorAll("[data-speed]")) button.addEventListener("click", () => turn({ speed: Number(button.dataset.speed), freeze: false }));
  on("advance", () => advance($("span").value.trim()));
  $("span").addEventListener("keydown", (event) => event.key === "Enter" && advance($("span").value.trim()));
  on("fail", () => acts.fail($("failure").value, Number($("times").value), null));
  on("forgive", () => attempt(() => api.call("DELETE", "next")));
  on("play", () => attempt(() => api.call("PUT", "scenario", { name: $("scenarios").value }), switched));
  on("reset", () => attempt(() => api.call("POST", "reset"), () => t("Everything begins anew.")));
  on("forget", () => attempt(() => api.call("DELETE", "requests")));
  on("first-copy", () => acts.copy(jobs.keys().next().value));
  on("notice-close", () => say(""));
  on("own", () => $("sender").showModal());
  on("sender-close", () => $("sender").close());
  on("send", sendOwn);
  $("file").addEventListener("change", async () => ($("draft").value = (await $("file").files[0]?.text()) ?? ""));
  $("find").addEventListener("input", () => reloadSoon(200));
  $("source").addEventListener("toggle", drawSource);
  document.addEventListener("visibilitychange", () => document.hidden || attempt(async () => heard("clock", await api.call("GET", "clock"))));
}

async function sendOwn() {
  const name = $("file").files[0]?.name ?? "scenario";
  try {
    const answer = await api.call("PUT", `scenario?name=${encodeURIComponent(name.slice(0, 100))}`, $("draft").value, "application/yaml");
    drawProblems("problems", []);
    $("sender").close();
    say(switched(answer));
  } catch (error) {
    drawProblems("problems", error.problems ?? [{ file: error.message, text: error.remedy ?? "" }]);
  }
}

// What the mock tells

async function heard(kind, data) {
  if (kind === "poll" || kind === "request") hearRow(data);
  else if (kind === "job") hearJob(data);
  else if (kind === "clock") { setClock(data); drawClock(); }
  else if (kind === "next") drawQueue(data);
  else if (kind === "requests") pollList.clear();
  else if (kind === "problems") drawProblems("broken-list", data.problems);
  else if (kind === "missed") { pollList.miss(data.requests); if (data.requests) say(t("{n} requests could not be shown in time.", { n: data.requests })); reloading ?? reloadSoon(999); }
  else if (kind === "reset" || kind === "scenario") await reloadAll();
  else if (kind === "hello") { setClock(data.clock); drawClock(); drawProblems("broken-list", data.scenario.problems); if (!data.resumed) await reloadAll(); }
}

function hearRow(row) {
  if (row.number <= lastRow) return;
  lastRow = row.number;
  pollList.add(row);
  if (row.operation === "retrain_status_check" && !poll(row) && complete && row.place) reloading ?? reloadSoon(500);
}

function hearJob(told) {
  if (!told.tracks || told.timeline !== jobs.get(told.job_id)?.timeline) return;
  jobList.update(setJob(told));
}

const reloadSoon = (pause) => { clearTimeout(reloading); reloading = setTimeout(() => { reloading = null; attempt(reload); }, pause); };

/** Ask for the jobs. */
async function reload() {
  const find = $("find").value;
  const page = await api.call("GET", `jobs?limit=${MAX_JOBS}${find ? `&containing=${encodeURIComponent(find)}` : ""}`);
  const known = new Set(page.jobs.map((job) => job.job_id));
  for (const id of jobs.keys()) if (!known.has(id)) jobs.delete(id);
  for (const [name, timeline] of Object.entries(page.timelines)) timelines.set(name, timeline);
  const inOrder = new Map(page.jobs.map((job) => [job.job_id, setJob(job)]));
  jobs.clear();
  for (const [id, job] of inOrder) jobs.set(id, job);
  jobList.arrange(jobs);
  complete = page.next === null && !find;
  put($("jobs-count"), page.total.toLocaleString(language));
  const shown = page.jobs.length.toLocaleString(language);
  const more = page.next !== null ? t("{shown} of {all} are shown; find the others by their id.", { shown, all: page.total.toLocaleString(language) })
    : page.total ? "" : t(find ? "No job has that in its id." : "No job yet. One shows here as soon as it is polled.");
  put($("jobs-more"), more);
  $("jobs-more").hidden = !more;
  const first = jobs.keys().next().value;
  put($("first-curl"), first && !lastRow ? await acts.curl(first) : "");
}

/** Ask for everything: another scenario, or the line was down for too long. */
async function reloadAll() {
  const [told, rows, queue] = await Promise.all([api.call("GET", "scenario"), api.call("GET", "requests?limit=200"), api.call("GET", "next")]);
  if (scenario?.text !== told.text) { jobList.clear(); timelines.clear(); jobs.clear(); }
  for (const job of jobs.values()) job.dots = [];
  scenario = told;
  drawScenario();
  drawProblems("broken-list", told.problems);
  drawQueue(queue);
  lastRow = 0;
  await reload();
  pollList.clear(rows.count - rows.requests.length);
  for (const row of rows.requests) { pollList.add(row); dot(row); }
  lastRow = rows.last;
}

// Drawing

function drawClock() {
  $("freeze").setAttribute("aria-pressed", String(clock.frozen));
  document.body.classList.toggle("frozen", clock.frozen);
  const speed = clock.speed === 1 ? t("real time") : t("{n} times", { n: clock.speed.toLocaleString(language) });
  put($("pace"), clock.kind === "virtual" ? t("by hand only") : clock.frozen ? t("frozen") : speed);
  for (const button of document.querySelectorAll("[data-speed]")) button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === clock.speed));
}

function drawQueue({ waiting, queue }) {
  $("queue").hidden = waiting === 0;
  const said = queue.slice(0, 3).map((row) => t("{what} × {n}, {job}", { what: row.error ?? row.fault, n: row.times, job: row.job ?? t("any job") }));
  if (queue.length > 3) said.push(t("and {n} more", { n: queue.length - 3 }));
  put($("queue-text"), said.join("; "));
}

function drawProblems(id, problems) {
  const said = problems.slice(0, 100).map(({ file, line, column, text }) => make_("li", "", `${file}${line ? `:${line}:${column}` : ""}: ${text}`));
  if (said.length) said.unshift(make_("li", "count", many(problems.length, "1 problem", "{n} problems")));
  $(id).replaceChildren(...said);
  $("broken").hidden = !$("broken-list").childElementCount;
}

function drawScenario() {
  const bundled = scenario.bundled;
  const current = scenario.name.replace(/\.yaml$/, "");
  put($("scenario-name"), scenario.name);
  put($("scenario-about"), scenario.description);
  put($("source-name"), scenario.name);
  document.title = `${scenario.name} · Mock P1`;
  const own = bundled.includes(current) ? [] : [new Option(scenario.name, "", false, true)];
  $("scenarios").replaceChildren(...own, ...bundled.map((name) => new Option(name, name, false, name === current)));
  drawSource();
}

function drawSource() {
  if (!$("source").open || !scenario || drawSource.of === scenario) return;
  drawSource.of = scenario;
  const lines = scenario.text === null ? [t("The scenario was made in Python; it has no text.")] : scenario.text.trimEnd().split("\n");
  const shown = lines.slice(0, MAX_LINES).map((line) => make_("span", "", `${line}\n`));
  if (lines.length > MAX_LINES) shown.push(make_("em", "", t("{n} more lines", { n: lines.length - MAX_LINES })));
  $("text").replaceChildren(...shown);
}

function showSource(source) {
  $("source").open = true;
  drawSource();
  const line = $("text").children[Number(source.slice(source.lastIndexOf(":") + 1)) - 1];
  for (const marked of $("text").querySelectorAll(".marked")) marked.classList.remove("marked");
  line?.classList.add("marked");
  (line ?? $("source")).scrollIntoView({ block: "center" });
  $("text").focus({ preventScroll: true });
}

const quiet = matchMedia("(prefers-reduced-motion: reduce)");

/** Draw what time has changed; ten times a second, or once for those who want little to move. */
function tick() {
  requestAnimationFrame(() => {
    put($("now"), moment(quiet.matches && pace() ? Math.floor(now()) : now()));
    jobList.draw();
    pollList.draw();
    setTimeout(tick, quiet.matches ? 1000 : 100);
  });
}

// Beginning

function ask(wrong) {
  $("wrong").hidden = !wrong;
  $("token").value = "";
  $("gate").showModal();
  return new Promise((done) => {
    const give = () => { $("gate").close(); done($("token").value.trim()); };
    $("enter").onclick = give;
    $("token").onkeydown = (event) => { if (event.key === "Enter") give(); }; // what it returns must not be false
    $("gate").oncancel = (event) => event.preventDefault();
  });
}

let asking = null;

document.documentElement.lang = language;
speak(document);
const groups = [["errors", ERRORS], ["faults", FAULTS]].map(([label, names]) => {
  const group = make_("optgroup");
  group.label = t(label);
  group.append(...names.map((name) => new Option(name)));
  return group;
});
$("failure").append(...groups);
jobList.begin(acts);
pollList.begin((id) => jobList.open(id));
wire();
api.begin((wrong) => (asking ??= ask(wrong).finally(() => (asking = null))));
tick();
api.listen(heard, (up) => {
  $("line").dataset.state = up ? "up" : "wait";
  $("line").firstElementChild.dataset.mood = up ? "done" : "fault";
  put($("line-text"), t(up ? "live" : "reconnecting"));
});
