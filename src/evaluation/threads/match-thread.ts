// A thread of an evaluation: matches a part of the images of one job, and ends.

import { parentPort } from 'node:worker_threads';
import { type MatchJob, matchClaimed } from './match-claimed';

parentPort?.once('message', (job: MatchJob) => {
  matchClaimed(job);
  parentPort?.postMessage('done');
});
