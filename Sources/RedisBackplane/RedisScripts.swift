/// The Lua scripts that Redis runs for us, each as one indivisible step.
///
/// What is where, PREFIX being `belfry/v2/DATABASE/`:
///
/// | key | |
/// | --- | --- |
/// | `PREFIXhistory` | hash: `epoch` and `n`, the newest id; `floor`, see below; `run`, the Redis process that took `n` |
/// | `PREFIXrooms` | sorted set: each room with the number of its newest message, and `/EPOCH` with infinity, which says whose they are |
/// | `PREFIXEPOCH/ROOM` | stream: the room's messages under `N-0`, with `t` (Redis' time in ms), `p` (what came before), `e` (the event, as `Event.encode` writes it) |
/// | `PREFIXkey/ROOM/NAME/KEY` | the id of the message that was published under that key |
/// | `PREFIXnodes` | sorted set: each node, until when it is believed to live |
///
/// `p` is the number of the room's message before this one, 0 for the first; or `?FLOOR` when the room
/// is not known any more, or never was: of messages up to FLOOR nobody can say. More rooms than are to
/// be remembered push out the one that was silent longest, and its last number becomes the floor.
///
/// An epoch is 9 characters of time and some random ones, so that of two the later is known.
enum RedisScripts {
  enum Script {
    case publish
    case load

    var text: String { self == .publish ? RedisScripts.publish : RedisScripts.load }
  }

  /// Numbers left out when Redis was started anew: what it lost of its newest messages may have been
  /// seen, and no id may be used twice. More than it can lose; numbers end at 2^42, and then a new
  /// epoch begins.
  static let leap: UInt64 = 10_000_000

  /// What an error begins with of which it is certain that a script has done nothing: Redis checks
  /// these before it starts one, or at its first write. All else, such as a command in the midst of a
  /// script that the user has no right to (`ERR`), leaves open what was done.
  static let refusals: Set<String> = [
    "OOM", "READONLY", "MISCONF", "NOREPLICAS", "NOSCRIPT", "BUSY", "LOADING", "MASTERDOWN",
    "NOAUTH", "NOPERM",
  ]

  /// Common to both. A write that Redis refuses when it is full or read-only always comes first, so
  /// that nothing is done by halves.
  private static let history = """
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


    """

  /// Takes a message, under the next number, and hands it to everybody who listens.
  ///
  /// Keys: history, rooms, and the event's key if it has one. Arguments as they are named
  /// below. Answers the id.
  static let publish =
    history + """
      local seed, run, prefix = ARGV[1], ARGV[2], ARGV[3]
      local count, age, rooms = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
      local known, number, room = ARGV[7], tonumber(ARGV[8]), ARGV[9]
      local event, line, hash = ARGV[10], ARGV[11], ARGV[12]
      if KEYS[3] then
        local before = redis.call('GET', KEYS[3])
        if before then return before end
      end
      local epoch, n, floor, now, takenBy = history(known, number, '', seed, run)
      if takenBy ~= run then n = n + \(leap) end
      n = integer(n + 1)
      redis.call('HSET', KEYS[1], 'n', n, 'run', run)
      local before = redis.call('ZSCORE', KEYS[2], room)
      before = before and integer(before) or '?' .. integer(floor)
      local stream = prefix .. epoch .. '/' .. room
      redis.call('XADD', stream, n .. '-0', 't', integer(now), 'p', before, 'e', event)
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
      local head = table.concat({'2', id, before, hash}, ' ')
      redis.call('PUBLISH', prefix .. room, head .. '\\n' .. event)
      -- It is taken by now, whether or not the user has a right to this channel.
      redis.pcall('PUBLISH', room, line)
      return id
      """

  /// Hands over a room's messages after a number, a page at a time, and says on the node's own
  /// channel when that was everything: what comes on that channel comes in the order in which
  /// messages are published, so the node knows what it must have got by then.
  ///
  /// Without a room it says that alone: the node's heartbeat. Keys: history, rooms, nodes. Answers
  /// epoch, n, floor, the room's newest number, whether there is more, the time, and the messages.
  static let load =
    history + """
      local known, number, lost, seed, run = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
      local prefix, room, after = ARGV[6], ARGV[7], ARGV[8]
      local node, token = ARGV[9], ARGV[10]
      local epoch, n, floor, now = history(known, number, lost, seed, run)
      if epoch ~= known then after = '0' end
      local newest, messages, more, bytes = '', {}, 0, 0
      if room ~= '' then
        newest = redis.call('ZSCORE', KEYS[2], room)
        newest = newest and integer(newest) or ''
        local stream = prefix .. epoch .. '/' .. room
        local found = redis.call('XRANGE', stream, '(' .. after .. '-0', '+', 'COUNT', \(pageCount + 1))
        for place, message in ipairs(found) do
          if place > \(pageCount) or bytes > \(pageBytes) then more = 1 break end
          messages[place] = message
          bytes = bytes + #message[2][6]
        end
      end
      if more == 0 then
        redis.call('PUBLISH', prefix .. 'node/' .. node, table.concat({token, epoch, integer(n)}, ' '))
      end
      if room == '' then
        -- Where that is refused the heartbeat goes on.
        redis.pcall('ZREMRANGEBYSCORE', KEYS[3], '-inf', integer(now))
        redis.pcall('ZADD', KEYS[3], integer(now + \(nodeLife)), node)
        redis.pcall('PEXPIRE', KEYS[3], \(nodeLife))
      end
      return {epoch, integer(n), integer(floor), newest, more, integer(now), messages}
      """

  /// Messages of a page.
  static let pageCount = 100
  /// Bytes of text after which a page ends.
  static let pageBytes = 256 << 10
  /// How long a node that says nothing is believed to live. Unit: ms.
  static let nodeLife: Int64 = 15_000
}
