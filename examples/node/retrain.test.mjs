// node --test: the client against `mock-p1 serve examples/node/scenario.yaml`, at RETRAIN_API_URL.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {test} from 'node:test';

import {retrain} from './retrain.mjs';

const url = process.env.RETRAIN_API_URL ?? 'http://127.0.0.1:8191';
const file = 'age,left\n' + '31,no\n'.repeat(100);
const quick = {every: 0.01, limit: 10};

// Tests run side by side, against one server: a secret key of its own gives each jobs, counts and failures of its own.
const keyOfItsOwn = () => `test-${randomUUID()}`;

async function control(path, body) {
  const answer = await fetch(`${url}/__admin/${path}`, body && {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body),
  });
  return answer.json();
}

test('the whole sequence, from the key to the switched model', async () => {
  const key = keyOfItsOwn();
  const {job, modelId, result} = await retrain(url, key, 4821, 'train.csv', file, quick);
  assert.equal(modelId, 4822);
  assert.equal(result.subarray(0, 2).toString(), 'PK');
  const {count} = await control(`requests/count?operation=retrain_status_check&job=${job}&api_key=${key}`);
  assert.equal(count, 3);
});

test('a poll that is reset is asked again', async () => {
  const key = keyOfItsOwn();
  await control('next', {fault: 'connection_reset', api_key: key});
  const {modelId} = await retrain(url, key, 4821, 'train.csv', file, quick);
  assert.equal(modelId, 4822);
});

test('a job that was deleted ends it', async () => {
  const key = keyOfItsOwn();
  await control('next', {error: 'job_may_be_deleted', api_key: key});
  await assert.rejects(retrain(url, key, 4821, 'train.csv', file, quick), /This job may be deleted\./);
});
