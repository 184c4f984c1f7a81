// The status page: a stream of figures, and a plot for each of them.
//
// An event's data is what the server counts, totals and present states, as JSON. What happens in a
// second is the difference between two events of one process. Everything is drawn from a list of
// the last minutes, which the server replays to a page that opens.

import { make, write } from './elements.js';
import { alarms, tiles } from './figures.js';
import { Ledger } from './ledger.js';
import { clock, count, duration, joined } from './numbers.js';
import { Points, ledgers, span } from './points.js';
import { Stream } from './stream.js';
import { Tile } from './tile.js';

/// An alarm stays for so long after its reason is gone, so that it can be read; in milliseconds.
const alarmStays = 10000;

const $ = (id) => document.getElementById(id);

const states = {
  connecting: 'Connecting…',
  live: 'Live',
  silent: 'No data, figures are old',
  reconnecting: 'Disconnected, reconnecting…',
  busy: 'Too many status pages are open, retrying…',
};

class Board {
  constructor() {
    this.points = new Points();
    /// The moment that is looked at; null is the present.
    this.moment = null;
    this.raised = new Map();
    this.tiles = tiles.map((tile) => new Tile(tile, this));
    this.ledgers = [];
    $('tiles').append(...this.tiles.map(({ element }) => element));
    $('host').textContent = window.location.host;
    this.stream = new Stream({
      heard: (figures, epoch) => {
        this.points.add(figures, epoch);
        // Of a hidden page only the title is seen.
        if (document.hidden) this.drawAlarms(this.points.newest);
        this.drawSoon();
      },
      changed: () => this.drawSoon(),
    });
    document.addEventListener('keydown', (event) => this.pressed(event));
    this.drawState();
    this.stream.connect();
  }

  /// A replay is hundreds of events; a hidden page is drawn when it is seen again.
  drawSoon() {
    if (this.waits) return;
    this.waits = requestAnimationFrame(() => {
      this.waits = null;
      this.draw();
    });
  }

  /// Shows the figures of a moment: `place` is 0 at the plots' left end, 1 at their right.
  lookAt(place) {
    const { newest } = this.points;
    if (!newest) return;
    this.moment = place === null ? null : newest.time - span * (1 - place);
    this.drawSoon();
  }

  pressed(event) {
    const { all, newest } = this.points;
    if (!newest || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Escape') this.moment = null;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      event.preventDefault();
      const at = all.indexOf(this.moment === null ? newest : this.points.at(this.moment)) + step;
      const next = all[Math.max(0, at)];
      this.moment = !next || next === newest ? null : next.time;
    }
    this.drawSoon();
  }

  draw() {
    this.drawState();
    const { all, newest } = this.points;
    if (!newest) return;
    const one = this.moment === null ? newest : this.points.at(this.moment);
    const x = one === newest ? null : (one.time - newest.time + span) / 1000;
    for (const tile of this.tiles) tile.draw(all, one, x);
    if (!this.ledgers.length) this.makeLedgers(newest);
    for (const ledger of this.ledgers) ledger.draw(this.points, one);
    this.drawFacts(newest);
    this.drawAlarms(newest);
    write($('when'), `${one === newest ? 'As of' : 'At'} ${clock(one.time)}`);
  }

  /// Which reasons there are, the server says.
  makeLedgers({ now: figures }) {
    this.ledgers = ledgers.map((name) => new Ledger(name, Object.keys(figures[name])));
    const [closed, refused, ended, gaps] = this.ledgers.map(({ element }) => element);
    $('ledgers').append(make('div', { class: 'column' }, closed, gaps), refused, ended);
  }

  drawState() {
    const { state } = this.stream;
    const { newest } = this.points;
    const isPast = state === 'live' && this.moment !== null && newest;
    const ago = isPast ? Math.round((newest.time - this.points.at(this.moment).time) / 1000) : 0;
    $('state').className = `state ${ago ? 'past' : state}`;
    write($('state'), ago ? `${duration(ago)} ago` : states[state]);
    const isOld = state !== 'live' && newest !== undefined;
    document.body.classList.toggle('old', isOld);
    if (isOld) document.title = 'Disconnected · Belfry';
  }

  drawFacts({ now: figures }) {
    const { backplane, up, draining, full, uptime, version } = figures;
    const facts = [
      draining ? ['bad', 'Stopping'] : full ? ['bad', 'Full'] : ['good', 'Serving'],
      backplane === 'local'
        ? ['', 'One node, no Redis'] : up ? ['good', 'Redis is up'] : ['bad', 'Redis is down'],
      ['', `Up ${duration(uptime)}`],
      ['', `Version ${version}`],
    ];
    const places = $('facts').children;
    facts.forEach(([level, text], at) => {
      if (!places[at]) $('facts').append(make('li'));
      places[at].className = level ? `dot ${level}` : '';
      write(places[at], text);
    });
  }

  drawAlarms(newest) {
    for (const alarm of alarms) {
      if (alarm.when(newest)) this.raised.set(alarm, newest.time);
      const since = newest.time - this.raised.get(alarm);
      if (since < 0 || since > alarmStays) this.raised.delete(alarm);
    }
    const shown = alarms.filter((alarm) => this.raised.has(alarm));
    const texts = shown.map(({ text }) => text).join('\n');
    if (texts !== this.alarmTexts) {
      this.alarmTexts = texts;
      $('alarms').replaceChildren(
        ...shown.map(({ level, text }) => make('li', { class: level }, text)));
    }
    if (this.stream.state !== 'live') return;
    const mark = shown.length ? '! ' : '';
    document.title = `${mark}${joined(count(newest.now.listeners))} listeners · Belfry`;
  }
}

new Board();
