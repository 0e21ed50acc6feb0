-- What wrk sends: wrk .. URL -- FILE KIND SALT. Each request is for the next line of FILE, a host, an id and a token.

local kind, salt, count = nil, nil, 0
local targets = {}

function init(args)
  kind, salt = args[2], args[3]
  for line in io.lines(args[1]) do
    local host, id, token = line:match("(%S+) (%S+) (%S+)")
    table.insert(targets, {
      id = id,
      headers = { Host = host, Authorization = "Bearer " .. token, ["Content-Type"] = "application/json" },
    })
  end
end

function request()
  count = count + 1
  local target = targets[count % #targets + 1]
  if kind == "read" then
    return wrk.format("GET", "/api/vehicles/" .. target.id, target.headers)
  end
  local vehicle = '{"make":"Honda","model":"Jazz","year":2021,"plate":"%s-%d"}'
  return wrk.format("POST", "/api/vehicles", target.headers, vehicle:format(salt, count))
end

function done(summary, latency)
  local errors = 0
  for _, number in pairs(summary.errors) do errors = errors + number end
  io.write(("\nmeasured %d %d %d %d %d\n"):format(
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors))
end
