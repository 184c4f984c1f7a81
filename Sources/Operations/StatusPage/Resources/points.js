// What was heard in the last minutes: the points of all plots.

/// What a plot reaches back, in milliseconds.
export const span = 300000;

const sum = (object) => Object.values(object).reduce((total, value) => total + value, 0);

/// The differences between the numbers of two events of one process.
const differences = (now, before) =>
  Object.fromEntries(Object.entries(now)
    .filter(([, value]) => typeof value === 'number')
    .map(([key, value]) => [key, value - (before[key] || 0)]));

export const ledgers = ['closed', 'refused', 'ended', 'gaps'];

/// One point of all plots. `now` is as it came, `per` is how much each number rose per second, and null where
/// nothing came before; `reasons` is how often each happened since the point before.
const point = (now, epoch, before) => {
  const isNext = before && before.epoch === epoch && now.uptime > before.now.uptime;
  const one = { time: now.time, epoch, now, per: null, reasons: {} };
  if (!isNext) return one;
  const seconds = now.uptime - before.now.uptime;
  one.per = Object.fromEntries(Object.entries(differences(now, before.now))
    .map(([key, difference]) => [key, difference / seconds]));
  for (const key of ledgers) {
    one.reasons[key] = differences(now[key], before.now[key]);
    one.per[key] = sum(one.reasons[key]) / seconds;
  }
  return one;
};

/// The points of the last minutes, oldest first.
export class Points {
  constructor() {
    this.all = [];
  }

  add(now, epoch) {
    // A clock that was set back would have the plots run backwards.
    while (this.all.length && this.newest.time >= now.time) this.all.pop();
    this.all.push(point(now, epoch, this.newest));
    const oldest = now.time - span;
    this.all.splice(0, this.all.findIndex((one) => one.time >= oldest));
  }

  get newest() {
    return this.all[this.all.length - 1];
  }

  /// The point nearest to a moment.
  at(time) {
    return this.all.reduce((best, one) =>
      Math.abs(one.time - time) < Math.abs(best.time - time) ? one : best);
  }

  /// How often a reason of a ledger occurred until a moment.
  total(ledger, reason, until) {
    return this.all.reduce((total, { time, reasons }) => {
      const isIn = time <= until && reasons[ledger];
      return total + ((isIn && reasons[ledger][reason]) || 0);
    }, 0);
  }
}
