// CocoVideoMetric: CocoMetric of the frames of videos, of all that was detected in them, whatever a tracker has left out of it.

import { defineModule } from '../catalogue/registry';
import { CocoMetric } from './coco-metric';
import type { BoxMetric, MetricFactory } from './report';

export const CocoVideoMetric = defineModule({
  ...CocoMetric,
  type: 'CocoVideoMetric',
  summary: "COCO's average precision and recall of what is detected in the frames of videos, before it is tracked",
  example: "{ type: 'CocoVideoMetric', metric: ['bbox'], classwise: true }",
  build: (options, context): MetricFactory => {
    const create = CocoMetric.build(options, context);
    return async (dataset): Promise<BoxMetric> => {
      const metric = await create(dataset);
      return {
        add: (imageId, detections) => metric.add(imageId, detections.untracked ?? detections),
        compute: () => ({ ...metric.compute(), metric: 'CocoVideoMetric' }),
        write: async () => (await metric.write?.()) ?? [],
      };
    };
  },
});
