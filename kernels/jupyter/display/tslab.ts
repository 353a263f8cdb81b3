// The module `tslab` of cells: the public API of tslab 1.0, so that notebooks written for it run unchanged. The package
// tslab, whose displays go to sockets of its own, is neither loaded nor needed; cells are checked against the types of
// this file.

import { randomUUID } from 'node:crypto';
import type { NotebookApi } from '../session/notebook-api';

/** Shows content of one MIME type. */
export interface Display {
  javascript(source: string): void;
  html(source: string): void;
  markdown(source: string): void;
  latex(source: string): void;
  svg(source: string): void;
  png(bytes: Uint8Array): void;
  jpeg(bytes: Uint8Array): void;
  gif(bytes: Uint8Array): void;
  pdf(bytes: Uint8Array): void;
  text(text: string): void;
  raw(contentType: string, content: string | Uint8Array): void;
}

function createDisplay(id?: string): Display {
  const raw = (type: string, content: string | Uint8Array) => {
    const notebook = (globalThis as { [key: symbol]: unknown })[Symbol.for('detlab.notebook')];
    (notebook as NotebookApi | undefined)?.display({ [type]: content }, { id });
  };
  const of = (type: string) => (content: string | Uint8Array) => raw(type, content);
  return {
    javascript: of('text/javascript'),
    html: of('text/html'),
    markdown: of('text/markdown'),
    latex: of('text/latex'),
    svg: of('image/svg+xml'),
    png: of('image/png'),
    jpeg: of('image/jpeg'),
    gif: of('image/gif'),
    pdf: of('application/pdf'),
    text: of('text/plain'),
    raw,
  };
}

/** Versions: of tslab the one whose API this is, of TypeScript and Node.js those that run the cells. */
export const versions: { tslab: string; typescript: string; node: string } = {
  tslab: '1.0.22',
  typescript: (require('typescript/package.json') as { version: string }).version,
  node: process.version,
};

/** Shows each content as a new output. */
export const display: Display = createDisplay();

/** A display that shows its first content as a new output, and replaces it by each later one. */
export const newDisplay = (): Display => createDisplay(randomUUID());
