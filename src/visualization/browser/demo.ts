// A page that detects: image files are dropped, chosen or pasted, and shown with their boxes. The engine runs in a worker made of a
// text of the page; nothing is loaded from elsewhere, and nothing is sent.

type DemoReply = import('../demo-messages').DemoReply;
type DemoRequest = import('../demo-messages').DemoRequest;

interface DemoData extends LiveLegend, LiveView {
  /** JavaScript of the engine: gzip, base64. */
  engine: string;
  /** Safetensors in base64; or the scripts that have it in parts, beside the page. */
  weights: string | { files: string[]; bytes: number };
  name: string;
  /** Whether the display is the whole page, which then takes what is dropped anywhere on it. */
  isPage: boolean;
  fontSize: number;
  lineWidth: number;
}

interface DemoImage {
  data: LiveImageData;
  address: string;
}

const DEMO_STYLE = `
.detlab-demo{position:relative;font-size:14px}
.detlab-demo-zone{display:flex;flex-wrap:wrap;gap:6px 14px;align-items:center;justify-content:center;text-align:center;padding:26px 16px;border:1.5px dashed color-mix(in srgb,currentColor 40%,transparent);border-radius:12px;outline-offset:3px}
.detlab-demo-zone.detlab-demo-over{border-color:#0a84ff;background:color-mix(in srgb,#0a84ff 12%,transparent)}
.detlab-demo-small{padding:9px 14px;justify-content:flex-start}
.detlab-demo button{font:inherit;color:inherit;background:transparent;border:1px solid color-mix(in srgb,currentColor 40%,transparent);border-radius:7px;padding:4px 12px;cursor:pointer}
.detlab-demo .detlab-demo-choose{background:#0a6cff;border-color:#0a6cff;color:#fff}
.detlab-demo-status{min-height:1.4em;margin:8px 2px;opacity:.8;font-size:13px;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.detlab-demo-problems{list-style:none;margin:8px 0;padding:0}
.detlab-demo-problems li{display:flex;gap:10px;align-items:flex-start;justify-content:space-between;margin:4px 0;padding:7px 8px 7px 12px;border-left:3px solid #e5484d;border-radius:4px;background:color-mix(in srgb,#e5484d 12%,transparent);overflow-wrap:anywhere}
.detlab-demo-problems button{border:0;padding:0 6px;opacity:.75}`;

/** Files of a folder that are taken, and extensions of images in it. */
const DEMO_FOLDER_FILES = 200;
const DEMO_IMAGES = /\.(jpe?g|png|webp|gif|bmp|avif|jfif)$/i;
const DEMO_HINT = 'Drop photographs here, or paste one';

