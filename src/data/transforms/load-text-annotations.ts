// LoadTextAnnotations: what a detector on text is to find, from the annotations of an ODVGDataset: all names of its map of
// labels, or the phrases of the caption.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { namesByLabel } from '../../text/label-map';
import type { Transform } from './sample';

export const LoadTextAnnotations = defineModule({
  kind: 'transform',
  type: 'LoadTextAnnotations',
  summary: 'Takes all names of a dataset, or all phrases of a caption, as what is to be found',
  origin: 'MMDetection',
  shapes: 'sample -> the same with a text',
  example: "{ type: 'LoadTextAnnotations' }",
  options: z.strictObject({}),
  build: (): Transform => (sample) => {
    if (!sample.prompt) return sample;
    const { labelMap, tokensPositive, ...prompt } = sample.prompt;
    if (labelMap) sample.prompt = { ...prompt, text: namesByLabel(labelMap), customEntities: true };
    else if (tokensPositive !== undefined && tokensPositive !== -1)
      sample.prompt = { ...prompt, tokensPositive: Object.values(tokensPositive) };
    return sample;
  },
});
