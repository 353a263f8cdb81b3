// The variables of torchrun and slurm, as mmengine reads them.

import { expect, test } from 'vitest';
import { launchedRank } from '../../../src/lab/ranks/launched-rank';

const torchrun = {
  RANK: '1',
  LOCAL_RANK: '1',
  WORLD_SIZE: '2',
  LOCAL_WORLD_SIZE: '2',
  MASTER_ADDR: 'localhost',
  MASTER_PORT: '29511',
  TORCHELASTIC_USE_AGENT_STORE: 'True',
  TORCHELASTIC_RUN_ID: 'a',
  TORCHELASTIC_RESTART_COUNT: '0',
};
const slurm = { SLURM_PROCID: '0', SLURM_NTASKS: '4', SLURM_LOCALID: '0', SLURM_NODELIST: 'n[1-2]', SLURM_NNODES: '1' };

test('torchrun: its store is at the address of the first machine, and connections of one machine are on loopback', async () => {
  expect(await launchedRank('pytorch', torchrun)).toEqual({
    rank: 1,
    size: 2,
    localRank: 1,
    prefix: 'detlab/a/0',
    meeting: { host: 'localhost', port: 29511, serves: false },
    address: '127.0.0.1',
  });
  const without = { ...torchrun, RANK: '0', TORCHELASTIC_USE_AGENT_STORE: 'False' };
  expect(await launchedRank('pytorch', without)).toMatchObject({ meeting: { serves: true } });
  const inFile = { ...torchrun, DETLAB_MEETING: '/run/meeting' };
  expect(await launchedRank('pytorch', inFile)).toMatchObject({ meeting: { file: '/run/meeting' } });
  const over = { ...torchrun, GLOO_SOCKET_IFNAME: 'eth1' };
  expect(await launchedRank('pytorch', over)).toMatchObject({ networkInterface: 'eth1' });
});

test('slurm: the first machine of the list, and port 29500', async () => {
  const hostnames = () => ['n1', 'n2'];
  expect(await launchedRank('slurm', slurm, hostnames)).toEqual({
    rank: 0,
    size: 4,
    localRank: 0,
    prefix: 'detlab/.',
    meeting: { host: 'n1', port: 29500, serves: true },
    address: '127.0.0.1',
  });
  const given = { ...slurm, MASTER_ADDR: 'head', MASTER_PORT: '4000' };
  expect(await launchedRank('slurm', given)).toMatchObject({ meeting: { host: 'head', port: 4000 } });
});

test('one process is no launched one', async () => {
  expect(await launchedRank('none', torchrun)).toBeUndefined();
  expect(await launchedRank('pytorch', { ...torchrun, RANK: '0', WORLD_SIZE: '1' })).toBeUndefined();
});

test.each([
  ['pytorch', {}, /RANK is not set\. Start the processes with detlab dist-train CONFIG 2/],
  ['pytorch', { ...torchrun, WORLD_SIZE: 'two' }, /WORLD_SIZE is "two"/],
  ['pytorch', { ...torchrun, RANK: '2' }, /rank below the number of processes, received rank 2 of 2/],
  ['slurm', torchrun, /SLURM_PROCID is not set\. Start the processes with srun/],
  ['slurm', slurm, /scontrol, which lists the machines of "n\[1-2\]", is missing or failed. Set MASTER_ADDR/],
] as const)('%s %j', async (launcher, environment, message) => {
  await expect(launchedRank(launcher, { PATH: '', ...environment })).rejects.toThrow(message);
});
