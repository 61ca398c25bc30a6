-- wrk: POST /feedback, a new user each time; prints how many were answered 201.
-- TOKEN: a token that may write; PAUSE_MS: a pause before each post.
local token = os.getenv("TOKEN")
local pause = tonumber(os.getenv("PAUSE_MS") or "0")
local threads, n = {}, 0
acked, refused = 0, 0
function setup(thread)
  table.insert(threads, thread)
  thread:set("id", #threads)
end
function delay() return pause end
function request()
  n = n + 1
  return wrk.format("POST", "/feedback",
    {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token},
    string.format('{"user_id": %d, "item_id": %d, "value": 4}', id * 10000000 + n, n % 900 + 1))
end
function response(status)
  if status == 201 then acked = acked + 1 else refused = refused + 1 end
end
function done()
  local sum, no = 0, 0
  for _, t in ipairs(threads) do
    sum = sum + t:get("acked")
    no = no + t:get("refused")
  end
  io.write(string.format("ACKED %d REFUSED %d\n", sum, no))
end
