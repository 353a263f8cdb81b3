// TrackVisualizationHook (MMDetection): DetVisualizationHook for videos, of every so many frames.

import { z } from 'zod';
import { defineModule } from '../catalogue/registry';
import { DetVisualizationHook, detVisualizationHookDefinition } from './det-visualization-hook';

export class TrackVisualizationHook extends DetVisualizationHook {
  override readonly name: string = 'TrackVisualizationHook';
}

const { interval: _, ...shared } = detVisualizationHookDefinition.options.shape;
const { infer: __, ...definition } = detVisualizationHookDefinition;

export const trackVisualizationHookDefinition = defineModule({
  ...definition,
  type: 'TrackVisualizationHook',
  summary: 'Draws truths and tracked objects of evaluated frames, for the notebook and the vis_backends',
  shapes: 'tracked detections of an evaluation -> images, truths left, predictions right',
  example: "{ type: 'TrackVisualizationHook', draw: true, frame_interval: 10, score_thr: 0.3 }",
  options: z.strictObject({
    ...shared,
    frame_interval: z.int().positive().default(30).describe('Draws one of every so many frames'),
  }),
  build: ({ frame_interval, ...given }) => new TrackVisualizationHook({ ...given, interval: frame_interval }),
});
