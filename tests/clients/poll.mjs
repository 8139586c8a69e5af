// Polls a retrain job to its end, as a program in Node would: with its built-in fetch, and nothing else.
//
//   node poll.mjs BASE_URL API_KEY JOB_ID
//
// Prints each status and the size of the result. Exit 0 when the job has finished and its result is a ZIP; 1 if not.

const [baseUrl, apiKey, jobId] = process.argv.slice(2);
const MOST_POLLS = 100;
const PAUSE = 10; // milliseconds; a program that polls the real service waits for minutes

async function poll() {
  const url = `${baseUrl}/v1/external/retrain_jobs/${encodeURIComponent(jobId)}`;
  const response = await fetch(url, { headers: { "x-api-key": apiKey }, signal: AbortSignal.timeout(10_000) });
  const body = await response.json();
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${body.message}`);
  if (body.metadata.retrain_job_id !== jobId) throw new Error(`asked for ${jobId}, got ${JSON.stringify(body)}`);
  return body;
}

async function pollToTheEnd() {
  for (let count = 0; count < MOST_POLLS; count += 1) {
    const body = await poll();
    console.log(body.status);
    if (body.status === "job_finished" && body.download_url) return body; // the link may come later
    if (body.status === "job_failed") throw new Error(`${jobId} has failed: ${body.message}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  throw new Error(`${jobId} has not finished after ${MOST_POLLS} polls`);
}

async function download(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) }); // without the key, as the manual's examples do
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (!response.ok || bytes[0] !== 0x50 || bytes[1] !== 0x4b) throw new Error(`no ZIP at ${url}: HTTP ${response.status}`);
  return bytes.length;
}

try {
  const finished = await pollToTheEnd();
  console.log(`result: ${await download(finished.download_url)} bytes`);
} catch (error) {
  console.error(`poll.mjs: ${error.message}`);
  process.exitCode = 1;
}
