// The images that cells show, announced as soon as they are files: a run without a front end can be watched.

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { printLine } from './terminal.mjs';
import { imageText } from './terminal-image.mjs';

/** The tag of cells whose first image a terminal also draws. */
const DRAWN = 'draw';

/** Announces the first image of each cell. */
export function imageAnnouncer() {
  const announced = new Set();
  return async ({ cell, position, tags, file }) => {
    if (announced.has(cell)) return;
    announced.add(cell);
    printLine(`${position} image: ${relative(process.cwd(), file)}`);
    if (!process.stdout.isTTY || !tags.includes(DRAWN)) return;
    for (const line of await imageText(readFileSync(file), { columns: process.stdout.columns })) printLine(line);
  };
}
