// A client of the whole sequence, with fetch alone.
const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

export async function retrain(baseUrl, secretKey, modelId, name, content, {every = 30, limit = 10800} = {}) {
  const api = `${baseUrl}/v1/external`;
  const {api_key: key} = await ask(`${api}/api-key?credential_type=retrain&model_id=${modelId}`, secretKey);
  const created = await ask(`${api}/retrain_jobs/upload_url?filename=${encodeURIComponent(name)}`, key);
  const sent = await fetch(created.upload_url, {method: 'PUT', body: content});
  if (!sent.ok) throw new Error(`upload: HTTP ${sent.status}`);

  const job = `${api}/retrain_jobs/${created.retrain_job_id}`;
  const deadline = Date.now() + 1000 * limit;
  let reply = {};
  while ((reply = await poll(job, key)).status !== 'job_finished') {
    if (reply.status === 'job_failed') throw new Error(`the job has failed: ${reply.message}`);
    if (Date.now() > deadline) throw new Error(`not finished within ${limit} s`);
    await wait(every);
  }
  const result = await fetch(reply.download_url); // a link: it takes no key
  if (!result.ok) throw new Error(`download: HTTP ${result.status}`);
  await ask(`${job}/update_model`, key, 'PUT');
  return {job: created.retrain_job_id, modelId: reply.model_id, result: Buffer.from(await result.arrayBuffer())};
}

async function poll(job, key) {
  try {
    return await ask(job, key);
  } catch (error) {
    if (error.code) throw error;
    return {}; // no answer, or half of one: ask again
  }
}

async function ask(url, key, method = 'GET') {
  const answer = await fetch(url, {method, headers: {'x-api-key': key}, signal: AbortSignal.timeout(10000)});
  const body = await answer.json();
  if (body.code) throw Object.assign(new Error(body.message), {code: body.code});
  return body;
}
