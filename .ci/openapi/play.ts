// The whole retrain sequence by four generated TypeScript clients; the two links by plain HTTP. Each client must be
// able to read the message of an error from the model of errors. Usage: node play.js BASE_URL SECRET_KEY

import createClient from "openapi-fetch";

import * as hey from "./hey-api";
import { createClient as createHeyClient } from "./hey-api/client";
import type { paths } from "./openapi-typescript";
import * as orval from "./orval";
import { Api, type HttpResponse } from "./swagger-typescript-api/Api";

type Answer<T> = { data?: T; error?: { message: string } };

interface Client {
  getApiKey(): Promise<Answer<{ api_key: string; end_date: string }>>;
  upload(): Promise<Answer<{ retrain_job_id: string; upload_url: string }>>;
  check(job: string): Promise<Answer<{ status: string; model_id?: number; download_url?: string }>>;
  switchModel(job: string): Promise<Answer<{ metadata: { retrain_job_id: string } }>>;
}

const [baseUrl, secret] = process.argv.slice(2);
const forKey = { credential_type: "retrain", model_id: 4821 } as const;
const forUpload = { filename: "train.csv" };

function byHeyApi(key: string): Client {
  const client = createHeyClient({ baseUrl, auth: key });
  return {
    getApiKey: () => hey.getApiKey({ client, query: forKey }),
    upload: () => hey.retrainDataUpload({ client, query: forUpload }),
    check: (job) => hey.retrainStatusCheck({ client, path: { retrain_job_id: job } }),
    switchModel: (job) => hey.retrainModelSwitch({ client, path: { retrain_job_id: job } }),
  };
}

function byOpenapiTypescript(key: string): Client {
  const client = createClient<paths>({ baseUrl, headers: { "x-api-key": key } });
  const jobs = "/v1/external/retrain_jobs";
  const of = (job: string) => ({ params: { path: { retrain_job_id: job } } });
  return {
    getApiKey: () => client.GET("/v1/external/api-key", { params: { query: forKey } }),
    upload: () => client.GET(`${jobs}/upload_url`, { params: { query: forUpload } }),
    check: (job) => client.GET(`${jobs}/{retrain_job_id}`, of(job)),
    switchModel: (job) => client.PUT(`${jobs}/{retrain_job_id}/update_model`, of(job)),
  };
}

function byOrval(key: string): Client {
  const options = { headers: { "x-api-key": key } };
  type Reply<T> = { status: 200; data: T } | { status: 400 | 404 | 429 | 500 | 503; data: { message: string } };
  const answer = async <T>(reply: Promise<Reply<T>>): Promise<Answer<T>> => {
    const { status, data } = await reply;
    return status === 200 ? { data } : { error: data };
  };
  return {
    getApiKey: () => answer(orval.getApiKey(forKey, options)),
    upload: () => answer(orval.retrainDataUpload(forUpload, options)),
    check: (job) => answer(orval.retrainStatusCheck(job, options)),
    switchModel: (job) => answer(orval.retrainModelSwitch(job, options)),
  };
}

function bySwaggerTypescriptApi(key: string): Client {
  const { v1 } = new Api({ baseUrl, securityWorker: () => ({ headers: { "x-api-key": key } }) });
  const answer = <T, E extends { message: string }>(reply: Promise<HttpResponse<T, E>>): Promise<Answer<T>> =>
    reply.catch((refused: HttpResponse<T, E>) => ({ error: refused.error }));
  return {
    getApiKey: () => answer(v1.getApiKey(forKey)),
    upload: () => answer(v1.retrainDataUpload(forUpload)),
    check: (job) => answer(v1.retrainStatusCheck(job)),
    switchModel: (job) => answer(v1.retrainModelSwitch(job)),
  };
}

function got<T>({ data, error }: Answer<T>): T {
  if (data === undefined) throw new Error(`refused: ${error?.message}`);
  return data;
}

function expectEqual(seen: unknown, expected: unknown): void {
  if (seen !== expected) throw new Error(`${expected} was expected, not ${seen}`);
}

async function play(by: (key: string) => Client): Promise<void> {
  expectEqual((await by("no-key").check("any")).error?.message, "Not_found_credential.");

  const client = by(got(await by(secret).getApiKey()).api_key);
  const { retrain_job_id: job, upload_url: uploadUrl } = got(await client.upload());
  expectEqual((await client.switchModel(job)).error?.message, "Retrain job is not finished.");

  const sent = await fetch(uploadUrl, { method: "PUT", body: "id,label\n1,a\n" });
  expectEqual(sent.status, 200);

  let reply = got(await client.check(job));
  for (let polls = 1; reply.status !== "job_finished"; polls += 1) {
    if (polls === 200) throw new Error(`${job} has not finished after ${polls} polls`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    reply = got(await client.check(job));
  }
  const result = new Uint8Array(await (await fetch(reply.download_url ?? "")).arrayBuffer());
  expectEqual(String.fromCharCode(result[0], result[1]), "PK");
  expectEqual(got(await client.switchModel(job)).metadata.retrain_job_id, job);
}

async function main(): Promise<void> {
  for (const by of [byHeyApi, byOpenapiTypescript, byOrval, bySwaggerTypescriptApi]) {
    await play(by);
    console.log(`${by.name}: the whole sequence`);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
