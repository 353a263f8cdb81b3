// Logs and drawn images of a config: `log_processor` and `visualizer`. DetLab has displays of its own; what these keys do not
// change is said in their texts.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { type AnyDefinition, defineModule, moduleOption } from '../../catalogue/registry';

export const LogProcessor = defineModule({
  kind: 'log_processor',
  type: 'LogProcessor',
  summary: 'Averages logged losses over the last iterations',
  origin: 'mmengine',
  shapes: 'losses of the last window_size iterations -> their means',
  example: "{ type: 'LogProcessor', window_size: 50, by_epoch: true }",
  options: z.strictObject({
    window_size: z.int().positive().default(10).describe('Iterations that are averaged over'),
    // findRelatedSettings names one that differs from the loop's
    by_epoch: ignoredOption('lines count what the training loop counts, epochs or iterations', {
      schema: z.boolean().default(true),
      harmless: anyValue,
    }),
    custom_cfg: ignoredOption('all losses are averaged over window_size', { harmless: [[]], lost: true }),
    num_digits: ignoredOption('digits follow from the size of the number', { harmless: [4] }),
    log_with_hierarchy: ignoredOption('names of the log are short', { harmless: [false] }),
    mean_pattern: ignoredOption('losses, times and gradient norms are averaged over window_size', {
      harmless: ['.*(loss|time|data_time|grad_norm).*'],
    }),
  }),
  build: (options) => options,
});

export const DetLocalVisualizer = defineModule({
  kind: 'visualizer',
  type: 'DetLocalVisualizer',
  summary: 'Names the vis_backends; boxes and masks are drawn by DetVisualizationHook and model.predict',
  origin: 'MMDetection',
  shapes: 'an image and its detections -> a drawn image',
  example: "{ type: 'DetLocalVisualizer', vis_backends: [{ type: 'LocalVisBackend' }], name: 'visualizer' }",
  options: z.strictObject({
    name: ignoredOption('there is one', { schema: z.string().default('visualizer'), harmless: anyValue }),
    image: z.null().optional().describe('Only null'),
    vis_backends: z.array(moduleOption('vis_backend')).nullish().describe('Where scalars go, beside scalars.jsonl'),
    save_dir: ignoredOption('output goes to work_dir', { lost: true }),
    bbox_color: ignoredOption('each class has a colour of its own', { lost: true }),
    text_color: ignoredOption('text has a colour that is legible on its box', {
      harmless: [[200, 200, 200]],
      lost: true,
    }),
    mask_color: ignoredOption('a mask has the colour of its box', { lost: true }),
    line_width: ignoredOption('it depends on the size of the image', { harmless: [3], lost: true }),
    alpha: ignoredOption('masks are half transparent', { harmless: [0.8], lost: true }),
  }),
  build: (options) => options,
});

export const TrackLocalVisualizer = defineModule({
  ...DetLocalVisualizer,
  type: 'TrackLocalVisualizer',
  summary: 'Names the vis_backends; tracks are drawn by TrackVisualizationHook and model.predict',
  example: "{ type: 'TrackLocalVisualizer', vis_backends: [{ type: 'LocalVisBackend' }], name: 'visualizer' }",
  options: z.strictObject({
    name: ignoredOption('there is one', { schema: z.string().default('visualizer'), harmless: anyValue }),
    image: z.null().optional().describe('Only null'),
    vis_backends: z.array(moduleOption('vis_backend')).nullish().describe('Where scalars go, beside scalars.jsonl'),
    save_dir: ignoredOption('output goes to work_dir', { lost: true }),
    line_width: ignoredOption('it depends on the size of the image', { harmless: [3], lost: true }),
    alpha: ignoredOption('masks are half transparent', { harmless: [0.8], lost: true }),
  }),
  build: (options) => options,
});

export const RotLocalVisualizer = defineModule({
  ...DetLocalVisualizer,
  type: 'RotLocalVisualizer',
  summary: 'Names the vis_backends; rotated boxes are drawn by DetVisualizationHook and model.predict',
  origin: 'MMRotate',
  example: "{ type: 'RotLocalVisualizer', vis_backends: [{ type: 'LocalVisBackend' }], name: 'visualizer' }",
});

export const PoseLocalVisualizer = defineModule({
  ...DetLocalVisualizer,
  type: 'mmpose.PoseLocalVisualizer',
  summary: 'Names the vis_backends; keypoints and skeletons are drawn by DetVisualizationHook and model.predict',
  origin: 'MMPose',
  example: "{ type: 'mmpose.PoseLocalVisualizer', vis_backends: [{ type: 'LocalVisBackend' }], name: 'visualizer' }",
});

export const displays = [
  LogProcessor,
  DetLocalVisualizer,
  RotLocalVisualizer,
  PoseLocalVisualizer,
  TrackLocalVisualizer,
] as const satisfies readonly AnyDefinition[];
