/** Plays the seeds it is handed and posts what became of each: two of these keep two cores busy. */
import { parentPort, workerData } from 'node:worker_threads';
import { optionsFor, trySeed } from '../sim/chaos/campaign.ts';
import type { Share } from './chaos-run.ts';

const { seeds, defect } = workerData as Share;
const options = optionsFor(defect);
for (const seed of seeds) parentPort?.postMessage(await trySeed(seed, options));
