// GroundingVisualizationHook (MMDetection): DetVisualizationHook for detectors on text, whose labels mean what the text of each
// image says: boxes are called by the names or phrases of that text.

import { defineModule } from '../catalogue/registry';
import type { ImageRecord } from '../data';
import type { EvaluationResults } from '../evaluation';
import { entitiesOf } from '../text/prompts';
import type { LiveImages } from '../visualization/live-images';
import { DetVisualizationHook, detVisualizationHookDefinition } from './det-visualization-hook';

type EvaluatedImage = EvaluationResults['images'][number];

export class GroundingVisualizationHook extends DetVisualizationHook {
  override readonly name: string = 'GroundingVisualizationHook';

  override images(drawn: readonly EvaluatedImage[], results: EvaluationResults, title: string): LiveImages {
    const { dataset } = results;
    const names = [...new Set(drawn.flatMap(({ record }) => namesOf(record, dataset.classes)))];
    const renamed = drawn.map(({ record, detections, ...image }): EvaluatedImage => {
      const own = namesOf(record, dataset.classes).map((name) => names.indexOf(name));
      const { truths, prompt } = record;
      const labels = prompt?.phraseIds ? Int32Array.from(prompt.phraseIds) : truths.labels;
      const rename = (given: Int32Array) => given.map((label) => own[label] ?? 0);
      return {
        ...image,
        record: { ...record, truths: { ...truths, labels: rename(labels) } },
        detections: { ...detections, labels: rename(Int32Array.from(detections.labels)) },
      };
    });
    const { palette: _, ...rest } = dataset;
    return super.images(renamed, { ...results, dataset: { ...rest, classes: names } }, title);
  }
}

/** What the labels of an image mean. */
const namesOf = ({ prompt }: ImageRecord, classes: readonly string[]): readonly string[] =>
  prompt && !prompt.labelMap ? entitiesOf(prompt) : classes;

export const groundingVisualizationHookDefinition = defineModule({
  ...detVisualizationHookDefinition,
  type: 'GroundingVisualizationHook',
  summary: 'Draws truths and predictions of evaluated images, called by the text of each',
  example: "{ type: 'GroundingVisualizationHook', draw: true, interval: 10, score_thr: 0.3 }",
  build: (given) => new GroundingVisualizationHook(given),
});
