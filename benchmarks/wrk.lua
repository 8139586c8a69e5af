-- Polls the paths of a file, one after another and round again, and prints the outcome as one line for clients.py.
-- Arguments: the file, and the number of the path to begin with (from 0).

local requests, at = {}, 0

function init(arguments)
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  at = tonumber(arguments[2])
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local rate = summary.requests / summary.duration * 1e6
  io.write(string.format("\nresult %d %f %f %d\n", summary.requests, rate, latency:percentile(99) / 1000, wrong))
end
