// A process that a launcher has started joins the others: its engine on its GPU, and the process group.

import { startEngine } from '../../engine';
import { joinGroup, type ProcessGroup } from '../../engine/torch/process-group';
import { DetLabError } from '../../errors';
import type { LaunchedRank } from './launched-rank';
import { portInUse } from './port-holder';

/** @throws DetLabError in one line where the port is in use */
export async function joinLaunched({ localRank, ...options }: LaunchedRank): Promise<ProcessGroup> {
  await startEngine({ gpu: localRank });
  const { meeting } = options;
  try {
    return await joinGroup(options);
  } catch (error) {
    if (!('port' in meeting) || !(error as Error).message.includes('EADDRINUSE')) throw error;
    const taken = await portInUse(meeting.port);
    throw new DetLabError(
      `Cannot train: ${taken?.line ?? `port ${meeting.port} is in use`}. Set MASTER_PORT${taken ? `=${taken.free}` : ''}, ` +
        'or --master-port of torchrun',
    );
  }
}
