/** `npm run sim` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../../infra/bundles.ts';

export interface Ready {
  readonly endpoint: string;
  readonly dynamoDbEndpoint: string;
  readonly region: string;
  readonly accountId: string;
  readonly clusters: readonly string[];
  readonly nodes: readonly { name: string; instanceId: string; metadataEndpoint: string }[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a command line of this repository; its environment knows no AWS but what is given. */
export function command(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, [join(ROOT, 'cli', file), ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
  });
}

/** Runs a command line to its end. */
export async function finished(child: ChildProcess): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.on('data', (chunk: Buffer) => {
      said[stream] += chunk.toString();
    });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...said };
}

export interface Sim {
  readonly ready: Ready;
  /** The lines after the first, one by one: none is missed that comes while nobody waits for it. */
  nextLine(): Promise<string>;
  /** Ends it by a signal and tells its exit code and what it said on stderr. */
  end(signal: 'SIGINT' | 'SIGTERM'): Promise<Ended>;
}

export async function startSim(...args: string[]): Promise<Sim> {
  const child = command('sim.ts', args);
  if (child.stdout === null) throw new Error('no stdout');
  const ending = finished(child);
  const lines = on(createInterface(child.stdout), 'line');
  const nextLine = async (): Promise<string> => {
    const next = await Promise.race([lines.next(), ending]);
    if ('stderr' in next) throw new Error(next.stderr);
    return String(next.value?.[0]);
  };
  return {
    ready: JSON.parse(await nextLine()),
    nextLine,
    end: (signal) => {
      child.kill(signal);
      return ending;
    },
  };
}

/** Whether anybody listens there. */
export function listens(endpoint: string): Promise<boolean> {
  const { port, hostname } = new URL(endpoint);
  return new Promise((resolve) => {
    const socket = createConnection(Number(port), hostname);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
