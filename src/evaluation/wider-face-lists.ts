// The ground truth of WIDER FACE's evaluation: the boxes of wider_face_val.mat, and of which of them each setting is made.

import path from 'node:path';
import { DetLabError } from '../errors';
import { type MatValue, readMatFile } from './mat-file';

export const SETTINGS = ['easy', 'medium', 'hard'] as const;
export type Setting = (typeof SETTINGS)[number];

/** The faces of an image. */
export interface FaceImage {
  event: string;
  name: string;
  /** [n * 4] x, y, width, height. */
  boxes: Float64Array;
  /** Per setting, 1: the face is one that must be found; the others are ignored. */
  counted: Record<Setting, Uint8Array>;
}

/** Reads the four files of a folder, as the evaluation's own archive has them. */
export async function readFaceLists(folder: string): Promise<FaceImage[]> {
  const files = ['wider_face_val.mat', ...SETTINGS.map((setting) => `wider_${setting}_val.mat`)];
  const [whole, ...settings] = await Promise.all(files.map((name) => readMatFile(path.join(folder, name))));
  const events = new Cells(path.join(folder, files[0]), whole, 'event_list');
  const names = new Cells(path.join(folder, files[0]), whole, 'file_list');
  const boxes = new Cells(path.join(folder, files[0]), whole, 'face_bbx_list');
  const kept = settings.map((variables, s) => new Cells(path.join(folder, files[s + 1]), variables, 'gt_list'));
  const images: FaceImage[] = [];
  for (let e = 0; e < events.count; e++) {
    const event = events.text(e);
    for (let i = 0; i < names.within(e); i++) {
      const rows = boxes.numbers(e, i);
      const count = rows.dims[0];
      if (rows.values.length !== 4 * count) throw boxes.bad(`expected [n, 4] boxes, received [${rows.dims}]`, e, i);
      images.push({
        event,
        name: names.text(e, i),
        boxes: Float64Array.from(rows.values, (_, k) => rows.values[(k % 4) * count + (k >> 2)]),
        counted: Object.fromEntries(SETTINGS.map((setting, s) => [setting, flagsOf(kept[s], e, i, count)])) as Record<
          Setting,
          Uint8Array
        >,
      });
    }
  }
  return images;
}

/** From places that count from 1. */
function flagsOf(list: Cells, event: number, image: number, count: number): Uint8Array {
  const flags = new Uint8Array(count);
  for (const place of list.numbers(event, image).values) {
    if (!(place >= 1 && place <= count && Number.isInteger(place)))
      throw list.bad(`expected places 1 to ${count}, received ${place}`, event, image);
    flags[place - 1] = 1;
  }
  return flags;
}

/** A variable of cells, by event, and within each by image. */
class Cells {
  private readonly cells: MatValue[];

  constructor(
    private readonly file: string,
    variables: ReadonlyMap<string, MatValue>,
    private readonly variable: string,
  ) {
    const value = variables.get(variable);
    if (value?.kind !== 'cells')
      throw new DetLabError(
        `Cannot read "${file}": expected a variable "${variable}" of cells, received ${[...variables.keys()].join(', ') || 'none'}. ` +
          "Use the .mat files of WIDER FACE's evaluation",
      );
    this.cells = value.cells;
  }

  get count(): number {
    return this.cells.length;
  }

  bad(why: string, ...place: number[]): DetLabError {
    return new DetLabError(
      `Cannot read ${this.variable}{${place.map((k) => k + 1).join('}{')}} of "${this.file}": ${why}`,
    );
  }

  private at(...place: number[]): MatValue {
    let value: MatValue | undefined = { kind: 'cells', dims: [], cells: this.cells };
    for (const k of place) value = value?.kind === 'cells' ? value.cells[k] : undefined;
    if (!value) throw this.bad('there is no such cell', ...place);
    return value;
  }

  /** Cells of an event. */
  within(event: number): number {
    const value = this.at(event);
    if (value.kind !== 'cells') throw this.bad('expected cells', event);
    return value.cells.length;
  }

  /** Text, which may lie in a cell of its own. */
  text(...place: number[]): string {
    const value = this.at(...place);
    const own = value.kind === 'cells' && value.cells.length === 1 ? value.cells[0] : value;
    if (own.kind !== 'text') throw this.bad(`expected text, received ${own.kind}`, ...place);
    return own.text;
  }

  numbers(...place: number[]): Extract<MatValue, { kind: 'numbers' }> {
    const value = this.at(...place);
    if (value.kind !== 'numbers') throw this.bad(`expected numbers, received ${value.kind}`, ...place);
    return value;
  }
}
