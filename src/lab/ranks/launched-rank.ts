// The place of a process among those that torchrun or slurm have started, from the variables that they set: as mmengine reads them.

import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import type { GroupOptions } from '../../engine/torch/process-group';
import { DetLabError } from '../../errors';

export const LAUNCHERS = ['none', 'pytorch', 'slurm'] as const;
export type Launcher = (typeof LAUNCHERS)[number];

type Environment = Readonly<Record<string, string | undefined>>;

export interface LaunchedRank extends GroupOptions {
  /** Number of this process among those of its machine: its GPU. */
  localRank: number;
}

/** A file in which the ranks of `detlab dist-train` meet, instead of an address. */
export const MEETING = 'DETLAB_MEETING';

const DEFAULT_PORT = '29500';
const EXAMPLE =
  'detlab dist-train CONFIG 2, or torchrun --nproc-per-node 2 --no-python detlab train CONFIG --launcher pytorch';

/**
 * @param hostnames the machines of a slurm node list, in order
 * @returns undefined for one process
 * @throws DetLabError where the variables of the launcher are not set
 */
export async function launchedRank(
  launcher: Launcher,
  environment: Environment,
  hostnames: (list: string) => string[] = scontrolHostnames,
): Promise<LaunchedRank | undefined> {
  if (launcher === 'none') return undefined;
  const found = launcher === 'pytorch' ? ofTorchrun(environment) : ofSlurm(environment, hostnames);
  if (found.size === 1) return undefined;
  const { meeting } = found;
  const networkInterface = environment.GLOO_SOCKET_IFNAME?.split(',')[0];
  if (networkInterface) return { ...found, networkInterface };
  const address =
    'file' in meeting || isLoopback(meeting.host) || isOneMachine(launcher, environment)
      ? '127.0.0.1'
      : await addressTowards(meeting.host);
  return { ...found, address };
}

function numberIn(environment: Environment, name: string, hint: string): number {
  const value = environment[name];
  if (value !== undefined && /^\d+$/.test(value)) return Number(value);
  throw new DetLabError(
    `Cannot train as one of several processes: ${name} is ${value === undefined ? 'not set' : `"${value}"`}. ${hint}`,
  );
}

function ofTorchrun(environment: Environment): LaunchedRank {
  const hint = `Start the processes with ${EXAMPLE}`;
  const rank = numberIn(environment, 'RANK', hint);
  const size = numberIn(environment, 'WORLD_SIZE', hint);
  const localRank = numberIn({ LOCAL_RANK: '0', ...environment }, 'LOCAL_RANK', hint);
  const run = `${environment.TORCHELASTIC_RUN_ID ?? ''}/${environment.TORCHELASTIC_RESTART_COUNT ?? 0}`;
  const common = { rank, size: checkedSize(rank, size), localRank, prefix: `detlab/${run}` };
  const file = environment[MEETING];
  if (file) return { ...common, meeting: { file } };
  const serves = rank === 0 && environment.TORCHELASTIC_USE_AGENT_STORE !== 'True';
  const host = environment.MASTER_ADDR || '127.0.0.1';
  return { ...common, meeting: { host, port: numberIn(environment, 'MASTER_PORT', hint), serves } };
}

function ofSlurm(environment: Environment, hostnames: (list: string) => string[]): LaunchedRank {
  const hint = 'Start the processes with srun: scripts/slurm-train.sh PARTITION JOB CONFIG WORK_DIR';
  const rank = numberIn(environment, 'SLURM_PROCID', hint);
  const size = numberIn(environment, 'SLURM_NTASKS', hint);
  const localRank = numberIn({ SLURM_LOCALID: '0', ...environment }, 'SLURM_LOCALID', hint);
  const prefix = `detlab/${environment.SLURM_JOB_ID ?? ''}.${environment.SLURM_STEP_ID ?? ''}`;
  const host = environment.MASTER_ADDR || hostnames(environment.SLURM_NODELIST ?? '')[0];
  if (!host)
    throw new DetLabError(
      `Cannot train with slurm: no address of the first machine, of SLURM_NODELIST "${environment.SLURM_NODELIST ?? ''}". ` +
        'Set MASTER_ADDR to its name',
    );
  const port = numberIn({ ...environment, MASTER_PORT: environment.MASTER_PORT ?? DEFAULT_PORT }, 'MASTER_PORT', hint);
  return { rank, size: checkedSize(rank, size), localRank, prefix, meeting: { host, port, serves: rank === 0 } };
}

function checkedSize(rank: number, size: number): number {
  if (size >= 1 && rank < size) return size;
  throw new DetLabError(
    `Cannot train: expected a rank below the number of processes, received rank ${rank} of ${size}`,
  );
}

/** @throws DetLabError where there is no scontrol */
function scontrolHostnames(list: string): string[] {
  try {
    return execFileSync('scontrol', ['show', 'hostname', list], { encoding: 'utf8' }).trim().split('\n');
  } catch {
    throw new DetLabError(
      `Cannot train with slurm: scontrol, which lists the machines of "${list}", is missing or failed. Set MASTER_ADDR to the ` +
        'name of the first one',
    );
  }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host);

const isOneMachine = (launcher: Launcher, environment: Environment): boolean =>
  launcher === 'pytorch'
    ? environment.LOCAL_WORLD_SIZE !== undefined && environment.LOCAL_WORLD_SIZE === environment.WORLD_SIZE
    : environment.SLURM_NNODES === '1' || environment.SLURM_JOB_NUM_NODES === '1';

/** The address of this machine from which packets for another go out; none is sent. */
function addressTowards(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', (error) =>
      reject(new DetLabError(`Cannot train: the machine of rank 0, "${host}", is not reachable: ${error.message}`)),
    );
    socket.connect(9, host, () => {
      const { address } = socket.address();
      socket.close();
      resolve(address);
    });
  });
}
