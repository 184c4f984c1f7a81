// Numbers as texts: each a pair of the number and its unit, but for the last ones.

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/// Three digits, more where the number has more before its point.
const digits = (number) => {
  if (number === 0) return '0';
  if (number >= 100) return grouped.format(number);
  return number.toFixed(number >= 9.995 ? 1 : 2);
};

export const count = (number) =>
  number >= 1e8 ? [digits(number / 1e6), 'M'] : [grouped.format(number), ''];

export const rate = (number) => {
  if (number >= 1e6) return [digits(number / 1e6), 'M/s'];
  if (number >= 1e5) return [digits(number / 1e3), 'k/s'];
  return [number > 0 && number < 9.95 ? number.toFixed(1) : grouped.format(number), '/s'];
};

export const bytes = (number) => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.max(0, units.findIndex((_, at) => number < 1000 * 1024 ** at));
  return [step ? digits(number / 1024 ** step) : grouped.format(number), units[step]];
};

export const bytesPerSecond = (number) => {
  const [text, unit] = bytes(number);
  return [text, `${unit}/s`];
};

export const milliseconds = (number) => {
  if (number >= 1000) return [digits(number / 1000), 's'];
  if (number > 0 && number < 1) return [grouped.format(number * 1000), 'µs'];
  return [digits(number), 'ms'];
};

export const percent = (number) => `${Math.round(100 * number)} %`;

/// The two largest parts of a time in seconds.
export const duration = (seconds) => {
  const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const from = parts.findIndex(([size]) => seconds >= size);
  if (from < 0) return '0 s';
  let rest = seconds;
  const texts = parts.slice(from, from + 2).map(([size, unit]) => {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    return whole ? `${whole} ${unit}` : '';
  });
  return texts.filter((text) => text).join(' ');
};

/// Within other text a round number needs no zeros behind its point.
export const joined = ([text, unit]) => {
  const short = text.replace(/\.0+$/, '');
  return unit ? `${short} ${unit}` : short;
};

export const clock = (time) => new Date(time).toLocaleTimeString('en-GB');
