// How a result reaches a notebook: an object whose `Symbol.for('Jupyter.display')` method returns a MIME bundle. In a plain
// script the same objects print their text/plain form.

import { inspect } from 'node:util';

/** Content by MIME type: JSON types hold objects, images base64 strings, the rest strings. */
export type MimeBundle = Record<string, unknown>;

export const JUPYTER_DISPLAY: unique symbol = Symbol.for('Jupyter.display') as never;

/** Something a notebook cell shows. */
export interface Displayable {
  [JUPYTER_DISPLAY](): MimeBundle | Promise<MimeBundle>;
}

/** A display whose bundle is at hand: shown in a notebook, its text printed by `console.log` in a script. */
export class Display implements Displayable {
  constructor(readonly bundle: MimeBundle) {}

  [JUPYTER_DISPLAY](): MimeBundle {
    return this.bundle;
  }

  toString(): string {
    return String(this.bundle['text/plain'] ?? '');
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** What the DetLab kernel puts on `globalThis` while a cell runs. */
export interface Notebook {
  /** Aborted when the user presses Stop. */
  readonly signal: AbortSignal;
  /** Shows a bundle now; a later call with the same `id` replaces it. */
  display(bundle: MimeBundle, options?: { id?: string }): void;
}

/** The notebook this code runs in, or undefined in a script. */
export function notebook(): Notebook | undefined {
  return (globalThis as Record<symbol, unknown>)[Symbol.for('detlab.notebook')] as Notebook | undefined;
}
