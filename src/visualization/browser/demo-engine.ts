// The engine of a page that detects: a worker made of a text of the page, which is given the weights and then images.

type DemoReply = import('../demo-messages').DemoReply;
type DemoRequest = import('../demo-messages').DemoRequest;

function demoBytes(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}

/** The engine behind its messages; replies come in the order of the requests. */
class DemoEngine {
  private port?: Worker | MessagePort;
  private readonly waiting: ((reply: DemoReply) => void)[] = [];
  private running?: Promise<string>;

  constructor(
    private readonly data: DemoData,
    private readonly onStep: (text: string) => void,
    private readonly onEngine: (outcome: string) => void,
  ) {}

  /** Starts it, once. Gives its description; an error says why it cannot run. */
  start(): Promise<string> {
    this.running ??= this.load();
    return this.running;
  }

  async detect(id: number, name: string, file: Blob | ImageBitmap): Promise<DemoReply> {
    await this.start();
    return this.ask({ kind: 'detect', id, name, file }, file instanceof ImageBitmap ? [file] : []);
  }

  private async load(): Promise<string> {
    this.onStep('Starting the engine ...');
    const packed = new Blob([demoBytes(this.data.engine)]).stream().pipeThrough(new DecompressionStream('gzip'));
    const script = await new Response(packed).text();
    this.port = this.worker(script) ?? this.here(script);
    this.port.onmessage = ({ data }: MessageEvent<DemoReply>) => {
      if (data.kind === 'engine') this.onEngine(data.outcome);
      else this.waiting.shift()?.(data);
    };
    const weights = await this.weights();
    this.onStep('Loading the model ...');
    const reply = await this.ask({ kind: 'start', weights }, weights);
    if (reply.kind === 'ready') return reply.description;
    throw new Error(reply.kind === 'failed' ? reply.message : 'the engine did not start');
  }

  private worker(script: string): Worker | undefined {
    try {
      const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
      worker.onerror = (event) => this.fail(event.message || 'the worker stopped');
      return worker;
    } catch {
      return undefined; // the page may have none: the engine then runs in the page itself
    }
  }

  private here(script: string): MessagePort {
    const element = document.createElement('script');
    element.textContent = script;
    document.head.append(element);
    const { port1, port2 } = new MessageChannel();
    (globalThis as unknown as { detlabServe(port: MessagePort): void }).detlabServe(port2);
    return port1;
  }

  /** A worker that ran out of memory answers nothing: the next images start another. */
  private fail(message: string): void {
    this.running = undefined;
    if (this.port instanceof Worker) this.port.terminate();
    for (const answer of this.waiting.splice(0)) answer({ kind: 'failed', message });
  }

  private ask(request: DemoRequest, transfer: Transferable[] = []): Promise<DemoReply> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.port?.postMessage(request, transfer);
    });
  }

  private async weights(): Promise<ArrayBuffer[]> {
    const { weights } = this.data;
    if (typeof weights === 'string') return [demoBytes(weights)];
    const parts: ArrayBuffer[] = [];
    for (const [i, file] of weights.files.entries()) {
      this.onStep(`Reading the weights, part ${i + 1} of ${weights.files.length} ...`);
      parts.push(demoBytes(await this.part(file)));
    }
    const received = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (received !== weights.bytes)
      throw new Error(`its weights have ${received} bytes, expected ${weights.bytes}. Save the page again`);
    return parts;
  }

  /** A page on disk may not fetch files, but may load scripts: each calls `detlabWeights` with its part. */
  private part(file: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      const holder = globalThis as unknown as { detlabWeights?: (part: string) => void };
      holder.detlabWeights = (part) => resolve(part);
      script.onload = () => script.remove();
      script.onerror = () =>
        reject(new Error(`"${file}" is missing: the folder of the weights must be beside the page, under its name`));
      script.src = file;
      document.head.append(script);
    });
  }
}
