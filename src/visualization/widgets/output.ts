// A place for outputs that handlers fill: a value, or all that a function prints and displays. Its outputs are part of
// its state, so a page that is opened later shows them too.

import { type Displayable, JUPYTER_DISPLAY, notebook } from '../display';
import { escapeHtml } from '../escape';
import { anyProperty } from './property';
import { Widget, type WidgetOptions } from './widget';

/** An output as notebooks store it (nbformat 4). */
export interface OutputItem {
  output_type: 'display_data' | 'stream' | 'error';
  [key: string]: unknown;
}

/** Properties of an output area. */
export interface OutputProperties {
  outputs: readonly OutputItem[];
}

/** Older outputs are dropped, so that a handler cannot fill the memory; of printed text the end is kept. */
const MAX_OUTPUTS = 500;
const MAX_TEXT = 100_000;

type Content = Record<string, unknown>;

/** A place in the page for outputs: a value, or all that a function prints and displays. */
export class Output extends Widget<OutputProperties> {
  /** Number of values given to `show`: a slow one does not replace a newer one. */
  private shows = 0;
  /** Clears when there is new output. */
  private isClearing = false;

  /** Shows a value in place of what it shows: anything that a cell can show. */
  async show(value: unknown): Promise<void> {
    const turn = ++this.shows;
    const item = await rendered(value);
    if (turn === this.shows) this.set({ outputs: [item] });
  }

  /** Shows a value after what it shows. */
  async append(value: unknown): Promise<void> {
    this.add(await rendered(value));
  }

  clear(): void {
    this.shows++;
    this.set({ outputs: [] });
  }

  /**
   * Runs `work`, and shows here what it prints and displays, and its error.
   * @example slider.observe(() => output.capture(() => { console.log(slider.value); }))
   */
  async capture(work: () => unknown): Promise<void> {
    const capture = notebook()?.capture;
    if (capture) await capture(work, (type, content) => this.take(type, content));
    else await work();
  }

  /**
   * Runs `work`, and then shows what it has printed, displayed and returned, or its error, in place of what is
   * shown. Of several that run, the one that began last is shown.
   */
  async redraw(work: () => unknown): Promise<void> {
    const turn = ++this.shows;
    const drawn = new Output(this.kind);
    await drawn.capture(async () => {
      const value = await work();
      if (value !== undefined) await drawn.append(value);
    });
    if (turn === this.shows) this.set({ outputs: drawn.values.outputs });
  }

  private take(type: string, content: Content): void {
    if (type === 'update_display_data') this.replace(content);
    else if (type !== 'clear_output') this.add({ ...content, output_type: type } as OutputItem);
    else if (content.wait) this.isClearing = true;
    else this.clear();
  }

  /** The outputs to add to. */
  private get current(): readonly OutputItem[] {
    const outputs = this.isClearing ? [] : this.values.outputs;
    this.isClearing = false;
    return outputs;
  }

  private add(item: OutputItem): void {
    const outputs = this.current;
    const last = outputs.at(-1);
    if (item.output_type === 'stream' && last?.output_type === 'stream' && last.name === item.name) {
      const text = `${last.text}${item.text}`.slice(-MAX_TEXT);
      this.set({ outputs: [...outputs.slice(0, -1), { ...last, text }] });
    } else this.set({ outputs: [...outputs.slice(1 - MAX_OUTPUTS), item] });
  }

  private replace(content: Content): void {
    const id = displayId(content);
    this.set({
      outputs: this.values.outputs.map((item) =>
        displayId(item) === id ? ({ ...content, output_type: 'display_data' } as OutputItem) : item,
      ),
    });
  }
}

const displayId = ({ transient }: Content) => (transient as { display_id?: string } | undefined)?.display_id;

async function rendered(value: unknown): Promise<OutputItem> {
  const render = notebook()?.render;
  if (render) return { output_type: 'display_data', ...(await render(value)) };
  const bundle = await (value as Partial<Displayable> | null | undefined)?.[JUPYTER_DISPLAY]?.();
  return { output_type: 'display_data', data: bundle ?? { 'text/plain': String(value) }, metadata: {} };
}

const joined = (text: unknown) => (Array.isArray(text) ? text.join('\n') : String(text ?? ''));

function itemText({ data, text, traceback }: OutputItem): string {
  return joined(text ?? traceback ?? (data as Content | undefined)?.['text/plain']);
}

function itemHtml(item: OutputItem): string {
  const data = (item.data ?? {}) as Content;
  if (typeof data['text/html'] === 'string') return data['text/html'];
  for (const type of ['image/png', 'image/jpeg'])
    if (typeof data[type] === 'string') {
      const { width } = (item.metadata as Record<string, { width?: unknown } | undefined> | undefined)?.[type] ?? {};
      const size = typeof width === 'number' ? ` width="${width}"` : '';
      return `<img alt=""${size} src="data:${type};base64,${escapeHtml(data[type])}">`;
    }
  if (typeof data['image/svg+xml'] === 'string') return data['image/svg+xml'];
  return `<pre>${escapeHtml(itemText(item))}</pre>`;
}

const make = Widget.ofKind<OutputProperties, Output>(Output, {
  name: 'Output',
  module: { name: '@jupyter-widgets/output', version: '1.0.0' },
  properties: { outputs: anyProperty<readonly OutputItem[]>([]) },
  toFrontEnd: ({ outputs }) => ({ outputs: outputs.map(({ transient: _, ...stored }) => stored) }),
  // the page's copy of what it was sent
  fromFrontEnd: () => ({}),
  text: ({ outputs }) => outputs.map(itemText).join('\n'),
  html: ({ outputs }) => outputs.map((item) => `<div>${itemHtml(item)}</div>`).join(''),
});

/**
 * A place for outputs that handlers fill.
 * @example const boxes = widgets.output(); score.observe((value) => boxes.show(drawn(value)));
 */
export const output = (options?: WidgetOptions<OutputProperties>): Output & OutputProperties => make(options);
