// Variables by which launchers (torchrun, mpirun, Slurm) give a process its place among several; they are read where --launcher
// says so.

import type { ConfigNotice } from '../catalogue/config-notices';

const COUNTS = ['WORLD_SIZE', 'OMPI_COMM_WORLD_SIZE', 'SLURM_NTASKS', 'PMI_SIZE'];
const RANKS = ['RANK', 'OMPI_COMM_WORLD_RANK', 'SLURM_PROCID', 'PMI_RANK'];

/** A notice where the environment is that of one process of several. */
export function environmentNotices(environment: Readonly<Record<string, string | undefined>>): ConfigNotice[] {
  const count = COUNTS.find((name) => Number(environment[name]) > 1);
  const rank = RANKS.find((name) => Number(environment[name]) > 0);
  const names = [rank, count].filter((name) => name !== undefined);
  if (names.length === 0) return [];
  const text = names.map((name) => `${name}=${environment[name]}`).join(' ');
  return [
    {
      paths: ['environment'],
      message:
        `${text} has no effect without --launcher pytorch or --launcher slurm: a run is one process on all images, and each ` +
        'process started this way is a run of its own',
      lost: false,
    },
  ];
}
