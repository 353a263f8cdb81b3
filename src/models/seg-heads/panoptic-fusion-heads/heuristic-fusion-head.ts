// HeuristicFusionHead: lays the masks of detections over one another, best first, and stuff where none is (Kirillov et al., Panoptic
// Segmentation, CVPR 2019).

import { z } from 'zod';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import type { Detections } from '../../../data/types';
import type { PanopticSegment, SemanticMap } from '../../../masks';
import { foreground, type Rle, rleArea, rlesOfMap } from '../../../masks';
import { Module } from '../../../nn';
import {
  inferPanopticClasses,
  type PanopticClasses,
  panopticClassesOptions,
  panopticInferred,
} from '../../inferred-options/infer-panoptic-classes';
import { requireCfg } from '../../require-cfg';

export const heuristicTestCfg = z.strictObject({
  mask_overlap: z.number().min(0).max(1).describe('A mask of which more than this share is covered is left out'),
  stuff_area_limit: z.int().min(0).describe('Stuff of a class with fewer pixels than this is left out'),
});
export type HeuristicTestCfg = z.output<typeof heuristicTestCfg>;
const options = z.strictObject({
  ...panopticClassesOptions,
  test_cfg: heuristicTestCfg.nullish().describe('When masks are left out, passed down by the detector'),
  init_cfg: z.null().optional().describe('Only null: there are no weights'),
});
type Config = z.output<typeof options> & PanopticClasses;

export class HeuristicFusionHead extends Module {
  readonly numThings: number;
  readonly numStuff: number;

  constructor(private readonly config: Config) {
    super();
    this.numThings = config.num_things_classes;
    this.numStuff = config.num_stuff_classes;
  }

  /** When masks are left out. @throws DetLabError where nothing says so */
  get cfg(): HeuristicTestCfg {
    const example = '{ mask_overlap: 0.5, stuff_area_limit: 4096 }';
    return requireCfg(this.config.test_cfg, 'HeuristicFusionHead', 'test_cfg.panoptic', example);
  }

  /** @param found with masks, best first; `semantic` has the class of every pixel, one past the last where there are things */
  fuse(found: Detections & { masks: Rle[] }, semantic: SemanticMap): PanopticSegment[] {
    const { numThings, numStuff } = this;
    const { mask_overlap: overlap, stuff_area_limit: limit } = this.cfg;
    const { width, height, data } = semantic;
    const laid = new Int32Array(width * height); // number of the detection, from 1
    for (const [k, mask] of found.masks.entries()) {
      const free = freePixels(mask, laid, overlap);
      for (const pixel of free ?? []) laid[pixel] = k + 1;
    }
    const areas = new Int32Array(numThings + numStuff + 1);
    for (let i = 0; i < data.length; i++) if (laid[i] === 0) areas[data[i]]++;
    for (let i = 0; i < data.length; i++) {
      const label = data[i];
      if (laid[i] === 0 && label < numThings + numStuff && areas[label] >= limit) laid[i] = -1 - label;
    }
    const masks = [...rlesOfMap({ data: laid, width, height })].filter(([value]) => value !== 0);
    return masks
      .sort(([a], [b]) => Math.sign(b) - Math.sign(a) || Math.abs(a) - Math.abs(b))
      .map(([value, mask]) =>
        value > 0
          ? { label: found.labels[value - 1], isThing: true, score: found.scores[value - 1], mask }
          : { label: -1 - value, isThing: false, mask },
      );
  }
}

/** The pixels, row-major, of a mask that no mask before it has; undefined where it is empty or too many are covered. */
function freePixels(mask: Rle, laid: Int32Array, overlap: number): number[] | undefined {
  const area = rleArea(mask);
  if (area === 0) return undefined;
  const { height, width } = mask;
  const free: number[] = [];
  for (const [from, to] of foreground(mask))
    for (let p = from; p < to; p++) {
      const pixel = (p % height) * width + Math.floor(p / height);
      if (laid[pixel] === 0) free.push(pixel);
    }
  return (area - free.length) / (area + 1e-5) > overlap ? undefined : free;
}

export const heuristicFusionHeadDefinition = defineModule({
  kind: 'panoptic_fusion_head',
  type: 'HeuristicFusionHead',
  summary: 'Lays the masks of detections over one another, best first, and stuff where none is',
  paper: 'Kirillov et al., Panoptic Segmentation, CVPR 2019',
  shapes: 'detections with masks and a semantic map -> segments that do not overlap',
  example: "{ type: 'HeuristicFusionHead', num_things_classes: 80, num_stuff_classes: 53 }",
  options,
  inferred: panopticInferred,
  infer: (given, context: BuildContext) => inferPanopticClasses('HeuristicFusionHead', given, context),
  build: (given) => new HeuristicFusionHead(given as Config),
});
