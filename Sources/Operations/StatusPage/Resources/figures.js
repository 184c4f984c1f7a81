// Which figures there are, how they are shown, and when they are alarming.

import { bytes, bytesPerSecond, count, joined, milliseconds, percent, rate } from './numbers.js';

const per = (key) => (one) => (one.per ? one.per[key] : null);
const now = (key) => (one) => one.now[key];

/// The share of the descriptors that are in use; nothing is known at the very start.
const used = ({ now: { descriptors, descriptorLimit } }) =>
  (descriptorLimit ? descriptors / descriptorLimit : 0);

/// With those that other programs publish over Redis.
const published = (numbers) => numbers.published + numbers.withoutId;

/// A tile is a label, one or two `lines` with a text for their numbers, the least that its plot's
/// height stands for, a further line of text, and what makes it alarming.
export const tiles = [
  {
    id: 'listeners', label: 'Listeners', wide: true, text: count, least: 10,
    lines: [{ of: now('listeners') }],
    more: (one) =>
      one.per && `${joined(rate(one.per.opened))} opened, ${joined(rate(one.per.closed))} closed, `
        + `${joined(count(one.now.behind))} behind`,
  },
  {
    id: 'delivered', label: 'Delivered', text: rate, least: 10,
    lines: [{ of: per('delivered') }],
    more: ({ per: rates }) => rates && rates.delivered > 0
      && `${percent(rates.coalesced / rates.delivered)} coalesced`,
  },
  {
    id: 'published', label: 'Published', text: rate, least: 10,
    lines: [{ of: (one) => (one.per ? published(one.per) : null) }],
    more: (one) => `${joined(count(published(one.now)))} total`,
  },
  {
    id: 'bytes', label: 'Bytes to listeners', text: bytesPerSecond, least: 1024,
    lines: [{ of: per('bytes') }],
    more: (one) => `${joined(bytes(one.now.bytes))} total`,
  },
  {
    id: 'latency', label: 'Publish to last write', text: milliseconds, least: 1,
    lines: [{ name: 'p50', of: now('p50') }, { name: 'p99', of: now('p99') }],
    more: () => 'of each second’s messages',
    alarm: (one) => (one.now.p99 >= 1000 ? 'warn' : ''),
  },
  {
    id: 'lag', label: 'Loop lag', text: milliseconds, least: 10,
    lines: [{ of: now('lag') }],
    more: (one) => one.per && `${percent(one.per.cpu / 1000)} of a CPU core`,
    alarm: ({ now: { lag } }) => (lag >= 1000 ? 'bad' : lag >= 100 ? 'warn' : ''),
  },
  {
    id: 'connections', label: 'Connections', text: count, least: 10,
    lines: [{ of: now('connections') }],
    more: (one) => one.per && `${joined(rate(one.per.accepted))} accepted`,
  },
  {
    id: 'rooms', label: 'Rooms', text: count, least: 10,
    lines: [{ of: now('rooms') }],
    more: (one) => `of ${joined(count(one.now.roomLimit))}`,
    alarm: ({ now: { rooms, roomLimit } }) => (rooms >= roomLimit ? 'warn' : ''),
  },
  {
    id: 'history', label: 'History', text: bytes, least: 1 << 20,
    lines: [{ of: now('history') }],
    more: (one) => `${joined(count(one.now.messages))} messages`,
  },
  {
    id: 'memory', label: 'Memory', text: bytes, least: 16 << 20,
    lines: [{ of: now('memory') }],
    more: () => 'resident',
  },
  {
    id: 'descriptors', label: 'File descriptors', text: count, least: 10,
    lines: [{ of: now('descriptors') }],
    more: ({ now: { descriptors, descriptorLimit } }) => descriptorLimit
      && `${percent(descriptors / descriptorLimit)} of ${joined(count(descriptorLimit))}`,
    alarm: (one) => (used(one) >= 0.95 ? 'bad' : used(one) >= 0.8 ? 'warn' : ''),
  },
];

/// What is said at the top while it lasts. The texts hold no numbers, so that nothing is read
/// aloud each second.
export const alarms = [
  { level: 'bad',
    text: 'Messages are not delivered: Redis is unreachable or refuses them. Streams stay open.',
    when: (one) => !one.now.up },
  { level: 'warn', text: 'The server is stopping and is closing its streams.',
    when: (one) => one.now.draining },
  { level: 'warn', text: 'The event loop is slow: all clients are delayed.',
    when: (one) => one.now.lag >= 100 },
  { level: 'warn', text: 'Messages take more than a second to reach the last listener.',
    when: (one) => one.now.p99 >= 1000 },
  { level: 'warn', text: 'File descriptors are running out: raise the limit (ulimit -n).',
    when: (one) => used(one) >= 0.8 },
  { level: 'bad', text: 'The listener limit is reached: new listeners are refused.',
    when: (one) => one.now.full },
  { level: 'warn', text: 'Listeners are being refused.',
    when: ({ reasons: { refused } }) => refused
      && refused.listeners + refused['listeners-address'] + refused.rooms + refused.descriptors > 0 },
  { level: 'warn', text: 'Listeners are being closed because they read too slowly.',
    when: ({ reasons: { closed } }) => closed && closed.slow + closed.lag > 0 },
];
