// A tower for each feature level, with norms of its own; the convolutions may be the same ones on all levels. A shared
// convolution then appears under the names of all levels, as in PyTorch's state dict.

import { type ConvModule, ModuleList } from '../../nn';
import { type TowerConfig, type TowerLayer, towers } from './towers';

export interface LevelTowersConfig extends TowerConfig {
  levels: number;
  /** All levels share their convolutions; not with `use_depthwise`. */
  share: boolean;
  use_depthwise?: boolean;
}
export type LevelTowers = ModuleList<ModuleList<TowerLayer>>;

export function levelTowers({ levels, share, use_depthwise = false, ...tower }: LevelTowersConfig): LevelTowers {
  const all = new ModuleList(Array.from({ length: levels }, () => towers({ ...tower, use_depthwise })));
  if (share)
    for (let n = 1; n < levels; n++)
      for (let i = 0; i < tower.count; i++) (all.at(n).at(i) as ConvModule).shareConv(all.at(0).at(i) as ConvModule);
  return all;
}
