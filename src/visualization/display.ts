// Displaying results in a notebook: an object's `Symbol.for('Jupyter.display')` method returns a MIME bundle. In a script the
// same objects print their text/plain form.

import { inspect } from 'node:util';
import type { LiveNotebook } from './live-notebook';

/** Content by MIME type: objects for JSON types, base64 strings for images, strings for the rest. */
export type MimeBundle = Record<string, unknown>;

export const JUPYTER_DISPLAY: unique symbol = Symbol.for('Jupyter.display') as never;

/** An object that a notebook cell can display. */
export interface Displayable {
  [JUPYTER_DISPLAY](): MimeBundle | Promise<MimeBundle>;
}

/** Marks an object that shows nothing as the last expression of a cell: a handle. */
export const showsNothing = <T extends object>(handle: T): T =>
  Object.defineProperty(handle, Symbol.for('detlab.shows-nothing'), { value: true });

/** A displayable MIME bundle: displayed in a notebook; `console.log` prints its text in a script. */
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

/** The interface that the DetLab kernel sets on `globalThis` while a cell runs. */
export interface Notebook extends Partial<LiveNotebook> {
  /** Aborts when the user interrupts the kernel. */
  readonly signal: AbortSignal;
  /** Displays a bundle; a later call with the same `id` updates it. */
  display(bundle: MimeBundle, options?: { id?: string; metadata?: Record<string, unknown> }): void;
  /** The variables of the cells, by name. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** The current notebook, or undefined in a script. */
export function notebook(): Notebook | undefined {
  return (globalThis as Record<symbol, unknown>)[Symbol.for('detlab.notebook')] as Notebook | undefined;
}
