// `display(...)` as cells call it, with `display.html` and the others. It returns a handle that updates what is shown.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cell } from '../session/cell';
import { type Bundle, isBundle, type Metadata } from './bundle';
import { chartDraft } from './chart';
import { bytesDraft } from './image';
import { bundleDraft, render, SHOWS_NOTHING } from './render';
import { html, latex, markdown, type Rich, svg, type Tag } from './rich';
import type { DescribeError } from './text';
import type { DisplayContent, UpdatableDisplay, UpdatableDisplays } from './updatable-displays';

export interface DisplayOptions {
  /** Display id: shown again under this id in the same cell, the output is replaced. */
  id?: string;
}

/** An output that can be updated, also from later cells. */
export interface DisplayHandle {
  readonly id: string;
  /** Shows another value in its place: at most ten times a second, the last one always. */
  update(value: unknown): DisplayHandle;
}

type TaggedShow = (strings: TemplateStringsArray | string, ...values: unknown[]) => DisplayHandle;

export interface DisplayFunction {
  (value: unknown, options?: DisplayOptions): DisplayHandle;
  html: TaggedShow;
  markdown: TaggedShow;
  latex: TaggedShow;
  svg: TaggedShow;
  text(text: string): DisplayHandle;
  json(value: unknown): DisplayHandle;
  png(bytes: Uint8Array): DisplayHandle;
  jpeg(bytes: Uint8Array): DisplayHandle;
  image(image: Uint8Array | string | URL): DisplayHandle;
  vegalite(spec: object): DisplayHandle;
  raw(bundle: Bundle, metadata?: Metadata): DisplayHandle;
  clear(options?: { wait?: boolean }): void;
}

export interface DisplayContext {
  displays: UpdatableDisplays;
  /** The cell the caller belongs to. */
  cell(): Cell | undefined;
  clear(wait: boolean): void;
  describe: DescribeError;
}

const typeName = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value);

function expectBytes(name: string, bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError(
    `Cannot display with display.${name}: expected a Buffer or Uint8Array, received ${typeName(bytes)}`,
  );
}

export function createDisplay({ displays, cell, clear, describe }: DisplayContext): DisplayFunction {
  function handleOf(shown: UpdatableDisplay): DisplayHandle {
    const handle: DisplayHandle = {
      id: shown.id,
      update(value) {
        displays.update(shown, cell(), render(value, describe));
        return handle;
      },
    };
    return Object.defineProperty(handle, SHOWS_NOTHING, { value: true });
  }

  function show(content: DisplayContent, id?: string): DisplayHandle {
    const caller = cell();
    if (id === undefined) return handleOf(displays.open(randomUUID(), caller, content));
    const existing = displays.find(id);
    // in another cell, or another run of this one, it is shown again
    if (existing && existing.home === (caller?.home ?? caller)) {
      displays.update(existing, caller, content);
      return handleOf(existing);
    }
    const opened = displays.open(id, caller, content);
    displays.remember(opened);
    return handleOf(opened);
  }

  const showRich = (rich: Rich) => show(bundleDraft(rich.data, rich.metadata));
  const tagged =
    (tag: Tag): TaggedShow =>
    (strings, ...values) =>
      showRich(tag(strings as TemplateStringsArray, ...values));

  function image(given: Uint8Array | string | URL): DisplayHandle {
    const isFile = typeof given === 'string' || given instanceof URL;
    const bytes = isFile ? readFileSync(given) : expectBytes('image', given);
    const draft = bytesDraft(bytes);
    if (draft) return show(draft);
    throw new TypeError(
      `Cannot display ${isFile ? `"${given}"` : 'these bytes'} as an image: expected PNG, JPEG, GIF, WebP or SVG, ` +
        `received bytes that start with ${Buffer.from(bytes.subarray(0, 8)).toString('hex') || 'nothing'}. Convert with sharp(...).png()`,
    );
  }

  function raw(bundle: Bundle, metadata?: Metadata): DisplayHandle {
    if (isBundle(bundle)) return show(bundleDraft(bundle, metadata));
    throw new TypeError(
      `Cannot display with display.raw: expected an object whose keys are MIME types, such as { 'text/html': '<b>x</b>' }, received ${typeName(bundle)}`,
    );
  }

  function vegalite(spec: object): DisplayHandle {
    if (typeof spec === 'object' && spec !== null && !Array.isArray(spec))
      return show(chartDraft(spec, 'application/vnd.vegalite.v5+json'));
    throw new TypeError(`Cannot display with display.vegalite: expected a specification, received ${typeName(spec)}`);
  }

  return Object.assign((value: unknown, { id }: DisplayOptions = {}) => show(render(value, describe), id), {
    html: tagged(html),
    markdown: tagged(markdown),
    latex: tagged(latex),
    svg: tagged(svg),
    text: (text: string) => show(bundleDraft({ 'text/plain': String(text) })),
    json: (value: unknown) => show(bundleDraft({ 'application/json': value })),
    png: (bytes: Uint8Array) => show(bundleDraft({ 'image/png': expectBytes('png', bytes) })),
    jpeg: (bytes: Uint8Array) => show(bundleDraft({ 'image/jpeg': expectBytes('jpeg', bytes) })),
    image,
    vegalite,
    raw,
    clear: ({ wait = false } = {}) => clear(wait),
  });
}

/** The globals of cells. */
export function displayGlobals(display: DisplayFunction): Record<string, unknown> {
  return { display, html, markdown, latex, svg };
}
