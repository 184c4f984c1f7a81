// Holds the stream against an EventSource that nobody here wrote: Deno's, which follows WHATWG HTML.
// Run by scripts/test; BELFRY_BIN is the built program.

const decoder = new TextDecoder();

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`too late: ${what}`)), 20_000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function equal(actual: unknown, expected: unknown, what: string) {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}

class Belfry {
  private constructor(readonly process: Deno.ChildProcess, readonly base: string) {}

  static async start(...options: string[]): Promise<Belfry> {
    const process = new Deno.Command(Deno.env.get("BELFRY_BIN")!, {
      args: ["serve", "--listen", "127.0.0.1:0", ...options],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let text = "";
    const reader = process.stderr.getReader();
    for (;;) {
      const { value, done } = await within("the start line", reader.read());
      if (done) throw new Error(`ended: ${text}`);
      text += decoder.decode(value);
      const match = text.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (match) {
        reader.releaseLock();
        return new Belfry(process, match[0]);
      }
    }
  }

  async post(message: string, room = "chat") {
    const body = new URLSearchParams({ message, room });
    const response = await fetch(`${this.base}/post`, { method: "POST", body });
    equal(response.status, 204, "the answer to a post");
  }

  async stop() {
    this.process.kill("SIGTERM");
    equal((await within("the end", this.process.status)).code, 0, "the exit status");
    await this.process.stderr.cancel();
  }
}

/** Collects events and hands them out one by one. */
class Listener {
  private readonly events: MessageEvent[] = [];
  private wake = () => {};
  readonly source: EventSource;
  readonly opened: Promise<unknown>;

  constructor(url: string) {
    this.source = new EventSource(url);
    this.opened = new Promise((resolve) => this.source.addEventListener("open", resolve));
    for (const type of ["message", "gap"]) {
      this.source.addEventListener(type, (event) => {
        this.events.push(event as MessageEvent);
        this.wake();
      });
    }
  }

  async next(): Promise<MessageEvent> {
    while (this.events.length === 0) {
      await within("an event", new Promise<void>((resolve) => (this.wake = resolve)));
    }
    return this.events.shift()!;
  }
}

Deno.test("onopen comes before any message", async () => {
  const server = await Belfry.start();
  const listener = new Listener(`${server.base}/stream`);
  await within("open", listener.opened);
  listener.source.close();
  await server.stop();
});

Deno.test("every text arrives as it was sent, its line ends made one", async () => {
  const server = await Belfry.start();
  const listener = new Listener(`${server.base}/stream`);
  await within("open", listener.opened);
  const texts = [
    "plain", "", " leading", "trailing ", "a\nb", "a\r\nb", "a\rb", "\n", "a\n", "\n\n\n",
    "data: x\n\nid: 7\nevent: y\nretry: 1", ": comment", "\u2028\u2029\u0085\v\f", "\0nul\0",
    "小明 😀 \u202e", "<script>", "x".repeat(60_000), "y\n".repeat(5000),
  ];
  let last = -1;
  for (const text of texts) {
    await server.post(text);
    const event = await listener.next();
    const expected = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
    equal(event.type, "message", "the type");
    equal(event.data.slice("[00:00:00] anonymous: ".length), expected, JSON.stringify(text));
    const number = Number(event.lastEventId.split("-")[1]);
    if (number <= last) throw new Error("ids must rise");
    last = number;
  }
  listener.source.close();
  await server.stop();
});

Deno.test("it reconnects by itself, from where it was", async () => {
  const server = await Belfry.start("--retry", "100ms");
  const target = new URL(server.base);
  // A proxy in between whose connections can be cut.
  const cuts: Array<() => void> = [];
  let connections = 0;
  const proxy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const client of proxy) {
      connections++;
      const upstream = await Deno.connect({ hostname: "127.0.0.1", port: Number(target.port) });
      const close = () => {
        for (const end of [client, upstream]) {
          try { end.close(); } catch { /* closed before */ }
        }
      };
      cuts.push(close);
      client.readable.pipeTo(upstream.writable).catch(close);
      upstream.readable.pipeTo(client.writable).catch(close);
    }
  })();
  const { port } = proxy.addr as Deno.NetAddr;
  const listener = new Listener(`http://127.0.0.1:${port}/stream`);
  await within("open", listener.opened);
  for (let number = 0; number < 40; number++) {
    if (number % 10 === 5) for (const cut of cuts.splice(0)) cut();
    await server.post(String(number));
  }
  for (let number = 0; number < 40; number++) {
    const event = await listener.next();
    equal(event.data.split(" ").pop(), String(number), "the order through reconnects");
  }
  if (connections < 2) throw new Error("it was never cut off");
  listener.source.close();
  proxy.close();
  for (const cut of cuts) cut();
  await server.stop();
});

Deno.test("a gap is an event that it can read", async () => {
  const server = await Belfry.start("--history-count", "2");
  for (const text of ["1", "2", "3"]) await server.post(text);
  const listener = new Listener(`${server.base}/stream?last_event_id=gone-1`);
  const gap = await listener.next();
  equal(gap.type, "gap", "the type");
  const { room, after, reason } = JSON.parse(gap.data);
  equal([room, after, reason], ["chat", "gone-1", "restarted"], "the gap");
  equal((await listener.next()).data.slice(-1), "2", "the oldest that is kept");
  equal((await listener.next()).data.slice(-1), "3", "the newest");
  listener.source.close();
  await server.stop();
});
