/** The door to API servers for a client that lives in virtual time. */
import { services } from './services.ts';
import type { WireWorld } from './wire.ts';

/** Rejects when no connection comes about. */
export function kubeDoor(world: WireWorld) {
  const ask = services(world, {});
  return async (request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  }): Promise<{ readonly status: number; readonly body: string }> => {
    const { host, pathname, search } = new URL(request.url);
    return ask({
      method: request.method,
      path: pathname,
      query: search.slice(1),
      headers: { ...request.headers, host },
      body: request.body ?? '',
    });
  };
}
