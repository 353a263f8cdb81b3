// RAPL's counters: sums of packages, counters that begin anew, and reasons where there are none.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openEnergyMeter } from '../../src/engine/energy-meter';

const root = mkdtempSync(join(tmpdir(), 'detlab-rapl-'));
afterAll(() => rmSync(root, { recursive: true }));

function zone(name: string, microjoules: number, label = 'package-0'): void {
  mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, name, 'name'), `${label}\n`);
  writeFileSync(join(root, name, 'max_energy_range_uj'), '262143328850\n');
  writeFileSync(join(root, name, 'energy_uj'), `${microjoules}\n`);
}

test('joules of all packages since it was opened, over the end of a counter; parts of a package count once', () => {
  zone('intel-rapl:0', 262_143_000_000);
  zone('intel-rapl:1', 5_000_000, 'package-1');
  zone('intel-rapl:0:0', 1, 'core');
  const opened = openEnergyMeter('cpu', root);
  if (!('meter' in opened)) throw new Error(opened.unreadable);
  const { meter } = opened;
  expect(meter.joules()).toBe(0);
  zone('intel-rapl:1', 7_500_000, 'package-1');
  expect(meter.joules()).toBeCloseTo(2.5, 9);
  zone('intel-rapl:0', 671_150); // 328,850 to the end and 671,150 after it
  zone('intel-rapl:0:0', 9_000_000, 'core');
  expect(meter.joules()).toBeCloseTo(3.5, 9);
  expect(meter.source).toBe('RAPL package-0, package-1 (the whole processor, other programs included)');
  meter.close();
});

test('where it cannot be read, why', () => {
  expect(openEnergyMeter('cpu', join(root, 'none'))).toEqual({
    unreadable: expect.stringContaining('RAPL needs Linux'),
  });
  mkdirSync(join(root, 'empty'));
  expect(openEnergyMeter('cpu', join(root, 'empty'))).toEqual({
    unreadable: expect.stringContaining('no intel-rapl packages'),
  });
  rmSync(join(root, 'intel-rapl:1', 'energy_uj'));
  expect(openEnergyMeter('cpu', root)).toEqual({ unreadable: expect.stringContaining('cannot be read: ENOENT') });
});
