// What the page knows: the contract, the clock, the timelines, where every job is.

const MAX_DOTS = 24;
const QUEUED = "fail_next";

export const contract = { operations: [], faults: [] };
export const clock = {
  seconds: 0, speed: 1, frozen: false, kind: "real", heardMs: performance.now(), lost: false,
};
export const timelines = new Map();
export const jobs = new Map();

/** Tell whether an operation is one that is asked again and again. */
export const isPolled = (name) => contract.operations.some((it) => it.polled && it.name === name);
export const isPoll = (row) => isPolled(row.operation);

export const setClock = (news) => Object.assign(clock, news, { heardMs: performance.now() });

/** How many of the mock's seconds pass in a real one. */
export const pace = () =>
  (clock.lost || clock.frozen || clock.kind === "virtual" ? 0 : clock.speed);

/** The moment that the mock's clock shows now. */
export const now = () => clock.seconds + ((performance.now() - clock.heardMs) / 1000) * pace();

/** While the mock is not there nobody knows how its time passes: what is shown stands still. */
export const setLost = (lost) => setClock({ seconds: now(), lost });

/** Take over a job as the API shows it; its dots stay. */
export function setJob(news) {
  const known = jobs.get(news.job_id);
  const dots = known?.dots ?? [];
  const job = { ...news, dots, failed: known?.failed ?? {}, version: (known?.version ?? 0) + 1 };
  if (known && news.tracks.length === 0) forget(job);
  jobs.set(news.job_id, job);
  return job;
}

/** Forget the polls of a job. */
export const forget = (job) => Object.assign(job, { dots: [], failed: {} });

/** The key that polled last is the one that is shown. */
export const isShown = (job, { caller }) => !job.tracks.length || job.tracks[0].caller === caller;

/** A poll moves the track of its key, and leaves a dot where it saw the job. */
export function poll(row) {
  const job = jobs.get(row.job_id);
  if (!job) return false;
  const steps = timelines.get(job.timeline)?.steps;
  if (!steps || (row.place && row.place.step > steps.length)) return true;
  const before = job.tracks.find((track) => track.caller === row.caller);
  if (!row.place) {
    struck(row, job, before);
    return true;
  }
  const { api_key, caller, seconds: last_polled_seconds, waits_for } = row;
  const polls = (before?.polls ?? 0) + 1;
  const seen = { api_key, caller, polls, last_polled_seconds, waits_for };
  const track = { ...before, ...row.place, ...seen };
  job.tracks = [track, ...job.tracks.filter((other) => other !== before)].slice(0, 20);
  job.keys += before ? 0 : 1;
  dot(row);
  return true;
}

export function dot(row) {
  const job = jobs.get(row.job_id);
  const steps = timelines.get(job?.timeline)?.steps;
  if (!steps || !isPoll(row) || (row.place && row.place.step > steps.length)) return;
  if (!row.place) return struck(row, job, null);
  const { outcome, caller } = row;
  const seen = seenAt(steps, row, job);
  add(job, { ...seen, caller, mood: mood(steps[seen.step].kind, outcome), left: row.place });
}

/** A failure moves nothing: its dot stands where the job is for its key. */
function struck(row, job, track_) {
  const { caller, outcome } = row;
  const left = job.dots.findLast((dot) => dot.caller === caller)?.left;
  const track = track_ ?? left;
  if (!track && row.source !== QUEUED) return;
  if (row.source === QUEUED) job.failed[caller] = (job.failed[caller] ?? 0) + 1;
  const here = place({ ...job, tracks: track ? [track] : [] }, row.seconds);
  const kind = ["fault", "error"].find((name) => row[name]) ?? "reply";
  const part = Math.max(0.02, here.part);
  add(job, { step: here.index, part, caller, mood: mood(kind, outcome), left });
}

function add(job, dot) {
  job.dots = [...job.dots, dot].slice(-MAX_DOTS);
  job.version += 1;
}

/** Where a poll saw the job: the step from 0, and how far into it. */
function seenAt(steps, row, job) {
  const { step, since_seconds: since, seen } = row.place;
  if (seen === 0) {
    const index = step > 1 ? step - 2 : steps.length - 1;
    return { step: index, part: steps[index].polls ? 1 - 0.5 / steps[index].polls : 0.5 };
  }
  const { polls, for_seconds: lasts } = steps[step - 1];
  if (polls) return { step: step - 1, part: (seen - 0.5) / polls };
  if (lasts) return { step: step - 1, part: Math.min(1, (row.seconds - since) / lasts) };
  const isHere = (dot) => dot.step === step - 1 && dot.caller === row.caller;
  const here = job.dots.filter(isHere).length;
  return { step: step - 1, part: Math.min(0.96, 0.05 + here * 0.06) };
}

/**
 * Where a job is at a moment. The API sends the steps that time leads to; `over` says that they
 * have passed, and to ask again.
 */
export function place(job, seconds) {
  const track = job.tracks[0];
  if (!track) return { index: job.start_step - 1, part: 0, polled: false };
  if (track.waits_for === "its file") {
    return { index: track.step - 1, part: 0, file: true, polled: true };
  }
  const { steps } = timelines.get(job.timeline);
  const here = track.ahead.findLast((next) => next.since_seconds <= seconds) ?? track;
  const { since_seconds: since, until_seconds: until } = here;
  const index = here.step - 1;
  if (until !== null) {
    const part = Math.max(0, Math.min(1, (seconds - since) / (until - since)));
    const left = Math.max(0, until - seconds);
    return { index, part, left, over: seconds >= until, polled: true };
  }
  const { polls } = steps[index];
  const seen = here === track ? track.seen : 0;
  if (polls) return { index, part: seen / polls, more: polls - seen, polled: true };
  return { index, part: 0, manual: steps[index].for === "manual", polled: true };
}

const MOODS = { job_waiting: "wait", job_running: "run", job_finished: "done", job_failed: "fail" };

export function mood(kind, outcome) {
  if (kind === "fault") return "fault";
  if (kind === "error") return "fail";
  if (kind === "reply") return Number(outcome.slice(5)) >= 500 ? "fault" : "other";
  return MOODS[outcome] ?? "other";
}
