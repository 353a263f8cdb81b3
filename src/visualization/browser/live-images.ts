// Brings images with boxes to life: score slider, switches of classes and states, colours, sorting, a tooltip for the box that
// the pointer or the focus is on, and a click that enlarges an image of a gallery.

interface LiveImagesData extends LiveLegend, LiveView {
  fontSize: number;
  lineWidth: number;
  sideBySide: boolean;
  /** Names of both sides. */
  sides: readonly string[];
  sortBy?: string;
  columns?: number;
  width?: number;
  note: string;
  images: LiveImageData[];
}

/** For displays that contain images: a confusion matrix shows those of a cell. */
interface LiveImagesHandle {
  /** Shows some images only (positions, in this order; all without), and of their boxes those for which `boxes` holds. */
  select(images?: readonly number[], boxes?: (image: number, box: number) => boolean): void;
  setThreshold(threshold: number): void;
  /** Shows another image in a place; false where its classes have no switches yet, and all have to be shown anew. */
  update(index: number, image: LiveImageData, source: string): boolean;
}

interface LivePane {
  side: LiveView['side'];
  svg: SVGSVGElement;
  /** On the screen, when it was drawn; 0 where it was not on the screen. */
  width: number;
}

interface LiveTile {
  index: number;
  element: HTMLElement;
  panes: LivePane[];
  caption: HTMLElement;
}

const LIVE_STYLE = `
.detlab-live{position:relative;width:100%;font-size:13px}
.detlab-live-bar{display:flex;flex-wrap:wrap;gap:6px 14px;align-items:center;margin:4px 0 8px}
.detlab-live-bar label{display:inline-flex;gap:6px;align-items:center}
.detlab-live-bar output{min-width:2.4em;font-variant-numeric:tabular-nums}
.detlab-live-bar input[type=range]{width:150px;accent-color:#0a84ff;margin:0}
.detlab-live-bar select{font:inherit;color:inherit;background:transparent;border:1px solid color-mix(in srgb,currentColor 35%,transparent);border-radius:5px;padding:1px 4px}
.detlab-live-bar option{color:#111;background:#fff}
.detlab-live-chips{display:inline-flex;flex-wrap:wrap;gap:4px;max-height:92px;overflow:auto}
.detlab-live-chips button{font:inherit;font-size:12px;color:inherit;background:transparent;border:1px solid color-mix(in srgb,currentColor 30%,transparent);border-radius:10px;padding:0 8px 0 6px;cursor:pointer;display:inline-flex;gap:5px;align-items:center;line-height:1.5}
.detlab-live-chips i{width:9px;height:9px;border-radius:50%;flex:none}
.detlab-live-chips button[aria-pressed=false]{opacity:.45;text-decoration:line-through}
.detlab-live-chips small{opacity:.7;font-variant-numeric:tabular-nums}
.detlab-live-tiles{display:grid;gap:10px;align-items:start}
.detlab-live-tile{margin:0;min-width:0}
.detlab-live-panes{display:flex;gap:6px}
.detlab-live-panes svg{display:block;flex:1 1 0;width:100%;min-width:0;height:auto;overflow:hidden}
.detlab-live-zoom{cursor:zoom-in}
.detlab-live-large{grid-column:1/-1}
.detlab-live-large .detlab-live-zoom{cursor:zoom-out}
.detlab-live-tile figcaption{font-size:12px;opacity:.8;overflow-wrap:anywhere;margin-top:2px}
.detlab-live-panes rect[data-box]{outline:none}
.detlab-live-tip{position:absolute;z-index:5;pointer-events:none;background:#1c1c1e;color:#fff;border:1px solid #ffffff40;border-radius:6px;padding:4px 8px;font-size:12px;line-height:1.4;max-width:280px;white-space:pre-line;box-shadow:0 2px 8px #0006}
.detlab-live-note{opacity:.75;font-size:12px;white-space:pre-line;overflow-wrap:anywhere}`;

