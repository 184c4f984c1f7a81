-- The publish script of Belfry 0.1.0, as it was: what scripts/prove redis_script compares with.
local function integer(number) return string.format('%.0f', number) end

local function milliseconds()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function born(epoch)
  return epoch and tonumber(string.sub(epoch, 1, 9), 36) or 0
end

local function base36(number)
  local text = ''
  for _ = 1, 9 do
    local digit = number % 36
    text = string.sub('0123456789abcdefghijklmnopqrstuvwxyz', digit + 1, digit + 1) .. text
    number = (number - digit) / 36
  end
  return text
end

-- The history, begun anew when there is none, or when it is behind what a node has seen:
-- known, number: the newest id the node knows; lost: an epoch that it found to be forked.
local function history(known, number, lost, seed, run)
  local now = milliseconds()
  local kept = redis.call('HMGET', KEYS[1], 'epoch', 'n', 'floor', 'run')
  local epoch, n = kept[1], tonumber(kept[2] or '')
  local floor = tonumber(kept[3] or '') or 0
  local holds = epoch and n and n < 2^42 and redis.call('ZSCORE', KEYS[2], '/' .. epoch)
  if holds and epoch == known then
    holds = n >= number and epoch ~= lost
  elseif holds and known ~= '' then
    holds = born(epoch) > born(known)
  end
  if not holds then
    local time = math.max(now, born(epoch) + 1, born(known) + 1)
    epoch, n, floor = base36(time) .. seed, 0, 0
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'n', 0, 'floor', 0, 'run', run)
    redis.call('DEL', KEYS[2])
    redis.call('ZADD', KEYS[2], 'inf', '/' .. epoch)
    kept[4] = run
  end
  return epoch, n, floor, now, kept[4]
end

local seed, run, prefix = ARGV[1], ARGV[2], ARGV[3]
local count, age, rooms = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local known, number, room = ARGV[7], tonumber(ARGV[8]), ARGV[9]
local text, name = ARGV[10], ARGV[11]
if KEYS[3] then
  local before = redis.call('GET', KEYS[3])
  if before then return before end
end
local epoch, n, floor, now, takenBy = history(known, number, '', seed, run)
if takenBy ~= run then n = n + 10000000 end
n = integer(n + 1)
redis.call('HSET', KEYS[1], 'n', n, 'run', run)
local before = redis.call('ZSCORE', KEYS[2], room)
before = before and integer(before) or '?' .. integer(floor)
local stream = prefix .. epoch .. '/' .. room
redis.call('XADD', stream, n .. '-0', 't', integer(now), 'p', before, 'u', name, 'm', text)
redis.call('ZADD', KEYS[2], n, room)
redis.call('PEXPIRE', stream, age)
redis.call('XTRIM', stream, 'MAXLEN', count)
-- An id holds no time, so what is too old is looked for: a few each time keep up.
for _ = 1, 8 do
  local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  if not oldest or tonumber(oldest[2][2]) + age > now then break end
  redis.call('XDEL', stream, oldest[1])
end
if redis.call('ZCARD', KEYS[2]) > rooms + 1 then
  local silent = redis.call('ZPOPMIN', KEYS[2])
  redis.call('DEL', prefix .. epoch .. '/' .. silent[1])
  redis.call('HSET', KEYS[1], 'floor', integer(math.max(floor, silent[2])))
end
local id = epoch .. '-' .. n
if KEYS[3] then redis.call('SET', KEYS[3], id, 'EX', 300) end
local head = table.concat({'1', id, before, integer(now), #name}, ' ')
redis.call('PUBLISH', prefix .. room, head .. '\n' .. name .. text)
-- It is taken by now, whether or not the user has a right to this channel.
redis.pcall('PUBLISH', room, text)
return id
