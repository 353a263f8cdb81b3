// Logs and drawn images of a config: `log_processor` and `visualizer`. DetLab has displays of its own; what these keys do not
// change is said in their texts.

import { z } from 'zod';
import { type AnyDefinition, defineModule, moduleOption } from '../../catalogue/registry';
import { accepted } from '../hooks/accepted';

export const LogProcessor = defineModule({
  kind: 'log_processor',
  type: 'LogProcessor',
  summary: 'Averages logged losses over the last iterations',
  origin: 'mmengine',
  shapes: 'losses of the last window_size iterations -> their means',
  example: "{ type: 'LogProcessor', window_size: 50, by_epoch: true }",
  options: z.strictObject({
    window_size: z.int().positive().default(10).describe('Iterations that are averaged over'),
    by_epoch: z
      .boolean()
      .default(true)
      .describe('Accepted, without effect: lines count what the training loop counts, epochs or iterations'),
    custom_cfg: accepted('all losses are averaged over window_size'),
    num_digits: accepted('digits follow from the size of the number'),
    log_with_hierarchy: accepted('names are short'),
    mean_pattern: accepted('all losses are averaged over window_size'),
  }),
  build: (options) => options,
});

export const DetLocalVisualizer = defineModule({
  kind: 'visualizer',
  type: 'DetLocalVisualizer',
  summary: 'Draws boxes and masks: here model.predict does, and training shows charts and tables',
  origin: 'MMDetection',
  shapes: 'an image and its detections -> a drawn image',
  example: "{ type: 'DetLocalVisualizer', vis_backends: [{ type: 'LocalVisBackend' }], name: 'visualizer' }",
  options: z.strictObject({
    name: z.string().default('visualizer').describe('Accepted, without effect: there is one'),
    image: z.null().optional().describe('Only null'),
    vis_backends: z.array(moduleOption('vis_backend')).nullish().describe('Where drawn images and scalars go'),
    save_dir: accepted('output goes to work_dir'),
    bbox_color: accepted('each class has a colour'),
    text_color: accepted('text has a colour that is legible on its box'),
    mask_color: accepted('a mask has the colour of its box'),
    line_width: accepted('it depends on the size of the image'),
    alpha: accepted('masks are half transparent'),
  }),
  build: (options) => options,
});

export const LocalVisBackend = defineModule({
  kind: 'vis_backend',
  type: 'LocalVisBackend',
  summary: "Scalars of a run in its folder: DetLab's runs write scalars.jsonl there",
  origin: 'mmengine',
  shapes: 'scalars of a run -> a file of JSON lines',
  example: "{ type: 'LocalVisBackend' }",
  options: z.strictObject({
    save_dir: accepted('output goes to work_dir'),
    img_save_dir: accepted('detlab predict --out names the folder'),
    config_save_file: accepted('the name is fixed'),
    scalar_save_file: accepted('the name is fixed'),
  }),
  build: (options) => options,
});

export const displays = [LogProcessor, DetLocalVisualizer, LocalVisBackend] as const satisfies readonly AnyDefinition[];
