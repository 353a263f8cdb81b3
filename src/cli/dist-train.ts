// `detlab dist-train CONFIG N`: torchrun of .venv starts N processes of `detlab train CONFIG --launcher pytorch`. On one machine
// they meet in a file of a folder of this run, whatever --port is: nothing listens but their connections on 127.0.0.1. Only where an
// address is named does torchrun open the port, on all addresses of that machine: its store knows no other way.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DetLabError } from '../errors';
import { MEETING } from '../lab/ranks/launched-rank';
import { portInUse } from '../lab/ranks/port-holder';
import { packageRoot } from '../paths';
import { CommandFailure, EXIT } from './outcome';

/**
 * torchrun, which ends with the code of the process that failed first. It writes thirty lines of a traceback otherwise, after what
 * that process has said; a process that a signal has ended has said nothing.
 */
const TORCHRUN = `
import logging, sys
from torch.distributed import run
from torch.distributed.elastic.multiprocessing import api
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
api.logger.setLevel(logging.CRITICAL)
try:
    run.main(sys.argv[1:])
except ChildFailedError as failed:
    rank, first = failed.get_first_failure()
    if first.exitcode < 0:
        print(f'process {first.pid}, rank {rank}, was ended by signal {-first.exitcode}', file=sys.stderr)
    sys.exit(first.exitcode if first.exitcode > 0 else 1)
`;

export interface DistTrainArguments {
  port?: number;
  nnodes?: number;
  nodeRank?: number;
  masterAddr?: string;
}

/** @param rest further arguments of `detlab train` */
export async function distTrainCommand(
  config: string,
  processes: number,
  rest: readonly string[],
  options: DistTrainArguments,
): Promise<number> {
  const python = pythonOf();
  const { nnodes = 1, port } = options;
  if (nnodes > 1 && options.masterAddr === undefined)
    throw usage(`expected --master-addr, the address of the first of ${nnodes} machines, and --node-rank on each`);
  const isFirst = (options.nodeRank ?? 0) === 0;
  const taken = port !== undefined && isFirst ? await portInUse(port) : undefined;
  if (taken)
    throw usage(
      `${taken.line}. Type: detlab dist-train ${config} ${processes} --port ${taken.free}, or leave --port out`,
    );
  if (port !== undefined && nnodes === 1 && options.masterAddr === undefined)
    console.error(
      `port ${port} is not opened: processes of one machine meet in a file. With --master-addr they meet at the port`,
    );
  const folder = mkdtempSync(path.join(tmpdir(), 'detlab-ranks-'));
  try {
    const { flags, env, notice } = meetingOf(folder, options);
    if (notice !== undefined) console.error(notice);
    const program = [process.execPath, ...process.execArgv, process.argv[1], 'train', config, '--launcher', 'pytorch'];
    const torchrun = ['-c', TORCHRUN, '--nproc-per-node', String(processes), ...flags, '--no-python'];
    return await run(python, [...torchrun, ...program, ...rest], { ...process.env, ...env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const usage = (reason: string) =>
  new CommandFailure(EXIT.usage, new DetLabError(`Cannot start the processes: ${reason}`));

function pythonOf(): string {
  const python = process.env.DETLAB_PYTHON ?? path.join(packageRoot, '.venv', 'bin', 'python');
  if (existsSync(python)) return python;
  throw usage('torchrun is in .venv, which is missing. Run "npm run setup", or use fit(data, { processes: 2 })');
}

interface Meeting {
  flags: string[];
  env: Record<string, string>;
  /** What is open to other machines. */
  notice?: string;
}

/** How the processes meet, for torchrun and for themselves: in a file, or at the address that is named. */
export function meetingOf(folder: string, options: DistTrainArguments): Meeting {
  const { nnodes = 1, nodeRank = 0, masterAddr, port = 29500 } = options;
  const env: Record<string, string> = {};
  // torchrun sets it to 1 otherwise, with five lines that say so for each run
  if (!process.env.OMP_NUM_THREADS) env.OMP_NUM_THREADS = '1';
  if (nnodes === 1 && masterAddr === undefined) {
    const rendezvous = path.join(folder, 'rendezvous');
    const flags = ['--rdzv-backend', 'c10d', '--rdzv-endpoint', rendezvous, '--rdzv-conf', 'store_type=file'];
    // torchrun's own store would listen on all addresses of the machine
    return {
      flags,
      env: { ...env, TORCH_DISABLE_SHARE_RDZV_TCP_STORE: '1', [MEETING]: path.join(folder, 'meeting') },
    };
  }
  const address = ['--master-addr', String(masterAddr), '--master-port', String(port)];
  const notice =
    nodeRank === 0
      ? `port ${port} is open on all addresses of this machine until the run ends, whatever --master-addr is (torchrun's store): ` +
        'let a firewall keep out all but the machines of the run'
      : undefined;
  return { flags: ['--nnodes', String(nnodes), '--node-rank', String(nodeRank), ...address], env, notice };
}

/** Runs a program in the foreground; signals reach it, and its processes, too. */
function run(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: 'inherit' });
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    // Ctrl-C reaches all processes of the terminal
    const wait = () => {};
    process.on('SIGTERM', pass);
    process.on('SIGINT', wait);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('SIGTERM', pass);
      process.off('SIGINT', wait);
      resolve(signal ? EXIT.interrupted : (code ?? EXIT.failed));
    });
  });
}
