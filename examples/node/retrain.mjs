// A client of the whole sequence, with fetch alone. It asks again where the network or the service is in trouble.
const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
const BUSY = [429, 500, 502, 503, 504];

/** The service says no: asking again is of no use. */
export class Refused extends Error {}

/** All spans are seconds: from poll to poll, for all of it, for the answer to a call, for a file on its way. */
export async function retrain(baseUrl, secretKey, modelId, name, content, options = {}) {
  const {every = 30, limit = 10800, timeout = 10, fileTimeout = 600} = options;
  const api = `${baseUrl}/v1/external`;
  const deadline = Date.now() + 1000 * limit;

  const {api_key: key} = await ask(`${api}/api-key?credential_type=retrain&model_id=${modelId}`, secretKey);
  const created = await ask(`${api}/retrain_jobs/upload_url?filename=${encodeURIComponent(name)}`, key);
  await upload(created.upload_url);
  const job = `${api}/retrain_jobs/${encodeURIComponent(created.retrain_job_id)}`;
  const reply = await finished(job);
  // whole, before the switch; the link takes no key
  const result = await send(reply.download_url, {}, fileTimeout, async (answer) => Buffer.from(await answer.arrayBuffer()));
  await ask(`${job}/update_model`, key, 'PUT');
  return {job: created.retrain_job_id, modelId: reply.model_id, result};

  async function finished(job) {
    for (;;) {
      const reply = await ask(job, key);
      if (reply.status === 'job_failed') throw new Refused(`the job has failed: ${reply.message}`);
      if (reply.status === 'job_finished' && reply.download_url) return reply; // the link may come later, or never
      await pause(every, `the last poll was answered ${reply.status}`);
    }
  }

  async function upload(url) {
    try {
      await send(url, {method: 'PUT', body: content}, fileTimeout, (answer) => answer.arrayBuffer());
    } catch (error) {
      if (error.status !== 403) throw error; // a 403: the file has come before, and only the answer was lost
    }
  }

  async function ask(url, key, method = 'GET') {
    const body = await send(url, {method, headers: {'x-api-key': key}}, timeout, (answer) => answer.json());
    if (body?.code) throw new Refused(body.message);
    return body ?? {};
  }

  // Sends it until there is a whole answer. To read the body is a part of it: that may break off, or never end.
  async function send(url, init, seconds, read) {
    for (;;) {
      let why, after;
      try {
        const answer = await fetch(url, {...init, signal: AbortSignal.timeout(1000 * seconds)});
        if (answer.ok) return await read(answer);
        why = messageIn(await answer.text()) ?? `HTTP ${answer.status}`;
        if (!BUSY.includes(answer.status)) throw Object.assign(new Refused(why), {status: answer.status});
        after = secondsAsked(answer.headers.get('retry-after'));
      } catch (error) {
        if (!isTrouble(error)) throw error;
        why = error.cause?.code ?? error.name;
      }
      await pause(after ?? every, `the last call of ${new URL(url).pathname} ended in: ${why}`);
    }
  }

  async function pause(seconds, why) {
    if (Date.now() + 1000 * seconds > deadline) throw new Error(`not finished within ${limit} s; ${why}`);
    await wait(seconds);
  }
}

// No answer, or half of one. Not by error.code: that of a timeout is 23, that of a connection stands at its cause.
function isTrouble(error) {
  return ['TimeoutError', 'SyntaxError'].includes(error.name) || ['fetch failed', 'terminated'].includes(error.message);
}

// Retry-After is a number of seconds, or a date.
function secondsAsked(text) {
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function messageIn(text) {
  try {
    return JSON.parse(text).message;
  } catch {
    return undefined; // no JSON
  }
}
