// OVCocoMetric: COCO's evaluation of detectors that have seen the boxes of some classes only: also the mean AP of the base classes and
// of the novel ones (Bansal et al., Zero-Shot Object Detection, ECCV 2018). The dataset's metainfo names them.

import { defineModule } from '../catalogue/registry';
import type { Dataset } from '../data/types';
import { DetLabError } from '../errors';
import { CocoMetric } from './coco-metric';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory } from './report';

class OpenVocabulary implements BoxMetric {
  constructor(
    private readonly metric: BoxMetric,
    private readonly groups: Record<'base' | 'novel', ReadonlySet<string>>,
    private readonly prefix: string,
  ) {}

  add(imageId: number, detections: BoxDetections): void {
    this.metric.add(imageId, detections);
  }

  compute(): EvaluationReport {
    const report = this.metric.compute();
    const own: Record<string, number> = {};
    for (const [name, classes] of Object.entries(this.groups))
      for (const [key, suffix] of [
        ['AP', 'ap'],
        ['AP50', 'ap50'],
      ]) {
        const values = report.perClass
          .filter((row) => classes.has(row.class) && row.metrics[key] > -1)
          .map((row) => row.metrics[key]);
        own[`${name}_${suffix}`] = values.length > 0 ? values.reduce((sum, v) => sum + v, 0) / values.length : -1;
      }
    const logged = Object.fromEntries(Object.entries(own).map(([name, v]) => [`${this.prefix}/${name}`, v]));
    const metrics = { ...report.metrics, ...own };
    return { ...report, metric: 'OVCocoMetric', metrics, logged: { ...report.logged, ...logged } };
  }

  async write(): Promise<string[]> {
    return (await this.metric.write?.()) ?? [];
  }
}

function groupsOf({ name, classGroups }: Dataset): Record<'base' | 'novel', ReadonlySet<string>> {
  if (!classGroups)
    throw new DetLabError(
      `Cannot evaluate "${name}" with OVCocoMetric: expected metainfo.base_classes and novel_classes of the dataset, received none`,
    );
  return { base: new Set(classGroups.base), novel: new Set(classGroups.novel) };
}

export const OVCocoMetric = defineModule({
  kind: 'metric',
  type: 'OVCocoMetric',
  summary: "COCO's evaluation with the mean AP of base and of novel classes",
  paper: 'Bansal et al., Zero-Shot Object Detection, ECCV 2018',
  shapes: 'detections per image -> AP, AP50, .., base_ap, base_ap50, novel_ap, novel_ap50',
  example: "{ type: 'OVCocoMetric', metric: 'bbox' }",
  options: CocoMetric.options,
  build: (options, context): MetricFactory => {
    const coco = CocoMetric.build(options, context);
    return async (dataset) => new OpenVocabulary(await coco(dataset), groupsOf(dataset), options.prefix ?? 'coco');
  },
});
