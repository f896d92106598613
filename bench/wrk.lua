-- The request of a measurement, and its outcome as one line of JSON.
-- Arguments: method, path, the file that holds the body, then the headers as name, value, ...

function init(args)
  wrk.method = args[1]
  wrk.path = args[2]
  local file = io.open(args[3], "rb")
  wrk.body = file:read("*a")
  file:close()
  for i = 4, #args, 2 do
    wrk.headers[args[i]] = args[i + 1]
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nOUTCOME {"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "p999_us": %d, "max_us": %d, ',
    summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max))
  io.write(string.format(
    '"status": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}\n',
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
