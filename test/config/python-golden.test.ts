// Every construct of Python configs against what mmengine makes of it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { printDict, readConfigFile } from '../../src/config';
import { goldenJson } from '../golden-data';
import { typed } from './python-typed';
import { complaint } from './scratch';

interface Case {
  text: string;
  value?: unknown;
  error?: string;
}
const { shared, cases } = goldenJson<{ shared: Record<string, string>; cases: Record<string, Case> }>(
  'config/python_configs',
);

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
for (const [name, text] of Object.entries(shared)) writeFileSync(path.join(folder, name), text);

const read = (file: string) => readConfigFile(file, { environment: {} }).dict;

test.each(Object.entries(cases))('%s', (name, { text, value, error }) => {
  const file = path.join(folder, `${name}.py`);
  writeFileSync(file, text);
  if (error) expect(complaint(() => read(file))).toMatch(/^Cannot (read|merge) /);
  else expect(typed(read(file))).toEqual(value);
});

const printed = goldenJson<Record<string, { text: string; value: unknown }>>('config/printed_configs');

test.each(Object.entries(printed))(
  '%s as printed is what mmengine reads back to the same values',
  (name, reference) => {
    const file = path.join(folder, `${name}.py`);
    writeFileSync(file, cases[name].text);
    expect(printDict(read(file), 'py')).toBe(reference.text);
    expect(reference.value).toEqual(cases[name].value);
  },
);
