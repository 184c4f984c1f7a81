// The stream of figures, one event a second.

/// After how long without an event the figures are old; in milliseconds.
const silence = 3500;
/// Of the pauses before a new EventSource.
const shortestPause = 1000;
const longestPause = 15000;

/// Tells `heard` the figures with their epoch, and `changed` its state: `connecting`, `live`,
/// `silent`, `reconnecting` or `busy`.
///
/// A browser reconnects by itself while it sees broken connections, and gives up for good at any
/// answer but 200; then this makes a new EventSource after a growing pause.
export class Stream {
  constructor({ heard, changed }) {
    this.heard = heard;
    this.changed = changed;
    this.state = 'connecting';
    this.failures = 0;
    this.lastId = '';
    window.addEventListener('online', () => this.pause && this.connect());
    window.addEventListener('pagehide', () => this.close());
    window.addEventListener('pageshow', (event) => event.persisted && this.connect());
  }

  connect() {
    this.close();
    const query = new URLSearchParams({ last_event_id: this.lastId });
    const source = new EventSource(this.lastId ? `status/stream?${query}` : 'status/stream');
    this.source = source;
    source.addEventListener('error', () => this.failed());
    source.addEventListener('busy', () => this.become('busy'));
    source.addEventListener('message', (event) => {
      this.lastId = event.lastEventId;
      this.failures = 0;
      this.listen();
      this.become('live');
      this.heard(JSON.parse(event.data), event.lastEventId.replace(/-\d+$/, ''));
    });
    this.listen();
  }

  /// A connection may be open and say nothing, where a network is cut or a process stopped.
  listen() {
    clearTimeout(this.deaf);
    this.deaf = setTimeout(() => {
      if (this.state === 'live') this.become('silent');
    }, silence);
  }

  close() {
    clearTimeout(this.pause);
    clearTimeout(this.deaf);
    this.pause = null;
    if (this.source) this.source.close();
  }

  failed() {
    const gaveUp = this.source.readyState === EventSource.CLOSED;
    if (this.state !== 'busy' || gaveUp) this.become('reconnecting');
    if (!gaveUp || this.pause) return;
    const most = Math.min(longestPause, shortestPause * 2 ** (this.failures + 1));
    this.failures += 1;
    this.pause = setTimeout(
      () => this.connect(), shortestPause + Math.random() * (most - shortestPause));
  }

  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.changed(state);
  }
}
