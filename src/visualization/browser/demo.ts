// A page that detects: image files and videos are dropped, chosen or pasted, or a camera is watched; they are shown with their
// boxes. Nothing is loaded from elsewhere, and nothing is sent.

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
const DEMO_VIDEOS = /\.(mp4|m4v|mov|webm|ogv|avi|mkv|mpe?g|wmv|flv|3gp|m?ts|m2ts)$/i;
const DEMO_HINT = 'Drop photographs or a video here, or paste one';

function showDemo(root: HTMLElement, data: DemoData): void {
  const place = root.querySelector<HTMLElement>('.detlab-demo') ?? root;
  new Demo(place, data);
}

class Demo {
  private readonly engine: DemoEngine;
  private readonly zone = liveElement('div', 'detlab-demo-zone');
  private readonly status = liveElement('div', 'detlab-demo-status');
  private readonly problems = liveElement('ul', 'detlab-demo-problems');
  private readonly results = liveElement('div', '');
  private readonly clear = document.createElement('button');
  private readonly camera = document.createElement('button');
  private gallery?: LiveImagesHandle;
  private film?: DemoFilm;
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
    const input = Object.assign(document.createElement('input'), {
      type: 'file',
      accept: 'image/*,video/*',
      multiple: true,
    });
    input.hidden = true;
    input.addEventListener('change', () => {
      this.add([...(input.files ?? [])]);
      input.value = '';
    });
    const choose = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Choose files' });
    choose.className = 'detlab-demo-choose';
    choose.addEventListener('click', () => input.click());
    // of an address that is not safe a browser lends no camera
    Object.assign(this.camera, {
      type: 'button',
      textContent: 'Camera',
      hidden: !navigator.mediaDevices?.getUserMedia,
    });
    this.camera.addEventListener('click', () => (this.film ? this.film.stop() : this.run(DemoFilm.ofCamera())));
    Object.assign(this.clear, { type: 'button', textContent: 'Clear', hidden: true });
    this.clear.addEventListener('click', () => this.empty());
    this.zone.tabIndex = 0;
    this.zone.setAttribute('role', 'group');
    this.zone.setAttribute('aria-label', DEMO_HINT);
    this.zone.append(liveElement('span', '', DEMO_HINT), choose, this.camera, this.clear, input);
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
    // the items are there only until the first wait
    const folders = demoFolders([...(given?.items ?? [])]);
    const files = [...(given?.files ?? [])];
    if (files.length === 0)
      this.problem('What was dropped is no file: save the image and drop its file, or copy and paste it');
    const names = new Set(folders.map(({ name }) => name));
    this.add(files.filter(({ name }) => !names.has(name)));
    for (const { name, images } of folders) await this.addFolder(name, await images());
  }

  /** The images right in a folder. */
  private async addFolder(name: string, images: readonly DemoFolderImage[]): Promise<void> {
    const found = images.filter((image) => DEMO_IMAGES.test(image.name));
    found.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    if (found.length === 0) this.problem(`The folder "${name}" holds no images that a browser reads`);
    if (found.length > DEMO_FOLDER_FILES)
      this.problem(
        `The folder "${name}" has ${found.length} images: the first ${DEMO_FOLDER_FILES} are taken. ` +
          `Drop others by themselves, or use detlab predict`,
      );
    this.add(await Promise.all(found.slice(0, DEMO_FOLDER_FILES).map(({ file }) => file())));
  }

  private add(files: readonly File[]): void {
    this.total += files.length;
    for (const file of files) this.queue = this.queue.then(() => this.detect(file, file.name || 'pasted image'));
    this.queue = this.queue.then(() => this.finished());
  }

  private async detect(file: File, name: string): Promise<void> {
    const id = this.given++;
    try {
      if (file.type.startsWith('video/') || DEMO_VIDEOS.test(name)) {
        await this.run(DemoFilm.ofFile(file, name));
        this.done++;
        return;
      }
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

  /** Shows the frames of a film in the place of one image, the newest. */
  private async run(opening: Promise<DemoFilm>): Promise<void> {
    let film: DemoFilm | undefined;
    let place: DemoImage | undefined;
    const started = this.engine.start().then(
      () => true,
      (error: Error) => void this.unable(error),
    );
    try {
      film = await opening;
      this.film?.stop(); // one at a time
      this.film = film;
      this.camera.textContent = 'Stop';
      if (!(await started)) film.stop();
      for await (const { frame, name, time } of film.frames()) {
        const of = film.length === undefined ? '' : ` of ${film.length.toFixed(1)}`;
        this.say(`${name}: ${time.toFixed(1)}${of} s`);
        const reply = await this.engine.detect(this.given++, name, frame);
        if (reply.kind !== 'found') throw new Error('message' in reply ? reply.message : 'the engine stopped');
        if (!film.isOn && place) break;
        place = this.show(reply, place);
      }
    } catch (error) {
      this.problem((error as Error).message);
    }
    film?.stop();
    if (this.film && this.film !== film) return;
    this.film = undefined;
    this.camera.textContent = 'Camera';
    this.say('');
  }

  /** @param place of a film, whose frame before is replaced */
  private show({ image, preview, seconds }: Extract<DemoReply, { kind: 'found' }>, place?: DemoImage): DemoImage {
    const caption = `${image.name} \u00b7 ${image.width} x ${image.height} \u00b7 ${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
    const shown: DemoImage = { data: { ...image, caption }, address: URL.createObjectURL(preview) };
    const at = place ? this.images.indexOf(place) : -1;
    if (place && at >= 0) {
      this.images[at] = shown;
      if (!this.gallery?.update(at, shown.data, shown.address)) this.draw();
      URL.revokeObjectURL(place.address);
    } else {
      this.images.unshift(shown);
      this.draw();
    }
    this.root.dispatchEvent(new CustomEvent('detlab-detections', { bubbles: true, detail: { ...image, seconds } }));
    return shown;
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
    this.gallery = showLiveImages(this.results, {
      ...look,
      threshold: this.threshold,
      sideBySide: false,
      sides: [],
      note: '',
      images,
    });
  }

  private empty(): void {
    this.film?.stop();
    this.film = undefined;
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
