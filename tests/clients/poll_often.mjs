// Asks a URL, with JSON if there is any, so many times over kept connections, with a pause between; says what came of each.
import http from "node:http";

const [url, count, pause, method, content] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });
const poll = () =>
  new Promise((done) => {
    const options = { agent, method, timeout: 20_000, headers: { "x-api-key": "k", "content-type": "application/json" } };
    const request = http.request(url, options, (reply) => {
      let body = "";
      reply.on("data", (piece) => (body += piece));
      reply.on("end", () => done(body));
      reply.on("error", () => done("error"));
    });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", () => done("error"));
    request.end(content || undefined);
  });

for (let left = Number(count); left > 0; left--) {
  console.log(await poll());
  if (left > 1) await new Promise((done) => setTimeout(done, Number(pause)));
}
agent.destroy();