/** The JPEG inside of an SVG that is the source of an <img>. */
function liveJpeg(image: HTMLImageElement): string {
  const svg = decodeURIComponent(image.src.slice(image.src.indexOf(',') + 1));
  return /href='(data:image\/jpeg;base64,[\w+/=]*)'/.exec(svg)?.[1] ?? image.src;
}

function showLiveImages(root: HTMLElement, data: LiveImagesData): LiveImagesHandle {
  return new LiveGallery(root.querySelector<HTMLElement>('.detlab-live') ?? root, data);
}

class LiveGallery implements LiveImagesHandle {
  private readonly view: { -readonly [K in keyof LiveView]: LiveView[K] };
  private readonly hidden = { classes: new Set<number>(), states: new Set<number>() };
  private readonly tiles: LiveTile[];
  private readonly grid = liveElement('div', 'detlab-live-tiles');
  private readonly tip = liveElement('div', 'detlab-live-tip');
  private readonly measure: (text: string) => number;
  private slider?: LiveSlider;
  private switches!: Record<'class' | 'state', LiveSwitches>;
  /** Classes that have switches. */
  private switched: ReadonlySet<number> = new Set();
  private isWaiting = false;
  private isSelected?: (image: number, box: number) => boolean;

  constructor(
    private readonly root: HTMLElement,
    private readonly data: LiveImagesData,
  ) {
    const { threshold, color, labels } = data;
    this.view = { threshold, color, labels, hiddenClasses: [], hiddenStates: [], side: 'all' };
    const context = document.createElement('canvas').getContext('2d');
    if (context) context.font = `600 ${data.fontSize}px "DejaVu Sans","Segoe UI","Helvetica Neue",Arial,sans-serif`;
    this.measure = (text) => context?.measureText(text).width ?? text.length * data.fontSize * 0.6;
    const sources = [...root.querySelectorAll('img')].map(liveJpeg);
    this.tiles = data.images.map((image, index) => this.tile(image, index, sources[index]));
    const style = document.createElement('style');
    style.textContent = LIVE_STYLE;
    this.tip.hidden = true;
    const note = liveElement('div', 'detlab-live-note', data.note);
    root.replaceChildren(style, this.bar(), this.grid, note, this.tip);
    this.grid.append(...this.tiles.map(({ element }) => element));
    this.layOut();
    // a notebook runs scripts before what is off the screen has a size
    const panes = this.tiles.flatMap((tile) => tile.panes);
    const observer = new ResizeObserver(() => {
      if (panes.some(({ svg, width }) => svg.clientWidth !== width)) this.redraw();
    });
    for (const { svg } of panes) observer.observe(svg);
    this.draw();
  }

  select(images?: readonly number[], boxes?: (image: number, box: number) => boolean): void {
    this.isSelected = boxes;
    this.grid.replaceChildren(...[...(images ?? this.tiles.keys())].map((i) => this.tiles[i].element));
    this.layOut();
    this.redraw();
  }

  setThreshold(threshold: number): void {
    this.view.threshold = threshold;
    this.slider?.set(threshold);
    this.redraw();
  }

  update(index: number, image: LiveImageData, source: string): boolean {
    if (image.boxes.some((box) => !this.switched.has(box[4]))) return false;
    this.data.images[index] = image;
    for (const { svg } of this.tiles[index].panes) svg.children[0].setAttribute('href', source);
    this.redraw();
    return true;
  }

