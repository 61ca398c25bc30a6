-- wrk: POST /recommend for one user after another. USERS: how many in turn.
local users = tonumber(os.getenv("USERS") or "138000")
local n = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
  n = n + 1
  return wrk.format(nil, "/recommend", nil,
    string.format('{"user_id": %d, "k": 10}', (n * 7919) % users + 1))
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %.0f %.3f %.3f %d\n",
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000,
    latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
