// Invalid options of a feature pyramid grid, refused before it is built: numbers of paths and levels, channels that an identity
// cannot change, transitions that do not lead to the size of the level they enter.

import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { FPGOptions } from './fpg-options';
import { sizeAfter } from './fpg-transition';
import { inferFPN, pyramid } from './fpn-options';

/** @throws DetLabError naming both sides. */
export function inferFPG(given: FPGOptions, context: BuildContext): FPGOptions {
  const o = inferFPN('FPG', given, context);
  const fail = (what: string): never => {
    throw new DetLabError(`Cannot build neck "FPG"${context.path ? ` at ${context.path}` : ''}: ${what}`);
  };
  if (o.paths.length !== o.stack_times)
    fail(`expected one path per stage, ${o.stack_times} (stack_times), received ${o.paths.length}`);
  const inner = o.inter_channels ?? o.out_channels;
  const channels = typeof inner === 'number' ? new Array<number>(o.num_outs).fill(inner) : inner;
  if (channels.length !== o.num_outs)
    fail(`expected inter_channels of ${o.num_outs} levels (num_outs), received ${channels.length}`);
  const skips = o.skip_inds ?? channels.map(() => []);
  if (skips.length !== o.num_outs)
    fail(`expected skip_inds of ${o.num_outs} levels (num_outs), received ${skips.length}`);
  const beyond = skips.flat().find((stage) => stage >= o.stack_times);
  if (beyond !== undefined) fail(`skip_inds names stage ${beyond}, but stack_times is ${o.stack_times}`);

  const even = new Set(channels).size === 1;
  const { used } = pyramid({ ...o, add_extra_convs: false });
  if (!even && !o.add_extra_convs && channels.slice(used - 1).some((c) => c !== channels[used - 1]))
    fail(
      `extra levels are subsampled from the last one of ${channels[used - 1]} channels, but inter_channels are ` +
        `[${channels.join(', ')}]. Set add_extra_convs: true`,
    );
  const SIDE = 64;
  const expectSide = (name: keyof FPGOptions & `${string}_trans`, side: number, relation: string) => {
    const config = o[name];
    if (!config || config.type === 'last_conv') return;
    const found = sizeAfter(config, side);
    if (found !== SIDE)
      fail(
        `${name} { type: '${config.type}', ... } makes a map of side ${side} one of side ${found}, but ${relation} has ` +
          `side ${SIDE}. ${HELP[relation]}`,
      );
    if (config.type === 'identity' && !even && relation !== SAME)
      fail(`${name} is an identity, but inter_channels differ: [${channels.join(', ')}]`);
  };
  const [up, down] = [o.paths.includes('bu'), o.paths.includes('td')];
  if (up) expectSide('same_up_trans', 2 * SIDE, COARSER);
  if (down) expectSide('same_down_trans', SIDE / 2, FINER);
  expectSide('across_lateral_trans', SIDE, SAME);
  expectSide('across_up_trans', 2 * SIDE, COARSER);
  expectSide('across_down_trans', SIDE / 2, FINER);
  expectSide('across_skip_trans', SIDE, SAME);
  for (const [i, stages] of skips.entries())
    for (let stage = 0; stage < o.stack_times; stage++) {
      const bottom = i === 0;
      const top = i === o.num_outs - 1;
      const same = o.paths[stage] === 'bu' ? !bottom && o.same_up_trans : !top && o.same_down_trans;
      const any = same || o.across_lateral_trans || o.across_skip_trans;
      if (!stages.includes(stage) && !any && !(!bottom && o.across_up_trans) && !(!top && o.across_down_trans))
        fail(`nothing enters level ${i} of stage ${stage}: every transition into it is null`);
    }
  return { ...o, inter_channels: channels, skip_inds: skips };
}

const COARSER = 'the next coarser level';
const FINER = 'the next finer level';
const SAME = 'the same level';
const HELP: Record<string, string> = {
  [COARSER]: "Take { type: 'conv', kernel_size: 3, stride: 2, padding: 1 }",
  [FINER]: "Take { type: 'interpolation_conv', kernel_size: 3 }",
  [SAME]: "Take { type: 'conv', kernel_size: 1 }",
};
