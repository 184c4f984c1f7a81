/// The Lua scripts that Redis runs for us, each as one indivisible step.
///
/// What is where, as `RedisNames` has it:
///
/// | key | |
/// | --- | --- |
/// | `history` | hash: `layout`, the version of all this; `epoch` and `n`, the newest id; `floor`, see below; `run`, the Redis process that took `n`; `since` and `till`, see `period` |
/// | `rooms` | sorted set: each room with the number of its newest message, and `/EPOCH` with infinity, which says whose they are |
/// | `EPOCH/ROOM` | stream: the room's messages under `N-0`, with `t` (Redis' time in ms), `p` (what came before), `e` (the event, as `Event.encode` writes it) |
/// | `key/ROOM/SCOPE/KEY` | the id of the message that was published under that key |
/// | `nodes` | sorted set: each node, until when it is believed to live |
///
/// `p` is the number of the room's message before this one, 0 for the first; or `?FLOOR` when the room
/// is not known any more, or never was: of messages up to FLOOR nobody can say. More rooms than are to
/// be remembered push out the one that was silent longest, and its last number becomes the floor.
///
/// An epoch is 9 characters of time and some random ones, so that of two the later is known.
///
/// A script touches the keys that it is given and no others, as a Redis cluster demands. A stream's key has
/// the epoch, so the caller names the one that it knows. A script that finds another answers that, and has
/// done nothing but begin that history if there was none.
enum RedisScripts {
  enum Script: CaseIterable {
    case publish
    case load
    case forget
    case countEarlierNodes

    var text: String {
      switch self {
      case .publish: RedisScripts.publish
      case .load: RedisScripts.load
      case .forget: RedisScripts.forget
      case .countEarlierNodes: RedisScripts.countEarlierNodes
      }
    }
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
    "NOAUTH", "NOPERM", "MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN",
    layoutError,
  ]

  /// Rooms pushed out by one publish. One new room pushes out one; more only when the bound was lowered.
  static let pushedOutAtOnce = 8

  /// What the error begins with that says that the data has another layout.
  static let layoutError = "LAYOUT"

  /// Common to publish and load. A write that Redis refuses when it is full or read-only always comes first,
  /// so that nothing is done by halves.
  private static let history = """
    local function integer(number) return string.format('%.0f', number) end

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

    -- An error when the data is of another version.
    local function foreign()
      local layout = redis.call('HGET', KEYS[1], 'layout')
      if layout and layout ~= '\(RedisNames.layout)' then
        return redis.error_reply('\(layoutError) the data in Redis has layout ' .. layout .. ', this version of '
          .. 'belfry needs layout \(RedisNames.layout): update this node, or give it another --redis-prefix')
      end
    end

    -- The history, begun anew when there is none, or when it is behind what a node has seen:
    -- known, number: the newest id the node knows; lost: an epoch that it found to be forked.
    local function history(now, known, number, lost, seed, run)
      local kept = redis.call('HMGET', KEYS[1], 'epoch', 'n', 'floor', 'layout')
      local epoch, n = kept[1], tonumber(kept[2] or '')
      local floor = tonumber(kept[3] or '') or 0
      local holds = epoch and n and n < 2^42 and kept[4] and redis.call('ZSCORE', KEYS[2], '/' .. epoch)
      if holds and epoch == known then
        holds = n >= number and epoch ~= lost
      elseif holds and known ~= '' then
        holds = born(epoch) > born(known)
      end
      if not holds then
        local time = math.max(now, born(epoch) + 1, born(known) + 1)
        epoch, n, floor = base36(time) .. seed, 0, 0
        redis.call('HSET', KEYS[1], 'layout', \(RedisNames.layout), 'epoch', epoch, 'n', 0, 'floor', 0, 'run', run)
        redis.call('DEL', KEYS[2])
        redis.call('ZADD', KEYS[2], 'inf', '/' .. epoch)
      end
      return epoch, n, floor
    end


    """

