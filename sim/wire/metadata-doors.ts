/** Instance metadata of every node of a world: a door for each, opened with the node and closed with it. */
import type { Stream } from '../chance.ts';
import { type MetadataServer, startMetadataServer } from './metadata-server.ts';
import type { MetadataWorld } from './metadata-tree.ts';

export interface MetadataNode {
  readonly name: string;
  readonly instanceId: string;
  readonly metadataEndpoint: string;
}

type Named = Pick<MetadataNode, 'name' | 'instanceId'>;

export interface NodesWorld extends MetadataWorld {
  readonly requestIds: Stream;
  readonly nodes: readonly Named[];
}

export class MetadataDoors {
  readonly #world: NodesWorld;
  readonly #open = new Map<string, Promise<MetadataServer>>();
  #closed = false;

  constructor(world: NodesWorld) {
    this.#world = world;
  }

  /** Opens doors to all nodes there are now; `joined` hears of each one that is launched later. */
  async openAll(joined: (node: MetadataNode) => void): Promise<readonly MetadataNode[]> {
    const { account, kernel, nodes } = this.#world;
    account.onStateChange(({ id }, state) => {
      if (state === 'terminated') void this.#close(id);
      if (state !== 'pending') return;
      // The world gives an instance its node's name in the same instant, but after it was launched.
      kernel.after(0, () => {
        if (this.#closed) return;
        const node = nodes.find(({ instanceId }) => instanceId === id) ?? { name: id, instanceId: id };
        void this.#door(node).then(joined);
      });
    });
    const there = nodes.filter(({ instanceId }) => account.instance(instanceId).state !== 'terminated');
    return Promise.all(there.map((node) => this.#door(node)));
  }

  async closeAll(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open.keys()].map((id) => this.#close(id)));
  }

  async #door({ name, instanceId }: Named): Promise<MetadataNode> {
    const starting = startMetadataServer({ world: this.#world, instanceId });
    this.#open.set(instanceId, starting);
    return { name, instanceId, metadataEndpoint: (await starting).endpoint };
  }

  async #close(instanceId: string): Promise<void> {
    const server = this.#open.get(instanceId);
    this.#open.delete(instanceId);
    await (await server)?.close();
  }
}