  /** Once a frame at most. */
  private redraw(): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.draw();
    });
  }

  private layOut(): void {
    const { columns, width, sideBySide } = this.data;
    const shown = this.grid.childElementCount;
    const cell = (width ?? (this.tiles.length === 1 ? 720 : 300)) * (sideBySide ? 2 : 1);
    const count = columns ?? (shown === 1 ? 1 : 'auto-fill');
    const size = shown === 1 || width !== undefined ? `minmax(0,${cell}px)` : `minmax(min(100%,${cell}px),1fr)`;
    this.grid.style.gridTemplateColumns = `repeat(${count},${columns === undefined ? size : 'minmax(0,1fr)'})`;
  }

  private tile(image: LiveImageData, index: number, source: string): LiveTile {
    const element = liveElement('figure', 'detlab-live-tile');
    const row = liveElement('div', 'detlab-live-panes');
    const sides = this.data.sideBySide ? (['truths', 'predictions'] as const) : (['all'] as const);
    const panes = sides.map((side, s) => {
      const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      svg.innerHTML =
        `<image width="${image.width}" height="${image.height}" preserveAspectRatio="none" href="${source}"/>` +
        '<g></g><g></g>';
      svg.setAttribute('role', 'group');
      svg.setAttribute('aria-label', `${image.name}${side === 'all' ? '' : `, ${this.data.sides[s]}`}`);
      svg.tabIndex = 0;
      svg.addEventListener('keydown', (event) => this.onKey(event, svg, element));
      svg.addEventListener('pointermove', (event) => this.point(index, event.target as Element, event));
      svg.addEventListener('pointerleave', () => this.unpoint());
      svg.addEventListener('focusin', (event) => this.point(index, event.target as Element));
      svg.addEventListener('focusout', () => this.unpoint());
      return { side, svg, width: 0 };
    });
    row.append(...panes.map(({ svg }) => svg));
    if (this.data.images.length > 1) {
      row.classList.add('detlab-live-zoom');
      row.addEventListener('click', () => element.classList.toggle('detlab-live-large'));
    }
    const caption = liveElement('figcaption', '');
    element.append(row, caption);
    return { index, element, panes, caption };
  }

  /** Arrows go from box to box; Enter enlarges. */
  private onKey(event: KeyboardEvent, svg: SVGSVGElement, tile: HTMLElement): void {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === 'Enter' && this.data.images.length > 1) tile.classList.toggle('detlab-live-large');
    if (step === undefined) return;
    const boxes = [...svg.querySelectorAll<SVGElement>('rect[data-box]')];
    const now = boxes.indexOf(document.activeElement as SVGElement);
    boxes.at((now + (now < 0 && step < 0 ? 0 : step)) % boxes.length)?.focus();
    event.preventDefault();
    event.stopPropagation();
  }

  private draw(): void {
    this.unpoint();
    this.view.hiddenClasses = [...this.hidden.classes];
    this.view.hiddenStates = [...this.hidden.states];
    const tally = new Map<string, number>();
    for (const tile of this.tiles) {
      if (!tile.element.isConnected) continue;
      const count = (key: string) => tally.set(key, (tally.get(key) ?? 0) + 1);
      const image = this.data.images[tile.index];
      for (const point of image.points ?? []) count(`class ${point[3]}`);
      for (const box of image.boxes) {
        if ((box[5] ?? 1) < this.view.threshold) continue;
        count(`class ${box[4]}`);
        count(`state ${this.data.states.indexOf(liveState(box, this.data, this.view.threshold))}`);
      }
      const shown = tile.panes.map((pane) => this.drawPane(tile.index, pane));
      const values = Object.entries(image.values).map(([name, v]) => `${name} ${v === null ? '-' : liveValue(v)}`);
      const boxes = shown.reduce((a, b) => a + b, 0);
      tile.caption.textContent = [
        image.caption ?? image.name,
        ...values,
        `${boxes} ${boxes === 1 ? 'box' : 'boxes'}`,
      ].join(' \u00b7 ');
    }
    for (const kind of ['class', 'state'] as const)
      this.switches[kind].setCounts((index) => tally.get(`${kind} ${index}`) ?? 0);
  }

  /** Returns the number of boxes. */
  private drawPane(index: number, pane: LivePane): number {
    const { side, svg } = pane;
    const image = this.data.images[index];
    const { fontSize, lineWidth } = this.data;
    // a thin image is wider on the screen than its frame says: one pixel is the same in both
    pane.width = svg.clientWidth;
    const width = pane.width || 300;
    const guess = liveFrame(image, width, fontSize, lineWidth);
    const frame = liveFrame(image, (width * image.width) / guess.width, fontSize, lineWidth);
    svg.setAttribute('viewBox', `${frame.x} ${frame.y} ${frame.width} ${frame.height}`);
    const all = liveItems(image, this.data, { ...this.view, side });
    const items = this.isSelected ? all.filter((item) => this.isSelected?.(index, item.index)) : all;
    const [, drawing, targets] = svg.children;
    drawing.innerHTML = liveDrawing(items, frame, this.measure);
    const points = livePoints(image, this.data, this.view, frame);
    // the smallest box is on top, so that the pointer finds every box
    const area = ({ box: [x1, y1, x2, y2] }: LiveItem) => (x2 - x1) * (y2 - y1);
    const rectangles = [...items]
      .sort((a, b) => area(b) - area(a))
      .map(
        ({ index: box, box: [x1, y1, x2, y2], color }) =>
          `<rect data-box="${box}" data-color="${color}" tabindex="-1" x="${x1}" y="${y1}" width="${x2 - x1}" height="${y2 - y1}" fill="#fff" fill-opacity="0" aria-label="${liveEscape(this.describe(image.boxes[box]))}"/>`,
      )
      .join('');
    targets.innerHTML = rectangles + points;
    return items.filter(({ minor }) => !minor).length;
  }

  private describe(box: LiveBoxData): string {
    const [, , , , label, score, , iou, met, , foundUpTo, , note] = box;
    const state = liveState(box, this.data, this.view.threshold);
    const found =
      typeof foundUpTo !== 'number'
        ? ''
        : foundUpTo > 0
          ? `found up to a score of ${foundUpTo.toFixed(2)}`
          : 'not found';
    return [
      `${this.data.classes[label] ?? label}${typeof score === 'number' ? ` ${score.toFixed(3)}` : ''}`,
      state,
      typeof iou === 'number' ? `IoU ${iou.toFixed(3)}` : '',
      met ? `met ${met}` : '',
      found,
      note ?? '',
    ]
      .filter((line) => line !== '')
      .join('\n');
  }

  /** Shows what is known of a box, beside it, and of those that are nearly the same: a detection and the truth it met. */
  private point(index: number, target: Element, at?: PointerEvent): void {
    this.unpoint();
    const { boxes, points } = this.data.images[index];
    const circle = points?.[Number(target.getAttribute('data-point') ?? -1)];
    if (circle) this.showTip(circle[4], target, at);
    if (target.getAttribute('data-box') === null) return;
    const stacked = at ? document.elementsFromPoint(at.clientX, at.clientY) : [];
    const pointed = [target, ...stacked.filter((e) => e !== target && e.parentNode === target.parentNode)]
      .map((element) => ({ element, box: boxes[Number(element.getAttribute('data-box'))] }))
      .filter(({ box }, i, [first]) => i === 0 || liveOverlap(box, first.box) >= 0.5)
      .sort((a, b) => (b.box[5] ?? -1) - (a.box[5] ?? -1))
      .slice(0, 3);
    const { element } = pointed[0];
    element.setAttribute('fill-opacity', '.16');
    element.setAttribute('stroke', element.getAttribute('data-color') ?? '#fff');
    element.setAttribute('stroke-width', '3');
    element.setAttribute('vector-effect', 'non-scaling-stroke');
    this.showTip(pointed.map(({ box }) => this.describe(box)).join('\n\n'), target, at);
  }

  private showTip(text: string, target: Element, at?: PointerEvent): void {
    this.tip.textContent = text;
    this.tip.hidden = false;
    const whole = this.root.getBoundingClientRect();
    const place = target.getBoundingClientRect();
    const [x, y] = at ? [at.clientX + 12, at.clientY + 14] : [place.left, place.bottom + 4];
    this.tip.style.left = `${Math.max(0, Math.min(x - whole.left, whole.width - this.tip.offsetWidth))}px`;
    const above = (at ? at.clientY : place.top) - whole.top - this.tip.offsetHeight - 6;
    const below = y - whole.top;
    this.tip.style.top = `${below + this.tip.offsetHeight > whole.height && above > 0 ? above : below}px`;
  }

  private unpoint(): void {
    this.tip.hidden = true;
    for (const rect of this.grid.querySelectorAll('rect[stroke][data-box]')) {
      rect.removeAttribute('stroke');
      rect.setAttribute('fill-opacity', '0');
    }
  }

  private bar(): HTMLElement {
    const bar = liveElement('div', 'detlab-live-bar');
    const { view, hidden, data } = this;
    const redraw = () => this.redraw();
    const boxes = data.images.flatMap((image) => image.boxes);
    if (boxes.some((box) => typeof box[5] === 'number')) {
      this.slider = liveSlider('score from ', view.threshold, (threshold) => {
        view.threshold = threshold;
        redraw();
      });
      bar.append(this.slider.element);
    }
    const present = (position: number) =>
      [...new Set(boxes.map((box) => box[position]))]
        .filter((i): i is number => typeof i === 'number')
        .sort((a, b) => a - b);
    const pointed = data.images.flatMap(({ points = [] }) => points.map((point) => point[3]));
    const classes = [...new Set([...present(4), ...pointed])].sort((a, b) => a - b);
    this.switched = new Set(classes);
    const states = present(6);
    // a truth that is found at one threshold is missed at another
    const missed = data.states.indexOf('missed');
    if (boxes.some((box) => typeof box[10] === 'number') && !states.includes(missed)) states.push(missed);
    const switches = [
      liveSwitches(classes, data.classes, data.colors, hidden.classes, redraw),
      liveSwitches(states, data.states, data.stateColors, hidden.states, redraw),
    ];
    this.switches = { class: switches[0], state: switches[1] };
    const colored = () => {
      for (const kind of ['class', 'state'] as const) this.switches[kind].setColored(view.color === kind);
    };
    colored();
    if (classes.length > 0) bar.append(switches[0].element);
    if (states.length > 0) {
      const choices = ['class', 'state'].map((name) => [name, name]);
      const onChoice = (value: string) => {
        view.color = value as LiveView['color'];
        colored();
        redraw();
      };
      bar.append(switches[1].element, liveChoice('colour', choices, view.color, onChoice));
    }
    const names = [...new Set(data.images.flatMap(({ values }) => Object.keys(values)))];
    if (names.length > 0 && data.images.length > 1) bar.append(this.sorting(names));
    return bar;
  }

  private sorting(names: readonly string[]): HTMLElement {
    const choices = names.flatMap((name) => [
      [name, `${name}, smallest first`],
      [`-${name}`, `${name}, largest first`],
    ]);
    const { sortBy } = this.data;
    const given = sortBy === undefined ? [['', 'as given']] : [];
    return liveChoice('sorted by', [...given, ...choices], sortBy ?? '', (key) => {
      const shown = this.tiles.filter(({ element }) => element.isConnected);
      const name = key.replace(/^-/, '');
      const sign = key.startsWith('-') ? -1 : 1;
      // without a value: last
      const rank = ({ index }: LiveTile) => {
        const value = this.data.images[index].values[name] ?? null;
        return value === null ? Number.MAX_VALUE : sign * value;
      };
      const order = shown.sort((a, b) => (key === '' ? a.index - b.index : rank(a) - rank(b)));
      this.grid.append(...order.map(({ element }) => element));
    });
  }
}

/** IoU of two boxes. */
function liveOverlap(a: LiveBoxData, b: LiveBoxData): number {
  const side = (low: 0 | 1, high: 2 | 3) => Math.max(0, Math.min(a[high], b[high]) - Math.max(a[low], b[low]));
  const area = (box: LiveBoxData) => (box[2] - box[0]) * (box[3] - box[1]);
  const shared = side(0, 2) * side(1, 3);
  return shared / (area(a) + area(b) - shared);
}

const liveValue = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(3));