  /// Takes a message, under the next number, and hands it to everybody who listens.
  ///
  /// Keys: history, rooms, the room's stream, and the event's key if it has one. Arguments as they are named
  /// below; without a plain line there is none, and its hash is `-`. Answers the id; or an array of the id and the rooms that were pushed out, whose streams `forget`
  /// deletes; or an array of the epoch that there is, when it isn't the one that is known.
  ///
  /// It runs for each message, so it does no more than it must: what is beyond the bounds is looked for when
  /// the numbers reach a multiple of `tidyEvery`, in the room whose message is the first after that.
  static let publish = """
    local seed, run, prefix, count, age, rooms, known, number, room, event, hash, line = unpack(ARGV)
    local call, format = redis.call, string.format
    if KEYS[4] then
      local before = call('GET', KEYS[4])
      if before then return before end
    end
    local time = call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local kept = call('HMGET', KEYS[1], 'epoch', 'n', 'run', 'since', 'till')
    local n, before = tonumber(kept[2] or ''), call('ZSCORE', KEYS[2], room)
    number = tonumber(number)
    -- Who has a room's number has the rooms of this epoch: they begin with it.
    if kept[1] ~= known or not n or n < number or n >= 2^42
      or not before and not call('ZSCORE', KEYS[2], '/' .. known)
    then
      \(history)
      return foreign() or {(history(now, known, number, '', seed, run))}
    end
    if kept[3] == run then
      n = format('%.0f', n + 1)
      call('HSET', KEYS[1], 'n', n)
    else
      n = format('%.0f', n + \(leap + 1))
      call('HSET', KEYS[1], 'n', n, 'run', run)
    end
    local since = tonumber(kept[4] or '') or 0
    if now >= (tonumber(kept[5] or '') or 0) then
      since = tonumber(kept[2])
      call('HSET', KEYS[1], 'since', kept[2], 'till', format('%.0f', now + \(period)))
    end
    local floor
    local isTidy, isLasting = tonumber(count) >= \(tidyEvery), false
    if before then
      local last = tonumber(before)
      isTidy = isTidy and math.floor(n / \(tidyEvery)) == math.floor(last / \(tidyEvery))
      isLasting = last > since
      before = format('%.0f', last)
    else
      floor = tonumber(call('HGET', KEYS[1], 'floor') or '') or 0
      before = format('?%.0f', floor)
      -- Of a room that was pushed out it may be there still.
      call('DEL', KEYS[3])
    end
    call('XADD', KEYS[3], n .. '-0', 't', format('%.0f', now), 'p', before, 'e', event)
    call('ZADD', KEYS[2], n, room)
    if not isLasting then call('PEXPIRE', KEYS[3], age + \(period)) end
    if not isTidy then
      call('XTRIM', KEYS[3], 'MAXLEN', count)
      -- An id holds no time, so what is too old is looked for: twice as many as came keep up.
      for _ = 1, \(2 * tidyEvery) do
        local oldest = call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
        if not oldest or oldest[2][2] + age > now then break end
        call('XDEL', KEYS[3], oldest[1])
      end
    end
    local id = known .. '-' .. n
    local answer = id
    if floor then
      local surplus = call('ZCARD', KEYS[2]) - 1 - rooms
      if surplus > 0 then
        local silent = call('ZPOPMIN', KEYS[2], math.min(surplus, \(pushedOutAtOnce)))
        call('HSET', KEYS[1], 'floor', format('%.0f', math.max(floor, silent[#silent])))
        answer = {id}
        for place = 1, #silent, 2 do answer[#answer + 1] = silent[place] end
      end
    end
    if KEYS[4] then call('SET', KEYS[4], id, 'EX', 300) end
    call('PUBLISH', prefix .. room, '2 ' .. id .. ' ' .. before .. ' ' .. hash .. '\\n' .. event)
    -- It is taken by now, whether or not the user has a right to this channel.
    if line then redis.pcall('PUBLISH', room, line) end
    return answer
    """

  /// A stream's life is set with its first message in a period, for a period longer than the messages' age: so
  /// it is long enough for all that come in it. The numbers after `since` are of the period that ends at `till`.
  /// Unit: ms.
  static let period = 1000

  /// Numbers between two looks for what is beyond the bounds: a room's stream has less than so many messages
  /// more than `--history-count`. Nodes don't show them.
  static let tidyEvery = 16

  /// Hands over a room's messages after a number, a page at a time, and says on the node's own
  /// channel when that was everything: what comes on that channel comes in the order in which
  /// messages are published, so the node knows what it must have got by then.
  ///
  /// Without a room it says that alone: the node's heartbeat. Keys: history, rooms, and the room's stream or,
  /// without a room, nodes. Answers epoch, n, floor, the room's newest number, whether there is more, the time,
  /// and the messages: none when the epoch isn't the one that is known.
  static let load =
    history + """
      local known, number, lost, seed, run = unpack(ARGV, 1, 5)
      local channel, room, after, node, token = unpack(ARGV, 6)
      local wrong = foreign()
      if wrong then return wrong end
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      local epoch, n, floor = history(now, known, tonumber(number), lost, seed, run)
      local newest, messages, more, bytes = '', {}, 0, 0
      if room ~= '' and epoch == known then
        newest = redis.call('ZSCORE', KEYS[2], room)
        newest = newest and integer(newest) or ''
      end
      -- A room that is not known was pushed out, whether or not its stream is there still.
      if newest ~= '' then
        local found = redis.call('XRANGE', KEYS[3], '(' .. after .. '-0', '+', 'COUNT', \(pageCount + 1))
        for place, message in ipairs(found) do
          if place > \(pageCount) or bytes > \(pageBytes) then more = 1 break end
          messages[place] = message
          bytes = bytes + #message[2][6]
        end
      end
      if more == 0 then
        redis.call('PUBLISH', channel, table.concat({token, epoch, integer(n)}, ' '))
      end
      if room == '' then
        -- Where that is refused the heartbeat goes on.
        redis.pcall('ZREMRANGEBYSCORE', KEYS[3], '-inf', integer(now))
        redis.pcall('ZADD', KEYS[3], integer(now + \(nodeLife)), node)
        redis.pcall('PEXPIRE', KEYS[3], \(nodeLife))
      end
      return {epoch, integer(n), integer(floor), newest, more, integer(now), messages}
      """

  /// Deletes the stream of a room that was pushed out, unless the room has come back.
  ///
  /// Keys: rooms, the room's stream. Argument: the room.
  static let forget = """
    if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then redis.call('DEL', KEYS[2]) end
    """

  /// Counts the nodes of 0.1.0 that are believed to live. Key: those nodes.
  static let countEarlierNodes = """
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    return redis.call('ZCOUNT', KEYS[1], string.format('(%.0f', now), '+inf')
    """

  /// Messages of a page.
  static let pageCount = 100
  /// Bytes of text after which a page ends.
  static let pageBytes = 256 << 10
  /// How long a node that says nothing is believed to live. Unit: ms.
  static let nodeLife: Int64 = 15_000
}
