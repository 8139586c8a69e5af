// Dredd makes one call of every response. Only a 200 comes from the job and the keys that the examples name, and
// Get API Key needs the secret key.
const hooks = require("hooks");

hooks.beforeEach((call, done) => {
  call.skip = call.expected.statusCode !== "200";
  if (call.fullPath.startsWith("/v1/external/api-key")) call.request.headers["x-api-key"] = process.env.SECRET_KEY;
  done();
});
