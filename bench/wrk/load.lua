-- Twelve headers and three other cookies, as a browser sends them; the sessions in turn. Their cookies are one to a line in a file.
local cookies = {}
for line in io.lines(os.getenv("COOKIES")) do cookies[#cookies + 1] = line end
local path = os.getenv("REQUEST_PATH")
local others = "theme=dark; _ga=GA1.1.1234567890.1700000000; consent=analytics%2Cads"
local requests = {}

function init()
  for n, cookie in ipairs(cookies) do
    requests[n] = wrk.format("GET", path, {
      ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
      ["Accept-Encoding"] = "gzip, deflate, br", ["Accept-Language"] = "en-US,en;q=0.9", ["Cache-Control"] = "max-age=0",
      ["Cookie"] = others .. "; " .. cookie, ["Referer"] = "http://localhost/account",
      ["Sec-Fetch-Dest"] = "document", ["Sec-Fetch-Mode"] = "navigate", ["Sec-Fetch-Site"] = "same-origin",
      ["Upgrade-Insecure-Requests"] = "1",
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    })
  end
end

local at = 0
function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary)
  io.write(string.format("RESULT %d %d %d\n", summary.requests, summary.duration, summary.errors.status + summary.errors.read))
end
