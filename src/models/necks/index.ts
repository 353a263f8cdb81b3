// Every neck of the catalogue.

import type { AnyDefinition } from '../../registry';
import { fpn } from './fpn';
import { pafpn } from './pafpn';

export { FPN, fpn } from './fpn';
export { inferInChannels } from './infer-in-channels';
export { PAFPN, pafpn } from './pafpn';

export const necks = [fpn, pafpn] as const satisfies readonly AnyDefinition[];
