// Heads of panoptic segmentation: semantic branches, query heads, and what makes segments of their results.

import type { AnyDefinition } from '../../catalogue/registry';
import type { Module } from '../../nn';
import { maskFormerHeadDefinition } from './mask-former-head';
import { mask2FormerHeadDefinition } from './mask2former-head';
import { panopticFPNHeadDefinition } from './panoptic-fpn-head';
import { heuristicFusionHeadDefinition } from './panoptic-fusion-heads/heuristic-fusion-head';
import { maskFormerFusionHeadDefinition } from './panoptic-fusion-heads/mask-former-fusion-head';
import { msDeformAttnPixelDecoderDefinition } from './pixel-decoders/ms-deform-attn-pixel-decoder';
import { pixelDecoderDefinition } from './pixel-decoders/pixel-decoder';
import { transformerEncoderPixelDecoderDefinition } from './pixel-decoders/transformer-encoder-pixel-decoder';

declare module '../../catalogue/registry' {
  interface Built {
    /** Detectors ask for more: MaskFormer for a MaskQueryHead. */
    panoptic_head: Module;
    panoptic_fusion_head: Module;
  }
}

export const segHeads = [
  panopticFPNHeadDefinition,
  maskFormerHeadDefinition,
  mask2FormerHeadDefinition,
  pixelDecoderDefinition,
  transformerEncoderPixelDecoderDefinition,
  msDeformAttnPixelDecoderDefinition,
  heuristicFusionHeadDefinition,
  maskFormerFusionHeadDefinition,
] as const satisfies readonly AnyDefinition[];
