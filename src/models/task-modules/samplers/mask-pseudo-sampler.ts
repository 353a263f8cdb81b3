// MaskPseudoSampler: every query that is matched with a mask is positive (Zhang et al., K-Net, NeurIPS 2021).

import { defineModule } from '../../../catalogue/registry';
import { PseudoSampler, pseudoSamplerOptions } from './pseudo-sampler';

export const maskPseudoSamplerDefinition = defineModule({
  kind: 'sampler',
  type: 'MaskPseudoSampler',
  summary: 'Samples every query; those matched with a mask are the positives',
  paper: 'Zhang et al., K-Net: Towards Unified Image Segmentation, NeurIPS 2021',
  shapes: 'assignment of queries [T] -> indices of the matched and of the other ones',
  example: "{ type: 'MaskPseudoSampler' }",
  options: pseudoSamplerOptions,
  contract: { needs: [] },
  build: () => new PseudoSampler(),
});
