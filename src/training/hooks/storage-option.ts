// `backend_args` and `file_client_args` of hooks that write files: files are on disk.

import { ignoredOption } from '../../catalogue/ignored-option';

const isDisk = (value: unknown): boolean =>
  ['local', 'disk'].includes(String((value as { backend?: unknown }).backend ?? 'local'));

export const storage = ignoredOption('files are written to disk', { harmless: isDisk, lost: true });
