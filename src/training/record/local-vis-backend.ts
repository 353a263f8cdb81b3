// LocalVisBackend (mmengine): `vis_data/scalars.json`, a JSON object per line, and `vis_data/config.py`, which MMDetection's
// analysis tools read; drawn images as `vis_data/vis_image/val_img_120.png`.

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { historyLines } from '../history';
import type { RecordedRun, VisBackend } from './vis-backend';

const localOptions = z.strictObject({
  save_dir: z.string().min(1).nullish().describe('Folder; vis_data in work_dir when left out'),
  img_save_dir: z.string().min(1).default('vis_image').describe('Folder of drawn images, in that of the run'),
  config_save_file: z
    .string()
    .regex(/^[^/\\]+\.py$/, 'expected a file name that ends with .py')
    .default('config.py')
    .describe('Name of the config'),
  scalar_save_file: z
    .string()
    .regex(/^[^/\\]+\.jsonl?$/, 'expected a file name that ends with .json')
    .default('scalars.json')
    .describe('Name of the file of scalars'),
});

class LocalRecord implements VisBackend {
  readonly type = 'LocalVisBackend';
  private folder = '';
  private file = '';

  constructor(private readonly options: z.output<typeof localOptions>) {}

  /** What a killed process logged past its last checkpoint is logged again. */
  start({ config, history, stepsPerEvaluation, workDir }: RecordedRun): void {
    const folder = this.options.save_dir ?? path.join(workDir, 'vis_data');
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, this.options.config_save_file), config);
    this.file = path.join(folder, this.options.scalar_save_file);
    writeFileSync(this.file, historyLines(history, stepsPerEvaluation).join(''));
  }

  scalars(_list: unknown, record: Record<string, number>): void {
    appendFileSync(this.file, `${JSON.stringify(record)}\n`);
  }

  image(name: string, png: Uint8Array, step: number): void {
    const images = path.join(this.folder, this.options.img_save_dir);
    mkdirSync(images, { recursive: true });
    writeFileSync(path.join(images, `${name}_${step}.png`), png);
  }
}

export const LocalVisBackend = defineModule({
  kind: 'vis_backend',
  type: 'LocalVisBackend',
  summary:
    'Scalars, config and drawn images of a run as mmengine writes them, in vis_data; every run has them without a visualizer',
  origin: 'mmengine',
  shapes: 'scalars of a run -> a file of JSON lines',
  example: "{ type: 'LocalVisBackend' }",
  options: localOptions,
  build: (o): VisBackend => new LocalRecord(o),
});
