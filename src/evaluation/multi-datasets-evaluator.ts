// MultiDatasetsEvaluator: a metric for each data set of a ConcatDataset, whose names begin with that of the data set.

import { z } from 'zod';
import { defineModule, moduleOption } from '../catalogue/registry';
import { DetLabError } from '../errors';
import type { BoxDetections, BoxMetric, EvaluationReport, MetricFactory, MetricValues } from './report';

interface Part {
  prefix: string;
  metric: BoxMetric;
  images: ReadonlySet<number>;
}

class PartedMetric implements BoxMetric {
  constructor(private readonly parts: readonly Part[]) {}

  add(imageId: number, detections: BoxDetections): void {
    for (const { metric, images } of this.parts) if (images.has(imageId)) metric.add(imageId, detections);
  }

  compute(): EvaluationReport {
    const reports = this.parts.map(({ metric }) => metric.compute());
    const total = (count: (report: EvaluationReport) => number) =>
      reports.reduce((sum, report) => sum + count(report), 0);
    const named = (values: (report: EvaluationReport) => MetricValues): MetricValues =>
      Object.fromEntries(
        reports.flatMap((report, i) =>
          Object.entries(values(report)).map(([name, value]) => [`${this.parts[i].prefix}/${name}`, value]),
        ),
      );
    return {
      metric: 'MultiDatasetsEvaluator',
      metrics: named(({ metrics }) => metrics),
      logged: named(({ logged, metrics }) => logged ?? metrics),
      perClass: reports.flatMap(({ perClass }, i) =>
        perClass.map((row) => ({ ...row, class: `${this.parts[i].prefix}/${row.class}` })),
      ),
      images: total(({ images }) => images),
      truths: total(({ truths }) => truths),
      detections: total(({ detections }) => detections),
      problems: [...new Set(reports.flatMap(({ problems }) => problems))],
    };
  }

  async write(): Promise<string[]> {
    const files: string[] = [];
    for (const { metric } of this.parts) files.push(...((await metric.write?.()) ?? []));
    return files;
  }
}

export const MultiDatasetsEvaluator = defineModule({
  kind: 'metric',
  type: 'MultiDatasetsEvaluator',
  summary: 'A metric for each data set of a ConcatDataset of data sets on text',
  origin: 'MMDetection',
  shapes: 'detections per image -> the metrics of each data set, named PREFIX/NAME',
  example: "{ type: 'MultiDatasetsEvaluator', metrics: [{ type: 'CocoMetric' }], dataset_prefixes: ['aquarium'] }",
  options: z
    .strictObject({
      metrics: z.array(moduleOption('metric')).min(1).describe('The metric of each data set, in their order'),
      dataset_prefixes: z.array(z.string().min(1)).min(1).describe('The name of each data set'),
    })
    .refine((o) => o.metrics.length === o.dataset_prefixes.length, {
      message: 'expected as many dataset_prefixes as metrics',
      path: ['dataset_prefixes'],
    }),
  build: ({ metrics, dataset_prefixes: prefixes }, { registry, path }): MetricFactory => {
    // the ground truth is that of the data, not of an annotation file
    const factories = metrics.map(({ ann_file: _, ...config }, i) =>
      registry.build('metric', { ...config, type: config.type }, { path: `${path}.metrics.${i}` }),
    );
    return async (dataset) => {
      const parts = dataset.parts ?? [dataset];
      if (parts.length !== factories.length)
        throw new DetLabError(
          `Cannot evaluate with MultiDatasetsEvaluator: it has ${factories.length} metrics, the data are ${parts.length} data sets. ` +
            'Give val_dataloader a ConcatDataset of as many data sets with return_classes: true',
        );
      const built = parts.map(async (part, i): Promise<Part> => {
        const images = new Set(part.records.map(({ id }) => id));
        return { prefix: prefixes[i], metric: await factories[i](part), images };
      });
      return new PartedMetric(await Promise.all(built));
    };
  },
});
