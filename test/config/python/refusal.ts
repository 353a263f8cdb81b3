// What a Python config is refused with.

import path from 'node:path';
import { readConfigFile } from '../../../src/config';
import { complaint, scratch } from '../scratch';

export const refusal = (text: string) => complaint(() => readConfigFile(path.join(scratch({ 'a.py': text }), 'a.py')));
