// Dense heads: predictions for every cell of every feature level.

import type { AnyDefinition } from '../../registry';
import { rpnHeadDefinition } from './rpn-head';

export { AnchorHead, type AnchorHeadConfig, type FlatOutputs, type HeadOutputs } from './anchor-head';
export { type AnchorTrainCfg, anchorHeadOptions, anchorTrainCfg } from './anchor-head-options';
export { type ProposalCfg, type Proposals, proposalCfg } from './proposals';
export { RPNHead, type RPNHeadConfig } from './rpn-head';

export const denseHeads = [rpnHeadDefinition] as const satisfies readonly AnyDefinition[];
