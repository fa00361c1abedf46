/** Lists of an API server, page by page. */
import type * as z from 'zod/mini';
import { type Answer, failed, succeeded } from '../core/failures.ts';
import type { Clock } from '../core/ports.ts';
import type { Asked, KubeApi } from './kube-api.ts';
import { listOf } from './kube-shapes.ts';

/** Objects of one page: what kubectl asks for. Pods are some 8 kB each: 4 MB. */
export const PER_PAGE = 500;

/** Of pods: those that hold an address, or are about to. */
export const HOLDING = 'status.phase!=Succeeded,status.phase!=Failed';

export const LIST_PODS = (query: Readonly<Record<string, string>>): Asked => ({
  path: '/api/v1/pods',
  verb: 'list',
  group: '',
  resource: 'pods',
  query,
});

export const LIST_NODES: Asked = { path: '/api/v1/nodes', verb: 'list', group: '', resource: 'nodes' };

export interface Listing<S extends z.core.$ZodType> {
  readonly cluster: string;
  readonly asked: Asked;
  readonly shape: S;
  /** What all pages together may take. */
  readonly mostMs: number;
}

/** Every object of a list; a page that fails fails the whole. */
export async function eachListed<S extends z.core.$ZodType>(
  api: KubeApi,
  clock: Clock,
  { cluster, asked, shape, mostMs }: Listing<S>,
  put: (item: z.core.output<S>) => void,
): Promise<Answer<void>> {
  const untilMs = clock() + mostMs;
  let next: string | undefined;
  do {
    if (clock() >= untilMs)
      return failed({
        kind: 'transient',
        code: 'TooSlow',
        message: `${asked.path}: not read in ${mostMs / 1000} s`,
      });
    const query = {
      ...asked.query,
      limit: String(PER_PAGE),
      ...(next !== undefined && { continue: next }),
    };
    const read = await api.get(cluster, { ...asked, query }, listOf(shape));
    if (!read.ok) return read;
    for (const item of read.value.items) put(item);
    next = read.value.metadata.continue || undefined;
  } while (next !== undefined);
  return succeeded(undefined);
}
