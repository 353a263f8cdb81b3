// What is written, read back here and by Python's torch (skipped where .venv has none).

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readWeights, writeWeights } from '../../src/checkpoints';
import { readSafetensors } from '../../src/checkpoints/safetensors-file';

const folder = mkdtempSync(join(tmpdir(), 'detlab-write-'));
afterAll(() => rmSync(folder, { recursive: true }));
const golden = join(__dirname, '../golden/checkpoints/dtypes_zip.pth');
const python = join(__dirname, '../../.venv/bin/python');

const bytesOf = (file: string) =>
  [...readWeights(file).tensors].map(([name, { shape, dtype, bytes }]) => [
    name,
    dtype,
    shape,
    Buffer.from(bytes).toString('hex'),
  ]);

test('.pth to .safetensors and back: every dtype as it was', () => {
  const { tensors } = readWeights(golden);
  const classes = ['cat', 'dog'];
  const [pth, safe] = ['a.pth', 'a.safetensors'].map((name) => join(folder, name));
  writeWeights(pth, tensors, { classes, detlab: '{"x":"é"}' });
  writeWeights(safe, readWeights(pth).tensors, { classes });
  for (const file of [pth, safe]) {
    expect(bytesOf(file)).toEqual(bytesOf(golden));
    expect(readWeights(file).classes).toEqual(classes);
  }
  expect(readWeights(pth).detlab).toBe('{"x":"é"}');
  expect(readSafetensors(safe).tensors.get('bf16')!.dtype).toBe('float32');
  expect(() => writeWeights(join(folder, 'a.h5'), tensors)).toThrow(
    /expected the extension \.safetensors, \.pth or \.pt/,
  );
  // the same weights give the same file
  const again = join(folder, 'again.pth');
  writeWeights(again, tensors, { classes, detlab: '{"x":"é"}' });
  expect(readFileSync(again).equals(readFileSync(pth))).toBe(true);
});

const script = `
import json, sys, torch
a, b = (torch.load(path, weights_only=True) for path in sys.argv[1:3])
state = b['state_dict']
assert list(a) == list(state), 'names'
for name in a:
    assert a[name].dtype == state[name].dtype and torch.equal(a[name].detach(), state[name]), name
assert b['meta']['dataset_meta']['classes'] == ['cat', 'dog']
torch.save({'state_dict': state}, sys.argv[3])
torch.save({'state_dict': state}, sys.argv[4], _use_new_zipfile_serialization=False)
net = torch.nn.Conv2d(1, 1, 1)
torch.save(net.state_dict(), sys.argv[5])
torch.load(sys.argv[2], weights_only=True, mmap=True)
print('ok', len(a))
`;

test.skipIf(!existsSync(python))(
  "Python's torch loads what was written, and we what it writes",
  () => {
    const { tensors } = readWeights(golden);
    const files = ['b.pth', 'zip.pth', 'legacy.pth', 'net.pth'].map((name) => join(folder, name));
    writeWeights(files[0], tensors, { classes: ['cat', 'dog'] });
    const code = join(folder, 'check.py');
    writeFileSync(code, script);
    const { status, stdout, stderr } = spawnSync(python, [code, golden, ...files], { encoding: 'utf8' });
    expect([status, stdout.trim()], stderr).toEqual([0, `ok ${tensors.size}`]);
    for (const file of files.slice(1, 3)) expect(bytesOf(file)).toEqual(bytesOf(golden));
    expect([...readWeights(files[3]).tensors.keys()]).toEqual(['weight', 'bias']);
  },
  60_000,
);
