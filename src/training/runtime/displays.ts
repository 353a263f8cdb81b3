// What a config says of logs and pictures. DetLab's displays are its own; the keys are read so that a config passes as it
// is, and told for what they are.

import { z } from 'zod';
import { type AnyDefinition, defineModule, moduleOption } from '../../catalogue/registry';

const unused = (what: string) => z.unknown().optional().describe(`Accepted, without effect: ${what}`);

export const LogProcessor = defineModule({
  kind: 'log_processor',
  type: 'LogProcessor',
  summary: 'Losses as means over the last iterations, in the log',
  origin: 'mmengine',
  shapes: 'losses of the last window_size iterations -> their means',
  example: "{ type: 'LogProcessor', window_size: 50, by_epoch: true }",
  options: z.strictObject({
    window_size: z.int().positive().default(10).describe('Iterations a mean is over'),
    by_epoch: z.literal(true).default(true).describe('Only true'),
    custom_cfg: unused('every loss has the same mean'),
    num_digits: unused('digits follow from the size of the number'),
    log_with_hierarchy: unused('names are short'),
    mean_pattern: unused('every loss has the same mean'),
  }),
  build: (options) => options,
});

export const DetLocalVisualizer = defineModule({
  kind: 'visualizer',
  type: 'DetLocalVisualizer',
  summary: 'Draws boxes and masks; DetLab draws by model.predict, charts and tables while it trains',
  origin: 'MMDetection',
  shapes: 'an image and its detections -> a picture',
  example: "{ type: 'DetLocalVisualizer', vis_backends: [{ type: 'LocalVisBackend' }], name: 'visualizer' }",
  options: z.strictObject({
    name: z.string().default('visualizer').describe('Accepted: there is one'),
    image: z.null().optional().describe('Only null'),
    vis_backends: z.array(moduleOption('vis_backend')).nullish().describe('Where pictures and numbers go'),
    save_dir: unused('see work_dir'),
    bbox_color: unused('colours tell classes apart'),
    text_color: unused('it follows from the colour of the box'),
    mask_color: unused('it is that of the box'),
    line_width: unused('it follows from the size of the image'),
    alpha: unused('masks are half transparent'),
  }),
  build: (options) => options,
});

export const LocalVisBackend = defineModule({
  kind: 'vis_backend',
  type: 'LocalVisBackend',
  summary: "Numbers and config of a run in its folder: DetLab's runs write scalars.json there",
  origin: 'mmengine',
  shapes: 'scalars of a run -> a file of JSON lines',
  example: "{ type: 'LocalVisBackend' }",
  options: z.strictObject({
    save_dir: unused('see work_dir'),
    img_save_dir: unused('detlab predict --out says where'),
    config_save_file: unused('the name is fixed'),
    scalar_save_file: unused('the name is fixed'),
  }),
  build: (options) => options,
});

export const displays = [LogProcessor, DetLocalVisualizer, LocalVisBackend] as const satisfies readonly AnyDefinition[];
