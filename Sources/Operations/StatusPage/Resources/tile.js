// A figure with its plot.

import { make, shape, write } from './elements.js';
import { bytes, bytesPerSecond, joined } from './numbers.js';
import { span } from './points.js';

/// Two points further apart are not joined; in milliseconds.
const hole = 2500;

/// What a plot that reaches up to `number` stands for: the next round number, which stays for a
/// while, so that plots don't twitch. Bytes are round where their unit's number is.
const roundUp = (number, text) => {
  const isBytes = text === bytes || text === bytesPerSecond;
  const unit = isBytes ? 1024 ** Math.floor(Math.log2(number) / 10) : 1;
  const power = unit * 10 ** Math.floor(Math.log10(number / unit));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8].find((step) => step * power >= number) || 10) * power;
};

const height = 100;

/// One tile on the page. The plot's unit is a second across, and a hundredth of it up.
export class Tile {
  constructor(tile, board) {
    this.tile = tile;
    this.figures = tile.lines.map(({ name }) => {
      const number = document.createTextNode('–');
      const unit = make('small');
      const parts = name ? [make('small', { class: 'name' }, name), number, unit] : [number, unit];
      return { number, unit, element: make('span', { class: 'figure' }, ...parts) };
    });
    this.more = make('p', { class: 'more' });
    this.svg = shape('svg', {
      role: 'img', preserveAspectRatio: 'none', viewBox: `0 0 ${span / 1000} ${height}`,
    });
    for (let x = 60; x < span / 1000; x += 60) {
      shape('path', { class: 'grid', d: `M${x} 0V${height}` }, this.svg);
    }
    this.area = shape('path', { class: 'area' }, this.svg);
    this.paths = tile.lines.map((_, at) =>
      shape('path', { class: at ? 'second' : 'first' }, this.svg));
    this.cursor = shape('path', { class: 'cursor' }, this.svg);
    this.top = make('span', { class: 'top', 'aria-hidden': 'true' });
    const plot = make('div', { class: 'plot' }, this.top, this.svg);
    const name = `tile ${tile.wide ? 'wide' : ''} ${tile.lines.length > 1 ? 'pair' : ''}`;
    this.element = make(
      'section', { class: name, id: tile.id, 'aria-labelledby': `${tile.id}-label` },
      make('h2', { id: `${tile.id}-label` }, tile.label),
      make('div', { class: 'figures' }, ...this.figures.map(({ element }) => element)),
      this.more, plot);
    const point = (event) => {
      const box = plot.getBoundingClientRect();
      board.lookAt((event.clientX - box.left) / box.width);
    };
    plot.addEventListener('pointermove', point);
    plot.addEventListener('pointerdown', point);
    plot.addEventListener('pointerleave', () => board.lookAt(null));
  }

  /// Draws all of `points`, and the figures of `one`, which stands at `x` unless it is the newest.
  draw(points, one, x) {
    const { lines, text, least, more, alarm } = this.tile;
    const series = lines.map(({ of }) => points.map((each) => [each.time, of(each)]));
    const values = series.flat().map(([, value]) => value).filter((value) => value !== null);
    const top = roundUp(Math.max(least, ...values), text);
    const start = points[points.length - 1].time - span;
    this.paths.forEach((path, at) => path.setAttribute('d', trace(series[at], start, top, false)));
    this.area.setAttribute('d', lines.length > 1 ? '' : trace(series[0], start, top, true));
    this.cursor.setAttribute('d', x === null ? '' : `M${x.toFixed(1)} 0V${height}`);
    write(this.top, joined(text(top)));
    lines.forEach(({ of }, at) => {
      const value = of(one);
      const [number, unit] = value === null ? ['–', ''] : text(value);
      if (this.figures[at].number.data !== number) this.figures[at].number.data = number;
      write(this.figures[at].unit, unit);
    });
    write(this.more, more(one) || '');
    const level = alarm ? alarm(one) : '';
    this.element.classList.toggle('warn', level === 'warn');
    this.element.classList.toggle('bad', level === 'bad');
    const range = values.length
      ? `between ${joined(text(Math.min(...values)))} and ${joined(text(Math.max(...values)))}`
      : 'no data yet';
    this.svg.setAttribute('aria-label', `${this.tile.label}, the last five minutes: ${range}`);
  }
}

/// The path through a series, with a hole where something is missing; a lone point is a dot.
const trace = (series, start, top, isArea) => {
  let path = '';
  let last = null;
  for (const [time, value] of series) {
    const x = ((time - start) / 1000).toFixed(1);
    if (value === null || (last && time - last.time > hole)) {
      if (isArea && last) path += `V${height}Z`;
      last = null;
    }
    if (value === null) continue;
    const y = (height - (value / top) * (height - 8) - 2).toFixed(1);
    if (last) path += `L${x} ${y}`;
    else path += isArea ? `M${x} ${height}V${y}` : `M${x} ${y}h0`;
    last = { time };
  }
  return isArea && last ? `${path}V${height}Z` : path;
};
