// How often what happened, by its reasons.

import { make, write } from './elements.js';
import { count, joined } from './numbers.js';

const titles = {
  closed: 'Streams closed', refused: 'Refused', ended: 'Connections ended', gaps: 'Gaps sent',
};

/// The reasons that are nobody's trouble.
const ordinary = new Set(['closed client', 'closed drain', 'ended idle', 'refused stopping']);

/// A table of reasons: in this second, in the last minutes, since the server's start.
export class Ledger {
  constructor(name, reasons) {
    this.name = name;
    this.rows = reasons.map((reason) => {
      const cells = [make('td'), make('td'), make('td')];
      const row = make(
        'tr', { 'data-reason': reason }, make('th', { scope: 'row' }, reason), ...cells);
      return { reason, cells, row };
    });
    const head = ['/s', '5 min', 'total'].map((text) => make('th', { scope: 'col' }, text));
    head.unshift(make('td'));
    this.element = make(
      'table', { class: 'ledger', id: `ledger-${name}` }, make('caption', {}, titles[name]),
      make('thead', {}, make('tr', {}, ...head)),
      make('tbody', {}, ...this.rows.map(({ row }) => row)));
  }

  draw(points, one) {
    for (const { reason, cells, row } of this.rows) {
      const just = (one.reasons[this.name] && one.reasons[this.name][reason]) || 0;
      const lately = points.total(this.name, reason, one.time);
      const all = one.now[this.name][reason] || 0;
      [just, lately, all].forEach((number, at) => {
        write(cells[at], joined(count(number)));
        cells[at].classList.toggle('none', number === 0);
      });
      row.classList.toggle('none', all === 0);
      row.classList.toggle('busy', lately > 0 && !ordinary.has(`${this.name} ${reason}`));
    }
  }
}
