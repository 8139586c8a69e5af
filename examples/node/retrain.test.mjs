// node --test: the client against `mock-p1 serve examples/node/scenario.yaml`, at RETRAIN_API_URL.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {test} from 'node:test';

import {Refused, retrain} from './retrain.mjs';

const url = process.env.RETRAIN_API_URL ?? 'http://127.0.0.1:8191';
const file = 'age,left\n' + '31,no\n'.repeat(100);
const quick = {every: 0.01, limit: 30};

// Tests run side by side, against one server: a secret key of its own gives each jobs, counts and failures of its own.
// Clock, scenario and a reset of all are shared: a test that needs one of them starts a server (docs/other-languages.md).
const keyOfItsOwn = () => `test-${randomUUID()}`;
const play = (key, options) => retrain(url, key, 4821, 'train.csv', file, {...quick, ...options});

async function control(path, body) {
  const answer = await fetch(`${url}/__admin/${path}`, body && {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const failNext = (key, failure) => control('next', {...failure, api_key: key});
const calls = async (key, operation) => (await control(`requests?operation=${operation}&api_key=${key}`)).requests;
const switches = async (key) => (await control(`switches?api_key=${key}`)).switches.filter((each) => each.switched);

test('the whole sequence, from the key to the switched model', async () => {
  const key = keyOfItsOwn();
  const {job, modelId, result} = await play(key);
  assert.equal(modelId, 4822);
  assert.equal(result.subarray(0, 2).toString(), 'PK');
  const {count} = await control(`requests/count?operation=retrain_status_check&job=${job}&api_key=${key}`);
  assert.equal(count, 3);
});

for (const fault of ['connection_reset', 'empty_response', 'truncated_body', 'malformed_json', 'timeout']) {
  for (const on of ['get_api_key', 'retrain_data_upload', 'retrain_status_check', 'retrain_model_switch']) {
    test(`${on} is called again after ${fault}`, async () => {
      const key = keyOfItsOwn();
      await failNext(key, {fault, on});
      await play(key, {timeout: fault === 'timeout' ? 1 : 10});
      assert.equal((await switches(key)).length > 0, true);
    });
  }
}

test('a file that breaks off is sent again', async () => {
  const key = keyOfItsOwn();
  await failNext(key, {fault: 'connection_reset', on: 'file_upload'});
  assert.equal((await play(key)).modelId, 4822);
});

test('a busy service is asked again when it said', async () => {
  const key = keyOfItsOwn();
  await failNext(key, {reply: {status_code: 429, retry_after: '1s', body: {message: 'Too Many Requests'}}});
  await play(key);
  const [busy, next] = await calls(key, 'retrain_status_check');
  assert.equal(busy.http_status, 429);
  assert.ok(next.seconds - busy.seconds > 0.9, `asked again after ${next.seconds - busy.seconds} s`);
});

test('a switch that is answered 503 has not been done', async () => {
  const key = keyOfItsOwn();
  await failNext(key, {on: 'retrain_model_switch', reply: {status_code: 503, body: {message: 'Service Unavailable'}}});
  await play(key);
  assert.deepEqual((await calls(key, 'retrain_model_switch')).map((each) => each.http_status), [503, 200]);
});

test('a result that breaks off is fetched again, and the model is switched behind it', async () => {
  const key = keyOfItsOwn();
  await failNext(key, {fault: 'truncated_body', on: 'result_download'});
  await play(key);
  const downloads = await calls(key, 'result_download');
  assert.equal(downloads.length, 2);
  assert.ok((await switches(key))[0].number > downloads[1].number);
});

test('a result that never comes is not switched to', async () => {
  const key = keyOfItsOwn();
  await failNext(key, {fault: 'truncated_body', on: 'result_download', times: 1000});
  await assert.rejects(play(key, {limit: 2}), /not finished within 2 s; the last call of \/results/);
  assert.deepEqual(await switches(key), []);
});

test('a job that is finished without a link is polled on', async () => {
  const key = keyOfItsOwn();
  await failNext(key, {reply: {status_code: 200, body: {status: 'job_finished'}}, times: 2});
  assert.equal((await play(key)).modelId, 4822);
});

test('a job that has failed ends it, and nothing is switched', async () => {
  const key = keyOfItsOwn();
  await failNext(key, {reply: {status_code: 200, body: {status: 'job_failed', message: 'too few rows'}}});
  await assert.rejects(play(key), /too few rows/);
  assert.deepEqual(await switches(key), []);
});

test('a job that was deleted ends it', async () => {
  const key = keyOfItsOwn();
  await failNext(key, {error: 'job_may_be_deleted'});
  await assert.rejects(play(key), Refused);
  assert.equal((await calls(key, 'retrain_status_check')).length, 1);
});
