// The chat page: a stream of lines, a log that shows them, and a field that posts.
//
// Needs the runtime-only build of Vue 2, whose render functions are written by hand here: neither
// this file nor that build calls `eval`, so a Content-Security-Policy can forbid it. Everything
// that differs from page to page stands in the data attributes of #chat.

(() => {
  'use strict';

  const place = document.getElementById('chat');
  const { base, user, room, since } = place.dataset;
  const words = JSON.parse(place.dataset.words);

  /// The page keeps this many lines. The server replays no more than that by default.
  const maxLines = 1000;
  /// A reader this near to the end, in pixels, is at the end.
  const nearEnd = 32;
  /// In milliseconds: how long lines are collected before they are drawn together, how long a
  /// silence ends a replay, how long a post may take before it says so, and how long at all.
  const drawEvery = 16;
  const replayEnds = 300;
  const slowPost = 500;
  const longestPost = 30000;
  /// In milliseconds, of the pauses before a new EventSource.
  const shortestPause = 1000;
  const longestPause = 30000;

  const fill = (pattern, values) =>
    pattern.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));

  // ---------------------------------------------------------------------------------------------

  /// Which lines were shown already, by their ids, EPOCH-N.
  ///
  /// A line that has no id of its own arrives with `lastEventId` of the event before it. Such a
  /// line is live and is shown, so an id counts as one only where it differs from the one before.
  class Seen {
    constructor() {
      this.newest = new Map();
      this.opened();
    }

    /// A connection began: the id before the next event is not known.
    opened() {
      this.before = null;
    }

    /// An event that is no line passed by with `id`.
    passed(id) {
      this.before = id;
    }

    /// Whether the line `data` that came with `id` is new; remembers it.
    isNew(id, data) {
      const inherited = id === this.before;
      this.before = id;
      const parts = /^(.*)-(\d+)$/.exec(id);
      if (inherited || !parts) return true;
      const [, epoch, digits] = parts;
      const number = Number(digits);
      const newest = this.newest.get(epoch);
      // At the start of a connection the same id with another text is a line without an id.
      if (newest && number === newest.number && data !== newest.data) return true;
      if (newest && number <= newest.number) return false;
      this.newest.set(epoch, { number, data });
      return true;
    }
  }

  /// The room's stream. Tells `heard` its lines and gaps, and `changed` its state: `connecting`,
  /// `live`, `reconnecting` or `busy`.
  ///
  /// A browser reconnects by itself while it sees broken connections, and gives up for good at any
  /// answer but 200; then this makes a new EventSource after a growing pause.
  class Stream {
    constructor({ heard, changed }) {
      this.heard = heard;
      this.changed = changed;
      this.seen = new Seen();
      this.lastId = since;
      this.failures = 0;
      this.connections = 0;
      this.pause = null;
      this.calm = null;
      this.state = 'connecting';
      window.addEventListener('online', () => this.pause && this.connect());
      window.addEventListener('pagehide', () => this.close());
      window.addEventListener('pageshow', (event) => event.persisted && this.connect());
    }

    connect() {
      this.close();
      const query = new URLSearchParams({ room });
      if (this.lastId) query.set('last_event_id', this.lastId);
      const source = new EventSource(`${base}/stream?${query}`);
      this.source = source;
      source.addEventListener('open', () => this.opened());
      source.addEventListener('error', () => this.failed());
      source.addEventListener('message', (event) => {
        this.remember(event);
        this.become('live');
        if (this.seen.isNew(event.lastEventId, event.data)) this.heard({ text: event.data });
      });
      source.addEventListener('gap', (event) => {
        this.remember(event);
        this.seen.passed(event.lastEventId);
        // Who has just come has missed nothing: what left history since the page was made was
        // never promised.
        if (this.connections > 1) this.heard({ gap: true });
      });
      source.addEventListener('busy', (event) => {
        this.remember(event);
        this.become('busy');
      });
    }

    close() {
      clearTimeout(this.pause);
      clearTimeout(this.calm);
      this.pause = null;
      if (this.source) this.source.close();
    }

    opened() {
      this.failures = 0;
      this.connections += 1;
      this.seen.opened();
      // A server over its limits opens the stream to say `busy`: the words must not flicker.
      if (this.state === 'busy') {
        this.calm = setTimeout(() => this.become('live'), 1000);
      } else {
        this.become('live');
      }
    }

    failed() {
      clearTimeout(this.calm);
      const gaveUp = this.source.readyState === EventSource.CLOSED;
      if (this.state !== 'busy' || gaveUp) this.become('reconnecting');
      if (!gaveUp || this.pause) return;
      const most = Math.min(longestPause, shortestPause * 2 ** (this.failures + 1));
      const wait = shortestPause + Math.random() * (most - shortestPause);
      this.failures = Math.min(this.failures + 1, 10);
      this.pause = setTimeout(() => this.connect(), wait);
    }

    remember(event) {
      if (event.lastEventId) this.lastId = event.lastEventId;
    }

    become(state) {
      clearTimeout(this.calm);
      if (state === this.state) return;
      this.state = state;
      this.changed(state);
    }
  }

  // ---------------------------------------------------------------------------------------------

  /// Posts `message`; answers `null` when it is taken, else why not, in words, and whether it may
  /// have arrived all the same.
  const post = async (message) => {
    const abort = new AbortController();
    const limit = setTimeout(() => abort.abort(), longestPost);
    try {
      const answer = await fetch(`${base}/post`, {
        method: 'POST',
        credentials: 'same-origin',
        body: new URLSearchParams({ message, room }),
        signal: abort.signal,
      });
      return answer.status === 204 ? null : { words: refusal(answer), unsure: false };
    } catch (error) {
      return { words: words.unreachable, unsure: true };
    } finally {
      clearTimeout(limit);
    }
  };

  const refusal = (answer) => {
    const { status } = answer;
    if (status === 413) return words.tooLong;
    if (status === 401 || status === 403) return words.refused;
    if (status === 429 || status === 503) {
      const n = seconds(answer.headers.get('Retry-After'));
      if (n === null) return words.wait;
      return fill(status === 429 ? words.tooFast : words.waitSeconds, { n });
    }
    return fill(status >= 500 ? words.failed : words.unwell, { status });
  };

  /// `Retry-After` is a number of seconds or a date.
  const seconds = (field) => {
    if (!field) return null;
    if (/^\d+$/.test(field)) return Number(field);
    const rest = Math.ceil((Date.parse(field) - Date.now()) / 1000);
    return rest > 0 ? rest : null;
  };

  // ---------------------------------------------------------------------------------------------

  let keys = 0;

  /// What is shown of one event: `[HH:MM:SS] NAME: MESSAGE` in its parts, or as it is where it
  /// does not read like that. A name may hold a colon, which only the reader's own one tells.
  const line = ({ text, gap }) => {
    const key = (keys += 1);
    if (gap) return Object.freeze({ key, gap });
    const parts = /^(\[\d\d:\d\d:\d\d\]) ([^]*)$/.exec(text);
    if (!parts) return Object.freeze({ key, text });
    const [, time, rest] = parts;
    const own = rest.startsWith(`${user}: `);
    const end = own ? user.length : rest.indexOf(': ');
    if (end < 0) return Object.freeze({ key, time, text: rest });
    return Object.freeze({ key, time, name: rest.slice(0, end), text: rest.slice(end + 2), own });
  };

  /// A component of its own, so that a new line does not draw the others again.
  const Line = {
    props: { line: { type: Object, required: true } },
    render(h) {
      const { time, name, text, own, gap } = this.line;
      if (gap) return h('p', { class: 'gap' }, words.gap);
      const parts = [];
      if (time !== undefined) parts.push(h('span', { class: 'time' }, time), ' ');
      if (name !== undefined) parts.push(h('span', { class: 'name' }, name), ': ');
      parts.push(h('span', { class: 'text' }, text));
      return h('p', { class: { line: true, own } }, parts);
    },
  };

  new Vue({
    data: {
      state: 'connecting',
      lines: [],
      replaying: true,
      following: true,
      unread: 0,
      draft: '',
      note: '',
      slow: false,
    },

    created() {
      // None of these is drawn, so none needs to be watched by Vue.
      this.pending = [];
      this.outbox = [];
      this.inFlight = null;
      this.unsure = null;
      this.stream = new Stream({
        heard: (event) => this.hear(event),
        changed: (state) => {
          this.state = state;
          this.waitForReplay();
        },
      });
    },

    mounted() {
      this.stream.connect();
      new ResizeObserver(() => this.keepEnd()).observe(this.$refs.log);
      if (window.matchMedia('(pointer: fine)').matches) this.$refs.field.focus();
      this.fit();
    },

    watch: {
      draft() {
        this.$nextTick(this.fit);
      },
    },

    methods: {
      // Lines come in bursts, above all in a replay; they are drawn together.
      hear(event) {
        const next = line(event);
        const last = this.pending[this.pending.length - 1] || this.lines[this.lines.length - 1];
        if (next.gap && last && last.gap) return;
        if (next.own) this.heardOwn(next.text);
        if (!this.pending.length) setTimeout(() => this.draw(), drawEvery);
        this.pending.push(next);
        if (this.replaying) this.waitForReplay();
      },

      draw() {
        const fresh = this.pending;
        this.pending = [];
        const lines = this.lines.concat(fresh);
        const surplus = Math.max(0, lines.length - maxLines);
        const { log } = this.$refs;
        // Where the reader scrolled up, the lines in sight stay where they are although the oldest
        // above them go.
        const anchor = !this.following && surplus < this.lines.length && log.children[surplus];
        const top = anchor ? anchor.offsetTop : 0;
        this.lines = lines.slice(surplus);
        if (!this.following) this.unread += fresh.filter((one) => !one.gap).length;
        this.$nextTick(() => {
          if (anchor && surplus) log.scrollTop += anchor.offsetTop - top;
          this.keepEnd();
        });
      },

      // Screen readers shall read what is new, not the history: the log is busy until it is there.
      waitForReplay() {
        clearTimeout(this.replayTimer);
        if (this.state !== 'live') return;
        this.replayTimer = setTimeout(() => {
          this.replaying = false;
        }, replayEnds);
      },

      keepEnd() {
        if (this.following) this.$refs.log.scrollTop = this.$refs.log.scrollHeight;
      },

      scrolled() {
        const { log } = this.$refs;
        this.following = log.scrollHeight - log.scrollTop - log.clientHeight <= nearEnd;
        if (this.following) this.unread = 0;
      },

      toEnd() {
        this.following = true;
        this.unread = 0;
        this.keepEnd();
      },

      /// The field is as high as its text; the style sheet says how high at most.
      fit() {
        const { field } = this.$refs;
        field.style.height = 'auto';
        field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
      },

      // The Enter that ends a composition chooses a word. Safari ends the composition before that
      // key goes down, and tells it only by the code 229.
      pressed(event) {
        if (event.key !== 'Enter' || event.shiftKey) return;
        if (event.isComposing || event.keyCode === 229) return;
        event.preventDefault();
        if (!event.repeat) this.submit();
      },

      submit() {
        const text = this.draft;
        if (!text.trim()) return;
        this.draft = '';
        this.note = '';
        this.unsure = null;
        // By now the greeting has been read.
        document.querySelectorAll('body > .flash').forEach((flash) => flash.remove());
        this.outbox.push(text);
        this.toEnd();
        this.send();
      },

      // One at a time, so that messages arrive in the order in which they were written.
      async send() {
        if (this.inFlight) return;
        const slow = setTimeout(() => {
          this.slow = true;
        }, slowPost);
        let failure = null;
        while (this.outbox.length && !failure) {
          this.inFlight = { text: this.outbox.shift(), heard: false };
          failure = await post(this.inFlight.text);
          if (failure && failure.unsure && this.inFlight.heard) failure = null;
        }
        clearTimeout(slow);
        this.slow = false;
        const { text } = this.inFlight;
        this.inFlight = null;
        if (failure) this.putBack(text, failure);
      },

      putBack(text, failure) {
        this.unsure = failure.unsure ? text : null;
        this.draft = [text, ...this.outbox, this.draft].filter((one) => one).join('\n');
        this.outbox = [];
        this.note = failure.words;
        this.$refs.field.focus();
      },

      // A post whose answer was lost may have been taken: when its line comes, it need not be sent
      // again.
      heardOwn(text) {
        if (this.inFlight && this.inFlight.text === text) this.inFlight.heard = true;
        if (this.unsure !== text || this.draft !== text) return;
        this.unsure = null;
        this.draft = '';
        this.note = '';
      },

      drawLog(h) {
        const { lines, state, replaying } = this;
        return h(
          'div',
          {
            ref: 'log',
            class: 'log',
            attrs: {
              role: 'log',
              'aria-live': 'polite',
              'aria-label': words.log,
              'aria-busy': String(replaying),
              tabindex: '0',
            },
            on: { scroll: this.scrolled },
          },
          lines.length || state !== 'live' || replaying
            ? lines.map((one) => h(Line, { key: one.key, props: { line: one } }))
            : [h('p', { class: 'empty' }, words.empty)],
        );
      },

      drawMore(h) {
        const { unread } = this;
        if (!unread) return null;
        const text = unread === 1 ? words.oneNewMessage : fill(words.newMessages, { n: unread });
        const click = () => {
          this.toEnd();
          this.$refs.log.focus();
        };
        return h('button', { class: 'more', attrs: { type: 'button' }, on: { click } }, text);
      },

      drawComposer(h) {
        const submit = (event) => {
          event.preventDefault();
          this.submit();
          this.$refs.field.focus();
        };
        return h('form', { class: 'composer', on: { submit } }, [
          h('label', { class: 'hidden', attrs: { for: 'message' } }, words.message),
          h('div', { class: 'field' }, [
            h('textarea', {
              ref: 'field',
              attrs: {
                id: 'message',
                rows: '1',
                placeholder: words.placeholder,
                autocomplete: 'off',
                enterkeyhint: 'send',
                'aria-describedby': 'hint',
              },
              domProps: { value: this.draft },
              on: {
                input: (event) => {
                  this.draft = event.target.value;
                },
                keydown: this.pressed,
              },
            }),
            h('button', { attrs: { type: 'submit' } }, words.send),
          ]),
          h('p', { class: 'note', attrs: { role: 'alert' } }, this.note),
        ]);
      },

      drawFoot(h) {
        return h('div', { class: 'foot' }, [
          h('p', { class: ['state', this.state], attrs: { role: 'status' } }, words[this.state]),
          h(
            'p',
            { class: { hint: true, sending: this.slow }, attrs: { id: 'hint' } },
            this.slow ? words.sending : words.hint,
          ),
        ]);
      },
    },

    render(h) {
      return h('main', { class: 'room', attrs: { id: 'chat' } }, [
        h('div', { class: 'frame' }, [this.drawLog(h), this.drawMore(h)]),
        this.drawComposer(h),
        this.drawFoot(h),
      ]);
    },
  }).$mount(place);
})();
