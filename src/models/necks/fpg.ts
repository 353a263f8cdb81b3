// Feature Pyramid Grids (Chen et al., 2020): several pyramids side by side ("stages"), each a path up ('bu') or down ('td')
// through the levels, joined by lateral, diagonal and skip transitions.
// Beyond MMDetection's: 'identity' exists, skip_inds may be left out, and a level skipped in a path down stays that level.

import * as tf from '@tensorflow/tfjs';
import { defineModule } from '../../catalogue/registry';
import { Conv2d } from '../../nn/conv2d';
import { applyInitCfg } from '../../nn/init-cfg';
import { Module } from '../../nn/module';
import { ModuleList } from '../../nn/module-list';
import { maxPool2d } from '../../ops/max-pool2d';
import type { FeatureSpec, Neck } from '../types';
import { type FPGOptions, fpgOptions } from './fpg-options';
import { buildTransition, LastConv, type Transition } from './fpg-transition';
import { pyramid, pyramidOutputs } from './fpn-options';
import { inferFPG } from './infer-fpg';

type Options = FPGOptions & { in_channels: number[]; inter_channels: number[]; skip_inds: number[][] };

const NAMES = ['same_up', 'same_down', 'across_lateral', 'across_down', 'across_up', 'across_skip'] as const;

/** The transitions into one level of one stage. */
class Cell extends Module {
  private readonly transitions = new Map<string, Transition>();

  constructor(o: Options, level: number) {
    super();
    const channels = o.inter_channels[level];
    const finer = o.inter_channels[level - 1];
    const coarser = o.inter_channels[level + 1];
    const from = [finer, coarser, channels, coarser, finer, channels];
    for (const [i, name] of NAMES.entries()) {
      const config = o[`${name}_trans`];
      if (config && from[i] !== undefined)
        this.transitions.set(name, this.addChild(name, buildTransition(config, from[i], channels)));
    }
  }

  /** undefined where the transition or the map is missing. */
  pass(name: (typeof NAMES)[number], x: tf.Tensor4D | undefined): tf.Tensor4D | undefined {
    return x && this.transitions.get(name)?.forward(x);
  }
}

/**
 * @example new FPG(options, levels).forward(features) // num_outs levels of out_channels
 */
export class FPG extends Module implements Neck {
  readonly outputs: FeatureSpec[];
  private readonly lateralConvs: ModuleList<Conv2d>;
  private readonly extraDownsamples: (Conv2d | undefined)[] = [];
  private readonly cells: Cell[][] = [];
  private readonly outputTransition: ModuleList<LastConv>;

  constructor(
    private readonly options: Options,
    inputs?: FeatureSpec[],
  ) {
    super();
    const { in_channels, inter_channels: inner, num_outs, start_level, stack_times } = options;
    const { end, used } = pyramid({ ...options, add_extra_convs: false });
    this.lateralConvs = this.addChild(
      'lateral_convs',
      new ModuleList(
        in_channels
          .slice(start_level, end)
          .map((inChannels, i) => new Conv2d({ inChannels, outChannels: inner[i], kernelSize: 1 })),
      ),
    );
    for (let i = used; i < num_outs; i++) {
      const shape = { inChannels: inner[i - 1], outChannels: inner[i], kernelSize: 3, stride: 2, padding: 1 };
      const conv = options.add_extra_convs ? new Conv2d(shape) : undefined;
      this.extraDownsamples.push(conv && this.addChild(`extra_downsamples.${i - used}`, conv));
    }
    const levels = Array.from({ length: num_outs }, (_, i) => i);
    for (let stage = 0; stage < stack_times; stage++)
      this.cells.push(
        levels.map((i) => {
          const cell = options.skip_inds[i].includes(stage) ? new EmptyCell() : new Cell(options, i);
          return this.addChild(`fpn_transitions.${stage}.${i}`, cell) as Cell;
        }),
      );
    this.outputTransition = this.addChild(
      'output_transition',
      new ModuleList(levels.map((i) => new LastConv(inner[i], options.out_channels, options.output_trans))),
    );
    this.outputs = pyramidOutputs(options, inputs);
    applyInitCfg(this, options.init_cfg);
  }

  forward(inputs: tf.Tensor4D[]): tf.Tensor4D[] {
    return tf.tidy(() => {
      const { start_level, paths, skip_inds } = this.options;
      const first = [...this.lateralConvs].map((conv, i) => conv.forward(inputs[start_level + i]));
      for (const conv of this.extraDownsamples) {
        const last = first[first.length - 1];
        first.push(conv ? conv.forward(last) : maxPool2d(last, { size: [1, 1], strides: [2, 2] }));
      }
      let before = first;
      for (const [stage, path] of paths.entries()) {
        const next: tf.Tensor4D[] = [];
        const levels = path === 'td' ? [...first.keys()].reverse() : [...first.keys()];
        for (const i of levels) {
          if (skip_inds[i].includes(stage)) {
            next[i] = before[i];
            continue;
          }
          const cell = this.cells[stage][i];
          const terms = [
            path === 'td' ? cell.pass('same_down', next[i + 1]) : cell.pass('same_up', next[i - 1]),
            cell.pass('across_lateral', before[i]),
            cell.pass('across_up', before[i - 1]),
            cell.pass('across_down', before[i + 1]),
            cell.pass('across_skip', first[i]),
          ].filter((x) => x !== undefined);
          next[i] = terms.reduce((sum, x) => tf.add(sum, x));
        }
        before = next;
      }
      return before.map((x, i) => this.outputTransition.at(i).forward(x));
    });
  }
}

/** A level that a stage leaves as it is. */
class EmptyCell extends Module {}

export const fpg = defineModule({
  kind: 'neck',
  type: 'FPG',
  summary: 'Feature pyramid grid: parallel pathways with lateral, diagonal and skip connections.',
  paper: 'Chen, Cao, Loy, Lin and Feichtenhofer: Feature Pyramid Grids, 2020',
  shapes: '[N, H/s, W/s, in_channels[i]] for each backbone level -> num_outs levels [N, H/s, W/s, out_channels]',
  example: `{
  type: 'FPG',
  out_channels: 256,
  num_outs: 5,
  stack_times: 2,
  paths: ['bu', 'bu'],
  across_down_trans: { type: 'interpolation_conv', kernel_size: 3 },
}`,
  options: fpgOptions,
  inferred: { in_channels: "the backbone's channels" },
  infer: inferFPG,
  build: (o, { inputs }) => new FPG(o as Options, inputs),
});