function showDemo(root: HTMLElement, data: DemoData): void {
  const place = root.querySelector<HTMLElement>('.detlab-demo') ?? root;
  new Demo(place, data);
}

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

  async detect(id: number, name: string, file: Blob): Promise<DemoReply> {
    await this.start();
    return this.ask({ kind: 'detect', id, name, file });
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

  private ask(request: DemoRequest, transfer: ArrayBuffer[] = []): Promise<DemoReply> {
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

class Demo {
  private readonly engine: DemoEngine;
  private readonly zone = liveElement('div', 'detlab-demo-zone');
  private readonly status = liveElement('div', 'detlab-demo-status');
  private readonly problems = liveElement('ul', 'detlab-demo-problems');
  private readonly results = liveElement('div', '');
  private readonly clear = document.createElement('button');
  private images: DemoImage[] = [];
  private threshold: number;
  private queue: Promise<void> = Promise.resolve();
  private given = 0;
  private done = 0;
  private total = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly data: DemoData,
  ) {
    this.threshold = data.threshold;
    this.engine = new DemoEngine(
      data,
      (text) => this.say(text),
      (outcome) => {
        this.root.dataset.engine = outcome;
        this.zone.title = `Computed on ${outcome}`;
      },
    );
    const style = document.createElement('style');
    style.textContent = DEMO_STYLE;
    this.problems.setAttribute('role', 'alert');
    this.status.setAttribute('role', 'status');
    this.results.addEventListener('input', ({ target }) => {
      if (target instanceof HTMLInputElement && target.type === 'range') this.threshold = Number(target.value);
    });
    this.fillZone();
    root.replaceChildren(style, this.zone, this.status, this.problems, this.results);
    this.listen();
  }

  private fillZone(): void {
    const input = Object.assign(document.createElement('input'), { type: 'file', accept: 'image/*', multiple: true });
    input.hidden = true;
    input.addEventListener('change', () => {
      this.add([...(input.files ?? [])]);
      input.value = '';
    });
    const choose = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Choose images' });
    choose.className = 'detlab-demo-choose';
    choose.addEventListener('click', () => input.click());
    Object.assign(this.clear, { type: 'button', textContent: 'Clear', hidden: true });
    this.clear.addEventListener('click', () => this.empty());
    this.zone.tabIndex = 0;
    this.zone.setAttribute('role', 'group');
    this.zone.setAttribute('aria-label', DEMO_HINT);
    this.zone.append(liveElement('span', '', DEMO_HINT), choose, this.clear, input);
  }

  private listen(): void {
    const target: HTMLElement | Document = this.data.isPage ? document : this.root;
    // the engine takes a moment: it starts when someone comes near
    for (const event of ['pointerenter', 'focusin'])
      this.zone.addEventListener(event, () => this.engine.start().catch((error: Error) => this.unable(error)), {
        once: true,
      });
    const over = (isOver: boolean) => this.zone.classList.toggle('detlab-demo-over', isOver);
    target.addEventListener('dragover', (event) => {
      event.preventDefault();
      over(true);
    });
    target.addEventListener('dragleave', (event) => {
      const { relatedTarget } = event as DragEvent;
      over(relatedTarget instanceof Node && target.contains(relatedTarget));
    });
    target.addEventListener('drop', (event) => {
      event.preventDefault();
      over(false);
      this.drop((event as DragEvent).dataTransfer).catch((error: Error) => this.problem(error.message));
    });
    document.addEventListener('paste', (event) => {
      const active = document.activeElement;
      if (!this.root.contains(active) && !(this.data.isPage && active === document.body)) return;
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) event.preventDefault();
      if (files.length > 0) this.add(files);
      else this.problem('What was pasted holds no image: copy an image, not its address or a text');
    });
  }

  private async drop(given: DataTransfer | null): Promise<void> {
    // entries are there only until the first wait
    const entries = [...(given?.items ?? [])].map((item) => item.webkitGetAsEntry());
    const files = [...(given?.files ?? [])];
    if (files.length === 0)
      this.problem('What was dropped is no file: save the image and drop its file, or copy and paste it');
    const folders = entries.filter((entry) => entry?.isDirectory);
    const names = new Set(folders.map((folder) => folder?.name));
    this.add(files.filter(({ name }) => !names.has(name)));
    for (const folder of folders) await this.addFolder(folder as FileSystemDirectoryEntry);
  }

  /** The images right in a folder. */
  private async addFolder(folder: FileSystemDirectoryEntry): Promise<void> {
    const reader = folder.createReader();
    const entries: FileSystemEntry[] = [];
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) break;
      entries.push(...some);
    }
    const images = entries.filter(({ isFile, name }) => isFile && DEMO_IMAGES.test(name));
    images.sort((a, b) => a.name.localeCompare(b.name));
    if (images.length === 0) this.problem(`The folder "${folder.name}" holds no images that a browser reads`);
    if (images.length > DEMO_FOLDER_FILES)
      this.problem(
        `The folder "${folder.name}" has ${images.length} images: the first ${DEMO_FOLDER_FILES} are taken. ` +
          `Drop others by themselves, or use detlab predict`,
      );
    const taken = images.slice(0, DEMO_FOLDER_FILES) as FileSystemFileEntry[];
    this.add(
      await Promise.all(taken.map((entry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject)))),
    );
  }

  private add(files: readonly File[]): void {
    this.total += files.length;
    for (const file of files) this.queue = this.queue.then(() => this.detect(file, file.name || 'pasted image'));
    this.queue = this.queue.then(() => this.finished());
  }

  private async detect(file: File, name: string): Promise<void> {
    const id = this.given++;
    try {
      const before = this.total > 1 ? ` (${this.done + 1} of ${this.total})` : '';
      await this.engine.start();
      this.say(`Detecting in ${name}${before} ...`);
      const reply = await this.engine.detect(id, name, file);
      if (reply.kind === 'found') this.show(reply);
      else if (reply.kind === 'problem') this.problem(reply.message);
      else if (reply.kind === 'failed') this.problem(`"${name}": ${reply.message}`);
    } catch (error) {
      this.unable(error as Error);
    }
    this.done++;
  }

  private show({ image, preview, seconds }: Extract<DemoReply, { kind: 'found' }>): void {
    const caption = `${image.name} \u00b7 ${image.width} x ${image.height} \u00b7 ${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
    this.images.unshift({ data: { ...image, caption }, address: URL.createObjectURL(preview) });
    this.draw();
    this.root.dispatchEvent(new CustomEvent('detlab-detections', { bubbles: true, detail: { ...image, seconds } }));
  }

  private draw(): void {
    const isEmpty = this.images.length === 0;
    this.zone.classList.toggle('detlab-demo-small', !isEmpty);
    this.clear.hidden = isEmpty;
    const holder = liveElement('div', 'detlab-live');
    for (const { address } of this.images)
      holder.append(Object.assign(document.createElement('img'), { src: address }));
    this.results.replaceChildren(...(isEmpty ? [] : [holder]));
    if (isEmpty) return;
    const { engine: _, weights: __, ...look } = this.data;
    const images = this.images.map(({ data }) => data);
    showLiveImages(this.results, {
      ...look,
      threshold: this.threshold,
      sideBySide: false,
      sides: [],
      note: '',
      images,
    });
  }

  private empty(): void {
    for (const { address } of this.images) URL.revokeObjectURL(address);
    this.images = [];
    this.problems.replaceChildren();
    this.draw();
    this.say('');
  }

  private finished(): void {
    if (this.done < this.total) return;
    this.say(this.total > 1 ? `${this.total} files done` : '');
    [this.done, this.total] = [0, 0];
  }

  private say(text: string): void {
    this.status.textContent = text;
  }

  private unable(error: Error): void {
    this.say('');
    this.problem(`Cannot run ${this.data.name} in this browser: ${error.message}`);
  }

  private problem(message: string): void {
    const known = [...this.problems.children].some((item) => item.firstChild?.textContent === message);
    if (known) return;
    const item = liveElement('li', '');
    const close = Object.assign(document.createElement('button'), { type: 'button', textContent: '\u00d7' });
    close.setAttribute('aria-label', 'dismiss');
    close.addEventListener('click', () => item.remove());
    item.append(liveElement('span', '', message), close);
    this.problems.prepend(item);
  }
}
