-- Polls the paths of a file, one after another and round again, and prints the outcome as one line for clients.py.
-- Arguments: the file, the number of the path to begin with (from 0), and how many requests are sent together. One path,
-- alone, is asked for as wrk does it by itself, with no Lua for each request.

function init(arguments)
  local paths, requests, at, together = {}, {}, tonumber(arguments[2]), tonumber(arguments[3])
  for path in io.lines(arguments[1]) do
    paths[#paths + 1] = path
  end
  wrk.path = paths[1]
  if #paths == 1 and together == 1 then
    return
  end
  for number, path in ipairs(paths) do
    requests[number] = string.rep(wrk.format("GET", path), together)
  end
  request = function()
    at = at % #requests + 1
    return requests[at]
  end
end

function done(summary, latency, _)
  local errors = summary.errors
  local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local rate = summary.requests / summary.duration * 1e6
  local p50, p99 = latency:percentile(50) / 1000, latency:percentile(99) / 1000
  io.write(string.format("\nresult %d %f %f %f %d\n", summary.requests, rate, p50, p99, wrong))
end
