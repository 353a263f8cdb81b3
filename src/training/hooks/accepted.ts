// An option of mmengine's that configs have and that nothing here acts on.

import { z } from 'zod';

/** @param why what happens instead */
export const accepted = (why: string) => z.unknown().optional().describe(`Accepted, without effect: ${why}`);
