// TensorboardVisBackend (mmengine): an event file in `vis_data` for each start of a run, with mmengine's tags: losses by iteration,
// metrics by epoch. The seconds of an evaluation are `val/time`, which mmengine mixes with those of iterations.

import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { History, ScalarRecord } from '../history';
import { EventFile } from './event-file';
import type { RecordedRun, VisBackend } from './vis-backend';

/** Files of this process, in names: two starts may have the same second. */
let count = 0;

class TensorboardRecord implements VisBackend {
  readonly type = 'TensorboardVisBackend';
  private events?: EventFile;

  constructor(private readonly folder: string | undefined) {}

  start({ config, step, workDir }: RecordedRun): void {
    const folder = this.folder ?? path.join(workDir, 'vis_data');
    mkdirSync(folder, { recursive: true });
    const name = `events.out.tfevents.${Math.floor(Date.now() / 1000)}.${hostname()}.${process.pid}.${count++}`;
    this.events = new EventFile(path.join(folder, name));
    if (step > 0) this.events.restart(step + 1);
    this.events.text('config/text_summary', indented(config), step);
  }

  scalars(list: keyof History, { step, time, ...record }: ScalarRecord): void {
    this.events?.scalars({ ...record, [list === 'train' ? 'time' : 'val/time']: time }, step);
  }

  image(name: string, png: Uint8Array, step: number): void {
    this.events?.image(name, png, step);
  }
}

/** A block of code in Markdown. */
const indented = (text: string): string => text.replace(/^/gm, '    ');

export const TensorboardVisBackend = defineModule({
  kind: 'vis_backend',
  type: 'TensorboardVisBackend',
  summary: 'Scalars, config and drawn images of a run as event files for TensorBoard, in vis_data',
  origin: 'mmengine',
  shapes: 'scalars of a run -> an event file',
  example: "{ type: 'TensorboardVisBackend' }",
  options: z.strictObject({
    save_dir: z.string().min(1).nullish().describe('Folder; vis_data in work_dir when left out'),
  }),
  build: ({ save_dir }): VisBackend => new TensorboardRecord(save_dir ?? undefined),
});
